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
from ..model import DEPRECATION_TAG, Image
from ..permissions import LaunchPermissions
from ..proofs import MayDisable, may_disable
from ..steps import DisableImage, SetDeprecation
from ..timestamps import parse_timestamp, to_text
from ..use import Use
from .groups import DAY, Sorted
from .model import Decision, RetireStep, Undo
from .request import DEPRECATE, DISABLE, RetireRequest

# AWS takes no time of the past, and other images may come first: so "now" is some minutes later, and counts as past.
_AHEAD: t.Final = 6
SLACK: t.Final = 600
# Nothing shows a launch of the last day in another account, and disabling it is what tells: so no sooner than this.
SHARED_SECONDS: t.Final = 2 * DAY


def decide_early(one: Sorted, request: RetireRequest, *, now: float) -> Decision | None:
    """Return what needs no evidence: images that are kept, disabled or only wait; None where a step is due."""
    image = one.image
    if one.kept:
        return Decision(image, "kept", one.kept, group=one.group)
    if image.state == "disabled":
        return (
            _note_disabled(one, now) if is_unnoted(image) else Decision(image, "unchanged", _at_end(), group=one.group)
        )
    moment = deprecated_at(image, now)
    if moment is None:
        return None
    if request.last_step == DEPRECATE:
        return Decision(image, "unchanged", "it is deprecated, which is the last step asked for", group=one.group)
    due = moment + request.disable_after_days * DAY
    return None if due <= now else _waiting(one, due, "disable_after_days")


def decide(one: Sorted, use: Use, permissions: LaunchPermissions, request: RetireRequest, *, now: float) -> Decision:
    """Return the step that an image is due for, unless it is in use, or may be, or is shared and has to wait."""
    image, keep = one.image, request.keep
    kept, proof = _kept_by_permissions(permissions, shared=keep.shared, public=keep.public), may_disable(image, use)
    if kept or proof is None:
        return Decision(image, "kept", kept or _kept_by_use(use), group=one.group, use=use)
    moment = deprecated_at(image, now)
    if moment is None:
        return _deprecate(one, use, proof, now)
    if permissions and moment + SHARED_SECONDS > now:
        return _waiting(one, moment + SHARED_SECONDS, "it is shared, and then every step takes 48 hours at least", use)
    return _disable(one, use, permissions, proof, now)


def deprecated_at(image: Image, now: float) -> float | None:
    """Return since when the image is deprecated, None where it is not yet."""
    moment = parse_timestamp(image.deprecation_time) if image.deprecation_time else None
    return moment if moment is not None and moment <= now + SLACK else None


def require_known(decisions: t.Iterable[Decision]) -> None:
    """Refuse where it is not known whether an image is in use; for those who do not want it kept without a word."""
    unknown = [one for one in decisions if one.use is not None and one.use.in_use is None]
    if unknown:
        why = "; ".join(f"{one.image.image_id}: {one.reason}" for one in unknown)
        raise PreflightError(f"when_unknown is fail, and nothing was changed. {why}")


def over_limit(decisions: t.Iterable[Decision], request: RetireRequest) -> str | None:
    """Return why nothing is done where more images are due than ``limit`` allows; a wrong filter shows in this."""
    due = sum(bool(one.steps) for one in decisions)
    if due <= request.limit:
        return None
    return (
        f"{due} images are due for a step and limit is {request.limit}, so nothing was changed. Look at images in this "
        "result; where they are the right ones, raise limit"
    )


def _deprecate(one: Sorted, use: Use, proof: MayDisable, now: float) -> Decision:
    image = one.image
    steps: list[RetireStep] = [SetDeprecation(to_text((now // 60 + _AHEAD) * 60))]
    if image.deprecation_time:
        steps.insert(0, set_tags(image, {DEPRECATION_TAG: image.deprecation_time}))
    undo = Undo(image.image_id, image.region, deprecation_time=image.deprecation_time)
    reason = f"no rule keeps it; {proof.reason}"
    return Decision(image, "deprecated", reason, tuple(steps), one.group, use=use, undo=undo)


def _disable(one: Sorted, use: Use, permissions: LaunchPermissions, proof: MayDisable, now: float) -> Decision:
    image = one.image
    record = recording(image, permissions)
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


def _at_end() -> str:
    return "it is disabled, which is the last step"


def _kept_by_permissions(permissions: LaunchPermissions, *, shared: bool, public: bool) -> str | None:
    if public and permissions.group_names:
        return "it is public (keep.public)"
    return "it is shared (keep.shared)" if shared and permissions else None


def _kept_by_use(use: Use) -> str:
    if use.in_use:
        return f"it is in use: {'; '.join(reason.what for reason in use.reasons)}"
    return f"it is not known whether it is in use: {'; '.join(use.unknown)}"
