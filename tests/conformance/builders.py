# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build keys, snapshots, images and instances through the public API only, so that the same builders serve on AWS."""

from __future__ import annotations

import datetime
import json
import typing as t

from .place import Place, a_name, image, instance, reached, settled, snapshot, volume

PLAIN = None
DEFAULT_KEY = "default"
ROOT = "/dev/xvda"
INSTANCE_TYPE = "t3.micro"


def a_key(place: Place, *, shared_with: Place | None = None, **spec: t.Any) -> str:
    """Create a customer managed key and return its ARN; the other account may use it when ``shared_with``."""
    accounts = [place.account_id] + ([shared_with.account_id] if shared_with else [])
    root = [f"arn:aws:iam::{account}:root" for account in accounts]
    statement = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(place.kms.create_key(Policy=policy, **spec)["KeyMetadata"]["Arn"])


def an_alias(place: Place, key_arn: str) -> str:
    """Give the key an alias and return its name, with ``alias/``."""
    name = f"alias/{a_name('alias')}"
    place.kms.create_alias(AliasName=name, TargetKeyId=key_arn)
    return name


def a_volume(place: Place, *, key: str | None = PLAIN, **request: t.Any) -> str:
    """Create a volume of 1 GiB (or as asked), wait for it, and return its id."""
    if "SnapshotId" not in request:
        request.setdefault("Size", 1)
    made = place.ec2.create_volume(AvailabilityZone=place.zone, **encryption(key), **request)
    assert settled(place, volume, made["VolumeId"])["State"] == "available"
    return str(made["VolumeId"])


def encryption(key: str | None) -> dict[str, t.Any]:
    """Return the parameters that ask for a key: none, the default one, or a given one."""
    if key is PLAIN:
        return {}
    return {"Encrypted": True} if key == DEFAULT_KEY else {"Encrypted": True, "KmsKeyId": key}


def a_snapshot(place: Place, *, key: str | None = PLAIN, size: int = 1, **request: t.Any) -> str:
    """Create a completed snapshot under the key and return its id."""
    volume_id = a_volume(place, key=key, Size=size)
    snapshot_id = str(place.ec2.create_snapshot(VolumeId=volume_id, **request)["SnapshotId"])
    assert settled(place, snapshot, snapshot_id)["State"] == "completed"
    place.ec2.delete_volume(VolumeId=volume_id)
    return snapshot_id


def an_image(
    place: Place, *, root: str | None = PLAIN, data: t.Mapping[str, str | None] | None = None, **request: t.Any
) -> str:
    """Register an image whose root and data devices each have a snapshot under the given key; return its id."""
    keys = {ROOT: root, **(data or {})}
    mappings = [
        {"DeviceName": device, "Ebs": {"SnapshotId": a_snapshot(place, key=key)}} for device, key in keys.items()
    ]
    return a_registered_image(place, mappings, **request)


