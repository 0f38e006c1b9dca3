# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make the copies of one region: start them as slots free, look at all of them together, verify, finish."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import find_images
from ..._aws.snapshots import find_snapshots
from ..._image.aws_facts import FAILED_STATES
from ..._image.copy.planner import UNVERIFIED
from ..._image.errors import SealedError
from ..._image.model import COPY_TAG, RUN_TAG, Image, Snapshot
from ..._image.proofs import started_by_this_run
from ..diagnosis import explain_difference, explain_failure, explain_loss, explain_mismatch, explain_misplaced
from ..pace import Outage, Pace
from ..sightings import Sightings
from .finishing import JobFinisher
from .job import Job, Waiting
from .starting import CopyStarter
from .watching import SnapshotWatch

# An image that was not shown is looked for again after so long at most, however slow its copy is.
_MISSED_DELAY: t.Final = 20.0


class RegionCopies:
    """Carry out the plans of one region. Never raises for a single copy: its outcome carries the error."""

    def __init__(self, region: Region, waiting: Waiting, pace: Pace) -> None:
        self._region = region
        self._waiting = waiting
        self._pace = pace
        self._starter = CopyStarter(region, waiting, pace)
        self._finisher = JobFinisher(region, waiting)
        self._watch = SnapshotWatch(region, waiting, pace)
        self._outage = Outage(pace.now)
        self._sightings = Sightings(pace.now)

    def apply(self, jobs: t.Sequence[Job]) -> None:
        """Bring every job to its end, or to the deadline."""
        for job in jobs:
            if not job.done:
                self._guard(job, self._begin)
        while True:
            self._start(jobs)
            self._look([job for job in jobs if job.is_running])
            unfinished = [job for job in jobs if not job.done]
            if not unfinished:
                return
            if self._pace.now() >= self._waiting.deadline:
                for job in unfinished:
                    self._finisher.time_out(job)
                return
            self._rest(unfinished)

    def give_up(self, jobs: t.Sequence[Job], message: str) -> None:
        """End what is not ended with an error; what is on its way in AWS is left as it is."""
        for job in jobs:
            if not job.done:
                self._finisher.fail(job, message, keep=True)

    def _guard(self, job: Job, action: t.Callable[[Job], None]) -> None:
        try:
            action(job)
        except (AwsError, SealedError) as error:
            self._finisher.fail(job, str(error))

    def _begin(self, job: Job) -> None:
        self._finisher.prepare(job)
        if job.plan.create is not None:
            job.token = job.plan.create.client_token
        elif job.plan.awaits and job.plan.image is not None:
            job.image_id, job.started = job.plan.image.image_id, self._pace.now()
            job.token = job.plan.image.tags.get(COPY_TAG, "")
            job.last_seen, job.adopted = job.started, True
            self._sightings.note([job.image_id], [job.image_id])
            job.outcome.image = job.plan.image
            job.explain()
            job.done = not self._waiting.wait
        else:
            self._finisher.finish(job, job.plan.image)

    def _start(self, jobs: t.Sequence[Job]) -> None:
        job = self._starter.next_start(jobs)
        while job is not None:
            self._guard(job, self._starter.start)
            job = self._starter.next_start(jobs)

    def _look(self, running: t.Sequence[Job]) -> None:
        """Look at all running copies together when the first of them is due."""
        now = self._pace.now()
        if not running or min(job.next_look for job in running) > now:
            return
        try:
            due, images, snapshots = self._pace.read_until(self._waiting.deadline, lambda: self._read(running))
        except AwsError as error:
            self._outlast(error, running)
            return
        self._outage.ends()
        self._sightings.note([job.image_id for job in due], images)
        for job in due:
            image = images.get(job.image_id)
            if image is None:
                self._guard(job, self._miss)
            else:
                self._see(job, image.with_snapshots(snapshots))
            if job.done:
                self._starter.slot_freed()

    def _read(self, running: t.Sequence[Job]) -> tuple[list[Job], dict[str, Image], dict[str, Snapshot]]:
        due, snapshots = self._watch.look(running)
        images = find_images(self._region, [job.image_id for job in due], owners=("self",))
        unseen = [snapshot_id for snapshot_id in _snapshot_ids(images) if snapshot_id not in snapshots]
        return due, images, {**snapshots, **find_snapshots(self._region, unseen)}

    def _outlast(self, error: AwsError, running: t.Sequence[Job]) -> None:
        """Look again later while an outage is short; the copies go on without us."""
        now, goes_on = self._pace.now(), self._outage.is_short(error)
        self._sightings.note([job.image_id for job in running], None)
        for job in running:
            if goes_on:
                job.next_look = now + self._pace.next_delay(now - job.started, longest=self._waiting.longest_delay)
            else:
                self._finisher.fail(job, f"{error}. Image {job.image_id} is left as it is", keep=True)

    def _see(self, job: Job, image: Image) -> None:
        first_sight = job.last_seen is None
        job.last_seen = self._pace.now()
        job.outcome.image = image
        if first_sight and not job.adopted:
            self._judge_origin(job, image)
        if image.state == "deregistered" and first_sight and not job.adopted:
            self._guard(job, self._starter.restart)
        elif image.state in (*FAILED_STATES, "deregistered"):
            self._finisher.fail(job, _why(self._region, image, job))
        elif image.state == "available" and image.shows_keys:  # Just after completion AWS may not show a key yet.
            self._guard(job, lambda job: self._verify(job, image))
        elif not self._waiting.wait:
            job.done = True

    def _judge_origin(self, job: Job, image: Image) -> None:
        """Tell an image that this run made from one that AWS has answered a used token with."""
        job.made = started_by_this_run(job.image_id, image, mark=(RUN_TAG, self._waiting.mark))
        if job.made is None and image.state != "deregistered":
            job.adopted, job.outcome.created = True, []
            verified = "" if self._waiting.wait else UNVERIFIED
            job.outcome.action, job.outcome.reason = "adopted", f"another run started the same copy{verified}"
            job.outcome.changed = bool(job.outcome.removed)

    def _miss(self, job: Job) -> None:
        """Judge an image that AWS does not show: not yet, an answer to an old token, or gone."""
        if not self._sightings.is_gone(job.image_id):
            job.next_look = min(job.next_look, self._pace.now() + _MISSED_DELAY)
            return
        if job.last_seen is None:
            self._starter.restart(job)
        else:
            raise SealedError(explain_loss(self._region, job.outcome.known_image, job.requirement.key))

    def _verify(self, job: Job, image: Image) -> None:
        if job.adopted:
            job.done = True
            return
        wrong = job.requirement.unsealed(image)
        if wrong:
            raise SealedError(explain_mismatch(image, wrong, job.requirement.key))
        if job.requirement.is_elsewhere(image):
            raise SealedError(explain_misplaced(image, job.requirement.place))
        differing = job.requirement.differing_devices(image)
        if differing:
            raise SealedError(explain_difference(image, differing, job.lineage.source_image_id))
        self._finisher.note_created(job, image)
        self._finisher.finish(job, image)

    def _rest(self, unfinished: t.Sequence[Job]) -> None:
        """Sleep until the next copy is due for a look, or the next queued one for a try."""
        now = self._pace.now()
        due = [job.next_look for job in unfinished if job.is_running]
        if any(job.is_queued for job in unfinished) and (not due or self._starter.not_before > now):
            due.append(max(self._starter.not_before, now + 1.0))
        due += [job.next_look for job in unfinished if job.is_queued and job.refused_since is not None]
        self._pace.sleep(max(0.05, min(*due, self._waiting.deadline) - now))


def _why(region: Region, image: Image, job: Job) -> str:
    return explain_failure(region, image, job.requirement.key, source_key_arns=job.source_key_arns)


def _snapshot_ids(images: t.Mapping[str, Image]) -> list[str]:
    return [
        snapshot_id for image in images.values() if image.state == "available" for snapshot_id in image.snapshot_ids
    ]
