# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what to do for one composed image. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import plan_attributes, plan_new_attributes
from ..model import COPY_TAG, DEVICE_TAG, RECIPE_TAG, Image, Snapshot
from ..permissions import Sharing
from ..proofs import MayDeleteSnapshot, MayDeleteSnapshotsOf, MayDeregister, by_our_tags
from ..steps import DeleteSnapshot, DeregisterImage, SetTags, Step
from .identity import Namesakes, sort_namesakes
from .method import INSTANCE, Method
from .recipe import Recipe, RecipeDevice
from .request import ComposeRequest
from .steps import (
    AttachVolume,
    ComposePlan,
    ComposeStep,
    CopySnapshot,
    CreateImage,
    LaunchInstance,
    MakeEmptySnapshot,
    RegisterImage,
    TearDown,
)


@dataclasses.dataclass(frozen=True)
class ComposeFacts:
    """What AWS holds for one recipe, read before planning.

    ``images`` are the caller's of the wanted name, with their snapshots' keys; ``snapshots`` are all of theirs by id.
    ``leftovers`` are snapshots that earlier runs of the recipe have made and no image uses; ``remains`` are the ids of
    their instances and volumes.
    """

    recipe: Recipe
    source: Image
    method: Method
    images: tuple[Image, ...] = ()
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)
    sharing: Sharing | None = None
    leftovers: tuple[Snapshot, ...] = ()
    remains: tuple[str, ...] = ()


def plan_compose(request: ComposeRequest, facts: ComposeFacts) -> ComposePlan:
    """Return the plan for the image: kept where it exists, awaited where it is on its way, otherwise made."""
    found = sort_namesakes(facts.images, facts.recipe, facts.snapshots)
    if found.met:
        return _plan_existing(request, facts, found.met[0])
    if found.pending:
        image = found.pending[0]
        return ComposePlan(
            "adopted",
            "the image is on its way already",
            image,
            awaits=True,
            devices_before=image.devices,
            details=_details(facts),
            recipe=facts.recipe,
            method=facts.method.name,
            remains=_remains(facts),
        )
    return _plan_new(request, facts, found)


def _plan_existing(request: ComposeRequest, facts: ComposeFacts, image: Image) -> ComposePlan:
    steps = (*plan_convergence(request, facts, image), *_plan_strays(facts, set(image.snapshot_ids)))
    remains = _remains(facts)
    action, reason = "unchanged", "the image exists"
    if steps or remains:
        action, reason = "updated", "the image exists; something differs"
    return ComposePlan(
        action,
        reason,
        image,
        after=steps,
        devices_before=image.devices,
        details=_details(facts),
        recipe=facts.recipe,
        method=facts.method.name,
        remains=remains,
    )


def _remains(facts: ComposeFacts) -> tuple[TearDown, ...]:
    return (TearDown(facts.remains),) if facts.remains else ()


def plan_convergence(request: ComposeRequest, facts: ComposeFacts, image: Image) -> tuple[Step, ...]:
    """Return the steps that bring an existing image to the desired attributes and its snapshots to their own tags.

    A snapshot that the image shares with its source keeps its tags, and keeps the permissions that it has.
    """
    recipe = facts.recipe
    made = {
        snapshot_id: facts.snapshots[snapshot_id].tags
        for snapshot_id in image.snapshot_ids
        if snapshot_id in facts.snapshots and is_made_for(facts.snapshots[snapshot_id], recipe)
    }
    sharing = _without_foreign(facts.sharing, request, made)
    ours = by_our_tags(MayDeregister, image.image_id)
    steps: list[Step] = [*plan_attributes(image, request.attributes, snapshot_tags=made, sharing=sharing, ours=ours)]
    by_name = {device.device_name: device for device in recipe.ebs_devices}
    for device in image.ebs_devices:
        if device.snapshot_id in made and device.device_name in by_name:
            own = recipe.snapshot_tags(by_name[device.device_name])
            missing = {key: value for key, value in own.items() if made[device.snapshot_id].get(key) != value}
            if missing:
                steps.append(SetTags((device.snapshot_id,), "snapshot", missing))
    return tuple(steps)


def is_made_for(snapshot: Snapshot, recipe: Recipe) -> bool:
    """Tell whether the snapshot was made for this recipe under this name."""
    return snapshot.tags.get(COPY_TAG) == recipe.work and snapshot.tags.get(RECIPE_TAG) == recipe.digest


def sort_leftovers(recipe: Recipe, leftovers: t.Iterable[Snapshot]) -> tuple[dict[str, Snapshot], tuple[Snapshot, ...]]:
    """Return the snapshot to take over for each device, and those that no run can use.

    A snapshot is good when it is, or will be, complete under the device's key. Every run picks the same one; further
    good ones may belong to a run under way, and are swept up once there is an image.
    """
    by_name = {device.device_name: device for device in recipe.ebs_devices}
    good: dict[str, Snapshot] = {}
    useless = []
    for snapshot in sorted(leftovers, key=lambda one: (one.state != "completed", one.snapshot_id)):
        if not is_made_for(snapshot, recipe):
            continue
        device = by_name.get(snapshot.tags.get(DEVICE_TAG, ""))
        if device is None or not _is_good(snapshot, device):
            useless.append(snapshot)
        else:
            good.setdefault(device.device_name, snapshot)
    return good, tuple(useless)


