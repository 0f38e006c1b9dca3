# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell which image in the destination is the copy that was asked for. Nothing in this file talks to AWS or to Ansible.

Names and users' tags prove nothing. What counts is where AWS says an image came from, and which key its snapshots
carry.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..aws_facts import FAILED_STATES, WHOLE_STATES
from ..descriptions import is_described_as_copy, is_made_otherwise
from ..doubts import doubt_of_copy
from ..errors import PreflightError
from ..keys import RequiredKey, associated_keys
from ..model import KEY_TAG, PLACE_TAG, RECIPE_TAG, SOURCE_TAG, BlockDevice, Image, Snapshot, source_tag_value
from ..places import REGIONAL, Place
from ..proofs import MayDeleteSnapshot, MayDeregister, copy_is_ours, snapshot_of_copy

PRESERVED: t.Final = "source"


@dataclasses.dataclass(frozen=True)
class Lineage:
    """The image that a copy was made from."""

    source_image_id: str
    source_region: str

    @property
    def tag(self) -> str:
        """Return the value of this collection's source tag."""
        return source_tag_value(source_region=self.source_region, source_image_id=self.source_image_id)

    def is_of(self, image: Image) -> bool:
        """Tell whether the image was copied from this source: by AWS's lineage, else by AWS's words on its snapshots.

        AWS names the source of an image of an instance too: the image that the instance was launched from. Only such
        images have an instance. What was composed of the source carries its tag, and a recipe's; a pending image may
        not show its instance yet.
        """
        if image.source_instance_id is not None or is_made_otherwise(image):
            return False
        if RECIPE_TAG in image.tags and (image.source_image_id is None or image.state == "pending"):
            return False
        if image.source_image_id is not None:
            same_region = image.source_region in (None, self.source_region)
            return image.source_image_id == self.source_image_id and same_region
        if image.tags.get(SOURCE_TAG) != self.tag:
            return False
        # A registered image has no lineage, and carries whatever tags it was given.
        whole = image.state in WHOLE_STATES
        return not whole or is_described_as_copy(image, source_image_id=self.source_image_id)

    def proof(self, image: Image) -> MayDeregister | None:
        """Return the proof that the image is this collection's copy of this source."""
        return copy_is_ours(image, source_image_id=self.source_image_id, source_region=self.source_region)

    def proof_of(self, snapshot: Snapshot) -> MayDeleteSnapshot | None:
        """Return the proof that the snapshot was made for a copy of ours of the source."""
        return snapshot_of_copy(snapshot, source_image_id=self.source_image_id, source_region=self.source_region)

    def doubt(self, image: Image) -> str:
        """Say why the image is not proven to be this collection's copy of this source; empty where it is."""
        return doubt_of_copy(image, source_image_id=self.source_image_id, source_region=self.source_region) or ""


