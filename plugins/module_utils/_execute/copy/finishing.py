# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Bring a job to its end: apply the remaining steps, or say what failed and undo it if asked."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import find_images
from ..._aws.snapshots import delete_snapshot
from ..._image.model import COPY_TAG, Image
from ..._image.steps import CopyImage, DeleteSnapshot, DeregisterImage, Step
from ..attributes import apply_attribute
from ..removal import remove_image
from .job import Job, Waiting


class JobFinisher:
    """End the jobs of one region."""

    def __init__(self, region: Region, waiting: Waiting) -> None:
        self._region = region
        self._waiting = waiting

    def prepare(self, job: Job) -> None:
        """Apply what comes before a copy: failed ones are removed."""
        for step in job.plan.before:
            self._apply(job, step)

    def finish(self, job: Job, image: Image | None) -> None:
        """Apply what comes after: attributes, then the removal of what the image replaces."""
        job.explain()
        job.outcome.image = image
        for step in job.plan.after:
            job.committed = job.committed or isinstance(step, DeregisterImage)
            self._apply(job, step)
        job.done = True

    def fail(self, job: Job, message: str, *, keep: bool = False) -> None:
        """End the job with an error that names all that it made; roll it back if asked, unless it is to be kept."""
        job.explain()
        job.done = True
        job.outcome.error = message
        image = job.outcome.image
        if image is not None and job.is_ours:
            job.outcome.created = [image.image_id, *image.snapshot_ids]
        if self._waiting.rollback and job.is_ours and not job.committed and not keep:
            self._roll_back(job)

    def time_out(self, job: Job) -> None:
        """End the job's waiting; the copy itself goes on in AWS."""
        job.explain()
        job.done = job.outcome.timed_out = True
        what = f"image {job.image_id} is still pending" if job.image_id else "the copy could not be started for quota"
        job.outcome.error = (
            f"wait_timeout of {int(self._waiting.timeout)} s is over and {what} in {self._region.name}; AWS goes on "
            "with what it started. Run the task again: it resumes"
        )

    def _apply(self, job: Job, step: Step) -> None:
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

    def _roll_back(self, job: Job) -> None:
        try:
            gone = remove_image(self._region, job.image_id, job.outcome.created[1:], copy_token=job.token)
        except AwsError as error:
            job.outcome.error = f"{job.outcome.error}. Rolling back failed too: {error}"
            return
        job.outcome.removed += gone
        job.outcome.created = [item for item in job.outcome.created if item not in gone]
        job.outcome.error = f"{job.outcome.error}. Rolled back: {', '.join(gone)} removed"
