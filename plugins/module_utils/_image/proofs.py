# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What may be removed or taken away: one rule for each kind of thing, with its reason. No AWS, no Ansible.

Launch tags, Data Lifecycle Manager, AWS Backup, CopyImageTags and people's scripts carry an image's tags to instances,
volumes, backups and further images. A tag proves nothing by itself; each rule rests on something that only AWS writes
(aws_rules §25). Whatever destroys takes one of these values, and only this file makes them.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .descriptions import COPIED_FOR, COPIED_VOLUME, created_of
from .doubts import doubt_of_composed, doubt_of_copy
from .keys import RequiredKey, key_arn_in
from .machines import Instance, Volume
from .model import BUILDER_TAG, COPY_TAG, DEVICE_TAG, KEY_TAG, SOURCE_TAG, Image, Snapshot, source_tag_value


@dataclasses.dataclass(frozen=True)
class Proof:
    """The resource that an act may be done to, and why."""

    resource_id: str
    reason: str


class MayDeregister(Proof):
    """An image is ours: it may be deregistered, and what belongs to it may be taken away."""


class MayDeleteSnapshotsOf(Proof):
    """Every snapshot of an image is ours, so that AWS may delete them together with it."""


class MayDeleteSnapshot(Proof):
    """A snapshot is ours."""


class MayTerminate(Proof):
    """An instance was launched by this collection: it may be stopped and terminated."""


class MayDeleteVolume(Proof):
    """A volume was made by this collection: it may be detached and deleted."""


class MayPurgeTags(Proof):
    """The tags of an image or snapshot are ours to take away."""


class MayTakePermissions(Proof):
    """The permissions on an image or snapshot are ours to take back."""


P = t.TypeVar("P", bound=Proof)


def copy_is_ours(image: Image, *, source_image_id: str, source_region: str) -> MayDeregister | None:
    """Return the proof that the image is this collection's copy of the source."""
    if doubt_of_copy(image, source_image_id=source_image_id, source_region=source_region) is not None:
        return None
    return MayDeregister(image.image_id, "AWS's lineage, our tags and the keys of its snapshots agree")


def started_by_this_run(image_id: str, shown: Image | None, *, mark: tuple[str, str]) -> MayDeregister | None:
    """Return the proof that a creating call of this run made the image.

    AWS answers a used client token with the image of an earlier run. ``mark`` is a tag, key and value, that this run
    alone has given at birth; nobody can have copied it to an image that was there before.
    """
    if shown is None or shown.image_id != image_id or shown.tags.get(mark[0]) != mark[1]:
        return None
    return MayDeregister(image_id, "a call of this run made it")


def snapshots_of_copy(ours: MayDeregister, image: Image) -> tuple[MayDeleteSnapshot, ...]:
    """Return the proofs for the snapshots in the mapping of a copy, or of an image that CreateImage made at our call.

    Either makes all of them for this image alone.
    """
    _require_same(ours, image)
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


def composed_is_ours(image: Image, *, work: str, token: str) -> MayDeregister | None:
    """Return the proof that the image is composed under its name."""
    if doubt_of_composed(image, work=work, token=token) is not None:
        return None
    return MayDeregister(image.image_id, "our tags are those of its name, and AWS's lineage agrees with them")


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


def all_snapshots_are_ours(image: Image, proofs: t.Iterable[MayDeleteSnapshot]) -> MayDeleteSnapshotsOf | None:
    """Return the proof that AWS may delete all snapshots with the image: each that its mapping names is proven."""
    if not image.snapshot_ids or set(image.snapshot_ids) - {proof.resource_id for proof in proofs}:
        return None
    return MayDeleteSnapshotsOf(image.image_id, "each snapshot in its mapping is ours")


def returned_by_creating_call(kind: type[P], resource_id: str) -> P:
    """Return the proof for what a creating call has just returned: it is new, or our client token made it before."""
    return kind(resource_id, "a call of this run made it")


