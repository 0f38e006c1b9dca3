# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read images from AWS with boto3 alone and show, device by device, what is encrypted under which key."""

from __future__ import annotations

import dataclasses

import boto3


@dataclasses.dataclass(frozen=True)
class Device:
    """A device of an image, with the key that EBS reports for its snapshot."""

    name: str
    snapshot_id: str
    size_gib: int
    key_arn: str | None
    key_alias: str | None


@dataclasses.dataclass(frozen=True)
class Image:
    """An image and its devices."""

    image_id: str
    name: str
    region: str
    source: str | None
    devices: tuple[Device, ...]


def own_images(session: boto3.Session, *, region: str) -> list[Image]:
    """Return the account's images of a region, by id."""
    ec2 = session.client("ec2", region_name=region)
    listed = ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
    snapshots = {found["SnapshotId"]: found for found in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
    aliases = key_aliases(session, region=region)
    images = []
    for listing in sorted(listed, key=lambda listing: listing["ImageId"]):
        mappings = [
            mapping for mapping in listing.get("BlockDeviceMappings", []) if "SnapshotId" in mapping.get("Ebs", {})
        ]
        devices = []
        for mapping in mappings:
            snapshot_id = mapping["Ebs"]["SnapshotId"]
            arn = snapshots[snapshot_id].get("KmsKeyId")
            size = snapshots[snapshot_id]["VolumeSize"]
            devices.append(Device(mapping["DeviceName"], snapshot_id, size, arn, aliases.get(arn or "")))
        source = listing.get("SourceImageId")
        images.append(Image(listing["ImageId"], listing["Name"], region, source, tuple(devices)))
    return images


def key_aliases(session: boto3.Session, *, region: str) -> dict[str, str]:
    """Return the first alias of each key, by the key's ARN."""
    kms = session.client("kms", region_name=region)
    entries = [entry for page in kms.get_paginator("list_aliases").paginate() for entry in page["Aliases"]]
    prefix = {entry["AliasName"]: entry["AliasArn"].removesuffix(entry["AliasName"]) for entry in entries}
    return {
        f"{prefix[entry['AliasName']]}key/{entry['TargetKeyId']}": entry["AliasName"]
        for entry in reversed(entries)
        if "TargetKeyId" in entry
    }


def show(image: Image) -> str:
    """Return the image as a small table."""
    origin = f", copied from {image.source}" if image.source else ""
    rows = [("device", "snapshot", "size", "encrypted under")]
    for device in image.devices:
        key = (
            f"{device.key_alias or 'a key without alias'}  {device.key_arn}" if device.key_arn else "- not encrypted -"
        )
        rows.append((device.name, device.snapshot_id, f"{device.size_gib} GiB", key))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([f"{image.name} ({image.image_id}) in {image.region}{origin}", *lines])
