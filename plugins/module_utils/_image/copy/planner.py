# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what to do for one image in one destination. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..attributes import Attributes, image_with, plan_attributes, plan_new_attributes
from ..model import COPY_TAG, KEY_TAG, SOURCE_TAG, BlockDevice, Image
from ..permissions import Sharing
from ..proofs import MayDeregister, all_snapshots_of_copy, snapshots_of_copy
from ..steps import CopyImage, DeregisterImage, Plan, Step
from .identity import Candidates, Lineage, Requirement, classify, require_decidable
from .request import CopyRequest, Destination, render_name


@dataclasses.dataclass(frozen=True)
class Facts:
    """What AWS holds for one source image in one destination, read before planning.

    ``images`` are those that came from the source, with their snapshots' keys. ``snapshot_tags`` and ``sharing`` are
    by id.
    """

    lineage: Lineage
    source: Image | None
    requirement: Requirement
    images: tuple[Image, ...] = ()
    snapshot_tags: t.Mapping[str, t.Mapping[str, str]] = dataclasses.field(default_factory=dict)
    sharing: t.Mapping[str, Sharing] = dataclasses.field(default_factory=dict)


def plan_copy(request: CopyRequest, destination: Destination, facts: Facts) -> Plan:
    """Return the plan for one source image in one destination.

    A copy under the required key is kept and its attributes converge; one on its way is awaited; otherwise a new one
    is made.
    """
    require_decidable(facts.images, facts.lineage, facts.requirement)
    found = classify(facts.images, facts.lineage, facts.requirement)
    desired = desired_attributes(request, destination, facts.source)
    if found.met:
        return _plan_existing(request, desired, facts, found)
    if found.pending:
        return _plan_adoption(request, desired, facts, found.pending[0])
    return _plan_new(request, destination, desired, facts, found)


def desired_attributes(request: CopyRequest, destination: Destination, source: Image | None) -> Attributes:
    """Return the destination's attributes with the source's own tags added below the asked ones, if ``copy_tags``."""
    asked = destination.attributes
    if not request.copy_tags or source is None:
        return asked
    tags = {**source.user_tags, **(asked.tags or {})}
    separate = asked.snapshot_tags is not None and asked.snapshot_tags is not asked.tags
    return dataclasses.replace(asked, tags=tags, snapshot_tags=asked.snapshot_tags if separate else tags)


def _plan_existing(request: CopyRequest, desired: Attributes, facts: Facts, found: Candidates) -> Plan:
    image = found.met[0]
    present_tags = {snapshot_id: facts.snapshot_tags.get(snapshot_id, {}) for snapshot_id in image.snapshot_ids}
    steps = plan_attributes(
        image,
        desired,
        snapshot_tags=present_tags,
        sharing=facts.sharing.get(image.image_id),
        ours=facts.lineage.proof(image),
    )
    removals, warnings = _plan_superseded(request, facts, found)
    if len(found.met) > 1:
        others = ", ".join(other.image_id for other in found.met[1:])
        warnings = (
            *warnings,
            f"{image.region}: {others} are further copies under the same key; {image.image_id} is used",
        )
    steps = (*steps, *removals)
    action, reason = (
        ("updated", "the copy exists; some attributes differ") if steps else ("unchanged", "the copy exists")
    )
    return Plan(action, reason, image_with(image, steps), after=steps, devices_before=image.devices, warnings=warnings)


def _plan_adoption(request: CopyRequest, desired: Attributes, facts: Facts, image: Image) -> Plan:
    """Return the plan to await a copy; its steps foretell what the next plan, once it is available, will hold."""
    known = {snapshot_id: facts.snapshot_tags.get(snapshot_id, {}) for snapshot_id in image.snapshot_ids}
    steps = (
        plan_attributes(image, desired, snapshot_tags=known, sharing=None, ours=facts.lineage.proof(image))
        if request.wait
        else ()
    )
    reason = "a copy is on its way already"
    return Plan("adopted", reason, image_with(image, steps), after=steps, awaits=True, devices_before=image.devices)


def _plan_new(
    request: CopyRequest, destination: Destination, desired: Attributes, facts: Facts, found: Candidates
) -> Plan:
    source = facts.source
    if source is None:
        raise ValueError("a copy cannot be planned without its source image")
    cleanups, stuck = _plan_failed(facts.lineage, found)
    removals, warnings = _plan_superseded(request, facts, found)
    step = _copy_step(request, destination, desired, facts, attempt=[image.image_id for image in found.failed])
    replaces = bool(removals)
    before = found.other[0].devices if found.other else ()
    return Plan(
        "replaced" if replaces else "copied",
        _reason(destination, facts, found),
        predicted_image(source, destination, step, facts.requirement),
        before=cleanups,
        create=step,
        after=(*plan_new_attributes(desired), *removals),
        awaits=True,
        new_storage_gib=new_storage_gib(source, destination.region, facts.requirement),
        devices_before=before,
        warnings=(*stuck, *warnings),
    )


def _reason(destination: Destination, facts: Facts, found: Candidates) -> str:
    key = facts.requirement.key
    wanted = f"under key {key.shown}" if key else "with the encryption status of the source"
    if found.failed:
        last = found.failed[-1]
        return f"the earlier copy {last.image_id} failed ({last.state_reason or 'no reason given'})"
    if found.other:
        others = ", ".join(image.image_id for image in found.other)
        return f"{destination.region} has no copy {wanted}; {others} came from the same source but differ"
    return f"{destination.region} has no copy {wanted}"


