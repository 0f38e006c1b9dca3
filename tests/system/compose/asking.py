# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to say what is composed, for all tests of ec2_ami_compose_keys."""

from __future__ import annotations

import typing as t

from emulated_aws.catalogue_images import IMAGES
from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result

MODULE = "ec2_ami_compose_keys"
HOME, AWAY = "us-east-1", "eu-west-1"
SOURCES = {spec.name: spec.image_id for spec in reversed(IMAGES)}
METHODS = ("snapshots", "instance")
THREE_KEYS = [
    {"device_name": "/dev/xvda", "kms_key_id": "alias/os"},
    {"device_name": "/dev/sdf", "kms_key_id": "alias/data"},
    {"device_name": "/dev/sdg", "kms_key_id": "alias/logs"},
]
ALIASES = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
EMPTY_VOLUME = {"device_name": "/dev/sdh", "volume_size": 5, "kms_key_id": "alias/golden"}


class Compose(t.Protocol):
    """``compose("database", name=…)``: of an image of the catalogue at home, waiting, unless the options say else."""

    def __call__(
        self, source: str | None, *, check: bool = False, diff: bool = False, as_: Credentials | None = None,
        **options: t.Any,
    ) -> Result: ...  # fmt: skip


def instance_of(look: Looking) -> str:
    """Return the catalogue's running instance."""
    return next(iter(look.emulator.catalogue()["instances"]))


class Local(t.NamedTuple):
    """A subnet in a Local Zone, and an instance of "encrypted-root" that runs in it."""

    subnet_id: str
    instance_id: str


def local_instance(emulator: Emulator, zone: str = "us-east-1-bos-1a") -> Local:
    """Launch an instance in a Local Zone, and hand it over."""
    ec2: t.Any = emulator.session().client("ec2", region_name=HOME)
    network = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    subnet = ec2.create_subnet(VpcId=network["VpcId"], CidrBlock="172.31.240.0/24", AvailabilityZone=zone)["Subnet"]
    asked = {"InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "SubnetId": subnet["SubnetId"]}
    launched = ec2.run_instances(ImageId=SOURCES["encrypted-root"], **asked)["Instances"][0]
    if isinstance(emulator.watcher, Guard):
        emulator.watcher.given(launched["InstanceId"], to=["CreateImage"])
    emulator.advance(120)
    return Local(str(subnet["SubnetId"]), str(launched["InstanceId"]))


def aliases(look: Looking, region: str, keys: t.Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the alias of each device's key."""
    names = {
        alias["TargetKeyId"]: alias["AliasName"]
        for alias in look.kms(region).list_aliases()["Aliases"]
        if "TargetKeyId" in alias
    }
    return {device: names[arn.rpartition("/")[2]] if arn else None for device, arn in keys.items()}


def sealed(look: Looking, region: str, image_id: str) -> dict[str, str | None]:
    """Return the alias of the key of each device of an image."""
    return aliases(look, region, look.keys(region, image_id))


def everything(look: Looking, region: str) -> dict[str, list[t.Any]]:
    """Return what there is, without what two runs cannot have in common: ids and times."""
    images = look.ec2(region).describe_images(Owners=["self"], IncludeDisabled=True)["Images"]
    ids = {
        ebs["SnapshotId"]: (image["Name"], device["DeviceName"])
        for image in images
        for device in image["BlockDeviceMappings"]
        if "SnapshotId" in (ebs := device.get("Ebs", {}))
    }
    snapshots = look.snapshots(region).values()
    volumes = look.ec2(region).describe_volumes()["Volumes"]
    reservations = look.ec2(region).describe_instances()["Reservations"]
    states = [instance["State"]["Name"] for one in reservations for instance in one["Instances"]]
    return {
        "images": sorted((_plain(one, ids) for one in images), key=repr),
        "snapshots": sorted((_plain(one, ids) for one in snapshots), key=repr),
        "volumes": sorted((_plain(one, ids) for one in volumes), key=repr),
        "instances": sorted(state for state in states if state != "terminated"),
    }


_VARYING = {
    "ImageId", "SnapshotId", "VolumeId", "CreationDate", "StartTime", "CompletionTime", "CreateTime", "AttachTime",
    "ImageLocation", "InstanceId", "SourceInstanceId", "Description",
}  # fmt: skip


def _plain(thing: t.Any, ids: t.Mapping[str, t.Any]) -> t.Any:
    if isinstance(thing, dict):
        kept = {name: _plain(value, ids) for name, value in thing.items() if name not in _VARYING}
        if "SnapshotId" in thing:
            kept["backs"] = ids.get(thing["SnapshotId"])
        return dict(sorted(kept.items()))
    if isinstance(thing, list):
        return sorted((_plain(one, ids) for one in thing if not _names_instance(one)), key=repr)
    return thing


def _names_instance(thing: t.Any) -> bool:
    return isinstance(thing, dict) and thing.get("Key") == "sealed.ami:builder"
