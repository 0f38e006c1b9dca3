# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Follow running copies by their snapshots: one call tells how far all of them are, and which images to look at."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.snapshots import find_snapshots_by_tag
from ..._image.aws_facts import GONE_SECONDS
from ..._image.model import COPY_TAG, Snapshot
from ..._image.progress import least_percent
from ..pace import Pace
from .job import Job, Waiting


class SnapshotWatch:
    """The snapshots of the running copies of one region, found by the token that they carry from birth.

    A pending image does not show its snapshots, and they alone show progress.
    """

    def __init__(self, region: Region, waiting: Waiting, pace: Pace) -> None:
        self._region = region
        self._waiting = waiting
        self._pace = pace

    def look(self, running: t.Sequence[Job]) -> tuple[list[Job], dict[str, Snapshot]]:
        """Return the jobs whose image is worth a look now, and all snapshots seen, by id.

        A copy with a snapshot under way is not done; it is looked at again when its snapshots should be complete. Its
        image is worth a look only now and then, in case somebody deregistered it. Where nobody waits, all
        images are.
        """
        longest = self._waiting.longest_delay
        tokens = sorted({job.token for job in running if job.token and self._waiting.wait})
        snapshots = self._find(running, tokens) if tokens else []
        now = self._pace.now()  # The progress is as of the answer, not as of the question.
        due = []
        for job in running:
            percent = least_percent([snapshot for snapshot in snapshots if snapshot.tags.get(COPY_TAG) == job.token])
            if percent is None:
                job.next_look = now + self._pace.next_delay(now - job.started, longest=longest)
            else:
                job.next_look = now + self._pace.delay_by_progress(now - job.started, percent, longest=longest)
            if percent is None or now - (job.last_seen or job.started) >= GONE_SECONDS:
                due.append(job)
        return due, {snapshot.snapshot_id: snapshot for snapshot in snapshots}

    def _find(self, running: t.Sequence[Job], tokens: t.Sequence[str]) -> list[Snapshot]:
        ids = {job.image_id for job in running}
        return find_snapshots_by_tag(self._region, COPY_TAG, tokens, made_for=ids)
