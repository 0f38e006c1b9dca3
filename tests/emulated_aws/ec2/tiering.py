# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive tier of snapshots (aws_rules §2, §5.2)."""

from __future__ import annotations

from emulated_aws.ec2 import errors, lookup, tagging, timing
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import Snapshot, View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action

DAY = 86400.0


@action("ModifySnapshotTier")
def modify_snapshot_tier(call: Call) -> Params:
    """Archive a snapshot that backs no enabled image."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    if snapshot.state != "completed" or snapshot.tiering.tier == "archive":
        raise errors.AwsError("IncorrectState", f"The snapshot {snapshot.id} cannot be archived in its state.")
    if snapshot.location.local:
        raise errors.AwsError("UnsupportedOperation", f"The local snapshot {snapshot.id} cannot be archived.")
    images = [image for image in lookup.users_of(snapshot.region, snapshot.id) if image.state != "disabled"]
    if images:
        raise errors.AwsError(
            "OperationNotPermitted", f"The snapshot {snapshot.id} is associated with {images[0].id}; it stays."
        )
    call.stop_if_dry_run()
    archive(snapshot, timing.now())
    return {"SnapshotId": snapshot.id, "TieringStartTime": timing.moment(timing.now())}


def archive(snapshot: Snapshot, at: float) -> None:
    """Move a snapshot to the archive."""
    tiering = snapshot.tiering
    tiering.tier, tiering.operation, tiering.started_at, tiering.archived_at = "archive", "archival-completed", at, at
    tiering.restore_expires_at = None


@action("RestoreSnapshotTier")
def restore_snapshot_tier(call: Call) -> Params:
    """Restore a snapshot from the archive, for some days or for good."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    days, permanent = call.get("TemporaryRestoreDays"), bool(call.get("PermanentRestore"))
    if bool(days) == permanent:
        raise errors.invalid_combination("Give either TemporaryRestoreDays or PermanentRestore.")
    if snapshot.tiering.tier != "archive" and snapshot.tiering.restore_expires_at is None:
        raise errors.AwsError("IncorrectState", f"The snapshot {snapshot.id} is not archived.")
    call.stop_if_dry_run()
    restore(snapshot, days)
    answer: Params = {
        "SnapshotId": snapshot.id,
        "RestoreStartTime": timing.moment(timing.now()),
        "IsPermanentRestore": permanent,
    }
    return answer if permanent else answer | {"RestoreDuration": days}


def restore(snapshot: Snapshot, days: float | None) -> None:
    """Bring a snapshot back to the standard tier; after ``days``, if any, it is archived again."""
    tiering = snapshot.tiering
    tiering.tier, tiering.started_at = "standard", timing.now()
    if days is None:
        tiering.operation, tiering.restore_expires_at = "permanent-restore-completed", None
        return
    expires_at = timing.now() + days * DAY
    tiering.operation, tiering.restore_expires_at = "temporary-restore-completed", expires_at
    agenda.at(expires_at, lambda due: archive(snapshot, due) if tiering.restore_expires_at == expires_at else None)


@action("DescribeSnapshotTierStatus")
def describe_snapshot_tier_status(call: Call) -> Params:
    """List the tiers of own snapshots."""
    call.stop_if_dry_run()
    own = [snapshot for snapshot in call.region.snapshots.values() if snapshot.lag.visible()]
    facts: Facts[Snapshot] = Facts(
        {
            "snapshot-id": lambda one: one.id,
            "volume-id": lambda one: one.volume_id,
            "last-tiering-operation": lambda one: one.tiering.operation,
        },
        tags=lambda one: call.region.tags.get(one.id, {}),
    )
    shown, token = page(call, facts.select(own, call.get("Filters", [])))
    return {"NextToken": token, "SnapshotTierStatuses": [_status(call, snapshot) for snapshot in shown]}


def _status(call: Call, snapshot: Snapshot) -> View:
    tiering = snapshot.tiering
    shown: View = {
        "SnapshotId": snapshot.id,
        "VolumeId": snapshot.volume_id,
        "Status": snapshot.state,
        "OwnerId": snapshot.owner,
        "Tags": tagging.wire(call.region.tags.get(snapshot.id, {})),
        "StorageTier": tiering.tier,
    }
    optional = {
        "LastTieringStartTime": timing.moment(tiering.started_at) if tiering.started_at else None,
        "LastTieringProgress": 100 if tiering.operation else None,
        "LastTieringOperationStatus": tiering.operation,
        "ArchivalCompleteTime": timing.moment(tiering.archived_at) if tiering.archived_at else None,
        "RestoreExpiryTime": timing.moment(tiering.restore_expires_at) if tiering.restore_expires_at else None,
    }
    return shown | {name: value for name, value in optional.items() if value is not None}
