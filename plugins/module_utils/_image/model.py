# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The values that plans are made of: images, block devices, snapshots and keys. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from .marks import ALL_TYPES, InstanceTypes

SOURCE_TAG: t.Final = "sealed.ami:source"
KEY_TAG: t.Final = "sealed.ami:kms_key"
COPY_TAG: t.Final = "sealed.ami:copy"
# Where a copy was started to lie, if not in the region itself: a Local Zone's name or an Outpost's ARN.
PLACE_TAG: t.Final = "sealed.ami:place"
RECIPE_TAG: t.Final = "sealed.ami:recipe"
DEVICE_TAG: t.Final = "sealed.ami:device"
# A mark that one run alone gives to what its calls make; AWS answers a used client token with an earlier run's image.
RUN_TAG: t.Final = "sealed.ami:run"
# The instance that composing launched to make an image, on the image and its snapshots: AWS says which one made them.
BUILDER_TAG: t.Final = "sealed.ami:builder"
# What retiring notes on an image before it takes it away: launch permissions (numbered), deprecation, and since when.
PERMISSIONS_TAG: t.Final = "sealed.ami:launch-permissions-"
DEPRECATION_TAG: t.Final = "sealed.ami:deprecation-before"
DISABLED_TAG: t.Final = "sealed.ami:disabled-at"
# Which accounts a task was about to give permissions on an image or a snapshot, so that it can be taken back; numbered.
GIVEN_TAG: t.Final = "sealed.ami:shared-for-"
# A copy that is there only for others to be made of it, and until when.
PURPOSE_TAG: t.Final = "sealed.ami:purpose"
EXPIRY_TAG: t.Final = "sealed.ami:expires"
INTERMEDIATE: t.Final = "intermediate"
UNPROTECTED_TAG: t.Final = "sealed.ami:protection-before"
REPLACED_TAG: t.Final = "sealed.ami:replaced-by"
IMAGE_TAG: t.Final = "sealed.ami:image"
OWN_TAG_PREFIX: t.Final = "sealed.ami:"


@dataclasses.dataclass(frozen=True)
class KmsKey:
    """A KMS key as DescribeKey shows it in the region where it was asked for."""

    arn: str
    state: str = "Enabled"
    usage: str = "ENCRYPT_DECRYPT"
    spec: str = "SYMMETRIC_DEFAULT"
    manager: str = "CUSTOMER"
    account_id: str = ""
    deletion_date: str | None = None

    @property
    def region(self) -> str:
        """Return the region in the key's ARN; keys of other regions are useless to EBS."""
        return self.arn.split(":")[3]


