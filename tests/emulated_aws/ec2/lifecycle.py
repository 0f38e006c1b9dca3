# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of images, and what delays or prepares it (aws_rules §5.3)."""

from __future__ import annotations

import calendar
import datetime

from emulated_aws import enforcement
from emulated_aws.ec2 import errors, lookup, recycle_bin, snapshots, timing
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.model import Gone, Image, Protection
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

DAY = 86400.0
YEAR = 365.25 * DAY


def _own_image(call: Call) -> Image:
    return lookup.image(call.region, call.get("ImageId"), owned=True)


@action("DeregisterImage")
def deregister_image(call: Call) -> Params:
    """Deregister an image in any state and, if asked, delete its snapshots that no other image needs."""
    image = _own_image(call)
    if image.protection.blocks():
        raise errors.AwsError("OperationNotPermitted", f"The image {image.id} is protected against deregistration.")
    if image.owner_alias == "aws-backup-vault":
        raise errors.AwsError("OperationNotPermitted", f"The image {image.id} is managed by AWS Backup.")
    call.stop_if_dry_run()
    del call.region.amis[image.id]
    recycle_bin.retain_image(call.region, image)
    image.state = "deregistered"
    gone_at = timing.now()
    call.region.gone_images[image.id] = Gone(image, gone_at)
    agenda.at(gone_at + settings.deregistered_image_listed_seconds, lambda _due: _forget_tags(call, image))
    agenda.settle()
    wanted = image.snapshot_ids() if call.get("DeleteAssociatedSnapshots") else []
    results = [
        {"SnapshotId": snapshot_id, "ReturnCode": _delete_snapshot(call, snapshot_id)}
        for snapshot_id in dict.fromkeys(wanted)
    ]
    return {"Return": True, "DeleteSnapshotResults": results}


def _forget_tags(call: Call, image: Image) -> None:
    call.region.tags.pop(image.id, None)


def _delete_snapshot(call: Call, snapshot_id: str) -> str:
    snapshot = lookup.any_snapshot(call.region.region_name, snapshot_id)
    if snapshot is None:
        return "client-error"
    allowed = enforcement.current_caller_may("ec2:DeleteSnapshot", snapshot_id, region=call.region.region_name)
    if snapshot.owner != call.account or not allowed:
        return "missing-permissions"
    if lookup.users_of(call.region.region_name, snapshot_id):
        return "skipped"
    if snapshot.lock and snapshot.lock.holds():
        return settings.deregister_locked_snapshot
    snapshots.discard(call.region, snapshot)
    return "success"


@action("EnableImageDeregistrationProtection")
def enable_deregistration_protection(call: Call) -> Params:
    """Protect an image against deregistration."""
    image = _own_image(call)
    call.stop_if_dry_run()
    image.protection = Protection(enabled=True, with_cooldown=bool(call.get("WithCooldown")))
    return {"Return": image.protection.wire()}


@action("DisableImageDeregistrationProtection")
def disable_deregistration_protection(call: Call) -> Params:
    """End the protection, with cooldown 24 hours later."""
    image = _own_image(call)
    call.stop_if_dry_run()
    cooling = image.protection.enabled and image.protection.with_cooldown
    until = timing.now() + DAY if cooling else image.protection.cooldown_until
    image.protection = Protection(cooldown_until=until)
    return {"Return": "true"}


@action("EnableImageDeprecation")
def enable_image_deprecation(call: Call) -> Params:
    """Set the deprecation date, rounded to the minute."""
    image = _own_image(call)
    wanted = _round_to_minute(_seconds(call.get("DeprecateAt")))
    if wanted < timing.now():
        raise errors.invalid_value(call.get("DeprecateAt"), "deprecateAt", "The date lies in the past.")
    latest = image.created_at + 2 * YEAR if image.public else timing.now() + 10 * YEAR
    if wanted > latest:
        raise errors.invalid_value(call.get("DeprecateAt"), "deprecateAt", "The date lies too far in the future.")
    call.stop_if_dry_run()
    image.deprecate_at = wanted
    return {"Return": True}


def _seconds(moment: datetime.datetime) -> float:
    return float(calendar.timegm(moment.timetuple()))


def _round_to_minute(seconds: float) -> float:
    return float(round(seconds / 60) * 60)


@action("DisableImageDeprecation")
def disable_image_deprecation(call: Call) -> Params:
    """Cancel the deprecation."""
    image = _own_image(call)
    call.stop_if_dry_run()
    image.deprecate_at = None
    return {"Return": True}


@action("DisableImage")
def disable_image(call: Call) -> Params:
    """Disable an image; its launch permissions are gone for good."""
    image = _own_image(call)
    if image.state != "available":
        raise errors.image_unavailable(image.id)
    call.stop_if_dry_run()
    image.state, image.launch_permissions = "disabled", []
    return {"Return": True}


@action("EnableImage")
def enable_image(call: Call) -> Params:
    """Enable a disabled image again."""
    image = _own_image(call)
    if image.state != "disabled":
        raise errors.image_unavailable(image.id)
    call.stop_if_dry_run()
    image.state = "available"
    return {"Return": True}
