# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Volumes in one region: botocore's dictionaries in, ``Volume`` values out."""

from __future__ import annotations

import typing as t

from .._image.compose.volumes import VolumeShape
from .._image.machines import Volume
from .._image.proofs import MayDeleteVolume
from .connection import Region
from .errors import AwsError, call, call_unless_gone, required
from .paging import Filters, read_all
from .shapes import performance_of
from .tags import tag_specifications, tags_in

_GONE: t.Final = "InvalidVolume.NotFound"


def find_volumes(region: Region, volume_ids: t.Iterable[str]) -> dict[str, Volume]:
    """Return volumes by id; those that are gone, or not visible yet, are absent."""
    entries = _describe(region, [{"Name": "volume-id", "Values": sorted(set(volume_ids))}])
    return {volume.volume_id: volume for volume in map(_to_volume, entries)}


def find_volumes_by_tag(region: Region, tag: str, value: str) -> list[Volume]:
    """Return the volumes that carry the tag; new ones may be missing for a minute."""
    return [_to_volume(entry) for entry in _describe(region, [{"Name": f"tag:{tag}", "Values": [value]}])]


def create_volume(
    region: Region,
    shape: VolumeShape,
    *,
    zone: str,
    kms_key_id: str,
    snapshot_id: str | None,
    client_token: str,
    tags: t.Mapping[str, str],
    rate: int | None = None,
) -> str:
    """Start an encrypted volume and return its id; the client token makes repeating safe.

    Whether the key works shows itself later: the volume vanishes, or ends in ``error``. ``rate`` is how fast the blocks
    of the snapshot come, in MiB/s; AWS takes it for volumes of a snapshot alone.
    """
    params: dict[str, t.Any] = {
        "AvailabilityZone": zone,
        "Size": shape.volume_size,
        **performance_of(shape),
        "Encrypted": True,
        "KmsKeyId": kms_key_id,
        "ClientToken": client_token,
        "TagSpecifications": tag_specifications(volume=tags),
    }
    if snapshot_id is not None:
        params["SnapshotId"] = snapshot_id
        if rate is not None:
            params["VolumeInitializationRate"] = rate
    answer = call(f"create a volume in {zone}", region.ec2.create_volume, **params)
    return str(required(answer, "VolumeId", of=f"a new volume in {zone}"))


def attach_volume(region: Region, volume_id: str, *, instance_id: str, device_name: str) -> None:
    """Attach a volume to a stopped instance; where a repeated call finds it attached already, that is well."""
    try:
        call(
            f"attach volume {volume_id} to {instance_id} as {device_name}",
            region.ec2.attach_volume,
            VolumeId=volume_id,
            InstanceId=instance_id,
            Device=device_name,
        )
    except AwsError as error:
        if error.code != "VolumeInUse":
            raise


def delete_volume(region: Region, proof: MayDeleteVolume) -> bool:
    """Delete a volume; return False where it is gone already."""
    volume_id = proof.resource_id
    what = f"delete volume {volume_id} in {region.name}"
    return call_unless_gone(what, region.ec2.delete_volume, gone=_GONE, VolumeId=volume_id)


def is_volume_gone(region: Region, volume_id: str) -> bool:
    """Tell whether AWS says that a volume does not exist; an answer without it says nothing."""
    try:
        answer = call(
            f"describe volume {volume_id} in {region.name}", region.ec2.describe_volumes, VolumeIds=[volume_id]
        )
    except AwsError as error:
        if error.code == _GONE:
            return True
        raise
    return any(volume.get("State") in ("deleting", "deleted") for volume in answer.get("Volumes") or ())


def available_zones(region: Region) -> list[str]:
    """Return the names of the region's own zones, without Local Zones, in order."""
    filters = [
        {"Name": "state", "Values": ["available"]},
        {"Name": "zone-type", "Values": ["availability-zone"]},
    ]
    answer = call(f"describe zones of {region.name}", region.ec2.describe_availability_zones, Filters=filters)
    zones = answer.get("AvailabilityZones") or ()
    return sorted(str(required(zone, "ZoneName", of=f"the zones of {region.name}")) for zone in zones)


def _describe(region: Region, filters: Filters) -> list[dict[str, t.Any]]:
    return read_all(region.ec2, "describe_volumes", f"describe volumes in {region.name}", filters=filters)


def _to_volume(entry: dict[str, t.Any]) -> Volume:
    attachments = entry.get("Attachments") or []
    first = attachments[0] if attachments else {}
    return Volume(
        volume_id=str(required(entry, "VolumeId", of="a volume")),
        state=entry.get("State") or "unknown",
        encrypted=bool(entry.get("Encrypted")),
        kms_key_arn=entry.get("KmsKeyId"),
        volume_size=int(entry.get("Size") or 0),
        volume_type=entry.get("VolumeType") or "",
        iops=entry.get("Iops"),
        throughput=entry.get("Throughput"),
        snapshot_id=entry.get("SnapshotId") or "",
        instance_id=first.get("InstanceId"),
        device_name=first.get("Device") or "",
        attached_to=tuple(str(one.get("InstanceId") or "unknown") for one in attachments),
        zone=entry.get("AvailabilityZone") or "",
        tags=tags_in(entry),
    )
