# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Plan an image that is not there yet: every call that makes it, and what it will be. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import plan_new_attributes
from ..model import DEVICE_TAG, KEY_TAG, Image, Snapshot
from ..proofs import (
    MayDeleteSnapshot,
    MayDeleteSnapshotsOf,
    MayDeleteVolume,
    MayDeregister,
    MayTerminate,
    Proof,
    all_snapshots_are_ours,
)
from ..steps import DeleteSnapshot, DeregisterImage, SetTags, Step
from .facts import ComposeFacts, sort_leftovers
from .identity import Namesakes
from .keeping import carried, kept_attributes, lost_details, lost_warning
from .location import finality
from .method import INSTANCE
from .ours import image_proof, snapshot_proof
from .recipe import RecipeDevice
from .request import ComposeRequest
from .steps import (
    AttachVolume,
    ComposePlan,
    CopySnapshot,
    CreateImage,
    CreateVolume,
    DeleteVolume,
    HoldInstance,
    LaunchInstance,
    RegisterImage,
    SnapshotVolume,
    StopInstance,
    TagSnapshot,
    TearDownStep,
    TerminateInstance,
    WorkStep,
)


def plan_new(request: ComposeRequest, facts: ComposeFacts, found: Namesakes) -> ComposePlan:
    """Return the plan that makes the image, after failed ones of its name and useless snapshots are removed."""
    of_failed = {snapshot_id for image in found.failed for snapshot_id in image.snapshot_ids}
    candidates = [snapshot for snapshot in facts.leftovers if snapshot.snapshot_id not in of_failed]
    by_instance = facts.method.name == INSTANCE
    adopted, useless = ({}, tuple(candidates)) if by_instance else sort_leftovers(facts.recipe, candidates)
    predicted = _predicted_image(request, facts, adopted)
    return ComposePlan(
        "composed",
        f"{request.region} has no image {request.name!r} of this recipe{finality(facts.recipe.place)}",
        predicted,
        before=(
            *_failed(facts, found),
            *deletions(facts, useless, "an interrupted run left it, and it is of no use"),
            *snapshot_deletions(facts.remains),
        ),
        after=(*_device_steps(request, facts, adopted), *_attributes(request, facts)),
        awaits=True,
        new_storage_gib=_new_storage_gib(facts),
        warnings=(*lost_warning(request, facts, predicted), *_left_by_failed(facts, found)),
        details={**details(facts), **lost_details(request, facts, predicted)},
        recipe=facts.recipe,
        method=facts.method.name,
        work=_work(request, facts, adopted),
        teardown=(*_teardown(request, facts), *teardown_of(facts.remains)),
        adopted=adopted,
    )


def plan_hold(request: ComposeRequest, facts: ComposeFacts) -> ComposePlan:
    """Return the plan that goes as far as the running instance with all its volumes, and leaves it to the user."""
    launch, *others = _work(dataclasses.replace(request, hold=False), facts, {})
    volumes = [step for step in others if isinstance(step, CreateVolume)]
    attachments = [step for step in others if isinstance(step, AttachVolume)]
    return ComposePlan(
        "prepared",
        "the instance is held for tasks; the next call makes the image",
        None,
        details=details(facts),
        recipe=facts.recipe,
        method=facts.method.name,
        work=(launch, *volumes, HoldInstance(), *attachments),
    )


def deletions(facts: ComposeFacts, snapshots: t.Iterable[Snapshot], reason: str) -> tuple[DeleteSnapshot, ...]:
    """Return the steps that delete those of the snapshots that are proven to be ours."""
    proofs = (snapshot_proof(snapshot, facts.recipe.name) for snapshot in snapshots)
    return tuple(DeleteSnapshot(proof, reason) for proof in proofs if proof is not None)


def teardown_of(remains: t.Iterable[Proof]) -> tuple[TearDownStep, ...]:
    """Return the steps that remove what interrupted runs have left: instances first, for they hold volumes."""
    instances = [TerminateInstance(one) for one in remains if isinstance(one, MayTerminate)]
    volumes = [DeleteVolume(volume=one) for one in remains if isinstance(one, MayDeleteVolume)]
    return (*instances, *volumes)


def snapshot_deletions(remains: t.Iterable[Proof]) -> tuple[DeleteSnapshot, ...]:
    """Return the steps that delete the snapshots of images, made by way of an instance, that are gone."""
    found = (one for one in remains if isinstance(one, MayDeleteSnapshot))
    return tuple(DeleteSnapshot(one, "it is left of an image that is gone") for one in found)


def details(facts: ComposeFacts) -> dict[str, t.Any]:
    """Return what the result says of a composed image beside what every image has."""
    return {"method": facts.method.name, "method_reason": facts.method.reason}


def deregistration(
    proof: MayDeregister, made: tuple[MayDeleteSnapshot, ...], reason: str, whole: MayDeleteSnapshotsOf | None
) -> list[Step]:
    """Return the steps that remove an image: AWS takes its snapshots along in one call, if all of them may go."""
    if whole is not None:
        return [DeregisterImage(proof, made, reason, whole)]
    return [DeregisterImage(proof, (), reason), *(DeleteSnapshot(one, reason) for one in made)]


def _failed(facts: ComposeFacts, found: Namesakes) -> tuple[Step, ...]:
    steps: list[Step] = []
    for image in found.failed:
        proof = image_proof(image)
        if proof is None:
            # Only images of the recipe are here; one that is not proven to be has been refused as taking the name.
            raise ValueError(f"{image.image_id} is not proven to be ours")
        shown = [facts.snapshots[one] for one in image.snapshot_ids if one in facts.snapshots]
        made = [one for one in (snapshot_proof(each, image.name, [image]) for each in shown) if one is not None]
        whole = all_snapshots_are_ours(image, made)
        steps += deregistration(proof, tuple(made), "it failed, and its name is needed", whole)
    return tuple(steps)


