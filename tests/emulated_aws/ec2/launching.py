# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RunInstances: the image's mapping with the overrides of the request (aws_rules §4.1)."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.ec2 import devices, errors, launch_templates, lookup, watermarks, zones
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.devices import Ebs, check_mapping_shape, name_among
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.model import Image
from emulated_aws.ec2.request import Call, Params
from emulated_aws.ec2.volume import Attachment, Volume
from emulated_aws.ec2.volume_making import VolumeRequest, make
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region


@dataclasses.dataclass
class Launch:
    """What every instance of one request gets."""

    image: Image
    volumes: dict[str, VolumeRequest]
    ephemeral: list[tuple[str, str]]


def plan(call: Call) -> Launch:
    """Check image and mappings and say which volumes an instance gets."""
    template = _template(call)
    image_id = call.get("ImageId") or template.get("ImageId")
    if not image_id:
        raise errors.missing_parameter("ImageId")
    image = _image(call, launch_templates.image_behind(call, image_id))
    if image.state != "available":
        raise errors.image_unavailable(image.id)
    watermarks.check_instance_type(image, call.get("InstanceType") or template.get("InstanceType") or "m1.small")
    volumes = {device.name: _inherited(call.region, device.ebs) for device in image.devices if device.ebs}
    ephemeral = {device.name: device.virtual_name for device in image.devices if device.virtual_name}
    for entries in (template.get("BlockDeviceMappings", []), call.get("BlockDeviceMappings", [])):
        check_mapping_shape(entries)
        for entry in entries:
            _override(call.region, entry, volumes, ephemeral)
    zone = zones.of_launch(call)
    for asked in volumes.values():
        asked.check()
        zones.check_volume(asked.snapshot, zone)
        asked.chosen_key(call.region)
    return Launch(image, volumes, list(ephemeral.items()))


def _image(call: Call, image_id: str) -> Image:
    found = lookup.any_image(call.region.region_name, image_id)
    if found and not lookup.may_launch(call.account, found):
        raise errors.images_forbidden(image_id)
    return lookup.image(call.region, image_id)


def _template(call: Call) -> Params:
    named = call.get("LaunchTemplate")
    return call.region._get_template_from_args(named).data if named else {}


def _inherited(region: Ec2Region, ebs: Ebs) -> VolumeRequest:
    # Whoever may launch the image may use its snapshots for that, without a permission on them.
    snapshot = lookup.any_snapshot(region.region_name, ebs.snapshot_id) if ebs.snapshot_id else None
    return VolumeRequest(dataclasses.replace(ebs), snapshot, encrypted=ebs.encrypted or None)


def _override(region: Ec2Region, entry: Params, volumes: dict[str, VolumeRequest], ephemeral: dict[str, str]) -> None:
    name = name_among([*volumes, *ephemeral], entry["DeviceName"])
    if "NoDevice" in entry:
        volumes.pop(name, None)
        ephemeral.pop(name, None)
    elif "VirtualName" in entry:
        volumes.pop(name, None)
        ephemeral[name] = entry["VirtualName"]
    else:
        ephemeral.pop(name, None)
        volumes[name] = _merged(region, name, entry["Ebs"], volumes.get(name))


def _merged(region: Ec2Region, device: str, asked: Params, inherited: VolumeRequest | None) -> VolumeRequest:
    snapshot = inherited.snapshot if inherited else None
    if asked.get("SnapshotId"):
        snapshot = lookup.snapshot(region, asked["SnapshotId"])
    devices.check_rate(asked.get("VolumeInitializationRate"), of_snapshot=snapshot is not None)
    base = inherited.ebs if inherited else Ebs(size=snapshot.size if snapshot else 0)
    if not base.size and not asked.get("VolumeSize"):
        raise errors.AwsError("MissingParameter", f"The device {device} needs the parameter size or snapshotId")
    kind = asked.get("VolumeType", base.volume_type)
    kept = base if kind == base.volume_type else Ebs()
    return VolumeRequest(
        ebs=Ebs(
            snapshot_id=snapshot.id if snapshot else None,
            size=asked.get("VolumeSize") or max(base.size, snapshot.size if snapshot else 0),
            volume_type=kind,
            iops=asked.get("Iops", kept.iops),
            throughput=asked.get("Throughput", kept.throughput),
            delete_on_termination=asked.get("DeleteOnTermination", base.delete_on_termination),
        ),
        snapshot=snapshot,
        encrypted=asked.get("Encrypted", inherited.encrypted if inherited and not snapshot else None),
        key=asked.get("KmsKeyId"),
    )


def _report_launch(image: Image, launched_at: float) -> None:
    image.last_launched_at = launched_at


def begin(region: Ec2Region, launch: Launch, instance: EmulatedInstance, volume_tags: dict[str, str]) -> None:
    """Give a new instance its volumes and let it start."""
    image = launch.image
    instance.ephemeral_devices = launch.ephemeral
    instance.adopt(image)
    for device, asked in launch.volumes.items():
        volume = attach(region, instance, device, asked)
        region.tags[volume.id].update(volume_tags)
    launched_at = region.now()
    agenda.at(launched_at + settings.last_launched_delay, lambda _due: _report_launch(image, launched_at))
    instance.launch()


def attach(region: Ec2Region, instance: EmulatedInstance, device: str, asked: VolumeRequest) -> Volume:
    """Make a volume that is the instance's from the start."""
    volume = make(region, asked, instance.availability_zone or "")
    volume.attachment = Attachment(volume.id, instance.id, device, asked.ebs.delete_on_termination)
    return volume