def instance_is_ours(instance: Instance, *, token: str) -> MayTerminate | None:
    """Return the proof that this collection launched the instance.

    Only who launches an instance gives it its client token. ``token`` is how ours begins for this work and for the
    image that AWS says the instance was launched from.
    """
    if not token or not instance.image_id or not instance.client_token.startswith(token):
        return None
    return MayTerminate(instance.instance_id, f"it was launched from {instance.image_id} with our client token")


@dataclasses.dataclass(frozen=True)
class MadeFor:
    """What the volume of an added device is made of: device, origin (a snapshot's id, empty for none) and GiB.

    A size of 0, no key and no types are not known.
    """

    device_name: str
    origin: str
    size: int
    key: RequiredKey | None = None
    types: tuple[str, ...] = ()

    def is_met_by(self, volume: Volume, *, work: str) -> bool:
        """Tell whether the volume is such a one.

        One that somebody restored has another snapshot as its origin, and one that scripts tagged after its instance
        has no tag of a device.
        """
        is_made = volume.snapshot_id == self.origin and self.size in (0, volume.volume_size) and volume.encrypted
        is_made = is_made and (self.key is None or self.key.is_on(volume))
        is_made = is_made and (not self.types or volume.volume_type in self.types)
        return is_made and volume.tags.get(COPY_TAG) == work and volume.tags.get(DEVICE_TAG) == self.device_name


def volume_of_instance(
    volume: Volume, instance: MayTerminate, made_for: MadeFor, *, work: str
) -> MayDeleteVolume | None:
    """Return the proof that a volume was made for a device of an instance of ours, and is nowhere else.

    People attach disks of their own to an instance that is held for their tasks, and scripts tag them after it.
    """
    is_in_place = volume.attached_to == (instance.resource_id,) and volume.device_name == made_for.device_name
    if not is_in_place or not made_for.is_met_by(volume, work=work):
        return None
    return MayDeleteVolume(volume.volume_id, f"it is {volume.device_name} of {instance.resource_id}, which is ours")


def unused_volume(
    volume: Volume, made_for: MadeFor, *, work: str, imaged: t.Container[str] = ()
) -> MayDeleteVolume | None:
    """Return the proof that a volume was made for a device and never used: it is attached to nothing.

    AWS says which snapshot a volume was made of. Of an empty one nothing but its tags is special, so that AWS has to
    name it as the volume of a snapshot that is ours (``imaged``).
    """
    is_used = bool(volume.attached_to) or volume.state in ("in-use", "deleting", "deleted")
    if is_used or not made_for.is_met_by(volume, work=work):
        return None
    if not made_for.origin and volume.volume_id not in imaged:
        return None
    return MayDeleteVolume(volume.volume_id, f"it was made for {made_for.device_name}, and nothing uses it")


def may_purge(ours: MayDeregister, image: Image, resource_id: str) -> MayPurgeTags:
    """Return the proof that tags of our image, or of a snapshot in its mapping, may be taken away."""
    _require_part(ours, image, resource_id)
    return MayPurgeTags(resource_id, ours.reason)


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


def tags_are_true(snapshot: Snapshot) -> bool:
    """Tell whether the snapshot is under the key that its tags name; tags can be copied to anything, a key cannot.

    One that is not completed may not show its key yet, or ever.
    """
    recorded = snapshot.tags.get(KEY_TAG, "")
    return key_arn_in(recorded) is None or snapshot.state != "completed" or snapshot.kms_key_arn == recorded


def _require_same(ours: MayDeregister, image: Image) -> None:
    if ours.resource_id != image.image_id:
        raise ValueError(f"the proof is for {ours.resource_id}, not for {image.image_id}")


def _require_part(ours: MayDeregister, image: Image, resource_id: str) -> None:
    _require_same(ours, image)
    _require_part_of(image, resource_id)


def _require_part_of(image: Image, resource_id: str) -> None:
    if resource_id not in (image.image_id, *image.snapshot_ids):
        raise ValueError(f"{resource_id} is no part of {image.image_id}")
