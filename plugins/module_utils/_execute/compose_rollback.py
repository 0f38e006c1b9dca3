# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove what a failed run has made: the image first, since it holds the snapshots."""

from __future__ import annotations

import typing as t

from .._aws.errors import AwsError
from .._aws.images import deregister_image
from .._aws.snapshots import delete_snapshot, find_snapshots, find_snapshots_by_tag
from .._aws.volumes import delete_volume
from .._image.model import COPY_TAG
from .compose_work import Work


def roll_back(work: Work) -> None:
    """Remove every id that this run has noted, and say in the outcome what went and what did not."""
    outcome = work.outcome
    before = list(outcome.created)
    trouble = ""
    try:
        _remove_all(work)
    except AwsError as error:
        trouble = f". Rolling back failed too: {error}"
    gone = [one for one in before if one not in outcome.created]
    outcome.removed += gone
    outcome.error = f"{outcome.error}. Rolled back: {', '.join(gone) or 'nothing'} removed{trouble}"


def _remove_all(work: Work) -> None:
    region = work.region
    for image_id in _noted(work, "ami-"):
        # An image that failed may not show its snapshots.
        work.note(*(one.snapshot_id for one in find_snapshots_by_tag(region, COPY_TAG, [work.recipe.work])))
        work.remove(image_id, lambda one: deregister_image(region, one, with_snapshots=False))
        work.forget(image_id)
    for volume_id in _noted(work, "vol-"):
        work.remove(volume_id, lambda one: delete_volume(region, one))
        work.forget(volume_id)
    snapshot_ids = _noted(work, "snap-")
    for snapshot_id in snapshot_ids:
        work.remove(snapshot_id, lambda one: delete_snapshot(region, one))
    left = find_snapshots(region, snapshot_ids, owned=True)
    work.forget(*(one for one in snapshot_ids if one not in left))


def _noted(work: Work, prefix: str) -> t.Sequence[str]:
    return [one for one in work.outcome.created if one.startswith(prefix)]
