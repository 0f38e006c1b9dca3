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
from ..._aws.connection import Regions
from ..._aws.images import find_images
from ..._aws.retiring import sources_of_pending
from ..._image.errors import PreflightError
from ..._image.model import Image
from ..._image.permissions import NOBODY, LaunchPermissions
from ..._image.retire.groups import Sorted, sort_images
from ..._image.retire.model import Decision
from ..._image.retire.planner import decide, decide_early
from ..._image.retire.request import RestoreRequest, RetireRequest
from ..._image.retire.restoring import plan_restore, require_found
from ..._image.use import Use
from ..pace import Pace
from ..parallel import all_of, for_each
from ..use import read_use

_AT_ONCE: t.Final = 8


@dataclasses.dataclass(frozen=True)
class _Shown:
    images: tuple[Image, ...]
    copying: frozenset[tuple[str, str]]


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

    def read(name: str) -> list[tuple[Image, LaunchPermissions]]:
        region = connection.region(name)
        images = find_images(region, request.image_ids, owners=["self"])
        return [(image, launch_permissions(region, image.image_id)) for image in images.values()]

    found = {
        image.image_id: (image, permissions)
        for answer in all_of(for_each(request.regions, read)).values()
        for image, permissions in answer
    }
    require_found(request.image_ids, found, request.regions)
    now = Pace().now()
    return [plan_restore(*found[image_id], request, now=now) for image_id in request.image_ids]


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
        raise PreflightError(
            f"image_ids names {', '.join(missing)}, which filters do not select in {where}; nothing was changed. "
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
    due = [one.image for one in ordered if early[one.image.image_id] is None]
    uses, permissions = _evidence(connection, name, due, request)
    now = Pace().now()
    return [early[one.image.image_id] or _decide_late(one, uses, permissions, request, now=now) for one in ordered]


def _decide_late(
    one: Sorted,
    uses: t.Mapping[str, Use],
    permissions: t.Mapping[str, LaunchPermissions | None],
    request: RetireRequest,
    *,
    now: float,
) -> Decision:
    image_id = one.image.image_id
    use, sharing = uses.get(image_id) or _nothing_known(one.image), permissions.get(image_id)
    if sharing is None:
        return Decision(one.image, "kept", "it has changed while it was looked at; run the task again", group=one.group)
    return decide(one, use, sharing, request, now=now)


def _nothing_known(image: Image) -> Use:
    return Use(image.image_id, image.region, None, unknown=("nothing was read about its use",))


def _evidence(
    connection: Regions, name: str, images: t.Sequence[Image], request: RetireRequest
) -> tuple[dict[str, Use], dict[str, LaunchPermissions | None]]:
    """Return use and permissions; of an image that nothing uses, for the others are kept whoever may launch them.

    Somebody may disable an image at this moment, and then AWS shows no permissions. So they hold only where the image
    is still available afterwards; otherwise they are None.
    """
    if not images:
        return {}, {}
    region = connection.region(name)
    uses = read_use(region, images, request.use)
    unused = [image.image_id for image in images if image.image_id in uses and uses[image.image_id].in_use is False]
    answers = all_of(for_each(unused, lambda image_id: launch_permissions(region, image_id), workers=_AT_ONCE))
    still = find_images(region, unused, owners=["self"]) if unused else {}
    permissions: dict[str, LaunchPermissions | None] = {image.image_id: NOBODY for image in images}
    for image_id in unused:
        there = image_id in still and still[image_id].state == "available"
        permissions[image_id] = answers[image_id] if there else None
    return uses, permissions
