# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeSnapshots, CreateSnapshot, CreateSnapshots and DeleteSnapshot."""

from __future__ import annotations

import typing as t

from moto.ec2.utils import random_snapshot_id

from emulated_aws.ec2 import errors, locks, lookup, recycle_bin, tagging, timing, zones
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.copy_image import check_description
from emulated_aws.ec2.devices import same_device
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.keyring import NOT_ACCESSIBLE
from emulated_aws.ec2.model import Location, Snapshot, View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.ec2.volume import Volume
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

GIB = 1024**3


@action("DescribeSnapshots")
def describe_snapshots(call: Call) -> Params:
    """List snapshots that the caller may restore; ids of others' snapshots are left out without an error."""
    call.stop_if_dry_run()
    ids = call.get("SnapshotIds")
    if ids and call.get("MaxResults") is not None:
        raise errors.invalid_combination("The parameter snapshotSet cannot be used with the parameter maxResults")
    visible = list(lookup.all_snapshots(call.region))
    found = _with_ids(call.region, visible, ids) if ids else visible
    found = [snapshot for snapshot in found if _owned_as_asked(call, snapshot) and _restorable_as_asked(call, snapshot)]
    shown, token = page(call, _facts(call.region).select(found, call.get("Filters", [])))
    return {"NextToken": token, "Snapshots": [view(call.region, snapshot) for snapshot in shown]}


def _with_ids(region: Ec2Region, visible: list[Snapshot], ids: list[str]) -> list[Snapshot]:
    for snapshot_id in ids:
        if not lookup.SNAPSHOT_ID.fullmatch(snapshot_id):
            raise errors.snapshot_malformed(snapshot_id)
    unknown = [one for one in ids if not _exists(region, one)]
    if unknown:
        raise errors.snapshot_not_found(*unknown)
    return [snapshot for snapshot in visible if snapshot.id in ids]


def _exists(region: Ec2Region, snapshot_id: str) -> bool:
    snapshot = lookup.any_snapshot(region.region_name, snapshot_id)
    return snapshot is not None and snapshot.lag.visible()


def _owned_as_asked(call: Call, snapshot: Snapshot) -> bool:
    owners = {call.account if owner == "self" else owner for owner in call.get("OwnerIds", [])}
    return not owners or snapshot.owner in owners


def _restorable_as_asked(call: Call, snapshot: Snapshot) -> bool:
    users = {call.account if user == "self" else user for user in call.get("RestorableByUserIds", [])}
    return not users or bool(users & snapshot.users) or ("all" in users and snapshot.public)


def view(region: Ec2Region, snapshot: Snapshot) -> View:
    """Return a snapshot as DescribeSnapshots shows it to the account of ``region``."""
    shown: View = {
        "SnapshotId": snapshot.id,
        "VolumeId": snapshot.volume_id,
        "State": snapshot.state,
        "StartTime": timing.moment(snapshot.created_at),
        "Progress": snapshot.progress(),
        "OwnerId": snapshot.owner,
        "Description": snapshot.description,
        "VolumeSize": snapshot.size,
        "Encrypted": snapshot.encrypted,
        "StorageTier": snapshot.tiering.tier,
        "TransferType": "time-based" if snapshot.completion_minutes else "standard",
        "FullSnapshotSizeInBytes": snapshot.size * GIB,
    }
    optional = {
        "Tags": tagging.wire(region.tags.get(snapshot.id, {})) or None,
        "KmsKeyId": snapshot.kms_key_arn,
        "AssociatedKmsKeys": [{"KmsKeyId": one} for one in snapshot.associated_keys] or None,
        "AvailabilityZone": snapshot.location.zone,
        "OutpostArn": snapshot.location.outpost_arn,
        "StateMessage": snapshot.state_message,
        "CompletionDurationMinutes": snapshot.completion_minutes,
        "CompletionTime": timing.moment(snapshot.completed_at) if snapshot.completed_at else None,
        "RestoreExpiryTime": (
            timing.moment(snapshot.tiering.restore_expires_at) if snapshot.tiering.restore_expires_at else None
        ),
    }
    return shown | {name: value for name, value in optional.items() if value is not None}


def _facts(region: Ec2Region) -> Facts[Snapshot]:
    return Facts(
        {
            "description": lambda one: one.description,
            "encrypted": lambda one: one.encrypted,
            "owner-alias": lambda one: None,
            "owner-id": lambda one: one.owner,
            "progress": lambda one: one.progress(),
            "snapshot-id": lambda one: one.id,
            "start-time": lambda one: timing.moment_text(one.created_at),
            "status": lambda one: one.state,
            "storage-tier": lambda one: one.tiering.tier,
            "transfer-type": lambda one: "time-based" if one.completion_minutes else "standard",
            "volume-id": lambda one: one.volume_id,
            "volume-size": lambda one: one.size,
        },
        tags=lambda one: region.tags.get(one.id, {}) if one.lag.filterable() else {},
    )