def root_of(snapshot_id: str, **ebs: t.Any) -> list[dict[str, t.Any]]:
    """Return block device mappings with a root device only."""
    return [{"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id, **ebs}}]


def a_registered_image(place: Place, mappings: list[dict[str, t.Any]], **request: t.Any) -> str:
    """Register an image with these block device mappings and return its id once it is available."""
    boot = {"Architecture": "x86_64", "VirtualizationType": "hvm", "EnaSupport": True, "RootDeviceName": ROOT}
    request = {"Name": a_name(), **boot, **request}
    image_id = str(place.ec2.register_image(BlockDeviceMappings=mappings, **request)["ImageId"])
    assert settled(place, image, image_id)["State"] == "available"
    return image_id


def a_published_image(place: Place, *, billed_as: str, owned: bool | None = None) -> dict[str, t.Any]:
    """Return an image that AWS or a vendor bills for, which no API call makes: the one with these platform details."""
    place.target.load_images()
    found = place.ec2.describe_images()["Images"]
    return next(
        each for each in found if billing_of(each) == billed_as and owned in (None, each["OwnerId"] == place.account_id)
    )


def billing_of(found: t.Mapping[str, t.Any]) -> str:
    """Return what an image is billed as: its platform, or "marketplace"."""
    return "marketplace" if found.get("ProductCodes") else str(found["PlatformDetails"])


def copy(place: Place, source_id: str, source: Place | None = None, **request: t.Any) -> str:
    """Start a copy into ``place`` and return the id of the new image."""
    region = (source or place).region
    request = {"Name": a_name("copy"), **request}
    return str(place.ec2.copy_image(SourceImageId=source_id, SourceRegion=region, **request)["ImageId"])


def copied(place: Place, source_id: str, source: Place | None = None, **request: t.Any) -> dict[str, t.Any]:
    """Copy an image, wait until the copy is available, and return it."""
    found = settled(place, image, copy(place, source_id, source, **request))
    assert found["State"] == "available", found.get("StateReason")
    return found


def copy_snapshot(place: Place, source_id: str, source: Place | None = None, **request: t.Any) -> str:
    """Start a copy of a snapshot into ``place`` and return the new id."""
    region = (source or place).region
    return str(place.ec2.copy_snapshot(SourceSnapshotId=source_id, SourceRegion=region, **request)["SnapshotId"])


def copied_snapshot(place: Place, source_id: str, source: Place | None = None, **request: t.Any) -> dict[str, t.Any]:
    """Copy a snapshot, wait until the copy is completed, and return it."""
    found = settled(place, snapshot, copy_snapshot(place, source_id, source, **request))
    assert found["State"] == "completed", found.get("StateMessage")
    return found


def mappings_of(found: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return an image's (or request's) mappings by device name."""
    return {mapping["DeviceName"]: mapping for mapping in found["BlockDeviceMappings"]}


def snapshot_ids(found: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return the snapshot of each EBS device of an image."""
    return {name: mapping["Ebs"]["SnapshotId"] for name, mapping in mappings_of(found).items() if "Ebs" in mapping}


def snapshots_of(place: Place, found: t.Mapping[str, t.Any]) -> dict[str, dict[str, t.Any]]:
    """Return each device's snapshot as DescribeSnapshots shows it."""
    ids = snapshot_ids(found)
    shown = place.ec2.describe_snapshots(SnapshotIds=list(ids.values()))["Snapshots"]
    by_id = {each["SnapshotId"]: each for each in shown}
    return {device: by_id[snapshot_id] for device, snapshot_id in ids.items()}


def keys_of(place: Place, found: t.Mapping[str, t.Any]) -> dict[str, str | None]:
    """Return the key ARN of each device's snapshot, ``PLAIN`` where it is not encrypted."""
    return {device: key_of(each) for device, each in snapshots_of(place, found).items()}


def key_of(found: t.Mapping[str, t.Any]) -> str | None:
    """Return the key ARN of a snapshot or volume, ``PLAIN`` if it is not encrypted."""
    return str(found["KmsKeyId"]) if found["Encrypted"] else PLAIN


def image_of(place: Place, image_id: str) -> dict[str, t.Any]:
    """Return an image that must be there."""
    found = image(place, image_id)
    assert found is not None
    return found


def snapshot_of(place: Place, snapshot_id: str) -> dict[str, t.Any]:
    """Return a snapshot that must be there."""
    found = snapshot(place, snapshot_id)
    assert found is not None
    return found


def in_days(place: Place, image_id: str, days: float) -> str:
    """Return a time so many days after the image was made, in whole minutes, in the form that EC2 takes."""
    made = datetime.datetime.fromisoformat(image_of(place, image_id)["CreationDate"])
    return (made + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:00")


def aws_managed_key(place: Place) -> str:
    """Return the ARN behind ``alias/aws/ebs``; asking makes the key (§6)."""
    return str(place.kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"])


def default_key(place: Place) -> str:
    """Return the ARN of the account's default EBS key here."""
    named = place.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    return str(place.kms.describe_key(KeyId=named)["KeyMetadata"]["Arn"])


def share_image(owner: Place, image_id: str, consumer: Place, *, storage: bool = True) -> None:
    """Let the consumer launch the image and, with ``storage``, copy it."""
    permission = {"Add": [{"UserId": consumer.account_id}]}
    owner.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=permission)
    for snapshot_id in snapshot_ids(image_of(owner, image_id)).values() if storage else ():
        share_snapshot(owner, snapshot_id, consumer)


def share_snapshot(owner: Place, snapshot_id: str, consumer: Place) -> None:
    """Let the consumer make volumes from the snapshot, and copy it."""
    permission = {"Add": [{"UserId": consumer.account_id}]}
    owner.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission=permission)


def an_instance(place: Place, image_id: str, *, state: str = "running", **request: t.Any) -> dict[str, t.Any]:
    """Launch one instance of the image, bring it to ``state`` (running or stopped), and return it."""
    instance_id = launch(place, image_id, **request)
    reached(place, instance_id, "running")
    if state == "stopped":
        place.ec2.stop_instances(InstanceIds=[instance_id])
    return reached(place, instance_id, state)


def launch(place: Place, image_id: str, **request: t.Any) -> str:
    """Launch one instance of the image and return its id at once."""
    request = {"InstanceType": INSTANCE_TYPE, "Placement": {"AvailabilityZone": place.zone}, **request}
    made = place.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, **request)
    return str(made["Instances"][0]["InstanceId"])


def volumes_of(place: Place, instance_id: str) -> dict[str, dict[str, t.Any]]:
    """Return the attached volumes of an instance by device name."""
    found = instance(place, instance_id)
    assert found is not None
    ids = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in found["BlockDeviceMappings"]}
    shown = place.ec2.describe_volumes(VolumeIds=list(ids.values()))["Volumes"]
    by_id = {each["VolumeId"]: each for each in shown}
    return {device: by_id[volume_id] for device, volume_id in ids.items()}


def tags_of(found: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return tags as a dictionary."""
    return {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}


def tagged(kind: str, **tags: str) -> list[dict[str, t.Any]]:
    """Return TagSpecifications for one type of resource."""
    return [{"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]
