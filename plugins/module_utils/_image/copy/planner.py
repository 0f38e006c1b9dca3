# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what to do for one image in one destination. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import Attributes, image_with, plan_attributes, plan_new_attributes
from ..errors import SourceMissingError
from ..keys import associated_keys, beside_own_key
from ..marks import ALL_TYPES, Carried
from ..model import COPY_TAG, EXPIRY_TAG, INTERMEDIATE, KEY_TAG, PLACE_TAG, PURPOSE_TAG, SOURCE_TAG, Image
from ..permissions import NOBODY, Sharing
from ..source import require_image
from ..steps import CopyImage, DeregisterImage, Plan, Step
from ..tokens import client_token_of
from ..vocabulary import Action
from .cleanup import plan_failed, plan_superseded
from .facts import Facts
from .identity import (
    Candidates,
    Lineage,
    Requirement,
    classify,
    require_decidable,
    require_keys_shown,
    require_places_shown,
)
from .prediction import new_storage_gib, predicted_image
from .preflight import require_sealable
from .request import CopyRequest, Destination, name_of_copy

UNVERIFIED: t.Final = "; its keys are not verified yet, for wait is false"


def plan_copy(request: CopyRequest, destination: Destination, facts: Facts) -> Plan:
    """Return the plan for one source image in one destination.

    A copy under the required key is kept and its attributes converge; one on its way is awaited; one that somebody has
    disabled is reported; otherwise a new one is made.
    """
    plan = _plan(request, destination, facts)
    if not request.copy_tags or facts.source is None or facts.source.user_tags:
        return plan
    hint = (
        f"copy_tags: {facts.source.image_id} in {facts.source.region} shows no tags, so none are copied; AWS shows the "
        "tags of an image to its owner alone"
    )
    return dataclasses.replace(plan, warnings=(*plan.warnings, hint))


def _plan(request: CopyRequest, destination: Destination, facts: Facts) -> Plan:
    require_decidable(facts.images, facts.lineage, facts.requirement)
    require_places_shown(facts.images, facts.lineage, facts.requirement)
    found = classify(facts.images, facts.lineage, facts.requirement)
    desired = desired_attributes(request, destination, facts.source)
    if found.met:
        return _plan_existing(request, desired, facts, found)
    require_keys_shown(facts.images, facts.lineage, facts.requirement)
    pending = [image for image in found.pending if request.wait or _is_started_for(image, facts)]
    if pending:
        return _plan_adoption(request, desired, facts, found, pending[0])
    if found.retired and not request.recopy_retired:
        return _plan_retired(request, facts, found)
    return _plan_new(request, destination, desired, facts, found)


def desired_attributes(request: CopyRequest, destination: Destination, source: Image | None) -> Attributes:
    """Return the destination's attributes with the source's own tags added below the asked ones, if ``copy_tags``.

    Tags are purged where the whole list is known: not where none were asked for beside the source's, nor where the
    source is gone.
    """
    asked = destination.attributes
    if not request.copy_tags:
        return asked
    if source is None:
        return dataclasses.replace(asked, purge_tags=False)
    tags = {**source.user_tags, **(asked.tags or {})}
    separate = asked.snapshot_tags is not None and asked.snapshot_tags is not asked.tags
    return dataclasses.replace(
        asked,
        tags=tags,
        snapshot_tags=asked.snapshot_tags if separate else tags,
        purge_tags=asked.purge_tags and asked.tags is not None,
    )


def _is_started_for(image: Image, facts: Facts) -> bool:
    """Tell whether our tags say that the pending image was started for this requirement.

    Whoever does not wait cannot judge it later; somebody else's must not be handed out for ours.
    """
    tags, lineage = image.tags, facts.lineage
    return tags.get(SOURCE_TAG) == lineage.tag and tags.get(KEY_TAG) == facts.requirement.key_tag and COPY_TAG in tags


