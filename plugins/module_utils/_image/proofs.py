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

from .aws_facts import WHOLE_STATES
from .descriptions import COPIED_FOR, COPIED_VOLUME, CREATED_FOR, is_made_otherwise
from .keys import key_arn_in
from .machines import Instance, Volume
from .model import COPY_TAG, DEVICE_TAG, KEY_TAG, SOURCE_TAG, Image, Snapshot, source_tag_value


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


def doubt_of_copy(image: Image, *, source_image_id: str, source_region: str) -> str | None:
    """Say why the image is not proven to be this collection's copy of the source; None where it is.

    AWS writes the lineage of CopyImage and CreateImage alike; only images of instances have an instance. Other tools
    copy the same source, so our tags have to agree, and what they say of the key has to be true: a copy of the tags is
    seldom under the same key, and keys that an available or disabled image does not show prove nothing. ``aws:`` tags
    cannot be set by a caller, so an AWS service made the image.
    """
    if image.source_instance_id:
        return f"AWS says that it is an image of instance {image.source_instance_id}"
    if image.source_image_id is None:
        return "AWS shows no lineage of it"
    if (image.source_image_id, image.source_region or source_region) != (source_image_id, source_region):
        return f"AWS says that it comes from {image.source_image_id} in {image.source_region}"
    if is_made_otherwise(image):
        return "AWS says of its snapshots that they were not copied for it"
    service = [key for key in image.tags if key.startswith("aws:")]
    if service:
        return f"an AWS service made it (tag {service[0]})"
    expected = source_tag_value(source_region=source_region, source_image_id=source_image_id)
    if image.tags.get(SOURCE_TAG) != expected or not {COPY_TAG, KEY_TAG} <= image.tags.keys():
        return "it does not carry this collection's tags, so another tool or person made it"
    whole = image.state in WHOLE_STATES
    if whole and not image.shows_keys:
        return "AWS does not show the keys of all its snapshots, so what its tags say of the key is not proven"
    named = key_arn_in(image.tags.get(KEY_TAG, ""))
    plain = whole and any(one.encrypted is False for one in image.snapshot_devices)
    if named is not None and (plain or image.kms_key_arns - {named}):
        return f"its tags name the key {named}, but its snapshots are not under it"
    return None


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


def doubt_of_composed(image: Image, *, work: str) -> str | None:
    """Say why the image is not proven to be composed under its name; None where it is.

    ``work`` is what our tags have to say for this very name. AWS's lineage must not contradict what they say of the
    source: an image that took the tags along was copied, or made of an instance, which AWS says.
    """
    if image.tags.get(COPY_TAG) != work:
        return "it does not carry this collection's recipe tags for its name"
    service = [key for key in image.tags if key.startswith("aws:")]
    if service:
        return f"an AWS service made it (tag {service[0]})"
    source = image.tags.get(SOURCE_TAG, "").rpartition(":")[2]
    if image.source_instance_id is None:
        return f"AWS says that it was copied from {image.source_image_id}" if image.source_image_id else None
    made_of = image.source_instance_id if source.startswith("i-") else image.source_image_id
    if made_of not in (None, source):
        return f"AWS says that it is an image of instance {image.source_instance_id}, and {made_of} is not {source}"
    return None


def composed_is_ours(image: Image, *, work: str) -> MayDeregister | None:
    """Return the proof that the image is composed under its name."""
    if doubt_of_composed(image, work=work) is not None:
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
    created = CREATED_FOR.match(snapshot.description)
    if created is None or created[2] != image.image_id or image.source_instance_id not in (None, created[1]):
        return None
    return MayDeleteSnapshot(snapshot.snapshot_id, f"AWS says that CreateImage made it for {image.image_id}")


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

    A size of 0 is not known.
    """

    device_name: str
    origin: str
    size: int

    def is_met_by(self, volume: Volume, *, work: str) -> bool:
        """Tell whether the volume is such a one.

        One that somebody restored has another snapshot as its origin, and one that scripts tagged after its instance
        has no tag of a device.
        """
        is_made = volume.snapshot_id == self.origin and self.size in (0, volume.volume_size) and volume.encrypted
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


def unused_volume(volume: Volume, made_for: MadeFor, *, work: str) -> MayDeleteVolume | None:
    """Return the proof that a volume was made for a device and never used: it is attached to nothing."""
    is_used = bool(volume.attached_to) or volume.state in ("in-use", "deleting", "deleted")
    if is_used or not made_for.is_met_by(volume, work=work):
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
    if resource_id not in (image.image_id, *image.snapshot_ids):
        raise ValueError(f"{resource_id} is no part of {image.image_id}")
