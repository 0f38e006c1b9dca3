# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateImage (aws_rules §3.1): one snapshot per attached volume, under the volume's key."""

from __future__ import annotations

import dataclasses
import typing as t

from moto.ec2.utils import random_ami_id

from emulated_aws.ec2 import errors, lookup, snapshots, tagging, timing, zones
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.copy_image import check_description, check_name
from emulated_aws.ec2.devices import Device, Ebs, check_mapping_shape, name_among, same_device
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.model import Image, Lineage
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.ec2.volume import Volume

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

FIXED = ("VolumeSize", "VolumeType", "SnapshotId", "Iops", "Throughput")
UNSUPPORTED = ("KmsKeyId", "OutpostArn", "AvailabilityZone", "AvailabilityZoneId", "VolumeInitializationRate")
FAILURE = ("Client.InternalError", "Create image failed with an internal error")


@action("CreateImage")
def create_image(call: Call) -> Params:
    """Start making an image of an instance and return its id."""
    instance = call.region.instance(call.get("InstanceId"))
    _check(call, instance)
    attached = call.region.attached(instance.id)
    devices = _with_overrides(call, instance, dict(attached))
    tags = tagging.specified(call, "image", "snapshot")
    volumes = dict(attached)
    snapshots.check_quotas(call.region, [volumes[device.name] for device in devices if device.name in volumes])
    call.stop_if_dry_run()
    image = _begin(call, instance, devices, volumes)
    call.region.tags[image.id].update(tags["image"])
    for device in devices:
        if device.name in volumes and device.ebs and device.ebs.snapshot_id:
            call.region.tags[device.ebs.snapshot_id].update(tags["snapshot"])
    return {"ImageId": image.id}


def check_unused(region: Ec2Region, name: str) -> None:
    """Raise InvalidAMIName.Duplicate if an image of the account has the name."""
    taken = region.image_named(name)
    if taken:
        raise errors.image_name_duplicate(name, taken.id)


def _check(call: Call, instance: EmulatedInstance) -> None:
    check_name(call.get("Name"))
    check_description(call.get("Description"))
    check_unused(call.region, call.get("Name"))
    if instance.state not in ("running", "stopped"):
        raise errors.AwsError(
            "IncorrectState", f"Instance '{instance.id}' is not in a state from which it can be imaged."
        )
    for _device, volume in call.region.attached(instance.id):
        zones.of_snapshot(call, volume.zone, volume.last_snapshot_at)
    if call.get("BootModeOverride") and instance.current_instance_boot_mode != "uefi":
        raise errors.invalid_value(
            call.get("BootModeOverride"), "bootModeOverride", "The instance's current boot mode is not uefi."
        )


def _with_overrides(call: Call, instance: EmulatedInstance, volumes: dict[str, Volume]) -> list[Device]:
    # An attached volume hides an ephemeral mapping of its name, not the other way round.
    devices = {name: Device(name, virtual_name=virtual) for name, virtual in instance.ephemeral_devices}
    devices |= {name: Device(name, _of_volume(volume)) for name, volume in volumes.items()}
    entries = call.get("BlockDeviceMappings", [])
    check_mapping_shape(entries)
    for entry in entries:
        name = name_among(devices, entry["DeviceName"])
        if "NoDevice" in entry:
            devices.pop(name, None)
        elif "VirtualName" in entry:
            devices[name] = Device(name, virtual_name=entry["VirtualName"])
        elif name in volumes:
            _check_existing(name, entry["Ebs"], volumes[name])
            ebs = t.cast(Ebs, devices[name].ebs)
            ebs.delete_on_termination = entry["Ebs"].get("DeleteOnTermination", ebs.delete_on_termination)
        else:
            devices[name] = Device(name, new_ebs(call, name, entry["Ebs"]))
    if not any(same_device(name, instance.root_device_name) for name in devices):
        raise errors.invalid_mapping(f"The root device {instance.root_device_name} cannot be left out.")
    return list(devices.values())


