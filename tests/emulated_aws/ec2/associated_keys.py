# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Associated KMS keys: a second way to the data of a snapshot (aws_rules §15; nearly all of it is open)."""

from __future__ import annotations

from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.keyring import KeyUse, aws_managed
from emulated_aws.ec2.model import Snapshot
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings


def _snapshot(call: Call) -> Snapshot:
    if not call.get("SnapshotId"):
        raise errors.missing_parameter("SnapshotId")
    return lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)


@action("AssociateKmsKeyId")
def associate_key(call: Call) -> Params:
    """Associate a key with an encrypted snapshot; its own key stays what it is."""
    snapshot, key = _snapshot(call), call.region.key(call.get("KmsKeyId"))
    if not snapshot.encrypted or snapshot.kms_key_arn is None:
        raise errors.AwsError("InvalidRequest", f"The snapshot {snapshot.id} is not encrypted.")
    if aws_managed(snapshot.kms_key_arn) and not settings.associated_keys_allowed_on_aws_managed:
        raise errors.AwsError("OperationNotPermitted", "Snapshots under the AWS managed key take no other key.")
    if settings.associate_key_checks == "sync" and not key.usable():
        raise errors.invalid_value(call.get("KmsKeyId"), "kmsKeyId", "Given key ID is not accessible")
    arn = key.arn() or call.get("KmsKeyId")
    if arn not in snapshot.associated_keys and len(snapshot.associated_keys) >= settings.associated_keys_limit:
        raise errors.AwsError("ResourceLimitExceeded", f"The snapshot {snapshot.id} has an associated key already.")
    call.stop_if_dry_run()
    if key.usable() and arn not in snapshot.associated_keys:
        snapshot.associated_keys.append(arn)
    return {"Return": True}


@action("DisassociateKmsKeyId")
def disassociate_key(call: Call) -> Params:
    """Take an associated key away; it gives no access to the data any more."""
    snapshot, arn = _snapshot(call), call.region.key(call.get("KmsKeyId")).arn()
    if arn not in snapshot.associated_keys:
        raise errors.invalid_value(call.get("KmsKeyId"), "kmsKeyId", "The key is not associated.")
    call.stop_if_dry_run()
    snapshot.associated_keys.remove(arn)
    return {"Return": True}


def readable_by(account: str, snapshot: Snapshot) -> KeyUse | None:
    """Return the use of the first key that opens the snapshot to the account: its own one or an associated one."""
    if snapshot.kms_key_arn is None:
        return None
    uses = [
        KeyUse.of_caller(account, snapshot.region, arn, purpose="decrypt")
        for arn in (snapshot.kms_key_arn, *snapshot.associated_keys)
    ]
    return next((use for use in uses if use.usable()), uses[0])
