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
import uuid

from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.keys import Warn
from ..._image.copy.facts import Facts
from ..._image.copy.identity import Lineage
from ..._image.copy.planner import plan_copy
from ..._image.copy.removal import plan_removal
from ..._image.copy.request import CopyRequest, Destination
from ..._image.errors import SealedError, SourceMissingError
from ..._image.keys import aliases_of
from ..._image.model import Image
from ..._image.outcome import Outcome, Target, follow, predecessors_in
from ..._image.steps import Plan
from ..key_access import KeyAccess
from ..pace import Pace
from ..parallel import for_each
from ..regions import require_regions
from ..sources import require_shown
from .job import Job, Waiting
from .key_needs import key_needs
from .losing import tell_lost
from .places import resolve_places
from .preflight import require_copyable_sources, require_distinct_keys, require_possible_plans
from .read import Keys, RegionFacts, facts_for, read_images, read_keys, read_region, read_sources
from .region_copies import RegionCopies
from .superseding import tell_use

Pair = tuple[str, Destination]
# How often what was adopted may turn out not to be the copy.
_ROUNDS: t.Final = 3


class CopyRun:
    """One task: every source image to every destination."""

    def __init__(
        self,
        connection: Connection,
        request: CopyRequest,
        *,
        warn: Warn,
        key_checks: list[dict[str, t.Any]] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._connection = connection
        self._request = request
        self._warn = warn
        self._pace = pace or Pace()
        self._mark = uuid.uuid4().hex
        self._keys: dict[str, Keys] = {}
        self._deadline = self._pace.now() + request.wait_timeout
        names = {request.source_region, *(destination.region for destination in request.destinations)}
        self._regions: dict[str, Region] = {name: connection.region(name) for name in sorted(names)}
        self._access = KeyAccess(self._regions, request.check_key_access, key_checks, warn=warn)

    def run(self, *, check_mode: bool) -> list[Outcome]:
        """Return one outcome for each source image in each destination, in the order they were asked for.

        Whatever makes the request impossible raises before anything is changed; later trouble stands in its outcome.
        """
        require_regions(self._connection, list(self._regions), source_region=self._request.source_region)
        self._request = resolve_places(self._regions, self._request, warn=self._warn)
        pairs = [
            (image_id, destination)
            for image_id in self._request.source_image_ids
            for destination in self._request.destinations
        ]
        jobs = self._plan(pairs)
        if check_mode:
            return [_predicted(job, wait=self._request.wait) for job in jobs]
        self._apply(jobs)
        self._settle(list(zip(pairs, jobs)))
        return [job.outcome for job in jobs]

    def _plan(self, pairs: t.Sequence[Pair]) -> list[Job]:
        """Read, plan each pair, and refuse for all of them what cannot succeed for one, before anything is changed."""
        by_region: dict[str, list[Destination]] = {}
        for _image_id, destination in pairs:
            by_region.setdefault(destination.region, []).append(destination)
        sources, held = self._read(by_region)
        require_distinct_keys(held, [destination for _image_id, destination in pairs])
        for name, facts in held.items():
            # A second plan is for some of the destinations, and must leave alone what belongs to the others.
            if not isinstance(facts, AwsError):
                self._keys.setdefault(name, facts.keys)
        jobs = [self._plan_one(pair, sources, held[pair[1].region]) for pair in pairs]
        source = self._regions[self._request.source_region]
        copied = {job.lineage.source_image_id for job in jobs if job.plan.create is not None}
        keyed, keys = require_copyable_sources(
            source, [sources[image_id] for image_id in sorted(copied)], now=self._pace.now(), warn=self._warn
        )
        for job in jobs:
            if job.plan.create is not None:
                job.know_source(keyed[job.lineage.source_image_id])
        tell_lost(source, self._regions, jobs, keyed, warn=self._warn)
        if self._request.present:
            planned = [(pair[1], job) for pair, job in zip(pairs, jobs)]
            now = self._pace.now()
            require_possible_plans(self._regions, planned, {**sources, **keyed}, now=now, warn=self._warn)
        self._access.require(key_needs(jobs, keyed, keys))
        tell_use(self._regions, jobs, warn=self._warn)
        return jobs

    def _read(
        self, by_region: t.Mapping[str, t.Sequence[Destination]]
    ) -> tuple[dict[str, Image], dict[str, RegionFacts | AwsError]]:
        """Read the sources and every destination region at once; only the sources are indispensable."""
        # In the order of how much each has to do: clients are made one after the other, in the order they are needed.
        work: dict[tuple[str, str], t.Callable[[], t.Any]] = {
            ("images", name): functools.partial(read_images, self._regions[name], self._request, self._pace)
            for name in by_region
        }
        if self._request.present:
            # A copy can be removed after its source is gone, so removals do not ask for it.
            source_region = self._regions[self._request.source_region]
            work["sources", ""] = functools.partial(read_sources, source_region, self._request)
        for name, destinations in by_region.items():
            read = functools.partial(read_keys, self._regions[name], self._request, destinations, warn=self._warn)
            work["keys", name] = read
        answers = for_each(work, lambda which: work[which]())

        def read_rest(name: str) -> RegionFacts:
            keys, held = (_unless_error(answers[what, name]) for what in ("keys", "images"))
            return read_region(self._regions[name], self._request, keys, held, pace=self._pace, warn=self._warn)

        return _unless_error(answers.get(("sources", ""), {})), for_each(by_region, read_rest)

    def _plan_one(self, pair: Pair, sources: t.Mapping[str, Image], held: RegionFacts | AwsError) -> Job:
        """Plan one image in one destination; a region that could not be read fails alone."""
        image_id, destination = pair
        lineage = Lineage(image_id, self._request.source_region)
        target = Target(image_id, self._request.source_region, destination.region, place=destination.place)
        if isinstance(held, AwsError):
            return Job.failed(target, lineage, str(held))
        region = self._regions[destination.region]
        try:
            keys = self._keys[destination.region]
            facts = facts_for(region, self._request, destination, sources.get(image_id), lineage, held, keys=keys)
        except AwsError as error:
            return Job.failed(target, lineage, str(error))
        if self._request.present:
            plan = self._plan_present(destination, facts)
        else:
            unprotect = destination.attributes.deregistration_protection == "disabled"
            plan = plan_removal(facts, region=region.name, unprotect=unprotect)
        for warning in plan.warnings:
            self._warn(warning)
        aliases = aliases_of([facts.requirement.key])
        outcome = Outcome(target, plan, key_aliases=aliases, superseded=predecessors_in(plan))
        return Job(outcome, plan, lineage, facts.requirement)

    def _plan_present(self, destination: Destination, facts: Facts) -> Plan:
        try:
            return plan_copy(self._request, destination, facts)
        except SourceMissingError:
            # A copy that is there needs no source. Only where one does, the reason is looked for.
            source_region = self._regions[self._request.source_region]
            require_shown(source_region, None, image_id=facts.lineage.source_image_id)
            raise

    def _apply(self, jobs: t.Sequence[Job]) -> None:
        """Carry out the plans region by region, at once; the trouble of one region ends only its own jobs."""
        waiting = Waiting(
            wait=self._request.wait,
            timeout=float(self._request.wait_timeout),
            deadline=self._deadline,
            longest_delay=float(self._request.wait_delay),
            rollback=self._request.rollback,
            mark=self._mark,
        )
        by_region: dict[str, list[Job]] = {}
        for job in jobs:
            by_region.setdefault(job.outcome.target.region, []).append(job)

        def apply(name: str) -> None:
            copies = RegionCopies(self._regions[name], waiting, self._pace)
            try:
                copies.apply(by_region[name])
            except (AwsError, SealedError) as error:
                copies.give_up(by_region[name], str(error))

        for_each(by_region, apply)

    def _settle(self, planned: t.Sequence[tuple[Pair, Job]]) -> None:
        """Judge what was adopted, now that its keys can be read; nothing of the first plan's outcome is lost.

        What turns out not to be the copy is followed by a copy, which may be adopted in its turn.
        """
        adopted = [(pair, job) for pair, job in planned if self._is_unjudged(job)]
        for _round in range(_ROUNDS):
            if not adopted:
                return
            second = self._plan_again(adopted)
            self._apply([job for job in second if not job.done])
            for job, (_pair, first) in zip(second, adopted):
                first.outcome = follow(first.outcome, job.outcome)
            adopted = [both for both, job in zip(adopted, second) if self._is_unjudged(job)]
        for _pair, first in adopted:
            first.outcome.error = "what was adopted again and again turned out not to be the copy; run the task again"

    def _is_unjudged(self, job: Job) -> bool:
        """Tell whether a copy that somebody else started has become available: only now can it be judged."""
        return self._request.wait and job.adopted and job.outcome.error is None

    def _plan_again(self, adopted: t.Sequence[tuple[Pair, Job]]) -> list[Job]:
        try:
            return self._plan([pair for pair, _job in adopted])
        except (AwsError, SealedError) as error:
            message = f"{error}. Adopted, but not verified: "
            return [
                Job.failed(job.outcome.target, job.lineage, f"{message}image {job.image_id}") for _pair, job in adopted
            ]


def _unless_error(answer: t.Any) -> t.Any:
    if isinstance(answer, AwsError):
        raise answer
    return answer


def _predicted(job: Job, *, wait: bool) -> Outcome:
    if job.outcome.error:
        return job.outcome
    made = job.outcome
    outcome = Outcome.predicted(made.target, job.plan, key_aliases=made.key_aliases, superseded=made.superseded)
    if job.plan.awaits and outcome.image is not None:
        outcome.image = dataclasses.replace(outcome.image, state="available" if wait else "pending")
    return outcome
