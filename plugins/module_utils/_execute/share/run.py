# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Carry out a request to share from end to end: read, judge, plan, and, unless only the plan is wanted, apply."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.keys import Warn
from ..._image.aws_facts import GONE_SECONDS
from ..._image.errors import PreflightError
from ..._image.model import Image, Snapshot
from ..._image.permissions import Sharing
from ..._image.share.changes import Changes, changes_by
from ..._image.share.facts import Facts
from ..._image.share.planner import SharePlan, ShareStep, once_each, plan_sharing
from ..._image.share.record import recorded_on
from ..._image.share.request import ShareRequest
from ..._image.share.result import ShareOutcome
from ..attributes import apply_attribute, sharing_of
from ..membership import Membership
from ..pace import Pace
from ..parallel import all_of, for_each
from ..regions import require_known_regions
from .read import (
    changes_in_region,
    list_own_images,
    read_facts,
    read_shared,
    read_snapshots,
    require_all_found,
)

# Between two looks at permissions that AWS has just taken.
_LONGEST_DELAY: t.Final = 15.0


class ShareRun:
    """One task: every image that is meant, in every region."""

    def __init__(self, connection: Connection, request: ShareRequest, *, warn: Warn, pace: Pace | None = None) -> None:
        self._connection = connection
        self._request = request
        self._warn = warn
        self._pace = pace or Pace()
        self._regions: dict[str, Region] = {name: connection.region(name) for name in request.regions}
        self._membership = Membership(connection, request.regions[0])

    def run(self, *, check_mode: bool) -> list[ShareOutcome]:
        """Return one outcome for each image, in the order of the regions, then by name and id.

        Whatever makes the request impossible raises before anything is changed; later trouble stands in its outcome.
        """
        require_known_regions(self._connection, self._request.regions)
        found = all_of(for_each(self._regions, lambda name: list_own_images(self._regions[name], self._request)))
        require_all_found(self._regions, self._request, found)
        plans = all_of(for_each(self._regions, lambda name: self._plan(self._regions[name], found[name])))
        for plan in (one for name in self._regions for one in plans[name]):
            for warning in plan.warnings:
                self._warn(warning)
        if check_mode:
            return [ShareOutcome.predicted(plan) for name in self._regions for plan in plans[name]]
        ended = all_of(for_each(self._regions, lambda name: [self._apply(name, plan) for plan in plans[name]]))
        return [outcome for name in self._regions for outcome in ended[name]]

    def _plan(self, region: Region, images: t.Sequence[Image]) -> list[SharePlan]:
        """Plan all images of a region; what is impossible is told for all of them at once."""
        snapshots = read_snapshots(region, images)
        belongs = self._membership.belongs
        request = _with_record(self._request, images, snapshots)
        changing = changes_in_region(region, request, read_shared(region, images, snapshots), belongs)
        base = Facts(self._connection.partition(region.name), belongs=belongs)
        facts = read_facts(region, changing, snapshots, base, warn=self._warn)
        plans: list[SharePlan] = []
        impossible: list[str] = []
        for shared, changes, expected in changing:
            try:
                plan = plan_sharing(request, shared.image, shared.sharing, changes, facts)
                plans.append(dataclasses.replace(plan, expected=expected))
            except PreflightError as error:
                impossible.append(str(error))
        if impossible:
            raise PreflightError("; ".join(dict.fromkeys(impossible)))
        return once_each(plans)

    def _apply(self, region_name: str, plan: SharePlan) -> ShareOutcome:
        """Take the steps for one image, and look back at what AWS shows afterwards, also when a call failed."""
        region, outcome = self._regions[region_name], ShareOutcome(plan, plan.before)
        if not plan.expected and not plan.steps:
            return outcome

        taken: list[ShareStep] = []
        try:
            for step in plan.steps:
                apply_attribute(region, plan.image, step, done=functools.partial(taken.append, step))
        except AwsError as error:
            # AWS may have acted on a call whose answer was lost.
            outcome.changed = error.is_ambiguous
            outcome.error = str(error)
        outcome.changed = outcome.changed or bool(taken)
        outcome.taken = tuple(taken)
        outcome.seen = changes_by(taken)
        outcome.sharing = outcome.seen.on(plan.before)
        self._look_back(region, plan, outcome, acknowledged=outcome.seen)
        return outcome

    def _look_back(self, region: Region, plan: SharePlan, outcome: ShareOutcome, *, acknowledged: Changes) -> None:
        """Put into the outcome what AWS shows now: what it was told is not yet what it does.

        After a failure, whatever AWS has acknowledged is named as well, for AWS may show it late.
        """
        until = self._pace.now() + GONE_SECONDS
        while True:
            try:
                outcome.sharing = sharing_of(region, plan.image)
            except AwsError as error:
                outcome.error = outcome.error or f"{error}. The changes were sent, but could not be read back"
                return
            outcome.seen = plan.changes.seen_in(plan.before, outcome.sharing)
            if outcome.error:
                outcome.seen = outcome.seen.plus(acknowledged)
                return
            if _is_met(plan.expected, outcome.sharing):
                return
            if self._pace.now() >= until:
                outcome.error = (
                    f"AWS took the changes of this image, and {int(GONE_SECONDS)} s later shows other permissions: "
                    "somebody else is changing them, or a snapshot that another image of this task has could not be "
                    "changed. Run the task again"
                )
                return
            self._pace.sleep(self._pace.next_delay(_LONGEST_DELAY, longest=_LONGEST_DELAY))


def _with_record(request: ShareRequest, images: t.Sequence[Image], snapshots: t.Mapping[str, Snapshot]) -> ShareRequest:
    """Return the request to take back what the images record, image by image; any other request as it is."""
    if request.present or not request.record:
        return request
    of = request.permissions.user_ids
    return dataclasses.replace(request, given={one.image_id: recorded_on(one, snapshots, of=of) for one in images})


def _is_met(changes: Changes, sharing: Sharing) -> bool:
    """Tell whether AWS shows what was given and no longer what was taken; others may have changed the rest."""
    return changes.on(sharing) == sharing
