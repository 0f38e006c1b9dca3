# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn options that several modules share into values, refusing what can never be right. No AWS, no Ansible."""

from __future__ import annotations

import re
import typing as t

from .attribute_table import ATTRIBUTE_ROWS, VALUE_ROWS
from .attributes import Attributes
from .aws_facts import ALIAS_OR_KEY_ARN, KEY_ID
from .errors import RequestError
from .keys import require_region
from .marks import parse_instance_types, parse_watermarks
from .model import OWN_TAG_PREFIX
from .permissions import LaunchPermissions
from .timestamps import parse_timestamp

Options = t.Mapping[str, t.Any]

_IMAGE_ID = re.compile(r"ami-([0-9a-f]{8}|[0-9a-f]{17})")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+")
_NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_KEY = re.compile(f"{KEY_ID}|{ALIAS_OR_KEY_ARN}")
_ACCOUNT = re.compile(r"\d{12}")
_ORGANIZATION = re.compile(
    r"arn:aws[a-z-]*:organizations::\d{12}:(organization/o-[a-z0-9]+|ou/o-[a-z0-9]+/ou-[a-z0-9-]+)"
)


def require_image_id(image_id: str, *, option: str) -> str:
    """Return the id when it has the form of an image id."""
    if not _IMAGE_ID.fullmatch(image_id):
        raise RequestError(f"{option} {image_id!r} is not an image id; expected ami- and 17 (or 8) hexadecimal digits")
    return image_id


def require_region_name(region: str, *, option: str) -> str:
    """Return the region when it has the form of a region code; whether it exists only AWS can say."""
    if not _REGION.fullmatch(region):
        raise RequestError(f"{option} {region!r} is not a region code such as eu-west-1")
    return region


def require_image_name(name: str) -> str:
    """Return the name when AWS allows it (CopyImage, parameter Name)."""
    if not _NAME.fullmatch(name):
        raise RequestError(
            f"name {name!r} is not allowed; AWS takes 3 to 128 letters, digits, spaces and ( ) [ ] . / - ' @ _"
        )
    return name


def require_key_reference(reference: str, *, region: str) -> str:
    """Return the reference when it has one of KMS's four forms and does not name another region."""
    if not _KEY.fullmatch(reference):
        hint = "" if ":" in reference or "/" in reference else f"; an alias needs its prefix: alias/{reference}"
        raise RequestError(
            f"kms_key_id {reference!r} is neither a key id, a key ARN, an alias name nor an alias ARN{hint}"
        )
    require_region(reference, region=region)
    return reference


def parse_attributes(options: Options) -> Attributes:
    """Return the attributes asked for; every option that is absent stays None, which means: leave as it is."""
    description = options.get("description")
    if description is not None and len(description) > 255:
        raise RequestError(f"description has {len(description)} characters; AWS takes 255 at most")
    tags = parse_tags(options.get("tags"), option="tags")
    snapshot_tags = parse_tags(options.get("snapshot_tags"), option="snapshot_tags")
    taken_as_they_are = {row.name: options.get(row.name) for row in ATTRIBUTE_ROWS if not row.shown}
    understood: dict[str, t.Any] = {
        "tags": tags,
        "snapshot_tags": tags if snapshot_tags is None else snapshot_tags,
        "purge_tags": bool(options.get("purge_tags", True)),
        "launch_permissions": parse_launch_permissions(options.get("launch_permissions")),
        "deprecate_at": _parse_deprecate_at(options.get("deprecate_at")),
        "watermarks": parse_watermarks(options.get("watermarks")),
        "instance_type_specification": parse_instance_types(options.get("instance_type_specification")),
    }
    return Attributes(
        **{**taken_as_they_are, **understood},
        values={name: options[name] for name in VALUE_ROWS if options.get(name)},
    )


def parse_duration(minutes: int | None) -> int | None:
    """Return the minutes in which a time-based copy shall complete; None stays None."""
    if minutes is not None and (minutes % 15 or not 15 <= minutes <= 2880):
        raise RequestError(
            f"snapshot_copy_completion_duration_minutes is {minutes}; AWS takes multiples of 15 from 15 to 2880"
        )
    return minutes


def parse_filters(filters: Options | None) -> dict[str, tuple[str, ...]]:
    """Return filters of images by name, each with its values as texts."""
    return {str(name): _filter_values(name, value) for name, value in (filters or {}).items()}


def _filter_values(name: str, value: t.Any) -> tuple[str, ...]:
    values = value if isinstance(value, (list, tuple)) else [value]
    if not values or any(one is None or isinstance(one, (dict, list)) for one in values):
        raise RequestError(f"filters: {name} needs a value or a list of values")
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)


def parse_tags(tags: t.Mapping[str, t.Any] | None, *, option: str) -> dict[str, str] | None:
    """Return the tags as texts, or say which of them AWS or this collection does not take; None stays None."""
    if tags is None:
        return None
    parsed = {str(key): "" if value is None else str(value) for key, value in tags.items()}
    for key, value in parsed.items():
        if key.startswith(("aws:", OWN_TAG_PREFIX)):
            raise RequestError(f"{option}: the tag key {key!r} is reserved; choose a key without the prefix")
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise RequestError(
                f"{option}: {key[:140]!r}: AWS takes keys of 1 to 128 and values of up to 256 characters"
            )
    return parsed


def parse_launch_permissions(options: Options | None) -> LaunchPermissions | None:
    """Return who is named, or say who cannot be; None stays None."""
    if options is None:
        return None
    permissions = LaunchPermissions(
        **{
            name: frozenset(str(item).strip() for item in options.get(name) or ())
            for name in ("user_ids", "group_names", "org_arns", "org_unit_arns")
        }
    )
    for user_id in permissions.user_ids:
        if not _ACCOUNT.fullmatch(user_id):
            raise RequestError(
                f"launch_permissions: user id {user_id!r} is not an account id of 12 digits (quote it in YAML)"
            )
    for option, kind, arns in (
        ("org_arns", "organization", permissions.org_arns),
        ("org_unit_arns", "ou", permissions.org_unit_arns),
    ):
        for arn in sorted(arns):
            if not _ORGANIZATION.fullmatch(arn) or f":{kind}/" not in arn:
                raise RequestError(
                    f"launch_permissions: {arn!r} in {option} is not the full ARN of an "
                    f"{'organization' if kind == 'organization' else 'organizational unit'}, which has :{kind}/ in it; "
                    "org_arns takes organizations, org_unit_arns takes organizational units"
                )
    if permissions.group_names - {"all"}:
        raise RequestError(f"launch_permissions: the only group is 'all', not {sorted(permissions.group_names)}")
    return permissions


def _parse_deprecate_at(text: str | None) -> str | None:
    if text and parse_timestamp(text) is None:
        raise RequestError(f"deprecate_at {text!r} is not a time such as 2027-01-31T00:00:00Z")
    return text
