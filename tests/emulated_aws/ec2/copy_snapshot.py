# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopySnapshot (aws_rules §2): nearly everything is accepted, and fails later."""

from __future__ import annotations

from emulated_aws.ec2 import copying, errors, lookup, outcomes, tagging, zones
from emulated_aws.ec2.copy_image import check_description
from emulated_aws.ec2.model import Snapshot
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings


@action("CopySnapshot")
def copy_snapshot(call: Call) -> Params:
    """Start a copy and return the id of the pending snapshot; botocore adds PresignedUrl and DestinationRegion."""
    check_description(call.get("Description"))
    location = zones.destination(call)
    origin = copying.source_region(call.region, call.get("SourceRegion"))
    source = _source(call, origin.region_name)
    zones.judge(call, [source] if source else [], location, alone=True)
    job = _job(call, source)
    tags = tagging.specified(call, "snapshot")["snapshot"]
    copying.check_minutes(
        call.get("CompletionDurationMinutes"), "CompletionDurationMinutes", [source] if source else [], call.region
    )
    copying.check_copy_quota(call.region, 1)
    call.stop_if_dry_run()
    snapshot = job.begin(call.get("Description", ""))
    snapshot.location = location
    if source and settings.register_image_keeps_billing:
        snapshot.billing = source.billing
    elif source:
        snapshot.billing = source.billing.codes_only()
    call.region.tags[snapshot.id].update(tags)
    return {"SnapshotId": snapshot.id, "Tags": tagging.wire(tags)}


def _source(call: Call, region_name: str) -> Snapshot | None:
    snapshot_id = call.get("SourceSnapshotId")
    if copying.unknown_source(region_name, snapshot_id, call.account):
        return None
    source = lookup.any_snapshot(region_name, snapshot_id)
    if source and source.tiering.tier == "archive":
        raise errors.AwsError(
            "IncorrectState", f"You can't copy an archived snapshot. Restore {snapshot_id} from the archive first."
        )
    if source and source.state != "completed":
        raise errors.AwsError("IncorrectState", f"The snapshot {snapshot_id} is in the state {source.state}.")
    return source


def _job(call: Call, source: Snapshot | None) -> copying.SnapshotCopy:
    if call.get("Encrypted") is False and settings.copy_snapshot_explicit_false == "error":
        raise errors.invalid_value("false", "encrypted", "This parameter can only be set to true.")
    outcome = outcomes.copy_snapshot(
        copying.source_seen_from(call.region, source) if source else outcomes.Source(encrypted=False),
        outcomes.Asked(encrypted=call.get("Encrypted"), key=bool(call.get("KmsKeyId"))),
        call.region.ebs_encryption_by_default or zones.encrypted_there(zones.destination(call)),
        settings.copy_snapshot_same_region_key,
    )
    key = copying.chosen_key(call.region, outcome, given=call.get("KmsKeyId"), source=source)
    return copying.SnapshotCopy(
        region=call.region,
        source_region=call.get("SourceRegion"),
        source_id=call.get("SourceSnapshotId"),
        source=source,
        encrypted=key is not None,
        key=key,
        minutes=call.get("CompletionDurationMinutes"),
    )
