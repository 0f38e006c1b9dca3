# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which snapshots may be deleted, and why. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..descriptions import COPIED_FOR, COPIED_VOLUME, birth_description, created_of, destination_of
from ..keys import key_arn_in
from ..machines import Instance
from ..model import BUILDER_TAG, COPY_TAG, KEY_TAG, RECIPE_TAG, SOURCE_TAG, Image, Snapshot, source_tag_value
from .kinds import MayDeleteSnapshot, MayDeleteSnapshotsOf, MayDeregister
from .machines import instance_is_ours
from .parts import require_same


def snapshots_of_copy(ours: MayDeregister, image: Image) -> tuple[MayDeleteSnapshot, ...]:
    """Return the proofs for the snapshots in the mapping of a copy, or of an image that CreateImage made at our call.

    Either makes all of them for this image alone.
    """
    require_same(ours, image)
    reason = f"the mapping of {image.image_id} names it, which is ours"
    return tuple(MayDeleteSnapshot(snapshot_id, reason) for snapshot_id in image.snapshot_ids)


def all_snapshots_of_copy(ours: MayDeregister) -> MayDeleteSnapshotsOf:
    """Return the proof that AWS may delete all snapshots with the copy; those that another image uses it keeps."""
    return MayDeleteSnapshotsOf(ours.resource_id, "CopyImage makes every snapshot of a copy for it alone")


def snapshot_of_copy(snapshot: Snapshot, *, source_image_id: str, source_region: str) -> MayDeleteSnapshot | None:
    """Return the proof that CopyImage made the snapshot for a copy of the source that this collection asked for.

    Backups of volumes carry the volume's id, and our tags once the volume does; AWS's description names source and
    copy. CopyImage takes the tags of a snapshot from its caller, so ours tell our copy from another tool's.
    """
    copied = COPIED_FOR.match(snapshot.description)
    if snapshot.volume_id != COPIED_VOLUME or copied is None or copied[2] != source_image_id:
        return None
    expected = source_tag_value(source_region=source_region, source_image_id=source_image_id)
    has_all = snapshot.tags.get(SOURCE_TAG) == expected and {COPY_TAG, KEY_TAG} <= snapshot.tags.keys()
    if not has_all or not tags_are_true(snapshot):
        return None
    return MayDeleteSnapshot(snapshot.snapshot_id, f"AWS copied it from {source_image_id} for {copied[1]}, by our call")


def snapshot_by_description(snapshot: Snapshot, *, description: str, is_copy: bool) -> MayDeleteSnapshot | None:
    """Return the proof that a creating call of ours made the snapshot.

    A description is given at birth, stays for ever, and does not travel as tags do. AWS shows no volume of copies:
    a backup of a volume that was restored from one has its volume.
    """
    if snapshot.description != description or (is_copy and snapshot.volume_id not in ("", COPIED_VOLUME)):
        return None
    return MayDeleteSnapshot(snapshot.snapshot_id, "it was born with our description")


def snapshot_of_created(snapshot: Snapshot, image: Image) -> MayDeleteSnapshot | None:
    """Return the proof that CreateImage made the snapshot for this image; so AWS describes it."""
    instance, made_for = created_of(snapshot)
    if made_for != image.image_id or image.source_instance_id not in (None, instance):
        return None
    return MayDeleteSnapshot(snapshot.snapshot_id, f"AWS says that CreateImage made it for {image.image_id}")


def snapshot_of_builder(snapshot: Snapshot, builder: Instance | None, *, token: str) -> MayDeleteSnapshot | None:
    """Return the proof that CreateImage made the snapshot of an instance of ours, for an image that is gone.

    AWS names the instance in its description, and the tag that our call gave at birth the same: on any other snapshot
    that the tag is copied to, AWS names another instance or none. ``builder`` is that instance, None where AWS lists
    it no more; else our client token has to have launched it, and it must have ended, for its image may be on its way.
    """
    instance, image_id = created_of(snapshot)
    if not instance or snapshot.tags.get(BUILDER_TAG) != instance:
        return None
    if builder is not None and (builder.instance_id != instance or builder.is_alive):
        return None
    if builder is not None and instance_is_ours(builder, token=token) is None:
        return None
    reason = f"AWS says that CreateImage made it of {instance}, which we launched, for {image_id}, which is gone"
    return MayDeleteSnapshot(snapshot.snapshot_id, reason)


def snapshot_of_retired(snapshot: Snapshot, image: Image) -> MayDeleteSnapshot | None:
    """Return the proof that a snapshot in the mapping of the image was made for this very image.

    AWS describes what CopyImage and CreateImage make, and composing what it makes itself. Whoever registers an image of
    a backup of a volume has it in a mapping too, but not described so.
    """
    if snapshot.snapshot_id not in image.snapshot_ids or snapshot.owner_id != image.owner_id:
        return None
    made_for = destination_of(snapshot) or created_of(snapshot)[1]
    if made_for == image.image_id:
        return MayDeleteSnapshot(snapshot.snapshot_id, f"AWS says that it was made for {image.image_id}")
    digest = image.tags.get(RECIPE_TAG)
    devices = [one.device_name for one in image.snapshot_devices if one.snapshot_id == snapshot.snapshot_id]
    for device in devices if digest else ():
        for is_copy in (True, False):
            born = birth_description(image.name, digest or "", device, is_copy=is_copy)
            proof = snapshot_by_description(snapshot, description=born, is_copy=is_copy)
            if proof is not None:
                return proof
    return None


def all_snapshots_are_ours(image: Image, proofs: t.Iterable[MayDeleteSnapshot]) -> MayDeleteSnapshotsOf | None:
    """Return the proof that AWS may delete all snapshots with the image: each that its mapping names is proven."""
    if not image.snapshot_ids or set(image.snapshot_ids) - {proof.resource_id for proof in proofs}:
        return None
    return MayDeleteSnapshotsOf(image.image_id, "each snapshot in its mapping is ours")


def tags_are_true(snapshot: Snapshot) -> bool:
    """Tell whether the snapshot is under the key that its tags name; tags can be copied to anything, a key cannot.

    One that is not completed may not show its key yet, or ever.
    """
    recorded = snapshot.tags.get(KEY_TAG, "")
    return key_arn_in(recorded) is None or snapshot.state != "completed" or snapshot.kms_key_arn == recorded