def _is_good(snapshot: Snapshot, device: RecipeDevice) -> bool:
    if device.is_reusable or snapshot.state not in ("pending", "completed") or not snapshot.encrypted:
        return False
    arn = device.required_key.arn
    if snapshot.state == "pending" and snapshot.kms_key_arn is None:
        return True
    return arn is None or snapshot.kms_key_arn == arn


def _plan_strays(facts: ComposeFacts, used: t.Container[str]) -> tuple[Step, ...]:
    return tuple(
        DeleteSnapshot(by_our_tags(MayDeleteSnapshot, snapshot.snapshot_id), "made twice by an interrupted run")
        for snapshot in facts.leftovers
        if is_made_for(snapshot, facts.recipe) and snapshot.snapshot_id not in used
    )


def _plan_new(request: ComposeRequest, facts: ComposeFacts, found: Namesakes) -> ComposePlan:
    recipe = facts.recipe
    failed = tuple(
        DeregisterImage(
            by_our_tags(MayDeregister, image.image_id),
            tuple(by_our_tags(MayDeleteSnapshot, one) for one in image.snapshot_ids),
            "it failed; its name is needed",
            by_our_tags(MayDeleteSnapshotsOf, image.image_id),
        )
        for image in found.failed
    )
    of_failed = {snapshot_id for image in found.failed for snapshot_id in image.snapshot_ids}
    candidates = [snapshot for snapshot in facts.leftovers if snapshot.snapshot_id not in of_failed]
    adopted, useless = ({}, tuple(candidates)) if facts.method.name == INSTANCE else sort_leftovers(recipe, candidates)
    deletions = tuple(
        DeleteSnapshot(
            by_our_tags(MayDeleteSnapshot, snapshot.snapshot_id), "an interrupted run left it, and it is of no use"
        )
        for snapshot in useless
        if is_made_for(snapshot, recipe)
    )
    return ComposePlan(
        "composed",
        f"{request.region} has no image {request.name!r} of this recipe",
        _predicted_image(request, facts, adopted),
        before=(*failed, *deletions),
        after=plan_new_attributes(request.attributes),
        awaits=True,
        new_storage_gib=_new_storage_gib(facts),
        details=_details(facts),
        recipe=recipe,
        method=facts.method.name,
        work=_work(request, facts, adopted),
        adopted=adopted,
    )


def _work(request: ComposeRequest, facts: ComposeFacts, adopted: t.Mapping[str, Snapshot]) -> tuple[ComposeStep, ...]:
    recipe = facts.recipe
    if request.instance_id is not None:
        return (CreateImage(request.name, request.instance_id, request.no_reboot),)
    if facts.method.name == INSTANCE:
        launched = tuple(f"{one.device_name}={one.kms_key_id}" for one in recipe.ebs_devices if not one.is_added)
        added = [one for one in recipe.ebs_devices if one.is_added]
        return (
            LaunchInstance(request.source_image_id or "", launched),
            *(AttachVolume(one.device_name, one.size, one.kms_key_id, one.snapshot_id) for one in added),
            CreateImage(request.name, None),
        )
    missing = [one for one in recipe.ebs_devices if not one.is_reusable and one.device_name not in adopted]
    sources = tuple(f"{one.device_name}={_backing(one, adopted) or '(new)'}" for one in recipe.ebs_devices)
    return (*(_snapshot_step(one) for one in missing), RegisterImage(request.name, sources))


def _snapshot_step(device: RecipeDevice) -> ComposeStep:
    if device.snapshot_id is None:
        return MakeEmptySnapshot(device.device_name, device.size, device.kms_key_id)
    return CopySnapshot(device.device_name, device.snapshot_id, device.snapshot_region or "", device.kms_key_id)


def _backing(device: RecipeDevice, adopted: t.Mapping[str, Snapshot]) -> str | None:
    if device.is_reusable:
        return device.snapshot_id
    return adopted[device.device_name].snapshot_id if device.device_name in adopted else None


def _predicted_image(request: ComposeRequest, facts: ComposeFacts, adopted: t.Mapping[str, Snapshot]) -> Image:
    by_snapshots = facts.method.name != INSTANCE
    return dataclasses.replace(
        facts.source,
        image_id="",
        region=request.region,
        name=request.name,
        description=request.attributes.description or "",
        state="available",
        owner_id="",
        source_image_id=None,
        source_region=None,
        devices=tuple(
            device.predicted(_backing(device, adopted) if by_snapshots else None) for device in facts.recipe.devices
        ),
        tags={**(request.attributes.tags or {}), **facts.recipe.image_tags},
    )


def _new_storage_gib(facts: ComposeFacts) -> int:
    """Return the GiB that the image is billed for at most: what no snapshot of before backs."""
    by_instance = facts.method.name == INSTANCE
    devices = [one for one in facts.recipe.ebs_devices if by_instance or not one.is_reusable]
    return sum(one.size if by_instance or one.snapshot_id is None else one.snapshot_size for one in devices)


def _details(facts: ComposeFacts) -> dict[str, t.Any]:
    return {"method": facts.method.name, "method_reason": facts.method.reason}


def _without_foreign(sharing: Sharing | None, request: ComposeRequest, made: t.Container[str]) -> Sharing | None:
    """Return the permissions as if others' snapshots had nothing to take away, for it is not ours to take."""
    desired = request.attributes.launch_permissions
    if sharing is None or desired is None:
        return sharing
    snapshots = {
        snapshot_id: held if snapshot_id in made else held.minus(held.minus(desired.for_snapshots))
        for snapshot_id, held in sharing.snapshots.items()
    }
    return dataclasses.replace(sharing, snapshots=snapshots)
