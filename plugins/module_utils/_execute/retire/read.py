# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what deciding needs of every region before anything is changed. Nothing in this file changes anything."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.attributes import launch_permissions
from ..._aws.audit import list_images
from ..._aws.connection import Region, Regions
from ..._aws.images import find_images
from ..._aws.recycle_bin import binned_images, binned_snapshots
from ..._aws.retiring import sources_of_pending
from ..._aws.snapshots import find_snapshots, find_snapshots_by_tag
from ..._image.errors import PreflightError
from ..._image.few import few
from ..._image.model import IMAGE_TAG, Image, Snapshot
from ..._image.permissions import LaunchPermissions
from ..._image.retire.groups import sort_images
from ..._image.retire.model import Decision, Leftover
from ..._image.retire.planner import decide_early
from ..._image.retire.request import DEREGISTER, RestoreRequest, RetireRequest
from ..._image.retire.restoring import plan_from_bin, plan_restore, require_found
from ..pace import Pace
from ..parallel import all_of, for_each
from .deciding import Deciding


@dataclasses.dataclass(frozen=True)
class _Shown:
    images: tuple[Image, ...]
    copying: frozenset[tuple[str, str]]


@dataclasses.dataclass(frozen=True)
class _Retired:
    """What AWS shows of the images to restore in one region."""

    images: t.Mapping[str, Image]
    permissions: t.Mapping[str, LaunchPermissions]
    snapshots: t.Mapping[str, Snapshot]


def decide_retiring(connection: Regions, request: RetireRequest) -> list[Decision]:
    """Return what happens to each image that the filters select."""
    shown = all_of(for_each(request.regions, lambda name: _list(connection, name, request)))
    images = [image for one in shown.values() for image in one.images]
    _require_selected(images, request)
    copying = {source for one in shown.values() for source in one.copying}
    answers = for_each(request.regions, lambda name: _decide(connection, name, shown[name].images, copying, request))
    return [decision for decisions in all_of(answers).values() for decision in decisions]


def decide_restoring(connection: Regions, request: RestoreRequest) -> list[Decision]:
    """Return what restores each image; nothing is restored where one of them cannot be."""
    retired = all_of(for_each(request.regions, lambda name: _read_retired(connection.region(name), request.image_ids)))
    there = {image_id for one in retired.values() for image_id in one.images}
    missing = [image_id for image_id in request.image_ids if image_id not in there]
    now = Pace().now()
    found = {
        image_id: plan_restore(image, one.permissions[image_id], request, now=now, snapshots=one.snapshots)
        for one in retired.values()
        for image_id, image in one.images.items()
    }
    binned = for_each(
        request.regions if missing else (), lambda name: _decide_binned(connection, name, missing, request)
    )
    for decisions in all_of(binned).values():
        found.update(decisions)
    require_found(request.image_ids, found, request.regions)
    return [found[image_id] for image_id in request.image_ids]


def decide_restored(region: Region, image_id: str, request: RestoreRequest) -> Decision | None:
    """Return what is left to do for an image that has just left the Recycle Bin, None until AWS shows it."""
    retired = _read_retired(region, [image_id])
    if image_id not in retired.images:
        return None
    image, permissions = retired.images[image_id], retired.permissions[image_id]
    return plan_restore(image, permissions, request, now=Pace().now(), snapshots=retired.snapshots)


def leftovers(connection: Regions, request: RetireRequest) -> list[Leftover]:
    """Return the snapshots that a run was to delete with an image, and that are there without it.

    A run may have ended in between, or somebody has restored them. Neither can be told from the other, so that they
    are only named.
    """
    if request.last_step != DEREGISTER:
        return []
    found = all_of(for_each(request.regions, lambda name: _left_in(connection.region(name))))
    return [one for some in found.values() for one in some]


def _left_in(region: Region) -> list[Leftover]:
    marked = find_snapshots_by_tag(region, IMAGE_TAG, ["ami-*"])
    marked_for = {one.snapshot_id: one.tags.get(IMAGE_TAG, "").partition(" ")[0] for one in marked}
    images = find_images(region, marked_for.values(), owners=["self"]) if marked_for else {}
    living = {image_id for image_id, image in images.items() if image.state != "deregistered"}
    left = ((snapshot_id, image_id) for snapshot_id, image_id in sorted(marked_for.items()) if image_id not in living)
    return [Leftover(snapshot_id, region.name, image_id) for snapshot_id, image_id in left]


def _read_retired(region: Region, image_ids: t.Sequence[str]) -> _Retired:
    shown = find_images(region, image_ids, owners=["self"])
    images = {image_id: image for image_id, image in shown.items() if image.state != "deregistered"}
    snapshot_ids = {snapshot_id for image in images.values() for snapshot_id in image.snapshot_ids}
    return _Retired(
        images,
        {image_id: launch_permissions(region, image_id) for image_id in images},
        find_snapshots(region, snapshot_ids, owned=True) if snapshot_ids else {},
    )


def _decide_binned(
    connection: Regions, name: str, image_ids: t.Sequence[str], request: RestoreRequest
) -> dict[str, Decision]:
    region, now = connection.region(name), Pace().now()
    binned = binned_images(region, image_ids)
    if not binned:
        return {}
    in_bin = {one.snapshot_id: one for one in binned_snapshots(region)}
    wanted = {one for undo in request.undos for one in undo.snapshot_ids or ()}
    there = find_snapshots(region, wanted) if wanted else {}
    return {one.image_id: plan_from_bin(one, request, now=now, there=there, in_bin=in_bin) for one in binned}


def _list(connection: Regions, name: str, request: RetireRequest) -> _Shown:
    region = connection.region(name)
    images = list_images(region, image_ids=(), owners=("self",), filters=request.filters)
    listed = tuple(image for image in images if image.state != "deregistered")
    return _Shown(listed, frozenset(sources_of_pending(region)))


def _require_selected(images: t.Sequence[Image], request: RetireRequest) -> None:
    where = ", ".join(request.regions)
    if not images:
        raise PreflightError(f"filters select no image of this account in {where}; nothing was changed")
    missing = sorted(set(request.image_ids) - {image.image_id for image in images})
    if missing:
        named = few(missing, count=len(missing))
        raise PreflightError(
            f"image_ids names {named}, which filters do not select in {where}; nothing was changed. "
            "filters have to select the whole group, so that it is known which of it is newest"
        )


def _decide(
    connection: Regions,
    name: str,
    images: t.Sequence[Image],
    copying: t.Collection[tuple[str, str]],
    request: RetireRequest,
) -> list[Decision]:
    copied = {image_id for where, image_id in copying if where == name}
    now = Pace().now()
    ordered = sort_images(images, copied, request, now=now)
    early = {one.image.image_id: decide_early(one, request, now=now) for one in ordered}
    due = [one for one in ordered if early[one.image.image_id] is None]
    late = Deciding(connection.region(name), request).decide(due) if due else {}
    return [early[one.image.image_id] or late[one.image.image_id] for one in ordered]
