# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make the copies of one region: start them as slots free, look at all of them together, verify, finish."""

from __future__ import annotations

import dataclasses
import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.images import copy_image, describe_images, find_images
from .._aws.snapshots import delete_snapshot, find_snapshots
from .._image.copy_planner import client_token
from .._image.errors import SealedError
from .._image.model import COPY_TAG, Image
from .._image.steps import CopyImage, DeleteSnapshot, DeregisterImage, Step
from .attributes import apply_attribute
from .diagnosis import explain_failure, explain_mismatch
from .job import Job, Waiting
from .pace import GONE_SECONDS, VISIBILITY_SECONDS, Pace
from .removal import remove_image

# "Concurrent snapshot copies per destination Region", not adjustable (EBS guide, "Copy an Amazon EBS snapshot").
CONCURRENT_SNAPSHOT_COPIES: t.Final = 20
_QUOTA_CODES: t.Final = ("ResourceLimitExceeded", "SnapshotCopyLimitExceeded", "PendingSnapshotLimitExceeded")
_QUOTA_DELAY: t.Final = 30.0
_FAILED_STATES: t.Final = ("failed", "error", "invalid", "deregistered")
_RESTARTS: t.Final = 3


class RegionCopies:
    """Carry out the plans of one region. Never raises for a single copy: its outcome carries the error."""

    def __init__(self, region: Region, waiting: Waiting, pace: Pace) -> None:
        self._region = region
        self._waiting = waiting
        self._pace = pace
        self._slots = CONCURRENT_SNAPSHOT_COPIES
        self._not_before = 0.0

    def apply(self, jobs: t.Sequence[Job]) -> None:
        """Bring every job to its end, or to the timeout."""
        deadline = self._pace.now() + self._waiting.timeout
        queue = [job for job in jobs if not job.done and self._guard(job, self._prepare) and not job.done]
        while True:
            self._start(queue)
            running = [job for job in jobs if job.image_id and not job.done]
            self._look(running)
            unfinished = [job for job in jobs if not job.done]
            if not unfinished:
                return
            if self._pace.now() >= deadline:
                self._time_out(unfinished)
                return
            self._rest(unfinished, deadline)

    def _guard(self, job: Job, action: t.Callable[[Job], None]) -> bool:
        try:
            action(job)
        except (AwsError, SealedError) as error:
            self._fail(job, str(error))
            return False
        return True

    def _prepare(self, job: Job) -> None:
        for step in job.plan.before:
            self._apply_step(job, step)
        if job.plan.create is not None:
            job.token = job.plan.create.client_token
        elif job.plan.awaits and job.plan.image is not None:
            job.image_id, job.started = job.plan.image.image_id, self._pace.now()
            job.token = job.plan.image.tags.get(COPY_TAG, "")
            job.last_seen, job.adopted = job.started, True
            job.outcome.image = job.plan.image
            job.outcome.action, job.outcome.reason = job.plan.action, job.plan.reason
            job.done = not self._waiting.wait
        else:
            self._finish(job, job.plan.image)

    def _start(self, queue: t.Sequence[Job]) -> None:
        """Start queued copies while the region has slots; a refusal for quota ends this round, not the copy."""
        for job in queue:
            if job.done or job.image_id:
                continue
            in_flight = sum(other.snapshot_count for other in queue if other.image_id and not other.done)
            if self._pace.now() < self._not_before or (in_flight and in_flight + job.snapshot_count > self._slots):
                return
            if not self._guard(job, self._copy):
                continue
            if not job.image_id:
                self._slots = max(1, in_flight)
                self._not_before = self._pace.now() + (0.0 if in_flight else _QUOTA_DELAY)
                return

    def _copy(self, job: Job) -> None:
        step = dataclasses.replace(t.cast(CopyImage, job.plan.create), client_token=job.token)
        step = dataclasses.replace(
            step, tags={**step.tags, COPY_TAG: job.token}, snapshot_tags={**step.snapshot_tags, COPY_TAG: job.token}
        )
        try:
            job.image_id = copy_image(self._region, step)
        except AwsError as error:
            if error.code in _QUOTA_CODES:
                return
            if error.code == "IdempotentParameterMismatch":
                self._adopt_other(job)
                return
            raise
        job.started = self._pace.now()
        job.last_seen = None
        job.next_look = job.started + self._first_delay(step)
        job.outcome.changed = True
        job.outcome.action, job.outcome.reason = job.plan.action, job.plan.reason
        job.outcome.created = [job.image_id]
        job.outcome.image = dataclasses.replace(
            t.cast(Image, job.plan.image), image_id=job.image_id, state="pending", devices=()
        )

    def _adopt_other(self, job: Job) -> None:
        """Take over the copy that another task started under the same token with other attributes.

        AWS may hide it for a while; if it never shows, it is gone, and the copy needs another token.
        """
        now = self._pace.now()
        job.refused_since = job.refused_since or now
        found = describe_images(self._region, [{"Name": f"tag:{COPY_TAG}", "Values": [job.token]}])
        if found:
            job.image_id, job.adopted = found[0].image_id, True
            job.started = job.last_seen = now
            job.outcome.image = found[0]
            job.outcome.action, job.outcome.reason = "adopted", "another task started the same copy"
            job.done = not self._waiting.wait
        elif now - job.refused_since >= VISIBILITY_SECONDS:
            job.refused_since = None
            self._retry_with_new_token(job, "refused")

    def _first_delay(self, step: CopyImage) -> float:
        if not self._waiting.wait:
            return 0.0
        return self._pace.first_delay(step.size_gib, longest=self._waiting.longest_delay)

    def _look(self, running: t.Sequence[Job]) -> None:
        """Look at all running copies in one call when the first of them is due."""
        now = self._pace.now()
        if not running or min(job.next_look for job in running) > now:
            return
        try:
            images = find_images(self._region, [job.image_id for job in running], owners=("self",))
            snapshots = find_snapshots(self._region, _snapshot_ids_of_available(images))
        except AwsError as error:
            for job in running:
                self._fail(job, str(error), interrupted=True)
            return
        for job in running:
            image = images.get(job.image_id)
            if image is None:
                self._guard(job, self._miss)
            else:
                self._see(job, image.with_snapshots(snapshots))
            job.next_look = now + self._pace.next_delay(now - job.started, longest=self._waiting.longest_delay)

    def _see(self, job: Job, image: Image) -> None:
        first_sight = job.last_seen is None
        job.last_seen = self._pace.now()
        job.outcome.image = image
        if image.state == "deregistered" and first_sight and job.plan.create is not None:
            self._restart(job)
        elif image.state in _FAILED_STATES:
            self._fail(job, explain_failure(self._region, image, job.requirement.key))
        elif image.state == "available" and _all_devices_seen(image):
            self._guard(job, lambda job: self._verify(job, image))
        elif not self._waiting.wait:
            job.done = True

    def _miss(self, job: Job) -> None:
        """Judge an image that AWS does not show: not yet, an answer to an old token, or gone."""
        now = self._pace.now()
        if job.last_seen is None:
            if now - job.started >= VISIBILITY_SECONDS:
                self._restart(job)
        elif now - job.last_seen >= GONE_SECONDS:
            raise SealedError(
                f"image {job.image_id} in {self._region.name} was visible and is now gone: somebody "
                "deregistered it, or AWS "
                "gave the copy up, as it may do when EBS cannot use the key; run the task again to copy anew"
            )

    def _restart(self, job: Job) -> None:
        """Copy again under another token: AWS answered the first one with an image that no longer exists."""
        job.dead_ids.append(job.image_id)
        if job.plan.create is None or len(job.dead_ids) > _RESTARTS:
            raise SealedError(
                f"image {job.image_id} in {self._region.name} never appeared, although AWS named it; this "
                "happens when EBS "
                "cannot use the key. Check its policy for this principal (kms:CreateGrant, kms:DescribeKey), "
                "then run again"
            )
        job.image_id, job.last_seen, job.outcome.created = "", None, []
        self._retry_with_new_token(job, job.dead_ids[-1])

    def _retry_with_new_token(self, job: Job, cause: str) -> None:
        job.token = client_token(
            job.lineage, region=self._region.name, key_tag=job.requirement.key_tag, attempt=[job.token, cause]
        )

    def _verify(self, job: Job, image: Image) -> None:
        if job.adopted:
            job.done = True
            return
        wrong = job.requirement.mismatches(image)
        if wrong:
            raise SealedError(explain_mismatch(image, wrong, job.requirement.key))
        job.outcome.created = [image.image_id, *image.snapshot_ids]
        self._finish(job, image)

    def _finish(self, job: Job, image: Image | None) -> None:
        job.outcome.image = image
        for step in job.plan.after:
            self._apply_step(job, step)
        job.outcome.action, job.outcome.reason = job.plan.action, job.plan.reason
        job.done = True

    def _apply_step(self, job: Job, step: Step) -> None:
        if isinstance(step, DeregisterImage):
            token = self._token_of(step.image_id)
            job.outcome.removed += remove_image(self._region, step.image_id, step.snapshot_ids, copy_token=token)
        elif isinstance(step, DeleteSnapshot):
            if delete_snapshot(self._region, step.snapshot_id):
                job.outcome.removed.append(step.snapshot_id)
        elif not isinstance(step, CopyImage):
            apply_attribute(self._region, t.cast(Image, job.outcome.image), step)
        job.outcome.changed = True

    def _token_of(self, image_id: str) -> str | None:
        image = find_images(self._region, [image_id], owners=("self",)).get(image_id)
        return image.tags.get(COPY_TAG) if image else None

    def _fail(self, job: Job, message: str, *, interrupted: bool = False) -> None:
        job.done = True
        job.outcome.error = message
        job.outcome.action, job.outcome.reason = job.plan.action, job.plan.reason
        image = job.outcome.image
        if image is not None and job.is_ours:
            job.outcome.created = [image.image_id, *image.snapshot_ids]
        if self._waiting.rollback and not interrupted and job.is_ours:
            self._roll_back(job)

    def _roll_back(self, job: Job) -> None:
        try:
            gone = remove_image(self._region, job.image_id, job.outcome.created[1:], copy_token=job.token)
        except AwsError as error:
            job.outcome.error = f"{job.outcome.error}. Rolling back failed too: {error}"
            return
        job.outcome.removed += gone
        job.outcome.created = [item for item in job.outcome.created if item not in gone]
        job.outcome.error = f"{job.outcome.error}. Rolled back: {', '.join(gone)} removed"

    def _time_out(self, unfinished: t.Sequence[Job]) -> None:
        seconds = int(self._waiting.timeout)
        for job in unfinished:
            job.done = job.outcome.timed_out = True
            job.outcome.action, job.outcome.reason = job.plan.action, job.plan.reason
            what = (
                f"image {job.image_id} is still pending" if job.image_id else "the copy could not be started for quota"
            )
            job.outcome.error = (
                f"wait_timeout of {seconds} s is over and {what} in {self._region.name}; AWS goes on with "
                "what it started. "
                "Run the task again: it resumes"
            )

    def _rest(self, unfinished: t.Sequence[Job], deadline: float) -> None:
        """Sleep until the next copy is due for a look, or a refused one for a new try."""
        now = self._pace.now()
        due = [job.next_look for job in unfinished if job.image_id]
        queued = [job for job in unfinished if not job.image_id]
        if queued and (not due or self._not_before > now or any(job.refused_since for job in queued)):
            due.append(max(self._not_before, now + 1.0))
        self._pace.sleep(max(0.05, min(*due, deadline) - now))


def _snapshot_ids_of_available(images: t.Mapping[str, Image]) -> list[str]:
    return [
        snapshot_id for image in images.values() if image.state == "available" for snapshot_id in image.snapshot_ids
    ]


def _all_devices_seen(image: Image) -> bool:
    """Tell whether each snapshot's encryption is known; just after completion AWS may not show one yet."""
    devices = image.ebs_devices
    return bool(devices) and all(
        device.encrypted is not None and (device.kms_key_arn is not None or not device.encrypted) for device in devices
    )