@dataclasses.dataclass(frozen=True)
class BlockDevice:
    """One entry of an image's block device mapping, with what DescribeSnapshots says of its snapshot.

    ``volume_size`` is in GiB. ``encrypted`` and ``kms_key_arn`` are None where AWS does not show them (yet).
    ``associated_keys`` are other keys that open the snapshot too (aws_rules §15); None where that is not known.
    ``place`` is the Local Zone or the Outpost that it lies in, empty for the region; None where that is not known.
    """

    device_name: str
    snapshot_id: str | None = None
    encrypted: bool | None = None
    kms_key_arn: str | None = None
    volume_size: int = 0
    volume_type: str | None = None
    iops: int | None = None
    throughput: int | None = None
    delete_on_termination: bool | None = None
    virtual_name: str | None = None
    no_device: bool = False
    snapshot_description: str = ""
    associated_keys: tuple[str, ...] | None = None
    place: str | None = ""

    @property
    def is_ebs(self) -> bool:
        """Tell EBS devices from ephemeral and suppressed ones, which have no snapshot and no key."""
        return self.virtual_name is None and not self.no_device

    @property
    def is_known(self) -> bool:
        """Tell whether AWS has shown both the encryption and the key; it may hide a snapshot just made."""
        return self.encrypted is not None and (self.kms_key_arn is not None or not self.encrypted)


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A snapshot as DescribeSnapshots shows it; ``progress`` is AWS's text, such as ``80%``, and may be empty.

    ``encrypted`` is None where the answer lacks it: not known is not unencrypted. ``start_time`` is in UTC with
    microseconds, so that text compares as times do; empty where not shown. ``associated_keys`` are other keys that open
    it too; None where the answer cannot tell. ``availability_zone`` is the Local Zone of a local snapshot, None where
    the answer cannot tell.
    """

    snapshot_id: str
    state: str
    encrypted: bool | None
    kms_key_arn: str | None = None
    volume_size: int = 0
    state_message: str = ""
    progress: str = ""
    storage_tier: str = "standard"
    restore_expiry_time: str | None = None
    owner_id: str = ""
    volume_id: str = ""
    description: str = ""
    start_time: str = ""
    outpost_arn: str = ""
    availability_zone: str | None = ""
    associated_keys: tuple[str, ...] | None = None
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def place(self) -> str | None:
        """Return the Outpost or the Local Zone that it lies in, empty for the region; None where that is not known."""
        return self.outpost_arn or self.availability_zone


@dataclasses.dataclass(frozen=True)
class Image:
    """An image in one region. ``tags`` includes this collection's own tags.

    ``source_client_token`` is that of the instance that the image was made of; None unless AWS still lists it.
    ``is_allowed`` is what Allowed AMIs says of it, ``scan_results`` what Amazon Inspector has found; None if not shown.
    """

    image_id: str
    region: str
    name: str = ""
    description: str = ""
    state: str = "available"
    state_reason: str = ""
    owner_id: str = ""
    creation_date: str = ""
    source_image_id: str | None = None
    source_region: str | None = None
    source_instance_id: str | None = None
    source_client_token: str | None = None
    root_device_name: str = ""
    root_device_type: str = "ebs"
    devices: tuple[BlockDevice, ...] = ()
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    deprecation_time: str | None = None
    deregistration_protection: str = "disabled"
    boot: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    billing: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    watermarks: tuple[str, ...] = ()
    instance_types: InstanceTypes = ALL_TYPES
    is_public: bool = False
    owner_alias: str = ""
    is_allowed: bool | None = None
    scan_results: t.Mapping[str, t.Any] | None = None

    @property
    def is_intermediate(self) -> bool:
        """Tell whether the image says of itself that it is there only for others to be made of it."""
        return self.tags.get(PURPOSE_TAG) == INTERMEDIATE

    @property
    def ebs_devices(self) -> tuple[BlockDevice, ...]:
        """Return the devices that have, or will have, a snapshot."""
        return tuple(device for device in self.devices if device.is_ebs)

    @property
    def snapshot_devices(self) -> tuple[BlockDevice, ...]:
        """Return the devices with a snapshot, which an available image shows; volumes that start empty have none."""
        return tuple(device for device in self.ebs_devices if device.snapshot_id)

    @property
    def snapshot_ids(self) -> tuple[str, ...]:
        """Return the ids of the snapshots known so far; a pending image may show none of them."""
        return tuple(device.snapshot_id for device in self.ebs_devices if device.snapshot_id)

    @property
    def kms_key_arns(self) -> frozenset[str]:
        """Return the ARNs of the keys that are known of its snapshots."""
        return frozenset(device.kms_key_arn for device in self.ebs_devices if device.kms_key_arn)

    @property
    def shows_keys(self) -> bool:
        """Tell whether AWS has shown encryption and key of every snapshot; an answer without snapshots shows none."""
        devices = self.snapshot_devices
        return bool(devices) and all(device.is_known for device in devices)

    @property
    def user_tags(self) -> dict[str, str]:
        """Return the tags that belong to users: neither AWS's own nor this collection's."""
        return user_tags(self.tags)

    def with_snapshots(self, snapshots: t.Mapping[str, Snapshot]) -> Image:
        """Return the image with encryption and key of each device taken from its snapshot.

        A device whose snapshot AWS does not show keeps no key: what was not seen is not known.
        """
        return dataclasses.replace(self, devices=tuple(_with_snapshot(device, snapshots) for device in self.devices))


def _with_snapshot(device: BlockDevice, snapshots: t.Mapping[str, Snapshot]) -> BlockDevice:
    snapshot = snapshots.get(device.snapshot_id or "")
    if snapshot is None:
        return dataclasses.replace(device, kms_key_arn=None, associated_keys=None, place=None)
    return dataclasses.replace(
        device,
        encrypted=snapshot.encrypted,
        kms_key_arn=snapshot.kms_key_arn,
        snapshot_description=snapshot.description,
        associated_keys=snapshot.associated_keys,
        place=snapshot.place,
    )


def user_tags(tags: t.Mapping[str, str]) -> dict[str, str]:
    """Drop the tags that users neither set nor may remove (``aws:``) and this collection's own."""
    return {key: value for key, value in tags.items() if not key.startswith(("aws:", OWN_TAG_PREFIX))}


def source_tag_value(*, source_region: str, source_image_id: str) -> str:
    """Return the value of the ``sealed.ami:source`` tag that a copy and its snapshots carry from birth."""
    return f"{source_region}:{source_image_id}"