def _plan_existing(request: CopyRequest, desired: Attributes, facts: Facts, found: Candidates) -> Plan:
    """Plan for a copy that is there: its attributes, and what may go beside it."""
    image = found.met[0]
    ours = facts.proof(image)
    present_tags = {snapshot_id: facts.snapshot_tags.get(snapshot_id, {}) for snapshot_id in image.snapshot_ids}
    sharing = facts.sharing.get(image.image_id)
    steps = plan_attributes(image, desired, snapshot_tags=present_tags, sharing=sharing, ours=ours)
    removals, warnings = plan_superseded(request, facts, found)
    others = ", ".join(other.image_id for other in found.met[1:])
    if others:
        warnings = (
            *warnings,
            f"{image.region}: {others} are further copies under the same key; {image.image_id} is used",
        )
    if ours is None:
        warnings = (*warnings, *_kept_from_others(image, desired, sharing, facts))
    cleanups, stuck = plan_failed(facts, found, replaces=request.deregister_superseded)
    changes = (*steps, *removals)
    steps = (*cleanups, *changes)
    action: Action = "updated" if steps else "unchanged"
    differs = "; some attributes differ" if changes else "; a copy that failed is removed"
    reason = f"the copy exists{differs if steps else ''}"
    warnings = (*warnings, *stuck)
    return Plan(action, reason, image_with(image, steps), after=steps, devices_before=image.devices, warnings=warnings)


def _kept_from_others(image: Image, desired: Attributes, sharing: Sharing | None, facts: Facts) -> t.Iterator[str]:
    """Say what stays on an image that is not ours, though the options ask for it to go."""
    why = f"{image.image_id} in {image.region} is not this collection's own work: {facts.doubt(image)}"
    extra = sorted(set(image.user_tags) - set(desired.tags or ())) if desired.purge_tags and desired.tags else []
    if extra:
        yield f"the tags {', '.join(extra)} are not purged, for {why}"
    present = sharing.image if sharing else NOBODY
    if desired.launch_permissions is not None and present.minus(desired.launch_permissions):
        yield f"launch permissions are only added, none taken back, for {why}"
    types = desired.instance_type_specification
    if types is not None and image.instance_types not in (types, ALL_TYPES):
        yield f"instance_type_specification stays ({image.instance_types}), for {why}"


def _plan_adoption(request: CopyRequest, desired: Attributes, facts: Facts, found: Candidates, image: Image) -> Plan:
    """Return the plan to await a copy; its steps show what the next plan, once it is available, will hold."""
    known = {snapshot_id: facts.snapshot_tags.get(snapshot_id, {}) for snapshot_id in image.snapshot_ids}
    ours = facts.proof(image)
    steps: tuple[Step, ...] = ()
    if request.wait:
        cleanups, _stuck = plan_failed(facts, found, replaces=request.deregister_superseded)
        steps = (*cleanups, *plan_attributes(image, desired, snapshot_tags=known, sharing=None, ours=ours))
    unseen = "" if image.snapshot_ids else "; what AWS does not show of it yet is compared once it is available"
    reason = f"a copy is on its way already{unseen if request.wait else UNVERIFIED}"
    return Plan("adopted", reason, image_with(image, steps), after=steps, awaits=True, devices_before=image.devices)


def _plan_retired(request: CopyRequest, facts: Facts, found: Candidates) -> Plan:
    image = found.retired[0]
    cleanups, stuck = plan_failed(facts, found, replaces=request.deregister_superseded)
    reason = (
        f"the copy {image.image_id} is there, but disabled; enable it (ec2:EnableImage), remove it (state=absent), or "
        "ask for another (retired=recopy)"
    )
    left = (one.image_id for one in cleanups if isinstance(one, DeregisterImage))
    stays = (
        f"{image.region}: the failed copy {one} is left: nothing is changed beside a disabled copy" for one in left
    )
    warnings = (f"{image.region}: {reason}", *stays, *stuck)
    return Plan("retired", reason, image, devices_before=image.devices, warnings=warnings)


