# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide which step of retiring each image is due for: one step an image and run. No AWS, no Ansible, no clock."""

from __future__ import annotations

import typing as t

from ..disabling import from_record, is_unnoted, noting, recording, set_tags, unrecordable
from ..errors import PreflightError
from ..few import few
from ..model import DEPRECATION_TAG, Image
from ..permissions import NOBODY, LaunchPermissions
from ..proofs import MayDisable, may_disable
from ..steps import DisableImage, SetDeprecation
from ..timestamps import parse_timestamp, to_text
from ..use import Use
from .groups import DAY, Sorted
from .model import Decision, RetireStep, Undo
from .notes import disabled_since, enabled_again
from .request import DEPRECATE, DEREGISTER, DISABLE, NEWEST, RetireRequest

# AWS takes no time of the past, and other images may come first: so "now" is some minutes later, and counts as past.
_AHEAD: t.Final = 6
SLACK: t.Final = 600
# Nothing shows a launch of the last day in another account, and disabling it is what tells: so no sooner than this.
SHARED_SECONDS: t.Final = 2 * DAY
NOT_LOOKED_AT: t.Final = "more images than limit are due, so that not all was read of this one"
_SHARED: t.Final = "it is shared, and then every step takes 48 hours at least"
_RESTORE_TO_RETIRE: t.Final = "restore it by state=restored to have it retired from the first step on"
_FAILED: t.Final = "only last_step=deregister takes what has failed"
_NOT_DISABLED_HERE: t.Final = (
    "it is disabled, but no note on it says that a task of this collection did so, and since when; only that is "
    "deregistered"
)


def decide_early(one: Sorted, request: RetireRequest, *, now: float) -> Decision | None:
    """Return what needs no evidence: images that are kept, disabled or only wait; None where a step is due."""
    image = one.image
    if one.kept:
        return Decision(image, "kept", one.kept, group=one.group)
    if image.state != "available":
        return _decide_unlaunchable(one, request, now)
    noted = enabled_again(image)
    if noted:
        reason = f"somebody has enabled it again, which was disabled on {noted}; {_RESTORE_TO_RETIRE}"
        return Decision(image, "kept", reason, group=one.group)
    moment = deprecated_at(image, now)
    if moment is None:
        return None
    if request.last_step == DEPRECATE:
        return Decision(image, "unchanged", "it is deprecated, which is the last step asked for", group=one.group)
    due = moment + request.disable_after_days * DAY
    return None if due <= now else _waiting(one, due, "disable_after_days")


def needs_permissions(one: Sorted, request: RetireRequest, *, now: float) -> bool:
    """Tell whether a decision needs to know who may launch the image, which is a call for each."""
    available = one.image.state == "available"
    return available and (request.keep.shared or deprecated_at(one.image, now) is not None)


def decide(
    one: Sorted, use: Use, permissions: LaunchPermissions | None, request: RetireRequest, *, now: float
) -> Decision:
    """Return the step that an available image is due for, unless it is in use, or may be, or is shared and has to wait.

    ``permissions`` of None were not needed.
    """
    image, known = one.image, permissions or NOBODY
    kept, proof = kept_by_permissions(image, known, request), may_disable(image, use)
    if kept or proof is None:
        return Decision(image, "kept", kept or kept_by_use(use), group=one.group, use=use)
    moment = deprecated_at(image, now)
    if moment is None:
        return _deprecate(one, use, proof, request, now)
    if known and moment + SHARED_SECONDS > now:
        return _waiting(one, moment + SHARED_SECONDS, _SHARED, use)
    return _disable(one, use, known, proof, request, now)


def deregistration_due(image: Image, request: RetireRequest, now: float) -> float | None:
    """Return from when on an image that nobody can launch may be deregistered; None where that is not known.

    It counts from the step before, of which a note of ours tells; what AWS itself says of later times counts, too. A
    failed image has had no step.
    """
    created = parse_timestamp(image.creation_date)
    since = created if image.state == "failed" else disabled_since(image)
    if since is None or created is None or since > now + SLACK:
        return None
    wait = request.deregister_after_days * DAY
    if from_record(image):
        wait = max(wait, SHARED_SECONDS)
    deprecated = parse_timestamp(image.deprecation_time or "")
    return max(since, created, created if deprecated is None else deprecated) + wait


def deprecated_at(image: Image, now: float) -> float | None:
    """Return since when the image is deprecated, None where it is not yet."""
    moment = parse_timestamp(image.deprecation_time) if image.deprecation_time else None
    return moment if moment is not None and moment <= now + SLACK else None


def require_known(decisions: t.Iterable[Decision]) -> None:
    """Refuse where it is not known whether an image is in use; for those who do not want it kept without a word."""
    unknown = [one for one in decisions if one.unknown or (one.use is not None and one.use.in_use is None)]
    if unknown:
        why = few((f"{one.image.image_id}: {one.reason}" for one in unknown), count=len(unknown), join="; ")
        raise PreflightError(f"when_unknown is fail, and nothing was changed. {why}")


