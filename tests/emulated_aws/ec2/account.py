# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of an account in a region: encryption by default, its key, and block public access (aws_rules §6)."""

from __future__ import annotations

from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings


@action("GetEbsEncryptionByDefault")
def get_encryption_by_default(call: Call) -> Params:
    """Show whether new volumes and copies are always encrypted."""
    call.stop_if_dry_run()
    enabled = call.region.ebs_encryption_by_default
    return {"EbsEncryptionByDefault": enabled, "SseType": "sse-kms" if enabled else "none"}


@action("EnableEbsEncryptionByDefault")
def enable_encryption_by_default(call: Call) -> Params:
    """Encrypt new volumes and copies from now on."""
    call.stop_if_dry_run()
    call.region.ebs_encryption_by_default = True
    return {"EbsEncryptionByDefault": True}


@action("DisableEbsEncryptionByDefault")
def disable_encryption_by_default(call: Call) -> Params:
    """Encrypt new volumes and copies only where asked."""
    call.stop_if_dry_run()
    call.region.ebs_encryption_by_default = False
    return {"EbsEncryptionByDefault": False}


@action("GetEbsDefaultKmsKeyId")
def get_default_key(call: Call) -> Params:
    """Show the key for EBS encryption."""
    call.stop_if_dry_run()
    return {"KmsKeyId": _reported_key(call)}


@action("ModifyEbsDefaultKmsKeyId")
def modify_default_key(call: Call) -> Params:
    """Choose the key for EBS encryption; whether it works shows itself only when it is used."""
    call.stop_if_dry_run()
    call.region.default_key = call.region.key(call.get("KmsKeyId")).pinned().reference
    return {"KmsKeyId": call.region.default_key}


@action("ResetEbsDefaultKmsKeyId")
def reset_default_key(call: Call) -> Params:
    """Go back to ``alias/aws/ebs``."""
    call.stop_if_dry_run()
    call.region.default_key = None
    return {"KmsKeyId": _reported_key(call)}


def _reported_key(call: Call) -> str:
    if call.region.default_key:
        return call.region.default_key
    return "alias/aws/ebs" if settings.default_key_reported_as_alias else call.region.aws_ebs_key().reference


@action("GetImageBlockPublicAccessState")
def get_image_block_public_access(call: Call) -> Params:
    """Show whether images can be made public."""
    call.stop_if_dry_run()
    return {"ImageBlockPublicAccessState": call.region.image_block_public_access, "ManagedBy": "account"}


@action("EnableImageBlockPublicAccess")
def enable_image_block_public_access(call: Call) -> Params:
    """Forbid to make images public."""
    call.stop_if_dry_run()
    call.region.image_block_public_access = call.get("ImageBlockPublicAccessState")
    return {"ImageBlockPublicAccessState": call.region.image_block_public_access}


@action("DisableImageBlockPublicAccess")
def disable_image_block_public_access(call: Call) -> Params:
    """Allow to make images public."""
    call.stop_if_dry_run()
    call.region.image_block_public_access = "unblocked"
    return {"ImageBlockPublicAccessState": "unblocked"}


@action("GetSnapshotBlockPublicAccessState")
def get_snapshot_block_public_access(call: Call) -> Params:
    """Show whether snapshots can be made public."""
    call.stop_if_dry_run()
    return {"State": call.region.snapshot_block_public_access, "ManagedBy": "account"}


@action("EnableSnapshotBlockPublicAccess")
def enable_snapshot_block_public_access(call: Call) -> Params:
    """Forbid to make snapshots public."""
    call.stop_if_dry_run()
    call.region.snapshot_block_public_access = call.get("State")
    _block_public(call)
    return {"State": call.region.snapshot_block_public_access}


@action("DisableSnapshotBlockPublicAccess")
def disable_snapshot_block_public_access(call: Call) -> Params:
    """Allow to make snapshots public."""
    call.stop_if_dry_run()
    call.region.snapshot_block_public_access = "unblocked"
    _block_public(call)
    return {"State": "unblocked"}


def _block_public(call: Call) -> None:
    """Treat public snapshots as private, or again as public; their attribute stays."""
    for snapshot in call.region.snapshots.values():
        snapshot.public_blocked = call.region.snapshot_block_public_access == "block-all-sharing"
