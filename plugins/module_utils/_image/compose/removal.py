# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what may be removed for state=absent: what is proven to be made under this very name. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import PreflightError
from ..model import SOURCE_TAG, Image, Snapshot
from ..proofs import Proof, all_snapshots_are_ours
from ..steps import DeleteSnapshot, Step
from ..vocabulary import Action
from .making import deregistration, snapshot_deletions, teardown_of
from .ours import doubt_of_image, doubt_of_mapping, image_proof, snapshot_proof
from .request import ComposeRequest
from .steps import ComposePlan


@dataclasses.dataclass(frozen=True)
class RemovalFacts:
    """What AWS holds under a name: images with their snapshots, those that back none, and what else runs have left.

    ``used`` are snapshots that images of other names use too; ``unproven`` are the ids of what else carries
    our tags without a proof; ``lent`` are snapshots that an image may have taken as they are.
    """

    images: t.Sequence[Image] = ()
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)
    leftovers: t.Sequence[Snapshot] = ()
    used: t.Collection[str] = ()
    remains: tuple[Proof, ...] = ()
    unproven: tuple[str, ...] = ()
    lent: t.Collection[str] = ()


def plan_compose_removal(request: ComposeRequest, facts: RemovalFacts) -> ComposePlan:
    """Return the plan that removes the image of this name and what interrupted runs under it have left."""
    obstacles = {image.image_id: _obstacle(request, image, facts) for image in facts.images}
    ours = [image for image in facts.images if obstacles[image.image_id] is None]
    steps: list[Step] = [step for image in ours for step in _deregistration(image, facts)]
    proofs = [snapshot_proof(snapshot, request.name) for snapshot in facts.leftovers]
    steps += [DeleteSnapshot(one, "an interrupted run has left it") for one in proofs if one is not None]
    steps += snapshot_deletions(facts.remains)
    teardown = teardown_of(facts.remains)
    action: Action = "unchanged"
    reason = f"{request.region} has no such image"
    if steps or teardown:
        action, reason = "removed", "state is absent"
    return ComposePlan(
        action,
        reason,
        ours[0] if ours else None,
        after=tuple(steps),
        devices_before=ours[0].devices if ours else (),
        warnings=(*_kept(request, obstacles), *_unproven(request, facts)),
        teardown=teardown,
    )


def _deregistration(image: Image, facts: RemovalFacts) -> list[Step]:
    """Return the steps that remove an image: AWS takes the snapshots along where all of them are ours to delete."""
    _require_unprotected(image)
    proof = image_proof(image)
    if proof is None:
        raise ValueError(f"{image.image_id} is not proven to be ours")
    shown = [facts.snapshots[one] for one in image.snapshot_ids if one in facts.snapshots]
    found = [snapshot_proof(snapshot, image.name, [image]) for snapshot in shown]
    made = tuple(one for one in found if one is not None and one.resource_id not in facts.used)
    return deregistration(proof, made, "state is absent", all_snapshots_are_ours(image, made))


def _kept(request: ComposeRequest, obstacles: t.Mapping[str, str | None]) -> list[str]:
    return [
        f"{request.region}: {image_id} is kept: {obstacle}; deregister it by hand if it is yours"
        for image_id, obstacle in obstacles.items()
        if obstacle
    ]


def _unproven(request: ComposeRequest, facts: RemovalFacts) -> list[str]:
    if not facts.unproven:
        return []
    return [
        f"{request.region}: {', '.join(facts.unproven)} carry this collection's tags for {request.name!r}, but nothing "
        "that AWS says proves that composing made them, so they are kept; list the added devices in device_mapping as "
        "the run had them, run the task once more with state=present, which takes over what is its own, or remove them "
        "by hand if they are yours"
    ]


def _obstacle(request: ComposeRequest, image: Image, facts: RemovalFacts) -> str | None:
    doubt = doubt_of_image(image)
    if doubt is not None:
        return doubt
    origin = image.tags.get(SOURCE_TAG)
    if request.source_tag is not None and origin != request.source_tag:
        return f"it was composed of {origin}, not of {request.source_tag}"
    return doubt_of_mapping(image, facts.snapshots, facts.lent)


def _require_unprotected(image: Image) -> None:
    if image.deregistration_protection.startswith("enabled"):
        raise PreflightError(
            f"image {image.image_id} in {image.region} has deregistration protection "
            f"({image.deregistration_protection}); disable it first"
        )
