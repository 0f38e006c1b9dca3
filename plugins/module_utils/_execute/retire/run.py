# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Retire or restore images: decide, and unless it is check mode do exactly what was decided."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region, Regions
from ..._aws.errors import AwsError
from ..._aws.retiring import disable_image, enable_image, is_overtaken
from ..._image.retire.model import Decision, EnableImage, Outcome, RetireStep
from ..._image.retire.planner import over_limit, require_known
from ..._image.retire.request import RestoreRequest, RetireRequest
from ..._image.steps import DisableImage
from ..attributes import apply_attribute
from ..parallel import all_of, for_each
from ..regions import require_known_regions
from .read import decide_restoring, decide_retiring

_OVERTAKEN: t.Final = "somebody else has deregistered it, or changed its state, in the meantime; run the task again"


def retire_images(
    connection: Regions, request: RetireRequest | RestoreRequest, *, check_mode: bool
) -> tuple[list[Outcome], str | None]:
    """Return what became of each image, and why nothing was done where more are due than allowed."""
    require_known_regions(connection, request.regions)
    refusal = None
    if isinstance(request, RetireRequest):
        decisions = decide_retiring(connection, request)
        if request.fail_when_unknown:
            require_known(decisions)
        refusal = over_limit(decisions, request)
    else:
        decisions = decide_restoring(connection, request)
    if check_mode or refusal:
        return [Outcome(decision) for decision in decisions], refusal
    regions = dict.fromkeys(one.image.region for one in decisions)
    done = all_of(for_each(regions, lambda name: _apply_all(connection.region(name), decisions)))
    return [outcome for outcomes in done.values() for outcome in outcomes], None


def _apply_all(region: Region, decisions: t.Sequence[Decision]) -> list[Outcome]:
    return [_apply(region, decision) for decision in decisions if decision.image.region == region.name]


def _apply(region: Region, decision: Decision) -> Outcome:
    """Do the steps of one image in their order; what fails is told beside what was done, and others go on."""
    outcome = Outcome(decision)
    try:
        for step in decision.steps:
            _do(region, decision, step)
            outcome.done += 1
    except AwsError as error:
        if is_overtaken(error):
            outcome.overtaken = _OVERTAKEN
        else:
            outcome.error = str(error)
    return outcome


def _do(region: Region, decision: Decision, step: RetireStep) -> None:
    image = decision.image
    if isinstance(step, DisableImage):
        disable_image(region, step.proof)
    elif isinstance(step, EnableImage):
        enable_image(region, image.image_id)
    else:
        apply_attribute(region, image, step, done=_nothing)


def _nothing() -> None:
    """Do nothing: each step here is one call."""