@dataclasses.dataclass(frozen=True)
class Requirement:
    """What the snapshots of the copy must be: all under ``key``, or, without one, encrypted as the source's are.

    ``encryption_by_default`` of the destination turns plain snapshots into encrypted ones whatever was asked. All of
    them lie in ``place``: a copy elsewhere in the region is another copy.
    """

    key: RequiredKey | None
    source_devices: tuple[BlockDevice, ...] | None
    encryption_by_default: bool = False
    place: Place = REGIONAL

    @property
    def key_tag(self) -> str:
        """Return the value of this collection's key tag: the key's ARN, or ``source`` where statuses are preserved."""
        return (self.key.arn or self.key.reference) if self.key else PRESERVED

    def is_met_by(self, image: Image) -> bool:
        """Tell whether AWS shows every volume of the image to be what was asked for."""
        lies_here = image.shows_keys and not self.misplaced(image)
        return lies_here and not self.differing_devices(image) and not self.mismatches(image)

    def misplaced(self, image: Image) -> tuple[BlockDevice, ...]:
        """Return the devices whose snapshots do not lie in the place, or are not known to."""
        return tuple(device for device in image.snapshot_devices if device.place != self.place.name)

    def is_elsewhere(self, image: Image) -> bool:
        """Tell whether the image belongs to another place: AWS shows it, or our tags where it shows no snapshot."""
        shown = [device.place for device in image.snapshot_devices if device.place is not None]
        if shown:
            return any(one != self.place.name for one in shown)
        hidden = image.state not in WHOLE_STATES and KEY_TAG in image.tags
        return hidden and image.tags.get(PLACE_TAG, "") != self.place.name

    def mismatches(self, image: Image) -> tuple[BlockDevice, ...]:
        """Return the devices that are not as asked for, or not known to be."""
        if self.key is None and self.source_devices is None:
            # The source is gone, so its statuses are not known; our tag says that the copy was made to preserve them.
            return () if image.tags.get(KEY_TAG) == PRESERVED else image.snapshot_devices
        if self.key is None:
            return tuple(device for device in image.snapshot_devices if not self._status_is_preserved(device))
        plain = plain_volumes(image)
        return (*(device for device in image.snapshot_devices if not self.key.is_alone_on(device)), *plain)

    def is_opened_by_another_key(self, image: Image) -> bool:
        """Tell whether the image would be the copy, had nobody associated another key with a snapshot of it."""
        if self.key is None or not any(map(associated_keys, image.snapshot_devices)):
            return False
        return all(map(self.key.is_on, image.snapshot_devices)) and not self.differing_devices(image)

    def unsealed(self, image: Image) -> tuple[BlockDevice, ...]:
        """Return the devices of a new copy that are not as asked for.

        Where the key is an alias that may not be described, all that can be seen is that it is one key.
        """
        if self.key is None or self.key.is_told:
            return self.mismatches(image)
        return plain_volumes(image) if self._is_under_one_key(image.snapshot_devices) else image.ebs_devices

    def is_answered_by(self, image: Image) -> bool:
        """Tell whether, as far as can be seen without the source, the image is the copy or on the way to become it."""
        if image.state in WHOLE_STATES:
            return self.is_met_by(image) if self.key else self.is_aim_of(image) and not self.misplaced(image)
        return image.state == "pending" and self.may_be_met_by(image)

    def is_undecided(self, image: Image) -> bool:
        """Tell whether the image may be under the required key, of which only an alias is known."""
        if self.key is None or self.key.is_told or image.state not in WHOLE_STATES or self.is_elsewhere(image):
            return False
        return self._is_under_one_key(image.snapshot_devices)

    def may_turn_out_met(self, image: Image) -> bool:
        """Tell whether AWS hides what would decide about the image, and nothing that it shows speaks against it.

        An answer that lacks a snapshot, or its key, proves neither that the image is the copy nor that it is not.
        """
        if image.state not in WHOLE_STATES or image.shows_keys or self.is_elsewhere(image):
            return False
        seen = tuple(device for device in image.devices if device.is_known)
        if not image.snapshot_devices:
            return True
        if self.key is not None and not self.key.is_told:
            return not seen or self._is_under_one_key(seen)
        return not self.differing_devices(image) and not self.mismatches(dataclasses.replace(image, devices=seen))

    def is_aim_of(self, image: Image) -> bool:
        """Tell whether the image can have been started for this requirement: our key tag says so, or is not there."""
        return image.tags.get(KEY_TAG) in (None, self.key_tag) and not self.is_elsewhere(image)

    def may_be_met_by(self, pending: Image) -> bool:
        """Tell whether a pending image can become the copy: nothing that AWS shows of it so far speaks against it."""
        if not self.is_aim_of(pending):
            return False
        seen = [device for device in pending.ebs_devices if device.kms_key_arn is not None]
        return self.key is None or not self.key.is_told or all(self.key.is_alone_on(device) for device in seen)

    def differing_devices(self, image: Image) -> list[str]:
        """Return the names of devices that only one of source and image has, or that has a snapshot in only one."""
        if self.source_devices is None:
            return []
        wanted = {(device.device_name, bool(device.snapshot_id)) for device in self.source_devices if device.is_ebs}
        found = {(device.device_name, bool(device.snapshot_id)) for device in image.ebs_devices}
        return sorted({name for name, _has_snapshot in wanted ^ found})

    def _status_is_preserved(self, device: BlockDevice) -> bool:
        if device.encrypted is None:
            return False
        statuses = {source.device_name: bool(source.encrypted) for source in self.source_devices or ()}
        wanted = statuses.get(device.device_name)
        # Some Local Zones encrypt whatever comes to them, and AWS does not tell which (aws_rules §21).
        may_be_encrypted = self.encryption_by_default or bool(self.place.zone)
        return device.encrypted == wanted or (may_be_encrypted and device.encrypted)

    @staticmethod
    def _is_under_one_key(devices: t.Iterable[BlockDevice]) -> bool:
        keys: set[str | None] = set()
        for device in devices:
            keys.update((device.kms_key_arn, *associated_keys(device)))
        return len(keys) == 1 and None not in keys


