# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AttachVolume and DetachVolume (§4.3)."""

from __future__ import annotations

import pytest

from .builders import (
    INSTANCE_TYPE,
    PLAIN,
    ROOT,
    a_registered_image,
    a_snapshot,
    a_volume,
    an_image,
    an_instance,
    volumes_of,
)
from .place import Place, reached, refused, volume
from .rules import rule

DATA = "/dev/sdf"


def attach(place: Place, volume_id: str, instance_id: str, device: str = DATA) -> None:
    """Attach a volume and wait until it is."""
    place.ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=device)
    place.until(lambda: state_of(place, volume_id) == "attached", f"{volume_id} attached")


def state_of(place: Place, volume_id: str) -> str:
    """Return the state of a volume's attachment, ``detached`` if there is none."""
    found = volume(place, volume_id) or {}
    return str(found["Attachments"][0]["State"]) if found["Attachments"] else "detached"


@rule("4.3 attach", "M")
def test_attached_volume_is_in_use(home: Place) -> None:
    """An attached volume is in use, at its device, and the instance shows it; DetachVolume makes it available."""
    instance_id, volume_id = an_instance(home, an_image(home))["InstanceId"], a_volume(home)
    attach(home, volume_id, instance_id)
    found = volume(home, volume_id) or {}
    [attachment] = found["Attachments"]
    assert (found["State"], attachment["InstanceId"], attachment["Device"]) == ("in-use", instance_id, DATA)
    assert set(volumes_of(home, instance_id)) == {ROOT, DATA}
    home.ec2.detach_volume(VolumeId=volume_id)
    home.until(lambda: (volume(home, volume_id) or {})["State"] == "available", f"{volume_id} available")
    assert set(volumes_of(home, instance_id)) == {ROOT}


@rule("4.3 zone", "ERR")
def test_other_zone(home: Place) -> None:
    """A volume of another zone cannot be attached."""
    zones = home.ec2.describe_availability_zones()["AvailabilityZones"]
    elsewhere = next(zone["ZoneName"] for zone in zones if zone["ZoneName"] != home.zone)
    instance_id = an_instance(home, an_image(home))["InstanceId"]
    volume_id = home.ec2.create_volume(AvailabilityZone=elsewhere, Size=1)["VolumeId"]
    home.until(lambda: (volume(home, volume_id) or {})["State"] == "available", f"{volume_id} available")
    with refused("InvalidVolume.ZoneMismatch", "InvalidVolumeID.ZoneMismatch"):
        home.ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=DATA)


@rule("4.3 device", "ERR")
def test_device_in_use(home: Place) -> None:
    """A device that the instance has already is refused with InvalidParameterValue."""
    instance_id = an_instance(home, an_image(home, data={DATA: PLAIN}))["InstanceId"]
    volume_id = a_volume(home)
    with refused("InvalidParameterValue", says="already in use"):
        home.ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=DATA)


@rule("4.3 in use", "ERR")
def test_volume_in_use(home: Place) -> None:
    """A volume that is attached cannot be attached again, nor deleted."""
    image_id, volume_id = an_image(home), a_volume(home)
    first, second = (an_instance(home, image_id)["InstanceId"] for _ in range(2))
    attach(home, volume_id, first)
    with refused("VolumeInUse", "IncorrectState"):
        home.ec2.attach_volume(VolumeId=volume_id, InstanceId=second, Device=DATA)
    with refused("VolumeInUse"):
        home.ec2.delete_volume(VolumeId=volume_id)


@pytest.mark.aws_safe
@rule("4.3 not found", "ERR")
def test_absent_parties(home: Place) -> None:
    """Neither an absent volume nor an absent instance can be attached."""
    volume_id = a_volume(home)
    with refused("InvalidInstanceID.NotFound"):
        home.ec2.attach_volume(VolumeId=volume_id, InstanceId="i-0123456789abcdef0", Device=DATA)
    with refused("InvalidVolume.NotFound", "InvalidInstanceID.NotFound"):
        home.ec2.attach_volume(VolumeId="vol-0123456789abcdef0", InstanceId="i-0123456789abcdef0", Device=DATA)


@rule("4.3 root", "M")
def test_root_volume_is_detached_from_a_stopped_instance_only(home: Place) -> None:
    """The root volume can be detached only while the instance is stopped."""
    instance_id = an_instance(home, an_image(home))["InstanceId"]
    root_id = volumes_of(home, instance_id)[ROOT]["VolumeId"]
    with refused():
        home.ec2.detach_volume(VolumeId=root_id)
    home.ec2.stop_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "stopped")
    home.ec2.detach_volume(VolumeId=root_id)
    home.until(lambda: (volume(home, root_id) or {})["State"] == "available", f"{root_id} available")


@rule("4.3 detach", "ERR")
def test_detached_volume_cannot_be_detached(home: Place) -> None:
    """A volume that is not attached cannot be detached."""
    with refused("IncorrectState"):
        home.ec2.detach_volume(VolumeId=a_volume(home))


@rule("4.3 delete on termination", "M")
def test_terminating_deletes_what_says_so(home: Place) -> None:
    """Terminating deletes the volumes with DeleteOnTermination, and frees the others."""
    removed = {"DeviceName": ROOT, "Ebs": {"SnapshotId": a_snapshot(home), "DeleteOnTermination": True}}
    kept = {"DeviceName": DATA, "Ebs": {"VolumeSize": 1, "DeleteOnTermination": False}}
    instance_id = an_instance(home, a_registered_image(home, [removed, kept]))["InstanceId"]
    ids = {device: found["VolumeId"] for device, found in volumes_of(home, instance_id).items()}
    home.ec2.terminate_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "terminated")
    home.until(lambda: volume(home, ids[ROOT]) is None, f"{ids[ROOT]} deleted")
    assert (volume(home, ids[DATA]) or {})["State"] == "available"


@rule("4.3 attach", "M")
def test_volumes_can_be_attached_while_stopped(home: Place) -> None:
    """A stopped instance takes volumes, and starts with them."""
    instance_id = an_instance(home, an_image(home), state="stopped", InstanceType=INSTANCE_TYPE)["InstanceId"]
    attach(home, a_volume(home), instance_id)
    home.ec2.start_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "running")
    assert set(volumes_of(home, instance_id)) == {ROOT, DATA}
