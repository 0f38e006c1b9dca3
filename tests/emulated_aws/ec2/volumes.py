# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateVolume and what else concerns volumes alone."""

from __future__ import annotations

import typing as t

from emulated_aws.ec2 import devices, errors, lookup, tagging, timing, tokens, zones
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.devices import Ebs, check_volume_type
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.ec2.volume import Volume
from emulated_aws.ec2.volume_making import VolumeRequest, default_iops, make
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region


@action("CreateVolume")
def create_volume(call: Call) -> View:
    """Start making a volume; whether its key works shows itself later."""
    zone = _zone(call)
    known = tokens.known(call)
    if known:
        call.stop_if_dry_run()
        # A repeated request gets the first answer, also while look-ups do not find the volume yet.
        return view(call.region, call.region.volumes.get(known) or lookup.volume(call.region, known))
    asked = _requested(call)
    asked.check()
    zones.check_volume(asked.snapshot, zone)
    asked.chosen_key(call.region)
    if call.get("MultiAttachEnabled") and asked.ebs.volume_type not in ("io1", "io2"):
        raise errors.invalid_combination("Multi-Attach is supported for io1 and io2 volumes only.")
    tags = tagging.specified(call, "volume")["volume"]
    call.stop_if_dry_run()
    volume = make(call.region, asked, zone)
    volume.multi_attach = bool(call.get("MultiAttachEnabled"))
    call.region.tags[volume.id].update(tags)
    agenda.at(volume.created_at + settings.volume_create_seconds, lambda _due: _end_creation(call.region, volume))
    tokens.remember(call, volume.id)
    return view(call.region, volume)


def _zone(call: Call) -> str:
    name, zone_id = call.get("AvailabilityZone"), call.get("AvailabilityZoneId")
    if name and zone_id:
        raise errors.invalid_combination("AvailabilityZone and AvailabilityZoneId exclude each other.")
    if not name and not zone_id:
        raise errors.missing_parameter("AvailabilityZone")
    zone = zones.usable(call.region, name, zone_id)
    if zone:
        return zone.name
    raise errors.AwsError("InvalidZone.NotFound", f"The zone '{name or zone_id}' does not exist.")


def _requested(call: Call) -> VolumeRequest:
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId")) if call.get("SnapshotId") else None
    devices.check_rate(call.get("VolumeInitializationRate"), of_snapshot=snapshot is not None)
    size = call.get("Size") or (snapshot.size if snapshot else None)
    if size is None:
        raise errors.AwsError("MissingParameter", "The request must contain the parameter size/snapshot")
    if snapshot and size < snapshot.size:
        raise errors.invalid_value(size, "size", f"The snapshot {snapshot.id} holds {snapshot.size} GiB.")
    return VolumeRequest(
        ebs=Ebs(
            snapshot_id=snapshot.id if snapshot else None,
            size=size,
            volume_type=call.get("VolumeType") or "gp2",
            iops=call.get("Iops"),
            throughput=call.get("Throughput"),
        ),
        snapshot=snapshot,
        encrypted=call.get("Encrypted"),
        key=call.get("KmsKeyId"),
    )


def _end_creation(region: Ec2Region, volume: Volume) -> None:
    if volume.id not in region.volumes or volume.state != "creating":
        return
    if volume.keys_usable():
        volume.state = "available"
    elif settings.bad_key_volume == "error":
        volume.state = "error"
    else:
        remove(region, volume.id)


def remove(region: Ec2Region, volume_id: str) -> None:
    """Forget a volume and its tags."""
    region.volumes.pop(volume_id, None)
    region.tags.pop(volume_id, None)


def view(region: Ec2Region, volume: Volume) -> View:
    """Return a volume as DescribeVolumes shows it."""
    zone = next((one for one in zones.all_zones(region) if one.name == volume.zone), None)
    shown: View = {
        "VolumeId": volume.id,
        "Size": volume.size,
        "SnapshotId": volume.snapshot_id or "",
        "AvailabilityZone": volume.zone,
        "AvailabilityZoneId": zone.zone_id if zone else None,
        "State": "in-use" if volume.attachment else volume.state,
        "CreateTime": timing.moment(volume.created_at),
        "Attachments": [volume.attachment.wire()] if volume.attachment else [],
        "Encrypted": volume.encrypted,
        "VolumeType": volume.volume_type,
        "MultiAttachEnabled": volume.multi_attach,
    }
    optional = {
        "KmsKeyId": volume.kms_key_arn,
        "Iops": volume.iops,
        "Throughput": volume.throughput,
        "Tags": tagging.wire(region.tags.get(volume.id, {})) or None,
    }
    return shown | {name: value for name, value in optional.items() if value is not None}


@action("DescribeVolumes")
def describe_volumes(call: Call) -> Params:
    """List the account's volumes."""
    call.stop_if_dry_run()
    ids = call.get("VolumeIds")
    if ids and call.get("MaxResults") is not None:
        raise errors.invalid_combination("The parameter volumeIds cannot be used with the parameter maxResults")
    found = [lookup.volume(call.region, one) for one in ids] if ids else list(call.region.volumes.values())
    visible = [volume for volume in found if volume.lag.visible()]
    shown, token = page(call, _facts(call.region).select(visible, call.get("Filters", [])))
    return {"NextToken": token, "Volumes": [view(call.region, volume) for volume in shown]}


