# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what may be removed for state=absent: what carries our tags for this very name. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..errors import PreflightError
from ..model import COPY_TAG, RECIPE_TAG, SOURCE_TAG, Image, Snapshot
from ..proofs import MayDeleteSnapshot, MayDeleteSnapshotsOf, MayDeregister, by_our_tags
from ..steps import DeleteSnapshot, DeregisterImage, Step
from .identity import is_composed
from .recipe import work_token
from .request import ComposeRequest
from .steps import ComposePlan, TearDown


def plan_compose_removal(
    request: ComposeRequest,
    images: t.Sequence[Image],
    *,
    snapshots: t.Mapping[str, Snapshot],
    leftovers: t.Iterable[Snapshot],
    remains: tuple[str, ...] = (),
) -> ComposePlan:
    """Return the plan that removes the image of this name and what interrupted runs under it have left.

    ``snapshots`` are those of the images; one that was not made for its image stays. ``leftovers`` back no image;
    ``remains`` are instances and volumes of such runs.
    """
    obstacles = {image.image_id: _obstacle(request, image) for image in images}
    ours = [image for image in images if obstacles[image.image_id] is None]
    steps: list[Step] = [_deregistration(image, snapshots) for image in ours]
    steps += [
        DeleteSnapshot(by_our_tags(MayDeleteSnapshot, snapshot.snapshot_id), "left behind by an interrupted run")
        for snapshot in leftovers
        if _is_of_name(request.name, snapshot)
    ]
    action, reason = "unchanged", f"{request.region} has no such image"
    if steps or remains:
        action, reason = "removed", "state is absent"
    return ComposePlan(
        action,
        reason,
        ours[0] if ours else None,
        after=tuple(steps),
        devices_before=ours[0].devices if ours else (),
        warnings=tuple(
            f"{request.region}: {image_id} is kept: {obstacle}; deregister it by hand if it is yours"
            for image_id, obstacle in obstacles.items()
            if obstacle
        ),
        remains=(TearDown(remains),) if remains else (),
    )


def _deregistration(image: Image, snapshots: t.Mapping[str, Snapshot]) -> DeregisterImage:
    _require_unprotected(image)
    made = tuple(one for one in image.snapshot_ids if _is_made_for(image, snapshots.get(one)))
    return DeregisterImage(
        by_our_tags(MayDeregister, image.image_id),
        tuple(by_our_tags(MayDeleteSnapshot, one) for one in made),
        "state is absent",
        by_our_tags(MayDeleteSnapshotsOf, image.image_id) if len(made) == len(image.snapshot_ids) else None,
    )


def _obstacle(request: ComposeRequest, image: Image) -> str | None:
    if not is_composed(image):
        return "it does not carry this collection's recipe tags for its name"
    origin = image.tags.get(SOURCE_TAG)
    if request.source_tag is not None and origin != request.source_tag:
        return f"it was composed of {origin}, not of {request.source_tag}"
    return None


def _require_unprotected(image: Image) -> None:
    if image.deregistration_protection.startswith("enabled"):
        raise PreflightError(
            f"image {image.image_id} in {image.region} has deregistration protection "
            f"({image.deregistration_protection}); disable it first"
        )


def _is_made_for(image: Image, snapshot: Snapshot | None) -> bool:
    return snapshot is not None and snapshot.tags.get(COPY_TAG) == image.tags.get(COPY_TAG)


def _is_of_name(name: str, snapshot: Snapshot) -> bool:
    digest = snapshot.tags.get(RECIPE_TAG)
    return digest is not None and snapshot.tags.get(COPY_TAG) == work_token(name, digest)