def plain_volumes(image: Image) -> tuple[BlockDevice, ...]:
    """Return the volumes that start empty and without encryption; CopyImage leaves them as they are in the source."""
    return tuple(device for device in image.ebs_devices if not device.snapshot_id and not device.encrypted)


@dataclasses.dataclass(frozen=True)
class Candidates:
    """The images in the place of the destination that came from the source, sorted by what they are to the request.

    ``retired`` are those that would be the copy, had nobody disabled them. ``failed`` were started for the required
    key or by another tool, ``failed_before`` for another key.
    """

    met: tuple[Image, ...] = ()
    pending: tuple[Image, ...] = ()
    retired: tuple[Image, ...] = ()
    failed: tuple[Image, ...] = ()
    failed_before: tuple[Image, ...] = ()
    other: tuple[Image, ...] = ()


def require_decidable(images: t.Iterable[Image], lineage: Lineage, requirement: Requirement) -> None:
    """Refuse to guess whether a copy under one key is the wanted one: a wrong guess makes a second, or leaves one."""
    for image in images:
        if lineage.is_of(image) and requirement.is_undecided(image):
            reference = requirement.key.reference if requirement.key else ""
            raise PreflightError(
                f"image {image.image_id} in {image.region} is a copy of {lineage.source_image_id} under one key, and "
                f"whether that is {reference} cannot be told, for kms:DescribeKey on it is denied and an alias may "
                "have been pointed to another key. Allow kms:DescribeKey, or pass the ARN of the key"
            )


def require_places_shown(images: t.Iterable[Image], lineage: Lineage, requirement: Requirement) -> None:
    """Refuse to guess where a copy lies that may be the wanted one."""
    for image in images:
        there = (dataclasses.replace(device, place=device.place or requirement.place.name) for device in image.devices)
        hidden = [device for device in image.snapshot_devices if device.is_known and device.place is None]
        if hidden and lineage.is_of(image) and requirement.is_met_by(dataclasses.replace(image, devices=tuple(there))):
            raise PreflightError(
                f"whether image {image.image_id} in {image.region}, which came from {lineage.source_image_id}, lies in "
                f"{requirement.place.shown} is not known: the installed botocore does not show the Local Zones of "
                "snapshots, and the account may use some. Update boto3 and botocore where the module runs, or allow "
                "ec2:DescribeAvailabilityZones if no Local Zone is enabled"
            )


def require_keys_shown(images: t.Iterable[Image], lineage: Lineage, requirement: Requirement) -> None:
    """Refuse to guess where AWS's answers lack what decides whether an image is the copy."""
    for image in images:
        if lineage.is_of(image) and requirement.may_turn_out_met(image):
            hidden = ", ".join(str(one.snapshot_id) for one in image.snapshot_devices if not one.is_known)
            raise PreflightError(
                f"image {image.image_id} in {image.region} came from {lineage.source_image_id}, and whether it is the "
                f"copy is not known, for AWS does not show encryption and key of {hidden or 'any snapshot of it'}. "
                "Nothing is changed; see that ec2:DescribeSnapshots shows them, and run the task again"
            )


def classify(images: t.Iterable[Image], lineage: Lineage, requirement: Requirement) -> Candidates:
    """Sort the images that came from the source; ours first, then the oldest, so that every run picks the same one."""
    groups: dict[str, list[Image]] = {field.name: [] for field in dataclasses.fields(Candidates)}

    def rank(image: Image) -> tuple[bool, str, str]:
        return image.tags.get(SOURCE_TAG) != lineage.tag, image.creation_date, image.image_id

    for image in sorted(images, key=rank):
        if lineage.is_of(image) and not requirement.is_elsewhere(image):
            groups[_group(image, requirement)].append(image)
    return Candidates(**{name: tuple(found) for name, found in groups.items()})


def _group(image: Image, requirement: Requirement) -> str:
    if image.state in WHOLE_STATES:
        fitting = "met" if image.state == "available" else "retired"
        return fitting if requirement.is_met_by(image) else "other"
    if image.state == "pending":
        return "pending" if requirement.may_be_met_by(image) else "other"
    if image.state in FAILED_STATES:
        return "failed" if requirement.is_aim_of(image) else "failed_before"
    return "other"
