# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the emulated AWS for a measurement, through its public API alone."""

from __future__ import annotations

import typing as t

from emulated_aws.client import Emulator

HOME = "us-east-1"
REGIONS = ("eu-west-1", "eu-central-1", "us-west-2", "ap-southeast-2", "eu-north-1")


def plain_images(emulator: Emulator, count: int, *, size: int = 8, region: str = HOME) -> list[str]:
    """Register images of one plain volume each and return their ids."""
    ec2 = emulator.session(region=region).client("ec2")
    volume = ec2.create_volume(AvailabilityZone=f"{region}a", Size=size, VolumeType="gp3")["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    return [_register(ec2, f"bench-{number:05d}", snapshot) for number in range(count)]


def keys(emulator: Emulator, alias: str, regions: t.Iterable[str]) -> dict[str, str]:
    """Make a customer managed key with the alias in each region and return their ARNs."""
    return {region: _key(emulator, alias, region) for region in regions}


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


def _key(emulator: Emulator, alias: str, region: str) -> str:
    kms = emulator.session(region=region).client("kms")
    metadata = kms.create_key(Description="bench")["KeyMetadata"]
    kms.create_alias(AliasName=alias, TargetKeyId=metadata["KeyId"])
    return str(metadata["Arn"])
