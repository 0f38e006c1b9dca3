# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the user of ec2_ami_share asked for, as values. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..answers import parse_list
from ..errors import RequestError
from ..options import (
    Options,
    parse_filters,
    parse_launch_permissions,
    require_image_id,
    require_region_name,
)
from ..permissions import NOBODY, LaunchPermissions, Sharing


@dataclasses.dataclass(frozen=True)
class ShareRequest:
    """Which images, where, and who gets or loses what. ``for_copy`` means their snapshots too.

    ``tags`` are wanted letter by letter; AWS takes the values of filters as patterns. ``given`` is what an earlier run
    gave, by image, where exactly that is to be taken back. ``record`` means that tags write down what is given; with
    ``present`` false, what they say is taken back, of the accounts of ``permissions`` if it names any.
    """

    regions: tuple[str, ...]
    permissions: LaunchPermissions
    image_ids: tuple[str, ...] = ()
    filters: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    purge: bool = False
    for_copy: bool = False
    present: bool = True
    given: t.Mapping[str, Sharing] = dataclasses.field(default_factory=dict)
    record: bool = False

    def asked_on(self, image_id: str, snapshot_id: str | None = None) -> LaunchPermissions:
        """Return who is meant on an image, or on one of its snapshots."""
        if self.given:
            given = self.given.get(image_id, Sharing())
            return given.image if snapshot_id is None else given.snapshots.get(snapshot_id, NOBODY)
        return self.permissions if snapshot_id is None else self.permissions.for_snapshots

    @property
    def selection(self) -> str:
        """Say in words which images are meant."""
        chosen = [f"{name}={','.join(values)}" for name, values in self.filters.items()]
        chosen += [f"tag {key}={value}" for key, value in self.tags.items()]
        return " and ".join(chosen) or ", ".join(self.image_ids)


def parse_share_request(options: Options, *, default_region: str | None) -> ShareRequest:
    """Return the request behind the module's options, or say which of them cannot be."""
    if options.get("given") is not None:
        return _parse_given(options)
    regions = parse_list(options.get("regions")) or ([default_region] if default_region else [])
    if not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    image_ids = tuple(dict.fromkeys(parse_list(options.get("image_ids"))))
    filters = parse_filters(options.get("filters"))
    tags = {str(key): "" if value is None else str(value) for key, value in (options.get("tags") or {}).items()}
    if image_ids and (filters or tags):
        raise RequestError("image_ids says which images are meant, and so do filters and tags; drop one of both")
    if not image_ids and not filters and not tags:
        raise RequestError("nothing says which images are meant; pass image_ids, filters or tags")
    record, present = bool(options.get("record")), options["state"] == "present"
    request = ShareRequest(
        regions=tuple(dict.fromkeys(require_region_name(region, option="regions") for region in regions)),
        permissions=_parse_permissions(options, needed=present or not record),
        image_ids=tuple(require_image_id(image_id, option="image_ids") for image_id in image_ids),
        filters=filters,
        tags=tags,
        purge=bool(options.get("purge_launch_permissions")),
        for_copy=(record and not present) or _parse_purpose(options) == "copy",
        present=present,
        record=record,
    )
    _require_consistent(request)
    return request


def _parse_given(options: Options) -> ShareRequest:
    """Return the request to take back exactly what an earlier result says was given."""
    who = ("launch_permissions", "purpose", "purge_launch_permissions", "record")
    others = ("image_ids", "filters", "tags", "regions", *who)
    beside = [name for name in others if options.get(name)]
    if beside or options["state"] == "present":
        what = ", ".join(beside) or "state=present"
        raise RequestError(f"given says what to take back, with state=absent and nothing else; drop {what}")
    if not options["given"]:
        raise RequestError("given is empty; pass the images of an earlier result")
    given: dict[str, Sharing] = {}
    regions: dict[str, None] = {}
    for entry in options["given"]:
        image_id = require_image_id(str(entry.get("image_id")), option="given: image_id")
        regions[require_region_name(str(entry.get("region")), option="given: region")] = None
        if not isinstance(entry.get("given"), dict) or not isinstance(entry.get("snapshots"), list):
            raise RequestError(f"given: the entry of {image_id} is none of an earlier result; pass its images whole")
        snapshots = {
            str(one["snapshot_id"]): parse_launch_permissions(one.get("given")) or NOBODY
            for one in entry["snapshots"]
            if one.get("snapshot_id")
        }
        given[image_id] = Sharing(parse_launch_permissions(entry["given"]) or NOBODY, snapshots)
    return ShareRequest(tuple(regions), NOBODY, tuple(given), for_copy=True, present=False, given=given)


def _parse_purpose(options: Options) -> str:
    purpose = options.get("purpose")
    if purpose is None:
        raise RequestError(
            "purpose is missing; pass launch, or copy to give or take permissions on the snapshots as well"
        )
    return str(purpose)


def _parse_permissions(options: Options, *, needed: bool) -> LaunchPermissions:
    given = options.get("launch_permissions") or {}
    if not needed and options.get("launch_permissions") is None:
        return NOBODY
    permissions = parse_launch_permissions(given) or NOBODY
    named = [name for name, value in given.items() if value is not None]
    # A variable that is empty by mistake must neither succeed with nothing nor take everything from everybody.
    if not permissions and not (named and options.get("purge_launch_permissions")):
        raise RequestError(
            "launch_permissions names nobody; name accounts, organizations or units. To take the image from everybody, "
            "pass purge_launch_permissions with an empty list, such as user_ids: []"
        )
    return permissions


def _require_consistent(request: ShareRequest) -> None:
    """Refuse options that contradict each other, before anything is read."""
    if request.purge and not request.present:
        raise RequestError(
            "purge_launch_permissions is for state=present; state=absent takes back what launch_permissions names, and "
            "nothing else"
        )
    groups = sorted(request.permissions.org_arns | request.permissions.org_unit_arns)
    if request.record and (groups or request.permissions.group_names or request.purge):
        raise RequestError(
            "record is for what accounts are given for a while; name user_ids alone, without purge_launch_permissions"
        )
    if request.present and request.for_copy and groups:
        raise RequestError(
            f"launch_permissions names {', '.join(groups)} with purpose=copy: AWS shares snapshots with accounts "
            "alone, so organizations and their units can launch, never copy. Name the accounts, or pass purpose=launch"
        )
