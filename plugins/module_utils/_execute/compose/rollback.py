# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove what a failed run has made: the image first, since it holds the snapshots."""

from __future__ import annotations

import functools
import typing as t

from ..._aws.errors import AwsError
from ..._aws.images import deregister_image
from ..._aws.snapshots import delete_snapshot, find_snapshots_by_tag
from ..._aws.volumes import delete_volume
from ..._image.compose.method import INSTANCE
from ..._image.model import COPY_TAG
from ..._image.proofs import MayDeleteSnapshot, MayDeleteSnapshotsOf, MayDeleteVolume, MayDeregister, by_our_tags
from .work import Work

# A volume that is still being created, or detached, cannot be deleted yet.
_NOT_YET_CODES: t.Final = ("IncorrectState", "VolumeInUse")
_PATIENCE: t.Final = 300.0


class Rollback:
    """Remove every id that a run has noted; trouble with one does not keep the others."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._troubles: list[str] = []

    def run(self) -> None:
        """Say in the outcome what went and what did not."""
        outcome = self._work.outcome
        before = list(outcome.created)
        for image_id in self._noted("ami-"):
            self._attempt(functools.partial(self._remove_image, image_id))
        for volume_id in self._noted("vol-"):
            self._attempt(functools.partial(self._remove_volume, volume_id))
        for snapshot_id in self._noted("snap-"):
            self._attempt(functools.partial(self._remove_snapshot, snapshot_id))
        gone = [one for one in before if one not in outcome.created]
        outcome.removed += gone
        trouble = f". Rolling back failed too: {self._troubles[0]}" if self._troubles else ""
        outcome.error = f"{outcome.error}. Rolled back: {', '.join(gone) or 'nothing'} removed{trouble}"

    def _noted(self, prefix: str) -> list[str]:
        return [one for one in self._work.outcome.created if one.startswith(prefix)]

    def _attempt(self, remove: t.Callable[[], None]) -> None:
        try:
            remove()
        except AwsError as error:
            self._troubles.append(str(error))

    def _remove_image(self, image_id: str) -> None:
        region, is_all_ours = self._work.region, self._work.plan.method == INSTANCE
        all_ours = by_our_tags(MayDeleteSnapshotsOf, image_id) if is_all_ours else None
        if is_all_ours:
            # An image that failed, or is pending, does not show its snapshots.
            self._attempt(self._note_tagged)
        self._work.remove(
            image_id, lambda one: deregister_image(region, by_our_tags(MayDeregister, one), snapshots=all_ours)
        )
        self._work.forget(image_id)
        self._work.outcome.image = None

    def _note_tagged(self) -> None:
        tagged = find_snapshots_by_tag(self._work.region, COPY_TAG, [self._work.recipe.work])
        self._work.note(*(snapshot.snapshot_id for snapshot in tagged))

    def _remove_volume(self, volume_id: str) -> None:
        ends = self._work.pace.now() + _PATIENCE
        while True:
            try:
                self._work.remove(
                    volume_id, lambda one: delete_volume(self._work.region, by_our_tags(MayDeleteVolume, one))
                )
                break
            except AwsError as error:
                if error.code not in _NOT_YET_CODES or self._work.pace.now() >= ends:
                    raise
            self._work.pace.sleep(5.0)
        self._work.forget(volume_id)

    def _remove_snapshot(self, snapshot_id: str) -> None:
        region = self._work.region
        self._work.remove(
            snapshot_id, lambda one: delete_snapshot(region, by_our_tags(MayDeleteSnapshot, one), may_be_in_use=False)
        )
        self._work.forget(snapshot_id)
