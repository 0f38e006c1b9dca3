# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may restore and copy a snapshot (aws_rules §5.4)."""

from __future__ import annotations

from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.image_attributes import check_permission
from emulated_aws.ec2.keyring import aws_managed
from emulated_aws.ec2.model import Permission, Snapshot, View
from emulated_aws.ec2.request import Call, action

MOST_CHANGES = 500


@action("ModifySnapshotAttribute")
def modify_snapshot_attribute(call: Call) -> None:
    """Add or remove accounts, or everybody, that may restore the snapshot."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    if call.get("Attribute", "createVolumePermission") != "createVolumePermission":
        raise errors.invalid_value(call.get("Attribute"), "attribute", "Expected: createVolumePermission.")
    added, removed = _changes(call)
    if added:
        _check_sharing(call, snapshot, added)
    call.stop_if_dry_run()
    snapshot.users |= {one["UserId"] for one in added if "UserId" in one}
    snapshot.users -= {one["UserId"] for one in removed if "UserId" in one}
    if {"Group": "all"} in added + removed:
        snapshot.public = {"Group": "all"} in added


def _changes(call: Call) -> tuple[list[Permission], list[Permission]]:
    asked = call.get("CreateVolumePermission", {})
    added, removed = list(asked.get("Add", [])), list(asked.get("Remove", []))
    listed: list[Permission] = [{"UserId": user} for user in call.get("UserIds", [])]
    listed += [{"Group": group} for group in call.get("GroupNames", [])]
    if listed and call.get("OperationType") not in ("add", "remove"):
        raise errors.missing_parameter("operationType")
    (added if call.get("OperationType") == "add" else removed).extend(listed)
    if added and removed:
        raise errors.invalid_combination("Permissions can be added or removed in one call, not both.")
    if not added and not removed:
        raise errors.missing_parameter("createVolumePermission")
    if len(added + removed) > MOST_CHANGES:
        raise errors.invalid_value(len(added + removed), "createVolumePermission", "At most 500 changes per call.")
    for permission in added + removed:
        check_permission(permission)
    return added, removed


def _check_sharing(call: Call, snapshot: Snapshot, added: list[Permission]) -> None:
    if snapshot.location.outpost_arn:
        raise errors.AwsError("UnsupportedOperation", "Local snapshots on Outposts cannot be shared.")
    if snapshot.tiering.tier == "archive":
        raise errors.AwsError("IncorrectState", f"The snapshot {snapshot.id} is archived and cannot be shared.")
    if snapshot.kms_key_arn and aws_managed(snapshot.kms_key_arn):
        raise errors.AwsError("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared")
    if {"Group": "all"} not in added:
        return
    if snapshot.encrypted:
        raise errors.AwsError("OperationNotPermitted", "Encrypted snapshots cannot be shared publicly")
    if call.region.snapshot_block_public_access != "unblocked":
        raise errors.AwsError(
            "OperationNotPermitted", "You can't publicly share this snapshot because block public access is enabled."
        )


@action("DescribeSnapshotAttribute")
def describe_snapshot_attribute(call: Call) -> View:
    """Show who may restore an own snapshot, or its product codes."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    call.stop_if_dry_run()
    if call.get("Attribute") == "productCodes":
        return {"SnapshotId": snapshot.id, "ProductCodes": snapshot.billing.wire_codes()}
    permissions: list[Permission] = [{"UserId": user} for user in sorted(snapshot.users)]
    if snapshot.public:
        permissions.append({"Group": "all"})
    return {"SnapshotId": snapshot.id, "CreateVolumePermissions": permissions}


@action("ResetSnapshotAttribute")
def reset_snapshot_attribute(call: Call) -> None:
    """Remove all permissions of a snapshot."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    if call.get("Attribute") != "createVolumePermission":
        raise errors.invalid_value(call.get("Attribute"), "attribute", "Expected: createVolumePermission.")
    call.stop_if_dry_run()
    snapshot.users, snapshot.public = set(), False
