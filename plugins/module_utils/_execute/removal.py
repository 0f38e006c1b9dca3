# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove images and snapshots; what is gone AWS itself says, for an answer without a snapshot says nothing."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.images import deregister_image, images_using
from .._aws.snapshots import IN_USE_CODE, delete_snapshot
from .._image.proofs import MayDeleteSnapshot
from .._image.steps import DeregisterImage


def remove_image(
    region: Region,
    step: DeregisterImage,
    *,
    find_more: t.Callable[[], t.Iterable[MayDeleteSnapshot]] = tuple,
    gone: t.Callable[[str], None],
) -> list[str]:
    """Deregister an image, delete the snapshots it leaves behind, and return the ids of snapshots that stay.

    ``gone`` is told each id as soon as it is gone. ``find_more`` finds the snapshots of an image that does not show
    them. One that another image uses stays; trouble with one does not keep the others, and is raised in the end.
    """
    proofs = {proof.resource_id: proof for proof in (*step.snapshots, *find_more())}
    deleted = deregister_image(region, step.image, snapshots=step.all_snapshots) or frozenset()
    gone(step.image_id)
    for snapshot_id in sorted(deleted):
        gone(snapshot_id)
    return delete_unused(region, [proofs[one] for one in sorted(set(proofs) - deleted)], gone=gone)


def delete_unused(region: Region, proofs: t.Sequence[MayDeleteSnapshot], *, gone: t.Callable[[str], None]) -> list[str]:
    """Delete the snapshots that no image uses, disabled images included, and return the ids of those that stay.

    AWS may hide an image that is new: it refuses to delete what one uses, and that answer counts too.
    """
    used = images_using(region, [proof.resource_id for proof in proofs]) if proofs else set()
    stay, trouble = [], None
    for proof in proofs:
        if proof.resource_id in used:
            stay.append(proof.resource_id)
            continue
        try:
            delete_snapshot(region, proof)
        except AwsError as error:
            if error.code == IN_USE_CODE:
                stay.append(proof.resource_id)
            else:
                trouble = trouble or error
        else:
            gone(proof.resource_id)
    if trouble:
        raise trouble
    return stay