def _plan_new(
    request: CopyRequest, destination: Destination, desired: Attributes, facts: Facts, found: Candidates
) -> Plan:
    """Plan a copy: what failed before goes first, what needs an available image comes last."""
    lineage = facts.lineage
    source = facts.source
    if source is None:
        raise SourceMissingError(f"source image {lineage.source_image_id} is not found in {lineage.source_region}")
    require_image(source)
    require_sealable(source, facts.requirement)
    removals, warnings = plan_superseded(request, facts, found)
    # What failed under another key has spent that key's tokens; one more cause here would part two runs at once.
    opened = [one for one in found.other if facts.requirement.is_opened_by_another_key(one)]
    spent = [image.image_id for image in (*found.failed, *found.retired, *opened)]
    step = _copy_step(request, destination, desired, facts, source, attempt=spent)
    cleanups, stuck = plan_failed(facts, found, replaces=request.deregister_superseded)
    shared = [device.device_name for device in source.snapshot_devices]
    before = next((one.devices for one in (*opened, *found.other)), ())
    carried = Carried(facts.account, source.watermarks)
    reason = _reason(destination, facts, found)
    if facts.requirement.place.is_local:
        reason = f"{reason}; the keys of its snapshots are final there: neither a launch nor a volume can have another"
    return Plan(
        "replaced" if removals and request.wait else "copied",
        reason if request.wait else reason + UNVERIFIED,
        predicted_image(source, destination, step, facts.requirement),
        before=cleanups,
        create=step,
        # An image can be shared, deprecated and protected, and can replace another, only once it is available.
        after=(*plan_new_attributes(desired, shared, carried=carried), *removals) if request.wait else (),
        awaits=True,
        new_storage_gib=new_storage_gib(source, destination.region, facts.requirement),
        devices_before=before,
        warnings=(*stuck, *warnings),
        seen=frozenset(image.image_id for image in facts.images),
    )


def _reason(destination: Destination, facts: Facts, found: Candidates) -> str:
    """Say why a copy is made, by what is there instead."""
    key, place = facts.requirement.key, facts.requirement.place
    wanted = f"under key {key.shown}" if key else "with the encryption status of the source"
    wanted = f"{wanted} in {place.shown}" if place.is_local else wanted
    if found.retired:
        return f"the copy {found.retired[0].image_id} is disabled, and retired=recopy asks for another"
    failed = (*found.failed_before, *found.failed)
    if failed:
        last = failed[-1]
        return f"the earlier copy {last.image_id} failed ({last.state_reason or 'no reason given'})"
    if found.other:
        others = ", ".join(image.image_id for image in found.other)
        opened = "".join(_opened(one) for one in found.other if facts.requirement.is_opened_by_another_key(one))
        return f"{destination.region} has no copy {wanted}; {others} came from the same source but differ{opened}"
    return f"{destination.region} has no copy {wanted}"


def _opened(image: Image) -> str:
    """Say why an image under the right key is not the copy: another key opens it too."""
    found = (one for one in image.snapshot_devices if associated_keys(one))
    return "".join(f"; {image.image_id} is under that key{beside_own_key(one)}" for one in list(found)[:1])


def _copy_step(
    request: CopyRequest,
    destination: Destination,
    desired: Attributes,
    facts: Facts,
    source: Image,
    *,
    attempt: t.Sequence[str],
) -> CopyImage:
    """Return the call; all that tells our copies from others is in its tags and client token from the start."""
    lineage = facts.lineage
    key, place = facts.requirement.key, facts.requirement.place
    marks = {PURPOSE_TAG: INTERMEDIATE} if request.intermediate else {}
    attempt = [*attempt, *marks.values()]
    token = client_token(lineage, facts.requirement, region=destination.region, attempt=attempt)
    own = {SOURCE_TAG: lineage.tag, KEY_TAG: facts.requirement.key_tag, COPY_TAG: token, **marks}
    own.update({PLACE_TAG: place.name} if place.is_local else {})
    if request.expires_at:
        own[EXPIRY_TAG] = request.expires_at
    return CopyImage(
        source_image_id=source.image_id,
        source_region=source.region,
        name=name_of_copy(request, destination, source),
        description=desired.description or "",
        kms_key_id=(key.arn or key.reference) if key else None,
        client_token=token,
        tags={**(desired.tags or {}), **own},
        snapshot_tags={**(desired.snapshot_tags or {}), **own},
        completion_duration_minutes=request.completion_duration_minutes,
        place=place,
        snapshot_count=len(source.snapshot_devices),
        size_gib=sum(device.volume_size for device in source.snapshot_devices),
    )


def client_token(lineage: Lineage, requirement: Requirement, *, region: str, attempt: t.Sequence[str]) -> str:
    """Return the token that makes two runs of one copy get one image.

    It names the copy's identity, not its attributes. ``attempt`` holds the ids of copies that came to nothing: their
    token would return their id again (token lifetime is not documented).
    """
    where = (region, requirement.place.name) if requirement.place.is_local else (region,)
    return client_token_of(lineage.tag, *where, requirement.key_tag, *sorted(attempt))
