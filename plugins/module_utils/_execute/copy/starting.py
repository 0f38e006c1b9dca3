# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Start copies within the region's quota, each at most once."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import copy_image, describe_images
from ..._aws.snapshots import any_pending, find_snapshots
from ..._image.aws_facts import CONCURRENT_SNAPSHOT_COPIES, QUOTA_CODES, VISIBILITY_SECONDS
from ..._image.copy.identity import classify
from ..._image.copy.planner import UNVERIFIED, client_token
from ..._image.errors import SealedError
from ..._image.model import COPY_TAG, RUN_TAG
from ..._image.steps import CopyImage
from ..diagnosis import explain_no_show
from ..pace import Pace
from .job import Job, Waiting
from .places import with_places

# "Concurrent snapshot copies per destination Region", not adjustable (EBS guide, "Copy an Amazon EBS snapshot").
_QUOTA_DELAY: t.Final = 30.0
_RESTARTS: t.Final = 3


class CopyStarter:
    """Start the queued copies of one region."""

    def __init__(self, region: Region, waiting: Waiting, pace: Pace) -> None:
        self._region = region
        self._waiting = waiting
        self._pace = pace
        self.not_before = 0.0

    def next_start(self, queue: t.Sequence[Job]) -> Job | None:
        """Return the job to start next; None while the region's slots are taken or AWS has refused for quota."""
        in_flight = sum(job.snapshot_count for job in queue if job.is_running)
        now = self._pace.now()
        for job in queue:
            if not job.is_queued or job.next_look > now:
                continue
            fits = in_flight + job.snapshot_count <= CONCURRENT_SNAPSHOT_COPIES or not in_flight
            return job if fits and now >= self.not_before else None
        return None

    def slot_freed(self) -> None:
        """Forget a refusal: one of our copies has ended, so the region has room again."""
        self.not_before = 0.0

    def start(self, job: Job) -> None:
        """Start a copy, or note why not yet: other copies fill the quota, or another task's has the same token."""
        step, _planned = job.plan.copying
        own = {COPY_TAG: job.token}
        step = dataclasses.replace(
            step,
            client_token=job.token,
            tags={**step.tags, **own, RUN_TAG: self._waiting.mark},
            snapshot_tags={**step.snapshot_tags, **own},
        )
        try:
            image_id = copy_image(self._region, step)
        except AwsError as error:
            if error.code in QUOTA_CODES:
                self._require_slots(job, error)
                self.not_before = self._pace.now() + _QUOTA_DELAY
            elif error.code == "IdempotentParameterMismatch":
                self._adopt(job)
            elif error.code == "InvalidAMIName.Duplicate" and job.plan.before and self._is_patient(job):
                # The failed copy that this run has removed held the name; AWS may take a while to give it free.
                job.next_look = self._next_try(job)
            else:
                raise
            return
        if image_id in job.plan.seen:
            # AWS answers a used token with the image that it made then, which is not what is wanted now.
            self._renew_token(job, image_id)
            return
        self._note_started(job, image_id, step)

    def _require_slots(self, job: Job, refusal: AwsError) -> None:
        """Refuse to wait for slots that no other copy takes: the image alone has more snapshots than the quota."""
        if job.snapshot_count > CONCURRENT_SNAPSHOT_COPIES and not any_pending(self._region):
            raise SealedError(
                f"{refusal}. The image has {job.snapshot_count} snapshots, and nothing else is being copied to "
                f"{self._region.name}; ask for a higher quota of concurrent snapshot copies for each destination "
                "region (Service Quotas, Amazon EBS)"
            )

    def restart(self, job: Job) -> None:
        """Queue a copy again under another token: AWS answered the last one with an image that does not exist."""
        job.dead_ids.append(job.image_id)
        if job.plan.create is None or len(job.dead_ids) > _RESTARTS:
            lost = dataclasses.replace(job.plan.image or job.outcome.known_image, image_id=job.image_id)
            raise SealedError(explain_no_show(self._region, lost, job.requirement.key))
        job.image_id, job.last_seen, job.made, job.outcome.created = "", None, None, []
        self._renew_token(job, job.dead_ids[-1])

    def _note_started(self, job: Job, image_id: str, step: CopyImage) -> None:
        now = self._pace.now()
        job.image_id, job.started, job.last_seen = image_id, now, None
        longest = self._waiting.longest_delay
        job.next_look = now + (self._pace.first_delay(step.size_gib, longest=longest) if self._waiting.wait else 0.0)
        job.explain()
        job.outcome.changed = True
        job.outcome.created = [image_id]
        _step, planned = job.plan.copying
        job.outcome.image = dataclasses.replace(planned, image_id=image_id, state="pending", devices=())

    def _adopt(self, job: Job) -> None:
        """Take over the copy that another run started under the same token.

        The token's tag travels, so what carries it has to come from the source and to be, or become, what is asked for.
        AWS may hide it for a while; if it never shows, or is of no use, the copy needs another token.
        """
        now = self._pace.now()
        patient = self._is_patient(job)
        job.next_look = self._next_try(job)
        tagged = describe_images(self._region, [{"Name": f"tag:{COPY_TAG}", "Values": [job.token]}], hidden=True)
        found_snapshots = find_snapshots(self._region, [one for image in tagged for one in image.snapshot_ids])
        snapshots = with_places(self._region, found_snapshots)
        found = classify([one.with_snapshots(snapshots) for one in tagged], job.lineage, job.requirement)
        fitting = (*found.met, *found.pending)
        if fitting:
            job.image_id, job.adopted = fitting[0].image_id, True
            job.started = job.last_seen = now
            job.outcome.image = fitting[0]
            verified = "" if found.met or self._waiting.wait else UNVERIFIED
            job.outcome.action, job.outcome.reason = "adopted", f"another task started the same copy{verified}"
            job.done = not self._waiting.wait
        elif not patient or found.failed:
            job.refused_since = None
            self._renew_token(job, "refused")

    def _is_patient(self, job: Job) -> bool:
        """Tell whether AWS may still need time to show or forget an image."""
        now = self._pace.now()
        job.refused_since = now if job.refused_since is None else job.refused_since
        return now - job.refused_since < VISIBILITY_SECONDS

    def _next_try(self, job: Job) -> float:
        now = self._pace.now()
        elapsed = now - (job.refused_since if job.refused_since is not None else now)
        return now + self._pace.next_delay(elapsed, longest=self._waiting.longest_delay)

    def _renew_token(self, job: Job, cause: str) -> None:
        attempt = [job.token, cause]
        job.token = client_token(job.lineage, job.requirement, region=self._region.name, attempt=attempt)