def _left_by_failed(facts: ComposeFacts, found: Namesakes) -> tuple[str, ...]:
    """Return a warning for each failed image of which a snapshot stays that is not one of the source's."""
    lent = {device.snapshot_id for device in facts.recipe.ebs_devices}
    warnings = []
    for image in found.failed:
        shown = [facts.snapshots[one] for one in image.snapshot_ids if one in facts.snapshots]
        proven = {one.snapshot_id for one in shown if snapshot_proof(one, image.name, [image]) is not None}
        left = [one for one in image.snapshot_ids if one not in proven and one not in lent]
        if left:
            warnings.append(
                f"{image.region}: {', '.join(left)} of the failed image {image.image_id} stay: nothing that AWS says "
                "proves that they were made for it; delete them by hand if they are yours"
            )
    return tuple(warnings)


def _work(request: ComposeRequest, facts: ComposeFacts, adopted: t.Mapping[str, Snapshot]) -> tuple[WorkStep, ...]:
    """Return the steps that make the image by the chosen method; snapshots that an earlier run began are used."""
    recipe = facts.recipe
    if request.instance_id is not None:
        return (CreateImage(request.name, request.instance_id, request.no_reboot, recipe.place),)
    if facts.method.name == INSTANCE:
        launched = tuple(f"{one.device_name}={one.kms_key_id}" for one in recipe.ebs_devices if not one.is_added)
        added = [one for one in recipe.ebs_devices if one.is_added]
        return (
            LaunchInstance(request.source_image_id or "", launched),
            *(_volume(one) for one in added),
            StopInstance(),
            *(AttachVolume(one.device_name) for one in added),
            CreateImage(request.name, None, place=recipe.place),
        )
    missing = [one for one in recipe.ebs_devices if not one.is_reusable and one.device_name not in adopted]
    sources = tuple(f"{one.device_name}={_backing(one, adopted) or '(new)'}" for one in recipe.ebs_devices)
    return (*(step for one in missing for step in _snapshot_steps(one, request)), RegisterImage(request.name, sources))


def _snapshot_steps(device: RecipeDevice, request: ComposeRequest) -> tuple[WorkStep, ...]:
    name = device.device_name
    if device.snapshot_id is None:
        return (_volume(device), SnapshotVolume(name), DeleteVolume(name))
    minutes, source_region = request.completion_duration_minutes, device.snapshot_region or ""
    return (CopySnapshot(name, device.snapshot_id, source_region, device.kms_key_id, minutes),)


def _volume(device: RecipeDevice) -> CreateVolume:
    return CreateVolume(device.device_name, device.size, device.kms_key_id, device.snapshot_id)


def _teardown(request: ComposeRequest, facts: ComposeFacts) -> tuple[TearDownStep, ...]:
    if request.instance_id is not None or facts.method.name != INSTANCE:
        return ()
    added = [one for one in facts.recipe.ebs_devices if one.is_added]
    return (TerminateInstance(), *(DeleteVolume(one.device_name) for one in added))


def _device_steps(request: ComposeRequest, facts: ComposeFacts, adopted: t.Mapping[str, Snapshot]) -> tuple[Step, ...]:
    """Return the steps that tag snapshots: CreateImage takes one set of tags for all, and found ones have others."""
    steps: list[t.Any] = []
    recipe = facts.recipe
    for device in recipe.ebs_devices:
        own = recipe.snapshot_tags(device)
        if facts.method.name == INSTANCE:
            steps.append(TagSnapshot(device.device_name, {key: own[key] for key in (DEVICE_TAG, KEY_TAG)}))
        elif device.device_name in adopted:
            wanted = {**(request.attributes.snapshot_tags or {}), **own}
            found = adopted[device.device_name]
            missing = {key: value for key, value in wanted.items() if found.tags.get(key) != value}
            if missing:
                steps.append(SetTags((found.snapshot_id,), "snapshot", missing, present=len(found.tags)))
    return tuple(steps) if _is_awaited(request) else ()


def _attributes(request: ComposeRequest, facts: ComposeFacts) -> tuple[Step, ...]:
    """Return the steps that set attributes; without waiting for an image of an instance, they are the next run's."""
    shared = [device.device_name for device in facts.recipe.ebs_devices]
    if not _is_awaited(request):
        return ()
    return plan_new_attributes(kept_attributes(request, facts), shared, carried=carried(facts))


def _is_awaited(request: ComposeRequest) -> bool:
    return request.wait or request.instance_id is None


def _backing(device: RecipeDevice, adopted: t.Mapping[str, Snapshot]) -> str | None:
    if device.is_reusable:
        return device.snapshot_id
    return adopted[device.device_name].snapshot_id if device.device_name in adopted else None


def _predicted_image(request: ComposeRequest, facts: ComposeFacts, adopted: t.Mapping[str, Snapshot]) -> Image:
    """Return the image as it will be shown, without the ids that AWS will choose."""
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
            device.predicted(_backing(device, adopted) if by_snapshots else None, facts.recipe.place)
            for device in facts.recipe.devices
        ),
        tags={**(request.attributes.tags or {}), **facts.recipe.image_tags},
        watermarks=carried(facts).watermarks,
        is_public=False,
    )


def _new_storage_gib(facts: ComposeFacts) -> int:
    """Return the GiB that the image is billed for at most: what no snapshot of before backs."""
    by_instance = facts.method.name == INSTANCE
    devices = [one for one in facts.recipe.ebs_devices if by_instance or not one.is_reusable]
    return sum(one.size if by_instance or one.snapshot_id is None else one.snapshot_size for one in devices)
