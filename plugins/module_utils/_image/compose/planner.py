# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what to do for one composed image. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import dataclasses

from ..attributes import image_with, plan_attributes
from ..model import Image
from ..permissions import Sharing
from ..steps import SetTags, Step
from ..vocabulary import Action
from .facts import ComposeFacts
from .identity import sort_namesakes
from .keeping import kept_attributes, lost_details, lost_warning
from .making import (
    deletions,
    details,
    plan_hold,
    plan_new,
    snapshot_deletions,
    teardown_of,
)
from .ours import image_proof, is_made_for
from .request import ComposeRequest
from .steps import ComposePlan


def plan_compose(request: ComposeRequest, facts: ComposeFacts) -> ComposePlan:
    """Return the plan for the image: kept where it exists, awaited where it is on its way, otherwise made."""
    found = sort_namesakes(facts.images, facts.recipe)
    if found.met:
        return _plan_existing(request, facts, found.met[0])
    if found.pending:
        return _plan_adoption(request, facts, found.pending[0])
    if request.hold:
        return plan_hold(request, facts)
    return plan_new(request, facts, found)


def _plan_existing(request: ComposeRequest, facts: ComposeFacts, image: Image) -> ComposePlan:
    """Plan for an image that is there: its attributes, and what an earlier run left."""
    used = set(image.snapshot_ids)
    spare = [one for one in facts.leftovers if is_made_for(one, facts.recipe) and one.snapshot_id not in used]
    steps = (
        *plan_convergence(request, facts, image),
        *deletions(facts, spare, "an interrupted run made it twice"),
        *snapshot_deletions(facts.remains),
    )
    teardown = teardown_of(facts.remains)
    action: Action = "unchanged"
    reason = "the image exists"
    if steps or teardown:
        action, reason = "updated", "the image exists; something differs"
    return ComposePlan(
        action,
        reason,
        image_with(image, steps),
        after=steps,
        devices_before=image.devices,
        details={**details(facts), **lost_details(request, facts, image)},
        warnings=(*shared_snapshots_warning(request, facts, image), *lost_warning(request, facts, image)),
        recipe=facts.recipe,
        method=facts.method.name,
        teardown=teardown,
    )


def _plan_adoption(request: ComposeRequest, facts: ComposeFacts, image: Image) -> ComposePlan:
    """Return the plan to await an image; its steps are what the next look, once it is available, may find done."""
    steps = plan_convergence(request, facts, image) if request.wait or facts.remains else ()
    return ComposePlan(
        "adopted",
        "the image is on its way already",
        image_with(image, steps),
        after=steps,
        awaits=True,
        devices_before=image.devices,
        details=details(facts),
        recipe=facts.recipe,
        method=facts.method.name,
        teardown=teardown_of(facts.remains),
    )


def plan_convergence(request: ComposeRequest, facts: ComposeFacts, image: Image) -> tuple[Step, ...]:
    """Return the steps that bring an existing image to the desired attributes and its snapshots to their own tags.

    A snapshot that the image shares with its source keeps its tags and permissions: opening it would open the source,
    and nobody would close it again.
    """
    recipe, made = facts.recipe, _made(facts, image)
    own_devices = tuple(device for device in image.devices if device.snapshot_id in made)
    own_part = dataclasses.replace(image, devices=own_devices)
    tags = {snapshot_id: facts.snapshots[snapshot_id].tags for snapshot_id in made}
    steps: list[Step] = [
        *plan_attributes(
            own_part,
            kept_attributes(request, facts),
            snapshot_tags=tags,
            sharing=facts.sharing,
            ours=image_proof(image),
        )
    ]
    by_name = {device.device_name: device for device in recipe.ebs_devices}
    for device in own_devices:
        if device.device_name in by_name and device.snapshot_id is not None:
            own, found = recipe.snapshot_tags(by_name[device.device_name]), tags[device.snapshot_id]
            missing = {key: value for key, value in own.items() if found.get(key) != value}
            if missing:
                steps.append(SetTags((device.snapshot_id,), "snapshot", missing, present=len(found)))
    return tuple(steps)


def shared_snapshots_warning(request: ComposeRequest, facts: ComposeFacts, image: Image) -> tuple[str, ...]:
    """Say which snapshots neither opening nor closing the image concerns, where they are not as it is asked for."""
    desired = request.attributes.launch_permissions
    if desired is None:
        return ()
    held, made = (facts.sharing or Sharing()).snapshots, _made(facts, image)
    others = [one for one in image.snapshot_ids if one not in made]
    closed = [one for one in others if one in held and desired.for_snapshots.minus(held[one])]
    opened = [one for one in others if one in held and held[one].minus(desired.for_snapshots)]
    warnings = []
    if closed:
        warnings.append(
            f"image {image.image_id} can be launched as asked, but not copied: its snapshots {', '.join(closed)} are "
            "those of its source and are not opened. Compose it under another name to have snapshots of its own"
        )
    if opened:
        warnings.append(
            f"the snapshots {', '.join(opened)} of image {image.image_id} are open to others and stay so: they are "
            "those of its source, not made for it; take the permissions back there (ec2:ModifySnapshotAttribute)"
        )
    return tuple(warnings)


def _made(facts: ComposeFacts, image: Image) -> list[str]:
    """Return the snapshots of the image that were made for it."""
    shown = [facts.snapshots[one] for one in image.snapshot_ids if one in facts.snapshots]
    return [one.snapshot_id for one in shown if is_made_for(one, facts.recipe, [image])]
