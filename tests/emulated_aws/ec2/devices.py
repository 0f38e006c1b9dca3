# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block device mappings of images, as requests give them and as DescribeImages shows them."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.ec2 import errors

Params = dict[str, t.Any]

IOPS_TYPES = ("io1", "io2", "gp3")
VOLUME_TYPES = ("standard", "io1", "io2", "gp2", "sc1", "st1", "gp3")
SIZE_RANGES = {
    "gp2": (1, 16384),
    "gp3": (1, 65536),
    "io1": (4, 16384),
    "io2": (4, 65536),
    "st1": (125, 16384),
    "sc1": (125, 16384),
    "standard": (1, 1024),
}


ROOT_NAMES = frozenset(("/dev/sda1", "/dev/sda"))


def same_device(one: str | None, other: str | None) -> bool:
    """Tell whether two names mean one device: images with the root /dev/sda1 and the mapping /dev/sda exist."""
    return one == other or {one, other} == ROOT_NAMES


def name_among(names: t.Iterable[str], wanted: str) -> str:
    """Return the name under which a device is known already, else the wanted one."""
    return next((name for name in names if same_device(name, wanted)), wanted)


@dataclasses.dataclass
class Ebs:
    """The EBS part of one mapping of an image; without a snapshot it asks for an empty volume."""

    snapshot_id: str | None = None
    size: int = 8
    volume_type: str = "gp2"
    iops: int | None = None
    throughput: int | None = None
    delete_on_termination: bool = True
    encrypted: bool = False


@dataclasses.dataclass
class Device:
    """One entry of a block device mapping: an EBS volume, an ephemeral disk or a suppressed device."""

    name: str
    ebs: Ebs | None = None
    virtual_name: str | None = None
    no_device: bool = False

    def copy(self) -> Device:
        """Return a copy that shares nothing with this entry."""
        return dataclasses.replace(self, ebs=dataclasses.replace(self.ebs) if self.ebs else None)


def check_volume_type(volume_type: str | None, *, size: int | None, iops: int | None, throughput: int | None) -> None:
    """Raise EC2's error where type, size (GiB), IOPS and throughput (MiB/s) do not go together."""
    kind = volume_type or "gp2"
    if kind not in VOLUME_TYPES:
        raise errors.AwsError("UnknownVolumeType", f"Unsupported volume type '{kind}' for volume creation.")
    if iops and kind not in IOPS_TYPES:
        raise errors.AwsError("InvalidParameterCombination", f"The parameter iops is not supported for {kind} volumes.")
    if kind in ("io1", "io2") and not iops:
        raise errors.AwsError("MissingParameter", f"The parameter iops must be specified for {kind} volumes.")
    if throughput and kind != "gp3":
        raise errors.AwsError(
            "InvalidParameterCombination", f"The parameter throughput is not supported for {kind} volumes."
        )
    if throughput and not 125 <= throughput <= 2000:
        raise errors.invalid_value(throughput, "throughput", "Volume throughput must be between 125 and 2000.")
    smallest, largest = SIZE_RANGES[kind]
    if size is not None and not smallest <= size <= largest:
        raise errors.invalid_value(size, "size", f"Volumes of type {kind} hold {smallest} to {largest} GiB.")


def check_mapping_shape(entries: t.Sequence[Params]) -> None:
    """Raise EC2's error for an entry without a name, with no or several kinds of target, or named twice."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.get("DeviceName")
        if not name:
            raise errors.missing_parameter("deviceName")
        if name in seen:
            raise errors.invalid_mapping(f"Duplicate device name: {name}")
        seen.add(name)
        if sum(key in entry for key in ("Ebs", "VirtualName", "NoDevice")) != 1:
            raise errors.invalid_mapping(f"The device '{name}' needs exactly one of ebs, virtualName and noDevice.")


def to_wire(device: Device, kms_key_arn: str | None, *, show_snapshot: bool) -> Params:
    """Return one mapping as DescribeImages shows it; the key only where the caller passes it."""
    shown: Params = {"DeviceName": device.name}
    if device.no_device:
        shown["NoDevice"] = ""
    if device.virtual_name:
        shown["VirtualName"] = device.virtual_name
    if device.ebs:
        shown["Ebs"] = _ebs_to_wire(device.ebs, kms_key_arn, show_snapshot)
    return shown


def _ebs_to_wire(ebs: Ebs, kms_key_arn: str | None, show_snapshot: bool) -> Params:
    shown: Params = {
        "DeleteOnTermination": ebs.delete_on_termination,
        "VolumeSize": ebs.size,
        "VolumeType": ebs.volume_type,
        "Encrypted": ebs.encrypted,
    }
    if ebs.snapshot_id and show_snapshot:
        shown["SnapshotId"] = ebs.snapshot_id
    if ebs.iops is not None:
        shown["Iops"] = ebs.iops
    if ebs.throughput is not None:
        shown["Throughput"] = ebs.throughput
    if kms_key_arn:
        shown["KmsKeyId"] = kms_key_arn
    return shown


def check_rate(rate: int | None, *, of_snapshot: bool) -> None:
    """Raise the error for a rate of initialization that AWS does not have, or for a volume that starts empty."""
    if rate is not None and not of_snapshot:
        raise errors.invalid_combination(
            "VolumeInitializationRate is supported only for volumes created from snapshots."
        )
    if rate is not None and not 100 <= rate <= 300:
        raise errors.invalid_value(rate, "volumeInitializationRate", "Valid range: 100 - 300 MiB/s.")
