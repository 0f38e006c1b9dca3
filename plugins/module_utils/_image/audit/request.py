# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn the options of an audit into one value, refusing what can never be right. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..answers import parse_list
from ..errors import RequestError
from ..options import Options, parse_filters, require_image_id, require_region_name
from .policy import Policy, parse_policy

_ACCOUNT: t.Final = re.compile(r"[0-9]{12}")
_NAMED_BY_ANYONE: t.Final = ("name", "description", "manifest-location", "image-location")
_NAMES_OWNER: t.Final = ("owner-id", "owner-alias")


@dataclasses.dataclass(frozen=True)
class AuditRequest:
    """Which images to look at, where, and what to demand of them. No ``owners`` means: whoever owns them.

    With ``kms_key_ids`` only those that one of these keys opens, in whichever region the key is. ``public_blocks`` asks
    what keeps each region from sharing with everybody.
    """

    regions: tuple[str, ...]
    image_ids: tuple[str, ...] = ()
    kms_key_ids: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    filters: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    policy: Policy | None = None
    ignore_region_errors: bool = False
    launchable_by: tuple[str, ...] = ()
    public_blocks: bool = False


def parse_audit_request(options: Options, *, default_region: str | None) -> AuditRequest:
    """Return the request; without ids, owners and a filter on the owner, the caller's own images are meant."""
    regions = parse_list(options.get("regions")) or ([default_region] if default_region else [])
    if not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    image_ids = tuple(dict.fromkeys(parse_list(options.get("image_ids"))))
    kms_key_ids = _parse_keys(options.get("kms_key_ids"), image_ids)
    filters = parse_filters(options.get("filters"))
    owners = tuple(parse_list(options.get("owners")))
    if not image_ids and not owners and not any(name in filters for name in _NAMES_OWNER):
        _refuse_names_without_owner(filters)
        owners = ("self",)
    return AuditRequest(
        regions=tuple(dict.fromkeys(require_region_name(region, option="regions") for region in regions)),
        image_ids=tuple(require_image_id(image_id, option="image_ids") for image_id in image_ids),
        kms_key_ids=kms_key_ids,
        owners=owners,
        filters=filters,
        policy=parse_policy(options.get("policy")),
        ignore_region_errors=bool(options.get("ignore_region_errors")),
        launchable_by=_parse_accounts(options.get("launchable_by")),
        public_blocks=bool(options.get("block_public_access")),
    )


def _parse_keys(value: t.Any, image_ids: t.Sequence[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    keys = tuple(dict.fromkeys(parse_list(value)))
    if not keys:
        raise RequestError("kms_key_ids is empty, so that no image could be found; name keys or leave it out")
    if image_ids:
        raise RequestError(
            "image_ids and kms_key_ids are mutually exclusive: an image that is not under the keys would be taken for "
            "missing"
        )
    return keys


def _parse_accounts(value: t.Any) -> tuple[str, ...]:
    accounts = tuple(dict.fromkeys(parse_list(value)))
    wrong = [one for one in accounts if not _ACCOUNT.fullmatch(one)]
    if wrong:
        raise RequestError(f"launchable_by: {', '.join(wrong)} is not an account id of 12 digits; quote it in YAML")
    return accounts


def _refuse_names_without_owner(filters: t.Mapping[str, t.Any]) -> None:
    names = [name for name in filters if name in _NAMED_BY_ANYONE]
    if names:
        raise RequestError(
            f"filters has {', '.join(names)}, and owners is not given. Anyone may publish an image under any name, so "
            "that a look-up by name alone finds the attacker's image as well as yours (a name-confusion attack); pass "
            "owners, such as self, an account id or amazon"
        )