def over_limit(decisions: t.Iterable[Decision], request: RetireRequest) -> str | None:
    """Return why nothing is done where more images are due than ``limit`` allows; a wrong filter shows in this."""
    decisions = list(decisions)
    due = sum(bool(one.steps) for one in decisions)
    if due <= request.limit:
        return None
    least = "at least " if any(one.reason == NOT_LOOKED_AT for one in decisions) else ""
    return (
        f"{least}{due} images are due for a step and limit is {request.limit}, so nothing was changed. Look at images "
        "in this result; where they are the right ones, raise limit"
    )


def _decide_unlaunchable(one: Sorted, request: RetireRequest, now: float) -> Decision | None:
    """Return what becomes of a disabled or failed image, None where it is due to be deregistered."""
    image = one.image
    if is_unnoted(image):
        return _note_disabled(one, now)
    if request.last_step != DEREGISTER:
        disabled = image.state == "disabled"
        reason = "it is disabled, which is the last step asked for" if disabled else f"it is {image.state}; {_FAILED}"
        return Decision(image, "unchanged" if disabled else "kept", reason, group=one.group)
    due = deregistration_due(image, request, now)
    if due is None:
        return Decision(image, "kept", _NOT_DISABLED_HERE, group=one.group)
    if due <= now:
        return None
    moment = to_text(due)
    reason = f"it is {image.state}; to be deregistered from {moment} (deregister_after_days)"
    return Decision(image, "waiting", reason, group=one.group, next_step=DEREGISTER, due=moment)


def _deprecate(one: Sorted, use: Use, proof: MayDisable, request: RetireRequest, now: float) -> Decision:
    image = one.image
    before = {DEPRECATION_TAG: image.deprecation_time} if image.deprecation_time else {}
    notes = {**_pointer(one, request), **before}
    deprecation = SetDeprecation(to_text((now // 60 + _AHEAD) * 60))
    steps: tuple[RetireStep, ...] = (set_tags(image, notes), deprecation) if notes else (deprecation,)
    undo = Undo(image.image_id, image.region, deprecation_time=image.deprecation_time)
    reason = f"no rule keeps it; {proof.reason}"
    return Decision(image, "deprecated", reason, steps, one.group, use=use, undo=undo)


def _disable(
    one: Sorted, use: Use, permissions: LaunchPermissions, proof: MayDisable, request: RetireRequest, now: float
) -> Decision:
    image = one.image
    record = recording(image, permissions, also=_pointer(one, request))
    if record is None:
        return Decision(image, "kept", unrecordable(), group=one.group, use=use)
    steps = (record, DisableImage(proof), noting(image, now))
    before = image.tags.get(DEPRECATION_TAG) or None
    undo = Undo(image.image_id, image.region, launch_permissions=permissions, deprecation_time=before)
    reason = f"deprecated since {image.deprecation_time}; {proof.reason}"
    return Decision(image, "disabled", reason, steps, one.group, use=use, undo=undo)


def _note_disabled(one: Sorted, now: float) -> Decision:
    image = one.image
    undo = Undo(
        image.image_id,
        image.region,
        launch_permissions=from_record(image),
        deprecation_time=image.tags.get(DEPRECATION_TAG) or None,
    )
    reason = "an earlier run has disabled it, and ended before it noted that"
    return Decision(image, "disabled", reason, (noting(image, now),), one.group, undo=undo)


def _waiting(one: Sorted, due: float, why: str, use: Use | None = None) -> Decision:
    moment = to_text(due)
    reason = f"deprecated since {one.image.deprecation_time}; to be disabled from {moment} ({why})"
    return Decision(one.image, "waiting", reason, group=one.group, next_step=DISABLE, due=moment, use=use)


def kept_by_permissions(image: Image, permissions: LaunchPermissions, request: RetireRequest) -> str | None:
    """Return why an image is kept for who may launch it, or might before it was disabled; None where it is not."""
    if request.keep.public and (image.is_public or permissions.group_names):
        return "it is public (keep.public)"
    return "it is shared (keep.shared)" if request.keep.shared and permissions else None


def kept_by_use(use: Use) -> str:
    """Return why an image is kept that is in use, or may be."""
    if use.in_use:
        return f"it is in use: {few((one.what for one in use.reasons), count=len(use.reasons), join='; ')}"
    return f"it is not known whether it is in use: {few(use.unknown, count=len(use.unknown), join='; ')}"


def _pointer(one: Sorted, request: RetireRequest) -> dict[str, str]:
    """Return the tag that tells what to use instead, where the image does not say so already."""
    wanted = request.replacement
    image_id = one.successor if wanted is not None and wanted.image_id == NEWEST else wanted and wanted.image_id
    if wanted is None or not image_id or one.image.tags.get(wanted.tag) == image_id:
        return {}
    return {wanted.tag: image_id}
