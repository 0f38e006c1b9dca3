# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what goes before and after a copy: failed copies, superseded ones, and what these left. No AWS, no Ansible."""

from __future__ import annotations

from ..descriptions import destination_of
from ..disabling import from_record, is_unnoted, recording, unrecordable
from ..model import COPY_TAG, KEY_TAG, Image
from ..permissions import NOBODY
from ..proofs import (
    MayDeleteSnapshot,
    MayDeregister,
    all_snapshots_of_copy,
    may_disable_superseded,
    snapshots_of_copy,
)
from ..steps import DeleteSnapshot, DeregisterImage, DisableImage, NoteDisabled, RecordPermissions, Step
from .facts import Facts
from .identity import Candidates
from .request import CopyRequest

Decision = tuple[tuple[Step, ...], tuple[str, ...]]


def deregistration(
    ours: MayDeregister, image: Image, reason: str, hidden: tuple[MayDeleteSnapshot, ...] = ()
) -> DeregisterImage:
    """Return the step that removes a copy of ours with its snapshots, those too that it does not show."""
    return DeregisterImage(ours, (*snapshots_of_copy(ours, image), *hidden), reason, all_snapshots_of_copy(ours))


def plan_failed(facts: Facts, found: Candidates, *, replaces: bool) -> Decision:
    """Return the steps that remove failed copies of ours, and a warning for each that is not proven to be.

    An alias or a default key may have stood for another key when they were started. ``replaces`` says that whatever
    was copied under other keys shall go.
    """
    before = [image for image in found.failed_before if not facts.is_left_to_another(image)]
    steps, warnings = [], []
    for image in (*found.failed, *before):
        ours = facts.proof(image)
        doubt = facts.doubt(image) or _doubt_of_failed(facts, image)
        if image in before and not (replaces or facts.is_named_alike(image)):
            doubt = doubt or f"it was started under {image.tags.get(KEY_TAG)} and another name, perhaps by another task"
        if ours and not doubt:
            steps.append(deregistration(ours, image, "the copy failed", facts.hidden_snapshots(image)))
        else:
            warnings.append(f"{image.region}: the failed copy {image.image_id} is left: {doubt}; deregister it by hand")
    return tuple(steps), tuple(warnings)


def _doubt_of_failed(facts: Facts, image: Image) -> str:
    """Say why the tags of a failed image may be those of another: it may show no key that would contradict them.

    AWS answers a used client token with the image that it made then, so that no two images are made with one.
    """
    token = image.tags.get(COPY_TAG)
    twins = [one.image_id for one in facts.images if one is not image and one.tags.get(COPY_TAG) == token]
    shared = ", ".join(twins)
    return f"its tags are those of {shared}, and only one of them can be this collection's work" if twins else ""


def plan_superseded(request: CopyRequest, facts: Facts, found: Candidates) -> Decision:
    """Return the steps for copies of ours under other keys, and a warning for each that stays as it is."""
    if request.superseded == "keep":
        return (), ()
    return _plan_retirement(facts, found) if request.superseded == "retire" else _plan_deregistration(facts, found)


def predecessors(facts: Facts, found: Candidates) -> tuple[Image, ...]:
    """Return the copies that retiring disables: those that can be launched and are proven to be ours."""
    return tuple(image for image in found.other if image.state == "available" and facts.proof(image))


def _plan_retirement(facts: Facts, found: Candidates) -> Decision:
    """Return the steps that disable copies of ours under other keys, and go on where an earlier run ended between them.

    They are disabled whether or not something uses them, for a verified copy is there; what does is told.
    """
    steps: list[Step] = []
    warnings = []
    for image in found.other:
        ours = facts.proof(image)
        if ours and image.state == "disabled" and is_unnoted(image):
            steps.append(NoteDisabled(image, from_record(image) or NOBODY))
        if image.state != "available":
            continue
        permissions = facts.launchable.get(image.image_id)
        obstacle = "" if ours else facts.doubt(image)
        if permissions is None:
            obstacle = obstacle or "it has changed while it was looked at; run the task again"
        elif recording(image, permissions) is None:
            obstacle = obstacle or unrecordable()
        if ours and permissions is not None and not obstacle:
            disabling = DisableImage(may_disable_superseded(ours))
            steps += [RecordPermissions(image), disabling, NoteDisabled(image, permissions)]
        else:
            warnings.append(f"{image.region}: superseded image {image.image_id} is kept: {obstacle}")
    return tuple(steps), tuple(warnings)


def _plan_deregistration(facts: Facts, found: Candidates) -> Decision:
    """Return the steps that remove copies of ours under other keys, disabled ones too, and what such ones left."""
    steps: list[Step] = []
    warnings = []
    for image in found.other:
        if image.state not in ("available", "disabled"):
            continue
        ours = facts.proof(image)
        obstacle = _obstacle(image) if ours else facts.doubt(image)
        if ours and not obstacle:
            steps.append(deregistration(ours, image, "superseded by the copy under the new key"))
        else:
            warnings.append(f"{image.region}: superseded image {image.image_id} is kept: {obstacle}")
    return (*steps, *plan_orphans(facts, other_keys=True)), tuple(warnings)


def plan_orphans(facts: Facts, *, other_keys: bool) -> tuple[Step, ...]:
    """Return the steps that delete snapshots of ours whose image is gone, under the required key or under others."""
    key_tag = facts.requirement.key_tag
    proofs = (
        facts.proof_of(one)
        for one in facts.loose
        if (one.tags.get(KEY_TAG) != key_tag) is other_keys
        and one.place == facts.requirement.place.name
        and one.state != "pending"
        and destination_of(one) not in facts.living
    )
    return tuple(DeleteSnapshot(proof, "left behind by a deregistered copy") for proof in proofs if proof)


def is_protected(image: Image) -> bool:
    """Tell whether AWS refuses to deregister the image."""
    return image.deregistration_protection.startswith("enabled")


def _obstacle(image: Image) -> str:
    if is_protected(image):
        return "deregistration protection is on; set deregistration_protection=disabled for it first"
    return ""