def _copy_step(
    request: CopyRequest, destination: Destination, desired: Attributes, facts: Facts, *, attempt: t.Sequence[str]
) -> CopyImage:
    source, lineage = t.cast(Image, facts.source), facts.lineage
    key, key_tag = facts.requirement.key, facts.requirement.key_tag
    token = client_token(lineage, region=destination.region, key_tag=key_tag, attempt=attempt)
    own = {SOURCE_TAG: lineage.tag, KEY_TAG: key_tag, COPY_TAG: token}
    return CopyImage(
        source_image_id=source.image_id,
        source_region=source.region,
        name=render_name(
            destination.name,
            source_name=source.name,
            source_image_id=source.image_id,
            source_region=source.region,
            region=destination.region,
        ),
        description=desired.description or "",
        kms_key_id=(key.arn or key.reference) if key else None,
        client_token=token,
        tags={**(desired.tags or {}), **own},
        snapshot_tags={**(desired.snapshot_tags or {}), **own},
        completion_duration_minutes=request.completion_duration_minutes,
        snapshot_count=len(source.snapshot_devices),
        size_gib=sum(device.volume_size for device in source.snapshot_devices),
    )


def client_token(lineage: Lineage, *, region: str, key_tag: str, attempt: t.Sequence[str]) -> str:
    """Return the token that makes two runs of one copy get one image.

    It names the copy's identity, not its attributes. ``attempt`` holds the ids of copies that came to nothing: their
    token would return their id again (token lifetime is not documented).
    """
    identity = "\n".join((lineage.tag, region, key_tag, *sorted(attempt)))
    return f"sealed-ami-{hashlib.sha256(identity.encode()).hexdigest()[:48]}"


def predicted_image(source: Image, destination: Destination, step: CopyImage, requirement: Requirement) -> Image:
    """Return the image as it will be once copied; ids are empty, for only AWS can give them."""
    return dataclasses.replace(
        source,
        image_id="",
        region=destination.region,
        name=step.name,
        description=step.description,
        state="available",
        source_image_id=source.image_id,
        source_region=source.region,
        devices=tuple(_predicted_device(device, requirement, source, destination.region) for device in source.devices),
        tags=step.tags,
    )


def _predicted_device(device: BlockDevice, requirement: Requirement, source: Image, region: str) -> BlockDevice:
    if not device.snapshot_id:
        return device
    if requirement.key is not None:
        return dataclasses.replace(device, snapshot_id=None, encrypted=True, kms_key_arn=requirement.key.arn)
    encrypted = bool(device.encrypted) or requirement.encryption_by_default
    return dataclasses.replace(device, snapshot_id=None, encrypted=encrypted, kms_key_arn=None)


def new_storage_gib(source: Image, region: str, requirement: Requirement) -> int:
    """Return the GiB that the copy is billed for at most.

    A copy is full when region, status or key change, and incremental (nothing new) otherwise ("How Amazon EC2 AMI copy
    works").
    """
    if source.region != region:
        return sum(device.volume_size for device in source.snapshot_devices)
    return sum(device.volume_size for device in source.snapshot_devices if _is_full_copy(device, requirement))


def _is_full_copy(device: BlockDevice, requirement: Requirement) -> bool:
    if requirement.key is not None:
        return not requirement.key.is_on(device)
    return requirement.encryption_by_default and not device.encrypted


def deregistration(ours: MayDeregister, image: Image, reason: str) -> DeregisterImage:
    """Return the step that removes a copy of ours with its snapshots."""
    return DeregisterImage(ours, snapshots_of_copy(ours, image), reason, all_snapshots_of_copy(ours))


def _plan_failed(lineage: Lineage, found: Candidates) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    steps, warnings = [], []
    for image in found.failed:
        ours = lineage.proof(image)
        if ours:
            steps.append(deregistration(ours, image, "the copy failed"))
        else:
            warnings.append(
                f"{image.region}: the failed copy {image.image_id} is left: {lineage.doubt(image)}; deregister it by "
                "hand"
            )
    return tuple(steps), tuple(warnings)


def _plan_superseded(request: CopyRequest, facts: Facts, found: Candidates) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    if not request.deregister_superseded:
        return (), ()
    steps, warnings = [], []
    for image in found.other:
        if image.state != "available":
            continue
        ours = facts.lineage.proof(image)
        obstacle = _removal_obstacle(image) if ours else facts.lineage.doubt(image)
        if ours and not obstacle:
            steps.append(deregistration(ours, image, "superseded by the copy under the new key"))
        else:
            warnings.append(f"{image.region}: superseded image {image.image_id} is kept: {obstacle}")
    return tuple(steps), tuple(warnings)


def _removal_obstacle(image: Image) -> str | None:
    if not all(device.is_known for device in image.snapshot_devices):
        return "AWS does not show the keys of all its snapshots, so it may be under the required key after all"
    if image.deregistration_protection.startswith("enabled"):
        return "deregistration protection is on; set deregistration_protection=disabled for it first"
    return None
