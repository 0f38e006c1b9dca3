# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which tags and permissions may be taken away from an image and its snapshots, and why. No AWS, no Ansible."""

from __future__ import annotations

from ..model import Image
from .kinds import MayDeregister, MayPurgeTags, MayTakePermissions


def may_purge(ours: MayDeregister, image: Image, resource_id: str) -> MayPurgeTags:
    """Return the proof that tags of our image, or of a snapshot in its mapping, may be taken away."""
    _require_part(ours, image, resource_id)
    return MayPurgeTags(resource_id, ours.reason)


def may_purge_record(image: Image, resource_id: str) -> MayPurgeTags:
    """Return the proof that the notes of retiring may go from an image of this account that the task names.

    They are tags of this collection's own, and what they say is done by then. ``resource_id`` is the image or a
    snapshot in its mapping.
    """
    _require_part_of(image, resource_id)
    return MayPurgeTags(resource_id, "it is restored, so that the notes for it have served")


def may_purge_given(image: Image, resource_id: str) -> MayPurgeTags:
    """Return the proof for the tags that record what was given on an image of the caller's own, or on its snapshot."""
    _require_part_of(image, resource_id)
    return MayPurgeTags(resource_id, "the record names it, and what it records is taken back")


def may_take_permissions(ours: MayDeregister, image: Image, resource_id: str) -> MayTakePermissions:
    """Return the proof that permissions on our image, or on a snapshot in its mapping, may be taken back."""
    _require_part(ours, image, resource_id)
    return MayTakePermissions(resource_id, ours.reason)


def may_take_named(image: Image, resource_id: str) -> MayTakePermissions:
    """Return the proof that the task itself names whose permission goes, on an image of the caller's own.

    ``resource_id`` is the image or a snapshot in its mapping.
    """
    _require_part_of(image, resource_id)
    return MayTakePermissions(resource_id, f"the task names who loses it, on {image.image_id} of this account")


def require_same(ours: MayDeregister, image: Image) -> None:
    """Refuse to use the proof of one image for another."""
    if ours.resource_id != image.image_id:
        raise ValueError(f"the proof is for {ours.resource_id}, not for {image.image_id}")


def _require_part(ours: MayDeregister, image: Image, resource_id: str) -> None:
    require_same(ours, image)
    _require_part_of(image, resource_id)


def _require_part_of(image: Image, resource_id: str) -> None:
    if resource_id not in (image.image_id, *image.snapshot_ids):
        raise ValueError(f"{resource_id} is no part of {image.image_id}")
