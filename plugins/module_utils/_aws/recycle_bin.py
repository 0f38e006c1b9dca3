# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The Recycle Bin of a region: its rules, what it holds, and what it gives back."""

from __future__ import annotations

import typing as t

from .._image.retire.recycle_bin import IMAGES, SNAPSHOTS, Rule
from .._image.retire.restoring import BinnedImage, BinnedSnapshot
from .._image.timestamps import to_text
from .connection import Region
from .errors import AwsError, call, required
from .image_use import require_operation
from .images import find_images
from .paging import read_all
from .snapshots import find_snapshots

_IMAGE_IDS: t.Final = 20
_DAYS: t.Final = "DAYS"


def bin_rules(region: Region) -> tuple[Rule, ...]:
    """Return the rules for images and snapshots; their tags and states are shown one by one only."""
    client, what = region.client("rbin"), f"list the rules of the Recycle Bin in {region.name}"
    listed = [
        str(required(one, "Identifier", of="a rule of the Recycle Bin"))
        for kind in (IMAGES, SNAPSHOTS)
        for one in read_all(client, "list_rules", what, ResourceType=kind)
    ]
    return tuple(_to_rule(_get_rule(region, identifier)) for identifier in listed)


def binned_images(region: Region, image_ids: t.Sequence[str]) -> list[BinnedImage]:
    """Return those of the images that are in the bin, which shows neither tags nor snapshots."""
    require_operation(region.ec2, "ListImagesInRecycleBin", method="list_images_in_recycle_bin")
    what = f"list the images in the Recycle Bin of {region.name}"
    parts = [list(image_ids[at : at + _IMAGE_IDS]) for at in range(0, len(image_ids), _IMAGE_IDS)]
    return [
        BinnedImage(
            image_id=str(required(one, "ImageId", of="an image in the Recycle Bin")),
            region=region.name,
            name=one.get("Name") or "",
            exit_time=_moment(one.get("RecycleBinExitTime")),
        )
        for part in parts
        for one in read_all(region.ec2, "list_images_in_recycle_bin", what, ImageIds=part)
    ]


def binned_snapshots(region: Region) -> list[BinnedSnapshot]:
    """Return the snapshots in the bin, which shows no tags."""
    require_operation(region.ec2, "ListSnapshotsInRecycleBin", method="list_snapshots_in_recycle_bin")
    what = f"list the snapshots in the Recycle Bin of {region.name}"
    return [
        BinnedSnapshot(
            snapshot_id=str(required(one, "SnapshotId", of="a snapshot in the Recycle Bin")),
            description=one.get("Description") or "",
        )
        for one in read_all(region.ec2, "list_snapshots_in_recycle_bin", what)
    ]


def restore_snapshot(region: Region, snapshot_id: str) -> None:
    """Take a snapshot out of the bin, unless that is done already; which code AWS has for that is not documented."""
    what = f"restore snapshot {snapshot_id} from the Recycle Bin in {region.name}"
    try:
        call(what, region.ec2.restore_snapshot_from_recycle_bin, SnapshotId=snapshot_id)
    except AwsError as error:
        if error.is_denied or snapshot_id not in find_snapshots(region, [snapshot_id], owned=True):
            raise


def restore_image(region: Region, image_id: str) -> None:
    """Take an image out of the bin, unless that is done already."""
    what = f"restore image {image_id} from the Recycle Bin in {region.name}"
    try:
        call(what, region.ec2.restore_image_from_recycle_bin, ImageId=image_id)
    except AwsError as error:
        shown = None if error.is_denied else find_images(region, [image_id], owners=["self"]).get(image_id)
        if shown is None or shown.state == "deregistered":
            raise


def _get_rule(region: Region, identifier: str) -> dict[str, t.Any]:
    what = f"read rule {identifier} of the Recycle Bin in {region.name}"
    answer: dict[str, t.Any] = call(what, region.client("rbin").get_rule, Identifier=identifier)
    return answer


def _to_rule(answer: dict[str, t.Any]) -> Rule:
    period = answer.get("RetentionPeriod") or {}
    known = period.get("RetentionPeriodUnit") == _DAYS
    return Rule(
        identifier=str(answer.get("Identifier")),
        kind=str(answer.get("ResourceType")),
        days=int(period.get("RetentionPeriodValue") or 0) if known else 0,
        is_available=answer.get("Status") == "available",
        wanted=_pairs(answer.get("ResourceTags")),
        excluded=_pairs(answer.get("ExcludeResourceTags")),
    )


def _pairs(tags: t.Sequence[dict[str, str]] | None) -> tuple[tuple[str, str | None], ...]:
    return tuple((str(one.get("ResourceTagKey")), one.get("ResourceTagValue")) for one in tags or ())


def _moment(value: t.Any) -> str:
    return to_text(value.timestamp()) if value is not None else ""
