# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Bring a job to its end: apply the remaining steps, or say what failed and undo it if asked."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.snapshots import find_snapshots_made_for
from ..._image.aws_facts import WHOLE_STATES
from ..._image.copy.cleanup import deregistration
from ..._image.descriptions import is_later_twin
from ..._image.model import Image
from ..._image.outcome import removed_by
from ..._image.proofs import MayDeleteSnapshot, MayDeregister, snapshot_of_copy
from ..._image.steps import AttributeStep, DeleteSnapshot, DeregisterImage, DisableImage, Step
from ..attributes import apply_attribute
from ..removal import delete_unused, remove_image
from .job import Job, Waiting
from .superseding import HANDLERS


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
            job.committed = job.committed or isinstance(step, (DeregisterImage, DisableImage))
            self._apply(job, step)
        if job.overtaken and not job.outcome.changed:
            job.outcome.action = "unchanged"
            job.outcome.reason = "the copy exists; somebody else has retired what it supersedes in the meantime"
        job.done = True

    def note_created(self, job: Job, image: Image) -> None:
        """Write down what this run is known to have made."""
        if job.made is not None:
            job.outcome.created = [image.image_id, *image.snapshot_ids]

    def fail(self, job: Job, message: str, *, keep: bool = False) -> None:
        """End the job with an error that names all that it made; roll it back if asked, unless it is to be kept."""
        if not job.adopted:
            job.explain()
        job.done = True
        job.outcome.error = message
        removals = [one for one in removed_by(job.plan) if one not in job.outcome.removed]
        job.outcome.left += [one for one in removals if one not in job.outcome.left and job.removing]
        image = job.outcome.image
        if image is not None:
            self.note_created(job, image)
        if self._waiting.rollback and job.made is not None and not job.committed and not keep:
            self._roll_back(job, job.made)
        self._name_abandoned(job)

    def time_out(self, job: Job) -> None:
        """End the job's waiting; the copy itself goes on in AWS."""
        if not job.adopted:
            job.explain()
        job.done = job.outcome.timed_out = True
        what = f"image {job.image_id} is still pending" if job.image_id else "the copy could not be started for quota"
        job.outcome.error = (
            f"wait_timeout of {int(self._waiting.timeout)} s is over and {what} in {self._region.name}; AWS goes on "
            "with what it started. Run the task again: it resumes"
        )

    def _apply(self, job: Job, step: Step) -> None:
        handlers: dict[type, t.Callable[[Job, t.Any], None]] = {
            DeregisterImage: self._deregister,
            DeleteSnapshot: self._delete,
            **{kind: functools.partial(handle, self._region) for kind, handle in HANDLERS.items()},
        }
        try:
            handlers.get(type(step), self._set_attribute)(job, step)
        except AwsError as error:
            # AWS may have acted on a call whose answer was lost.
            job.outcome.changed = job.outcome.changed or (error.is_outage and not error.is_throttled)
            raise

    def _deregister(self, job: Job, step: DeregisterImage) -> None:
        job.removing = True
        gone = functools.partial(_gone, job)
        job.outcome.left += remove_image(self._region, step, find_more=self._more_of(job, step), gone=gone)

    def _delete(self, job: Job, step: DeleteSnapshot) -> None:
        job.removing = True
        job.outcome.left += delete_unused(self._region, [step.snapshot], gone=functools.partial(_gone, job))

    def _set_attribute(self, job: Job, step: AttributeStep) -> None:
        apply_attribute(self._region, job.outcome.known_image, step, done=functools.partial(_changed, job))

    def _more_of(self, job: Job, step: DeregisterImage) -> t.Callable[[], t.Iterable[MayDeleteSnapshot]]:
        """Return what finds the snapshots of an image that shows none; what beside them looks alike is a copy of them.

        Scripts copy snapshots with tags and description.
        """
        return tuple if step.snapshots else functools.partial(self._hidden_snapshots, job, step.image_id)

    def _hidden_snapshots(self, job: Job, image_id: str) -> list[MayDeleteSnapshot]:
        """Return the snapshots of an image that does not show them: AWS's description of each names the image.

        A filter by tag may miss them for a minute.
        """
        lineage, found = job.lineage, find_snapshots_made_for(self._region, image_id)
        proofs = [
            snapshot_of_copy(one, source_image_id=lineage.source_image_id, source_region=lineage.source_region)
            for one in found
            if not is_later_twin(one, found)
        ]
        return [proof for proof in proofs if proof]

    def _name_abandoned(self, job: Job) -> None:
        """Name the snapshots of copies that AWS has never shown, or that never showed their snapshots."""
        image = job.outcome.image
        silent = bool(job.image_id) and not job.adopted and not (image and image.snapshot_ids)
        # The task has failed already; that this look fails too would only hide why.
        with contextlib.suppress(AwsError):
            for image_id in [*job.dead_ids, *([job.image_id] if silent else [])]:
                ids = [proof.resource_id for proof in self._hidden_snapshots(job, image_id)]
                job.outcome.left += [one for one in ids if one not in job.outcome.left]

    def _roll_back(self, job: Job, made: MayDeregister) -> None:
        """Remove the image that this run has made, with its snapshots; trouble with that must not hide the failure."""
        image = dataclasses.replace(job.outcome.known_image, image_id=job.image_id)
        step = deregistration(made, image, "the task failed and on_failure is rollback")
        before, trouble = len(job.outcome.removed), ""
        try:
            # A whole image names all that CopyImage made for it; one that is pending or failed may hide some.
            is_shown = image.state in WHOLE_STATES and bool(step.snapshots)
            hidden = functools.partial(self._hidden_snapshots, job, job.image_id)
            find_more: t.Callable[[], t.Iterable[MayDeleteSnapshot]] = tuple if is_shown else hidden
            remove_image(self._region, step, find_more=find_more, gone=functools.partial(_gone, job))
        except AwsError as error:
            trouble = f". Rolling back failed too: {error}"
        gone = job.outcome.removed[before:]
        if job.image_id in gone:
            job.outcome.image = None
        did = f". Rolled back: {', '.join(gone)} removed" if gone else ""
        job.outcome.error = f"{job.outcome.error}{did}{trouble}"


def _gone(job: Job, resource_id: str) -> None:
    job.outcome.removed.append(resource_id)
    job.outcome.created = [item for item in job.outcome.created if item != resource_id]
    _changed(job)


def _changed(job: Job) -> None:
    job.outcome.changed = True