PLAIN_FILTERS = {
    "availability-zone": "AvailabilityZone",
    "availability-zone-id": "AvailabilityZoneId",
    "encrypted": "Encrypted",
    "multi-attach-enabled": "MultiAttachEnabled",
    "size": "Size",
    "snapshot-id": "SnapshotId",
    "status": "State",
    "volume-id": "VolumeId",
    "volume-type": "VolumeType",
}
ATTACHMENT_FILTERS = {
    "attachment.delete-on-termination": "DeleteOnTermination",
    "attachment.device": "Device",
    "attachment.instance-id": "InstanceId",
    "attachment.status": "State",
}


def _facts(region: Ec2Region) -> Facts[Volume]:
    def plain(member: str) -> t.Callable[[Volume], t.Any]:
        return lambda volume: view(region, volume).get(member)

    def attachment(member: str) -> t.Callable[[Volume], t.Any]:
        return lambda volume: volume.attachment.wire()[member] if volume.attachment else None

    getters = {name: plain(member) for name, member in PLAIN_FILTERS.items()}
    getters |= {name: attachment(member) for name, member in ATTACHMENT_FILTERS.items()}
    getters["create-time"] = lambda volume: timing.moment_text(volume.created_at)
    getters["attachment.attach-time"] = lambda volume: (
        timing.moment_text(volume.attachment.attached_at) if volume.attachment else None
    )
    return Facts(getters, tags=lambda one: region.tags.get(one.id, {}) if one.lag.filterable() else {})


@action("DeleteVolume")
def delete_volume(call: Call) -> None:
    """Delete a volume that is not attached."""
    volume = lookup.volume(call.region, call.get("VolumeId"))
    if volume.attachment:
        raise errors.AwsError(
            "VolumeInUse", f"Volume {volume.id} is currently attached to {volume.attachment.instance_id}"
        )
    if volume.state == "creating":
        raise errors.AwsError("IncorrectState", f"The volume '{volume.id}' is in the state 'creating'.")
    call.stop_if_dry_run()
    remove(call.region, volume.id)


@action("ModifyVolume")
def modify_volume(call: Call) -> Params:
    """Change size, type or performance of a volume at once; the key can never be changed."""
    volume = lookup.volume(call.region, call.get("VolumeId"))
    size, kind = call.get("Size", volume.size), call.get("VolumeType", volume.volume_type)
    same_kind = kind == volume.volume_type
    iops = call.get("Iops") or (volume.iops if same_kind and kind != "gp2" else None)
    throughput = call.get("Throughput") or (volume.throughput if same_kind else None)
    if size < volume.size:
        raise errors.invalid_value(size, "size", "A volume cannot become smaller.")
    check_volume_type(kind, size=size, iops=iops, throughput=throughput)
    call.stop_if_dry_run()
    before = _measures(volume, "Original")
    volume.size, volume.volume_type, volume.throughput = size, kind, throughput or (125 if kind == "gp3" else None)
    volume.iops = iops or default_iops(kind, size)
    change = {"VolumeId": volume.id, "StartTime": timing.moment(timing.now())} | before | _measures(volume, "Target")
    call.region.volume_changes[volume.id] = change
    return {"VolumeModification": change | {"ModificationState": "modifying", "Progress": 0}}


def _measures(volume: Volume, prefix: str) -> View:
    measures = {
        "Size": volume.size,
        "VolumeType": volume.volume_type,
        "Iops": volume.iops,
        "Throughput": volume.throughput,
        "MultiAttachEnabled": volume.multi_attach,
    }
    return {f"{prefix}{name}": value for name, value in measures.items() if value is not None}


@action("DescribeVolumesModifications")
def describe_volumes_modifications(call: Call) -> Params:
    """List the latest change of each volume."""
    call.stop_if_dry_run()
    for volume_id in call.get("VolumeIds", []):
        lookup.volume(call.region, volume_id)
    wanted = call.get("VolumeIds") or list(call.region.volume_changes)
    changes = [call.region.volume_changes[one] for one in wanted if one in call.region.volume_changes]
    done = [change | {"ModificationState": "completed", "Progress": 100} for change in changes]
    shown, token = page(call, MODIFICATION_FACTS.select(done, call.get("Filters", [])), smallest=1)
    return {"NextToken": token, "VolumesModifications": shown}


MODIFICATION_FACTS: Facts[View] = Facts(
    {
        "volume-id": lambda change: change["VolumeId"],
        "modification-state": lambda change: change["ModificationState"],
        "target-size": lambda change: change["TargetSize"],
        "target-volume-type": lambda change: change["TargetVolumeType"],
        "original-size": lambda change: change["OriginalSize"],
        "original-volume-type": lambda change: change["OriginalVolumeType"],
    },
    tags=lambda _change: {},
)
