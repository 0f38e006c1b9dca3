# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the emulated AWS for a measurement, and look at what is there after it, through its public API alone."""

from __future__ import annotations

import typing as t

import boto3

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT

HOME = "us-east-1"
REGIONS = ("eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2", "eu-north-1")
# What the largest rows copy to, a score of regions.
DESTINATIONS = (
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "ap-south-1", "ap-south-2", "ap-southeast-1"),
    *("ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3"),
)
KEY = "alias/bench"


def plain_images(
    emulator: Emulator,
    count: int,
    *,
    account: str = HOME_ACCOUNT,
    region: str = HOME,
    first: int = 0,
    **encryption: t.Any,
) -> list[str]:
    """Register images of one volume of 8 GiB each, in the home region by default, and return their ids.

    Each has a snapshot of its own, for AWS copies one snapshot at one time only once.
    """
    ec2 = emulator.session(account=account, region=region).client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=8, VolumeType="gp3", **encryption)["VolumeId"]
    return [
        _register(ec2, f"bench-{number:05d}", ec2.create_snapshot(VolumeId=volume)["SnapshotId"])
        for number in range(first, first + count)
    ]


def sealed_images(emulator: Emulator, count: int) -> list[str]:
    """Register images whose snapshots are encrypted."""
    return plain_images(emulator, count, Encrypted=True, KmsKeyId=KEY)


def keys(emulator: Emulator, regions: t.Iterable[str], *, account: str = HOME_ACCOUNT) -> dict[str, str]:
    """Make a customer managed key in each region, under the same alias, and return their ARNs."""
    return {region: _key(emulator.session(account=account, region=region)) for region in regions}


def count_sealed(emulator: Emulator, arns: t.Mapping[str, str], *, account: str = HOME_ACCOUNT) -> int:
    """Return how many available images there are whose every snapshot is under the key of the region."""
    sessions = {region: emulator.session(account=account, region=region) for region in arns}
    return sum(_count_sealed(sessions[region].client("ec2"), arn) for region, arn in arns.items())


def keys_of(emulator: Emulator, image_name: str, *, region: str = HOME) -> list[dict[str, str]]:
    """Return, for each available image of the name, the key ARN of each device."""
    ec2 = emulator.session(region=region).client("ec2")
    return _keys_of(ec2, _available(ec2, [{"Name": "name", "Values": [image_name]}]))


def _count_sealed(ec2: t.Any, arn: str) -> int:
    return sum(set(devices.values()) == {arn} for devices in _keys_of(ec2, _available(ec2, [])))


def _available(ec2: t.Any, filters: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    wanted = [*filters, {"Name": "state", "Values": ["available"]}]
    return list(ec2.describe_images(Owners=["self"], Filters=wanted)["Images"])


def _keys_of(ec2: t.Any, images: list[dict[str, t.Any]]) -> list[dict[str, str]]:
    """Return, for each image, the key ARN of each device, empty for plain ones."""
    devices = [
        {mapping["DeviceName"]: mapping["Ebs"]["SnapshotId"] for mapping in image["BlockDeviceMappings"]}
        for image in images
    ]
    ids = sorted({snapshot_id for image in devices for snapshot_id in image.values()})
    found = ec2.describe_snapshots(SnapshotIds=ids)["Snapshots"] if ids else []
    arns = {snapshot["SnapshotId"]: snapshot.get("KmsKeyId", "") for snapshot in found}
    return [{device: arns[snapshot_id] for device, snapshot_id in image.items()} for image in devices]


def _register(ec2: t.Any, name: str, snapshot: str) -> str:
    mapping = {"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot, "VolumeType": "gp3"}}
    return str(
        ec2.register_image(
            Name=name,
            Architecture="x86_64",
            VirtualizationType="hvm",
            RootDeviceName="/dev/xvda",
            EnaSupport=True,
            BlockDeviceMappings=[mapping],
        )["ImageId"]
    )


def _key(session: boto3.Session) -> str:
    kms = session.client("kms")
    metadata = kms.create_key(Description="bench")["KeyMetadata"]
    kms.create_alias(AliasName=KEY, TargetKeyId=metadata["KeyId"])
    return str(metadata["Arn"])
