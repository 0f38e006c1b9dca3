# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Carry out a copy request from end to end: read, judge, plan, and, unless only the plan is wanted, apply."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.keys import Warn
from ..._image.copy.identity import Lineage
from ..._image.copy.planner import plan_copy
from ..._image.copy.removal import plan_removal
from ..._image.copy.request import CopyRequest, Destination
from ..._image.model import Image
from ..._image.outcome import Outcome, Target
from ..pace import Pace
from ..parallel import for_each
from ..regions import require_regions
from ..sources import require_shown
from .job import Job, Waiting
from .preflight import require_copyable_sources, require_distinct_keys, require_future_plans, require_shareable_keys
from .read import RegionFacts, facts_for, read_images, read_keys, read_region, read_sources
from .region_copies import RegionCopies

Pair = tuple[str, Destination]


class CopyRun:
    """One task: every source image to every destination."""

    def __init__(self, connection: Connection, request: CopyRequest, *, warn: Warn, pace: Pace | None = None) -> None:
        self._connection = connection
        self._request = request
        self._warn = warn
        self._pace = pace or Pace()
        self._deadline = self._pace.now() + request.wait_timeout
        names = {request.source_region, *(destination.region for destination in request.destinations)}
        self._regions: dict[str, Region] = {name: connection.region(name) for name in sorted(names)}

    def run(self, *, check_mode: bool) -> list[Outcome]:
        """Return one outcome for each source image in each destination, in the order they were asked for.

        Whatever makes the request impossible raises before anything is changed; later trouble stands in its outcome.
        """
        require_regions(self._connection, list(self._regions), source_region=self._request.source_region)
        pairs = [
            (image_id, destination)
            for image_id in self._request.source_image_ids
            for destination in self._request.destinations
        ]
        jobs = self._plan(pairs)
        if check_mode:
            return [_predicted(job, wait=self._request.wait) for job in jobs]
        self._apply(jobs)
        self._settle([(pair, job) for pair, job in zip(pairs, jobs) if self._needs_second_look(job)])
        return [job.outcome for job in jobs]

    def _plan(self, pairs: t.Sequence[Pair]) -> list[Job]:
        by_region: dict[str, list[Destination]] = {}
        for _image_id, destination in pairs:
            by_region.setdefault(destination.region, []).append(destination)
        sources, held = self._read(by_region)
        require_distinct_keys(held)
        jobs = [self._plan_one(pair, sources, held[pair[1].region]) for pair in pairs]
        source = self._regions[self._request.source_region]
        copied = {job.lineage.source_image_id for job in jobs if job.plan.create is not None}
        keyed = require_copyable_sources(
            source, [sources[image_id] for image_id in sorted(copied)], now=self._pace.now(), warn=self._warn
        )
        for job in jobs:
            if job.plan.create is not None:
                job.know_source(keyed[job.lineage.source_image_id])
        require_future_plans(jobs, now=self._pace.now())
        if self._request.present:
            require_shareable_keys(self._regions, [(pair[1], job) for pair, job in zip(pairs, jobs)])
        return jobs

    def _read(
        self, by_region: t.Mapping[str, t.Sequence[Destination]]
    ) -> tuple[dict[str, Image], dict[str, RegionFacts | AwsError]]:
        """Read the sources and every destination region at once; only the sources are indispensable."""
        # In the order of how much each has to do: clients are made one after the other, in the order they are needed.
        work: dict[tuple[str, str], t.Callable[[], t.Any]] = {
            ("images", name): functools.partial(read_images, self._regions[name], self._request) for name in by_region
        }
        if self._request.present:
            # A copy can be removed after its source is gone, so removals do not ask for it.
            work["sources", ""] = self._read_sources
        for name, destinations in by_region.items():
            read = functools.partial(read_keys, self._regions[name], self._request, destinations, warn=self._warn)
            work["keys", name] = read
        answers = for_each(work, lambda which: work[which]())

        def read_rest(name: str) -> RegionFacts:
            keys, held = (_unless_error(answers[what, name]) for what in ("keys", "images"))
            return read_region(self._regions[name], self._request, keys, held, warn=self._warn)

        return _unless_error(answers.get(("sources", ""), {})), for_each(by_region, read_rest)

    def _read_sources(self) -> dict[str, Image]:
        region = self._regions[self._request.source_region]
        sources = read_sources(region, self._request)
        for image_id in self._request.source_image_ids:
            require_shown(region, sources.get(image_id), image_id=image_id)
        return sources

    def _plan_one(self, pair: Pair, sources: t.Mapping[str, Image], held: RegionFacts | AwsError) -> Job:
        image_id, destination = pair
        lineage = Lineage(image_id, self._request.source_region)
        target = Target(image_id, self._request.source_region, destination.region)
        if isinstance(held, AwsError):
            return Job.failed(target, lineage, str(held))
        region = self._regions[destination.region]
        try:
            facts = facts_for(region, self._request, destination, sources.get(image_id), lineage, held)
        except AwsError as error:
            return Job.failed(target, lineage, str(error))
        if self._request.present:
            plan = plan_copy(self._request, destination, facts)
        else:
            plan = plan_removal(facts, region=region.name, orphans=held.orphans)
        for warning in plan.warnings:
            self._warn(warning)
        return Job(Outcome(target, plan), plan, lineage, facts.requirement)

    def _apply(self, jobs: t.Sequence[Job]) -> None:
        waiting = Waiting(
            wait=self._request.wait,
            timeout=float(self._request.wait_timeout),
            deadline=self._deadline,
            longest_delay=float(self._request.wait_delay),
            rollback=self._request.rollback,
        )
        by_region: dict[str, list[Job]] = {}
        for job in jobs:
            by_region.setdefault(job.outcome.target.region, []).append(job)

        def apply(name: str) -> None:
            RegionCopies(self._regions[name], waiting, self._pace).apply(by_region[name])

        for answer in for_each(by_region, apply).values():
            if isinstance(answer, AwsError):
                raise answer

    def _needs_second_look(self, job: Job) -> bool:
        """Tell whether a copy that somebody else started has become available: only now can it be judged."""
        return self._request.wait and job.adopted and job.outcome.error is None

    def _settle(self, adopted: t.Sequence[tuple[Pair, Job]]) -> None:
        """Plan the adopted copies again, now that their keys can be read, and apply what is still missing."""
        if not adopted:
            return
        jobs = self._plan([pair for pair, _job in adopted])
        self._apply(jobs)
        for job, (_pair, first) in zip(jobs, adopted):
            if job.outcome.action in ("unchanged", "updated"):
                job.outcome.action, job.outcome.reason = "adopted", first.outcome.reason
            job.outcome.changed = job.outcome.changed or first.outcome.changed
            job.outcome.removed = first.outcome.removed + job.outcome.removed
            first.outcome = job.outcome


def _unless_error(answer: t.Any) -> t.Any:
    if isinstance(answer, AwsError):
        raise answer
    return answer


def _predicted(job: Job, *, wait: bool) -> Outcome:
    if job.outcome.error:
        return job.outcome
    outcome = Outcome.predicted(job.outcome.target, job.plan)
    if job.plan.awaits and outcome.image is not None:
        outcome.image = dataclasses.replace(outcome.image, state="available" if wait else "pending")
    return outcome
