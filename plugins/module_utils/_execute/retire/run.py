# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Retire or restore images: decide, and unless it is check mode do exactly what was decided."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region, Regions
from ..._aws.errors import AwsError
from ..._aws.prices import snapshot_price
from ..._aws.recycle_bin import restore_image, restore_snapshot
from ..._aws.retiring import disable_image, enable_image, is_overtaken
from ..._aws.snapshots import find_snapshots
from ..._image.retire.model import (
    Decision,
    EnableImage,
    Leftover,
    Outcome,
    RestoreImage,
    RestoreSnapshot,
    RetireStep,
)
from ..._image.retire.planner import over_limit, require_known
from ..._image.retire.prices import Price
from ..._image.retire.request import RestoreRequest, RetireRequest
from ..._image.steps import DeleteSnapshot, DeregisterImage, DisableImage
from ..attributes import apply_attribute
from ..pace import Pace
from ..parallel import all_of, for_each
from ..regions import require_known_regions
from ..removal import delete_unused, remove_image
from .read import decide_restored, decide_restoring, decide_retiring, leftovers

_OVERTAKEN: t.Final = "somebody else has deregistered it, or changed its state, in the meantime; run the task again"
_LONGEST: t.Final = 15.0
T = t.TypeVar("T")
Request = t.Union[RetireRequest, RestoreRequest]


@dataclasses.dataclass
class Retiring:
    """What became of each image, why nothing was done where that is so, and what earlier runs have left."""

    outcomes: list[Outcome]
    refusal: str | None = None
    leftovers: t.Sequence[Leftover] = ()
    prices: t.Mapping[str, Price] = dataclasses.field(default_factory=dict)


def retire_images(connection: Regions, request: Request, *, check_mode: bool) -> Retiring:
    """Take each image one step further, or restore it; in check mode, or where more are due than allowed, none."""
    require_known_regions(connection, request.regions)
    found = Retiring([])
    if isinstance(request, RetireRequest):
        decisions = decide_retiring(connection, request)
        if request.fail_when_unknown:
            require_known(decisions)
        found.refusal = over_limit(decisions, request)
        found.leftovers = () if found.refusal else leftovers(connection, request)
        found.prices = _prices(connection, request)
    else:
        decisions = decide_restoring(connection, request)
    if check_mode or found.refusal:
        found.outcomes = [Outcome(decision) for decision in decisions]
        return found
    regions = dict.fromkeys(one.image.region for one in decisions)
    done = all_of(for_each(regions, lambda name: _apply_all(connection.region(name), decisions, request)))
    found.outcomes = [outcome for outcomes in done.values() for outcome in outcomes]
    return found


def _prices(connection: Regions, request: RetireRequest) -> dict[str, Price]:
    """Return the price of snapshots in each region, by one call for each, where it is asked for."""
    wanted = request.regions if request.estimate_cost else ()
    return all_of(for_each(wanted, lambda name: snapshot_price(connection, name)))


def _apply_all(region: Region, decisions: t.Sequence[Decision], request: Request) -> list[Outcome]:
    return [_apply(region, decision, request) for decision in decisions if decision.image.region == region.name]


def _apply(region: Region, decision: Decision, request: Request) -> Outcome:
    """Do the steps of one image in their order; what fails is told beside what was done, and others go on."""
    outcome = Outcome(decision)
    try:
        while outcome.done < len(outcome.decision.steps):
            step = outcome.decision.steps[outcome.done]
            _do(region, outcome, step, request)
            outcome.done += 1
            if isinstance(step, RestoreImage) and isinstance(request, RestoreRequest):
                _plan_again(region, outcome, request)
    except AwsError as error:
        if isinstance(request, RetireRequest) and is_overtaken(error):
            outcome.overtaken = _OVERTAKEN
        else:
            outcome.error = str(error)
    return outcome


def _do(region: Region, outcome: Outcome, step: RetireStep, request: Request) -> None:
    """Take one step of a plan; what it removes needs the proof that the step has."""
    image = outcome.decision.image
    if isinstance(step, DisableImage):
        disable_image(region, step.proof)
    elif isinstance(step, EnableImage):
        enable_image(region, image.image_id)
    elif isinstance(step, DeregisterImage):
        _deregister(region, outcome, step)
    elif isinstance(step, DeleteSnapshot):
        delete_unused(region, [step.snapshot], gone=outcome.deleted.add)
    elif isinstance(step, RestoreSnapshot):
        restore_snapshot(region, step.snapshot_id)
    elif isinstance(step, RestoreImage):
        _wait_for_snapshots(region, step, request)
        restore_image(region, image.image_id)
    else:
        apply_attribute(region, image, step, done=_nothing)


def _deregister(region: Region, outcome: Outcome, step: DeregisterImage) -> None:
    """Deregister the image; where only the deletion of a snapshot fails, the step is done all the same."""
    try:
        remove_image(region, step, gone=outcome.deleted.add)
    except AwsError:
        outcome.done += step.image_id in outcome.deleted
        raise


def _plan_again(region: Region, outcome: Outcome, request: RestoreRequest) -> None:
    """Decide what comes after the image is there: only then AWS shows its state, tags and permissions."""
    decision = outcome.decision
    later = _until(
        lambda: decide_restored(region, decision.image.image_id, request),
        request.wait_timeout,
        f"AWS does not show image {decision.image.image_id} in {region.name}, which has left the Recycle Bin",
    )
    steps = (*decision.steps[: outcome.done], *later.steps)
    image = dataclasses.replace(later.image, state="deregistered" if later.image.state == "disabled" else "available")
    outcome.decision = dataclasses.replace(decision, image=image, steps=steps)


def _wait_for_snapshots(region: Region, step: RestoreImage, request: Request) -> None:
    """Wait until each snapshot is completed, without which AWS does not restore the image."""
    waiting = request.wait_timeout if isinstance(request, RestoreRequest) else 0

    def are_completed() -> bool | None:
        shown = find_snapshots(region, step.snapshot_ids)
        return all(one in shown and shown[one].state == "completed" for one in step.snapshot_ids) or None

    if step.snapshot_ids:
        names = ", ".join(step.snapshot_ids)
        _until(are_completed, waiting, f"snapshots {names} in {region.name} are restored and not all completed yet")


def _until(read: t.Callable[[], T | None], seconds: float, trouble: str) -> T:
    """Return what is read as soon as there is something, or raise after so many seconds."""
    pace = Pace()
    started = pace.now()
    while True:
        found = pace.read_until(started + seconds, read)
        if found is not None:
            return found
        elapsed = pace.now() - started
        if elapsed >= seconds:
            raise AwsError(message=f"{trouble} after {seconds} seconds; run the task again, it goes on from there")
        pace.sleep(min(pace.next_delay(elapsed, longest=_LONGEST), seconds - elapsed))


def _nothing() -> None:
    """Do nothing: each step here is one call."""