def begin(region: Ec2Region, volume: Volume, description: str, location: Location | None = None) -> Snapshot:
    """Start a snapshot of a volume; it has the volume's encryption and key."""
    now = timing.now()
    snapshot = Snapshot(
        id=random_snapshot_id(),
        owner=region.account_id,
        region=region.region_name,
        size=volume.size,
        volume_id=volume.id,
        description=description,
        encrypted=volume.encrypted,
        kms_key_arn=volume.kms_key_arn,
        state="pending",
        created_at=now,
        starts_at=now,
        ready_at=now + timing.snapshot_seconds(volume.size),
        billing=volume.billing,
        location=location or Location(),
        lag=region.new_lag(),
    )
    volume.last_snapshot_at = snapshot.location
    region.snapshots[snapshot.id] = snapshot
    agenda.at(snapshot.ready_at, lambda due: _end(region, snapshot, volume, due))
    return snapshot


def _end(region: Ec2Region, snapshot: Snapshot, volume: Volume, due: float) -> None:
    if snapshot.state != "pending" or snapshot.id not in region.snapshots:
        return
    if volume.own_key_usable():
        snapshot.complete(due)
    else:
        snapshot.fail(NOT_ACCESSIBLE)


def check_quotas(region: Ec2Region, volumes: t.Sequence[Volume]) -> None:
    """Raise EC2's error where a snapshot of each of these volumes would be too much at once."""
    for volume in volumes:
        _check_volume_quota(region, volume)
    pending = sum(snapshot.state == "pending" for snapshot in region.snapshots.values())
    if settings.pending_snapshots and pending + len(volumes) > settings.pending_snapshots:
        raise errors.AwsError(
            "PendingSnapshotLimitExceeded",
            f"You have reached the limit of {settings.pending_snapshots} pending snapshots.",
        )


def _check_volume_quota(region: Ec2Region, volume: Volume) -> None:
    cold = volume.volume_type in ("st1", "sc1")
    limit = settings.pending_snapshots_per_cold_volume if cold else settings.pending_snapshots_per_volume
    # Snapshots in error count too (aws_rules §8).
    busy = [one for one in region.snapshots.values() if one.volume_id == volume.id and one.state != "completed"]
    if limit and len(busy) >= limit:
        raise errors.AwsError(
            "ConcurrentSnapshotLimitExceeded", f"Maximum allowed in-progress snapshots for {volume.id} exceeded."
        )


@action("CreateSnapshot")
def create_snapshot(call: Call) -> View:
    """Start a snapshot of one volume."""
    volume = lookup.volume(call.region, call.get("VolumeId"))
    check_description(call.get("Description"))
    if volume.state not in ("available", "in-use"):
        raise errors.AwsError("IncorrectState", f"The volume '{volume.id}' is in the state '{volume.state}'.")
    tags = tagging.specified(call, "snapshot")["snapshot"]
    check_quotas(call.region, [volume])
    location = zones.of_snapshot(call, volume.zone, volume.last_snapshot_at)
    call.stop_if_dry_run()
    snapshot = begin(call.region, volume, call.get("Description", ""), location)
    call.region.tags[snapshot.id].update(tags)
    return view(call.region, snapshot)


@action("CreateSnapshots")
def create_snapshots(call: Call) -> Params:
    """Start snapshots of all volumes of an instance, except those that the request leaves out."""
    asked = call.get("InstanceSpecification", {})
    instance = call.region.instance(asked.get("InstanceId", ""))
    left_out = set(asked.get("ExcludeDataVolumeIds", []))
    volumes = [
        volume
        for device, volume in call.region.attached(instance.id)
        if volume.id not in left_out
        and not (asked.get("ExcludeBootVolume") and same_device(device, instance.root_device_name))
    ]
    tags = tagging.specified(call, "snapshot")["snapshot"]
    check_quotas(call.region, volumes)
    places = [zones.of_snapshot(call, volume.zone, volume.last_snapshot_at) for volume in volumes]
    call.stop_if_dry_run()
    made = [
        begin(call.region, volume, call.get("Description", ""), place)
        for volume, place in zip(volumes, places, strict=True)
    ]
    for snapshot, volume in zip(made, volumes, strict=True):
        inherited = call.region.tags.get(volume.id, {}) if call.get("CopyTagsFromSource") else {}
        call.region.tags[snapshot.id].update(tagging.user_tags(inherited) | tags)
    return {"Snapshots": [view(call.region, snapshot) for snapshot in made]}


@action("DeleteSnapshot")
def delete_snapshot(call: Call) -> None:
    """Delete a snapshot that no registered image needs."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    images = lookup.users_of(call.region.region_name, snapshot.id)
    if images:
        raise errors.snapshot_in_use(snapshot.id, images[0].id)
    locks.check_unlocked(snapshot)
    call.stop_if_dry_run()
    discard(call.region, snapshot)


def discard(region: Ec2Region, snapshot: Snapshot) -> None:
    """Delete a snapshot, into the Recycle Bin where a rule retains it."""
    recycle_bin.retain_snapshot(region, snapshot)
    remove(region, snapshot.id)


def remove(region: Ec2Region, snapshot_id: str) -> None:
    """Forget a snapshot and its tags."""
    region.snapshots.pop(snapshot_id, None)
    region.tags.pop(snapshot_id, None)