def _of_volume(volume: Volume) -> Ebs:
    attachment = volume.attachment
    return Ebs(
        size=volume.size,
        volume_type=volume.volume_type,
        iops=volume.iops if volume.volume_type in ("io1", "io2", "gp3") else None,
        throughput=volume.throughput,
        delete_on_termination=attachment.delete_on_termination if attachment else True,
        encrypted=volume.encrypted,
    )


def _check_existing(name: str, asked: Params, volume: Volume) -> None:
    _check_supported(name, asked)
    for member in FIXED:
        if member in asked:
            raise errors.invalid_mapping(f"{member} cannot be changed for the existing device {name}.")
    if asked.get("Encrypted") and not volume.encrypted:
        raise errors.invalid_mapping(f"The encryption of the existing device {name} cannot be changed.")


def _check_supported(name: str, asked: Params) -> None:
    for member in UNSUPPORTED:
        if member in asked:
            raise errors.invalid_mapping(f"{member} is not supported for device {name} by this action.")


def new_ebs(call: Call, name: str, asked: Params) -> Ebs:
    """Return the mapping of a device that no volume backs yet: from a snapshot, or an empty volume."""
    _check_supported(name, asked)
    snapshot = None
    if asked.get("SnapshotId"):
        if "Encrypted" in asked:
            raise errors.invalid_mapping(
                f"the encrypted flag cannot be specified since device {name} has a snapshot specified."
            )
        snapshot = lookup.snapshot(call.region, asked["SnapshotId"])
    size = asked.get("VolumeSize") or (snapshot.size if snapshot else None)
    if size is None:
        raise errors.AwsError("MissingParameter", f"The device {name} needs the parameter size or snapshotId")
    return Ebs(
        snapshot_id=snapshot.id if snapshot else None,
        size=size,
        volume_type=asked.get("VolumeType") or "gp2",
        iops=asked.get("Iops"),
        throughput=asked.get("Throughput"),
        delete_on_termination=asked.get("DeleteOnTermination", True),
        encrypted=snapshot.encrypted if snapshot else bool(asked.get("Encrypted")),
    )


def _begin(call: Call, instance: EmulatedInstance, devices: list[Device], volumes: dict[str, Volume]) -> Image:
    region = call.region
    boot = instance.boot
    if call.get("BootModeOverride"):
        boot = dataclasses.replace(boot, boot_mode=call.get("BootModeOverride"))
    image = Image(
        id=random_ami_id(),
        owner=call.account,
        region=region.region_name,
        name=call.get("Name"),
        devices=devices,
        root_device_name=instance.root_device_name,
        description=call.get("Description"),
        boot=boot,
        billing=instance.billing,
        lineage=Lineage(image_id=instance.image_id, region=region.region_name, instance_id=instance.id),
        state="pending",
        watermarks=dict(instance.watermarks),
        lag=region.new_lag(),
    )
    ready_at = timing.now()
    for device in devices:
        if device.name in volumes and device.ebs:
            description = f"Created by CreateImage({instance.id}) for {image.id}"
            volume = volumes[device.name]
            location = zones.of_snapshot(call, volume.zone, volume.last_snapshot_at)
            snapshot = snapshots.begin(region, volume, description, location)
            device.ebs.snapshot_id = snapshot.id
            ready_at = max(ready_at, snapshot.ready_at)
    region.amis[image.id] = image
    agenda.at(ready_at, lambda _due: _end(region, image))
    return image


def _end(region: Ec2Region, image: Image) -> None:
    if image.state != "pending" or image.id not in region.amis:
        return
    taken = [lookup.any_snapshot(region.region_name, snapshot_id) for snapshot_id in image.snapshot_ids()]
    if all(snapshot is not None and snapshot.state == "completed" for snapshot in taken):
        image.state = "available"
    else:
        image.fail(*FAILURE)
