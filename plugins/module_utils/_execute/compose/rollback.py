# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove what a failed run has made, and nothing that it met: the image first, since it holds the snapshots."""

from __future__ import annotations

import functools
import typing as t

from ..._aws.errors import AwsError
from ..._aws.images import deregister_image, find_images
from ..._aws.snapshots import IN_USE_CODE, delete_snapshot, find_snapshots_made_for
from ..._aws.volumes import delete_volume
from ..._image.aws_facts import VISIBILITY_SECONDS
from ..._image.compose.method import INSTANCE
from ..._image.model import Image
from ..._image.proofs import MayDeleteSnapshot, MayDeleteVolume, MayDeregister
from .images import note_created_snapshots, own_mapped_snapshots
from .work import Work

# A volume that is still being created, or detached, cannot be deleted yet.
_NOT_YET_CODES: t.Final = ("IncorrectState", "VolumeInUse")
_PATIENCE: t.Final = 300.0


class Rollback:
    """Remove everything that a run has proven to have made; trouble with one does not keep the others."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._troubles: list[str] = []

    def run(self) -> None:
        """Say in the outcome what went and what did not."""
        outcome = self._work.outcome
        before = list(outcome.removed)
        for image in self._work.proofs(MayDeregister):
            self._attempt(functools.partial(self._remove_image, image))
        for volume in self._work.proofs(MayDeleteVolume):
            self._attempt(functools.partial(self._remove_volume, volume))
        for snapshot in self._work.proofs(MayDeleteSnapshot):
            self._attempt(functools.partial(self._remove_snapshot, snapshot))
        gone = [one for one in outcome.removed if one not in before]
        trouble = f". Rolling back failed too: {self._troubles[0]}" if self._troubles else ""
        outcome.error = f"{outcome.error}. Rolled back: {', '.join(gone) or 'nothing'} removed{trouble}"

    def _attempt(self, remove: t.Callable[[], None]) -> None:
        try:
            remove()
        except AwsError as error:
            self._troubles.append(str(error))

    def _remove_image(self, proof: MayDeregister) -> None:
        # An image that failed, or is pending, does not show its snapshots.
        self._attempt(functools.partial(_note_hidden_snapshots, self._work, proof.resource_id))
        self._work.remove(proof.resource_id, lambda: _deregister(self._work, proof))
        self._work.removed(proof.resource_id)

    def _remove_volume(self, proof: MayDeleteVolume) -> None:
        ends = self._work.pace.now() + _PATIENCE
        while True:
            try:
                self._work.remove(proof.resource_id, lambda: delete_volume(self._work.region, proof))
                break
            except AwsError as error:
                if error.code not in _NOT_YET_CODES or self._work.pace.now() >= ends:
                    raise
            self._work.pace.sleep(5.0)
        self._work.removed(proof.resource_id)

    def _remove_snapshot(self, proof: MayDeleteSnapshot) -> None:
        _delete_snapshot(self._work, proof)


def remove_made_image(work: Work, image_id: str) -> None:
    """Remove an image of an instance that has ended, with its snapshots; one that this run has only met stays."""
    proof = next((one for one in work.proofs(MayDeregister) if one.resource_id == image_id), None)
    if proof is None:
        return
    _note_hidden_snapshots(work, image_id)
    work.remove(image_id, lambda: _deregister(work, proof))
    work.removed(image_id)
    for snapshot in work.proofs(MayDeleteSnapshot):
        _delete_snapshot(work, snapshot)


def _deregister(work: Work, proof: MayDeregister) -> bool:
    return deregister_image(work.region, proof, snapshots=None) is not None


def _delete_snapshot(work: Work, proof: MayDeleteSnapshot) -> None:
    """Delete a snapshot; AWS may count it as used by its image for as long as it still shows that one."""
    ends = work.pace.now() + VISIBILITY_SECONDS
    while True:
        try:
            work.remove(proof.resource_id, lambda: delete_snapshot(work.region, proof))
            break
        except AwsError as error:
            if error.code != IN_USE_CODE or work.pace.now() >= ends:
                raise
        work.pace.sleep(5.0)
    work.removed(proof.resource_id)


def _note_hidden_snapshots(work: Work, image_id: str) -> None:
    """Write down the snapshots of an image that may not show them itself; AWS's descriptions say whose they are.

    AWS may not show the image itself yet, and a filter by tag may miss its snapshots for a minute.
    """
    if work.plan.method != INSTANCE:
        return
    image = find_images(work.region, [image_id], owners=("self",)).get(image_id)
    if image is not None:
        own_mapped_snapshots(work, image)
    if image is None or not image.snapshot_ids:
        hidden = image or Image(image_id, work.region.name)
        note_created_snapshots(work, hidden, find_snapshots_made_for(work.region, image_id))
