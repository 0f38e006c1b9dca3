# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AttachVolume and DetachVolume (aws_rules §4.3)."""

from __future__ import annotations

from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.devices import same_device
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.model import View
from emulated_aws.ec2.request import Call, action
from emulated_aws.ec2.volume import Attachment, Volume


@action("AttachVolume")
def attach_volume(call: Call) -> View:
    """Attach a volume; it outlives the instance."""
    volume = lookup.volume(call.region, call.get("VolumeId"))
    instance = call.region.instance(call.get("InstanceId"))
    _check_attachable(call, volume, instance)
    call.stop_if_dry_run()
    volume.attachment = Attachment(volume.id, instance.id, call.get("Device"))
    return volume.attachment.wire() | {"State": "attaching"}


def _check_attachable(call: Call, volume: Volume, instance: EmulatedInstance) -> None:
    if volume.attachment:
        raise errors.AwsError("VolumeInUse", f"{volume.id} is already attached to an instance")
    if volume.state != "available":
        raise errors.AwsError("IncorrectState", f"The volume '{volume.id}' is not 'available'.")
    if instance.state not in ("running", "stopped"):
        raise errors.AwsError("IncorrectState", f"Instance '{instance.id}' is not 'running'.")
    if volume.zone != instance.availability_zone:
        raise errors.AwsError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{instance.id}'",
        )
    device = call.get("Device")
    if any(same_device(device, taken) for taken, _volume in call.region.attached(instance.id)):
        raise errors.AwsError(
            "InvalidParameterValue",
            f"Invalid value '{device}' for unixDevice. Attachment point {device} is already in use on the instance",
        )
    if volume.billing.product_codes and instance.state != "stopped":
        raise errors.AwsError(
            "IncorrectInstanceState", "A volume with product codes can be attached to a stopped instance only."
        )


@action("DetachVolume")
def detach_volume(call: Call) -> View:
    """Detach a volume; the root volume only from a stopped instance."""
    volume = lookup.volume(call.region, call.get("VolumeId"))
    attachment = volume.attachment
    if attachment is None:
        raise errors.AwsError("IncorrectState", f"Volume '{volume.id}' is in the '{volume.state}' state.")
    if call.get("InstanceId", attachment.instance_id) != attachment.instance_id:
        raise errors.AwsError(
            "InvalidAttachment.NotFound", f"Volume '{volume.id}' is not attached to '{call.get('InstanceId')}'"
        )
    if call.get("Device", attachment.device) != attachment.device:
        raise errors.AwsError(
            "InvalidAttachment.NotFound", f"Volume '{volume.id}' is not attached as device '{call.get('Device')}'"
        )
    instance = call.region.instance(attachment.instance_id)
    if same_device(attachment.device, instance.root_device_name) and instance.state != "stopped":
        raise errors.AwsError(
            "OperationNotPermitted",
            f"Unable to detach root volume '{attachment.device}' from instance '{instance.id}'",
        )
    call.stop_if_dry_run()
    volume.attachment, volume.state = None, "available"
    return attachment.wire() | {"State": "detaching"}
