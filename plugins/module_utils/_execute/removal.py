# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove images and snapshots, and look afterwards whether they are gone."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.images import deregister_image, images_using
from .._aws.snapshots import delete_snapshot, find_snapshots, find_snapshots_by_tag
from .._image.model import COPY_TAG
from .._image.proofs import tags_are_true


def remove_image(
    region: Region,
    image_id: str,
    snapshot_ids: t.Iterable[str],
    *,
    copy_token: str | None = None,
    keeps_others: bool = False,
) -> list[str]:
    """Deregister an image, delete the snapshots it leaves behind, and return the ids of what is gone.

    A copy that fails may not show its snapshots; they are found by ``copy_token``, the tag they carry from birth.
    Snapshots that another image uses stay, and with ``keeps_others`` all that are not named.
    """
    deregister_image(region, image_id, with_snapshots=not keeps_others)
    expected = set(snapshot_ids)
    if copy_token:
        tagged = find_snapshots_by_tag(region, COPY_TAG, [copy_token])
        expected.update(snapshot.snapshot_id for snapshot in tagged if tags_are_true(snapshot))
    gone = [image_id]
    left = set(find_snapshots(region, expected)) if expected else set()
    gone += sorted(expected - left)
    used = images_using(region, sorted(left)) if left else set()
    gone += [snapshot_id for snapshot_id in sorted(left - used) if delete_snapshot(region, snapshot_id)]
    return gone
