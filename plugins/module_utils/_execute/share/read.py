# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Find the images to be shared, and read what judging the changes takes. Nothing in this file changes anything."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import describe_images, find_images, hides_foreign_images, users_of
from ..._aws.keys import Warn, describe_key
from ..._aws.snapshots import find_snapshots
from ..._image.errors import PreflightError
from ..._image.model import Image, KmsKey, Snapshot
from ..._image.permissions import LaunchPermissions, Sharing
from ..._image.share.changes import Changes, changes_of, without_kept
from ..._image.share.facts import Belongs, Facts, Shared
from ..._image.share.request import ShareRequest
from ..._image.source import hidden_images
from ..attributes import sharing_of
from ..parallel import all_of, for_each
from ..public_access import public_blocks

# Each image takes a call for itself and one for each snapshot; this many at once hide most of the way there and back.
_IMAGES_AT_ONCE: t.Final = 8


def list_own_images(region: Region, request: ShareRequest) -> list[Image]:
    """Return the caller's own images that are meant, disabled ones too; what is deregistered is no image any more."""
    filters = [{"Name": name, "Values": list(values)} for name, values in request.filters.items()]
    filters += [{"Name": f"tag:{key}", "Values": [value]} for key, value in request.tags.items()]
    if request.image_ids:
        filters.append({"Name": "image-id", "Values": list(request.image_ids)})
    found = describe_images(region, filters, hidden=True)
    # AWS takes * and ? in the value of a filter for anything.
    meant = [image for image in found if request.tags.items() <= image.tags.items()]
    return sorted((one for one in meant if one.state != "deregistered"), key=lambda one: (one.name, one.image_id))


def require_all_found(
    regions: t.Mapping[str, Region], request: ShareRequest, found: t.Mapping[str, t.Sequence[Image]]
) -> None:
    """Refuse ids that none of the regions shows as the caller's own, and a selection that fits nothing."""
    where = ", ".join(regions)
    seen = {image.image_id for images in found.values() for image in images}
    if not seen and not request.image_ids:
        raise PreflightError(
            f"no image of this account in {where} has {request.selection}; nothing selected is nothing shared. Check "
            "filters, tags, regions and the account of the credentials"
        )
    missing = [image_id for image_id in request.image_ids if image_id not in seen]
    troubles = [_why_missing(regions, image_id) for image_id in missing]
    if troubles:
        raise PreflightError("; ".join(troubles))


def _why_missing(regions: t.Mapping[str, Region], image_id: str) -> str:
    for name, region in regions.items():
        image = find_images(region, [image_id]).get(image_id)
        if image is not None and image.state != "deregistered":
            return (
                f"image {image_id} in {name} belongs to account {image.owner_id}; only its owner can share it or take "
                "it back"
            )
    message = f"image {image_id} is not found in {', '.join(regions)}; check the id and the regions"
    hiding = [name for name, region in regions.items() if hides_foreign_images(region)]
    return f"{message}. {hidden_images(hiding[0])}" if hiding else message


def read_shared(region: Region, images: t.Sequence[Image], snapshots: t.Mapping[str, Snapshot]) -> list[Shared]:
    """Return the images with the keys of their snapshots, and the permissions that they have now."""
    by_id = {image.image_id: image for image in images}
    found = all_of(for_each(by_id, lambda image_id: sharing_of(region, by_id[image_id]), workers=_IMAGES_AT_ONCE))
    return [Shared(image.with_snapshots(snapshots), found[image.image_id]) for image in images]


def read_snapshots(region: Region, images: t.Sequence[Image]) -> dict[str, Snapshot]:
    """Return the snapshots of images that the caller owns itself."""
    return find_snapshots(region, [one for image in images for one in image.snapshot_ids], owned=True)


def changes_in_region(
    region: Region, request: ShareRequest, shared: t.Sequence[Shared], belongs: Belongs
) -> list[tuple[Shared, Changes, Changes]]:
    """Return what changes on each image, and what has to: a snapshot that two of them have changes once."""
    rough = [(one, changes_of(request, one.image, one.sharing)) for one in shared]
    taken = sorted({name for _one, changes in rough for name, one in changes.snapshots.items() if one.take})
    after = {one.image.image_id: changes.image.on(one.sharing.image) for one, changes in rough}
    users = _users(region, taken, after)
    now: dict[str, LaunchPermissions] = {}
    found = []
    for one, rough_changes in rough:
        expected = without_kept(rough_changes, one.image, users, belongs=belongs)
        held = {name: now.get(name, who) for name, who in one.sharing.snapshots.items()}
        sharing = Sharing(one.sharing.image, held)
        changes = without_kept(changes_of(request, one.image, sharing), one.image, users, belongs=belongs)
        now.update(changes.on(sharing).snapshots)
        found.append((Shared(one.image, sharing), changes, expected))
    return found


def _users(
    region: Region, snapshot_ids: t.Sequence[str], after: t.Mapping[str, LaunchPermissions]
) -> list[tuple[Image, LaunchPermissions]]:
    """Return the images that use the snapshots, with who may launch them once the task is done."""
    if not snapshot_ids:
        return []
    found = []
    for image in users_of(region, snapshot_ids):
        known = after.get(image.image_id)
        found.append((image, sharing_of(region, image).image if known is None else known))
    return found


def read_facts(
    region: Region,
    changing: t.Sequence[tuple[Shared, Changes, Changes]],
    snapshots: t.Mapping[str, Snapshot],
    base: Facts,
    *,
    warn: Warn,
) -> Facts:
    """Return what judging the changes takes; keys and settings are read where somebody is to get something."""
    giving = [(one, changes) for one, changes, _expected in changing if changes.gives]
    arns = sorted({arn for one, _changes in giving for arn in one.image.kms_key_arns})
    everybody = any(changes.image.give.group_names for _one, changes in giving) or any(
        change.give.group_names for _one, changes in giving for change in changes.snapshots.values()
    )
    return Facts(
        partition=base.partition,
        snapshots=snapshots,
        keys={arn: _key(region, arn, warn=warn) for arn in arns},
        blocks=public_blocks(region, warn=warn) if everybody else (),
        belongs=base.belongs,
    )


def _key(region: Region, arn: str, *, warn: Warn) -> KmsKey | None:
    try:
        return describe_key(region, arn)
    except PreflightError as error:
        warn(f"{error}. Nobody can launch or copy what is under it")
        return None
    except AwsError as error:
        if not error.is_denied:
            raise
        warn(
            f"kms:DescribeKey on {arn} is denied in {region.name}, so whether what is under it can be shared at all "
            "could not be checked; under an AWS managed key AWS refuses it"
        )
        return None
