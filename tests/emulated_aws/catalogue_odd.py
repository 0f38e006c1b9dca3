# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else lies about in a true account: backups, images of other tools, and old or odd ones (the seed ``odd``)."""

from __future__ import annotations

import typing as t

from emulated_aws import wire
from emulated_aws.catalogue_images import image_id
from emulated_aws.catalogue_keys import REGIONS
from emulated_aws.ec2 import seed
from emulated_aws.ec2.seed import Disk
from emulated_aws.identity import HOME_ACCOUNT, Caller, account_access_key, administrator

Act = t.Callable[[wire.Request, Caller], wire.Answer]
HOME, AWAY = REGIONS[0], "eu-west-1"
SOURCE = "plain-root"
DLM = {
    "dlm:managed": "true",
    "aws:dlm:lifecycle-policy-id": "policy-0123456789abcdef0",
    "aws:dlm:lifecycle-schedule-name": "Nightly",
}
INSTANCE = "i-0123456789abcdef0"
BACKUP = {"aws:backup:source-resource": f"{INSTANCE}:0a1b2c3d-0000-4000-8000-000000000000"}
# All of the recorded Ubuntu images look like this: a root, and two instance store disks.
UBUNTU = (
    Disk("/dev/sda1", 8, volume_type="gp2"),
    Disk("/dev/sdb", ephemeral="ephemeral0"),
    Disk("/dev/sdc", ephemeral="ephemeral1"),
)


def load(act: Act) -> dict[str, t.Any]:
    """Make everything and return the ids by what they stand for."""
    found = _registered()
    instance_id = _made_by_hand(act, found)
    found["instance-of-the-source"] = instance_id
    return found


def _registered() -> dict[str, t.Any]:
    place, away = seed.Place(HOME_ACCOUNT, HOME), seed.Place(HOME_ACCOUNT, AWAY)
    copied, made = (image_id(SOURCE), HOME), (image_id(SOURCE), HOME, INSTANCE)
    return {
        "root-mismatch": seed.image(
            place, name="root-mismatch", disks=[Disk("/dev/sda")], extras=seed.Extras(root_device_name="/dev/sda1")
        ),
        "like-ubuntu": seed.image(place, name="like-ubuntu", disks=UBUNTU),
        "nameless": seed.image(
            place, name="", disks=(), extras=seed.Extras(root_device_type="instance-store", undated=True)
        ),
        "undescribed-and-empty": seed.image(
            place, name="empty-description", disks=[Disk("/dev/xvda")], extras=seed.Extras(description="")
        ),
        "dlm-image": seed.image(
            place, name=f"policy-0123456789abcdef0_{INSTANCE}_2026-11-25", disks=[Disk("/dev/xvda")],
            extras=seed.Extras(tags=DLM, source=made),
        ),
        "backup-image": seed.image(
            place, name=f"AwsBackup_{INSTANCE}_0a1b2c3d", disks=[Disk("/dev/xvda", key="alias/golden")],
            extras=seed.Extras(
                tags=BACKUP,
                description="This image is created by the AWS Backup service.",
                owner_alias="aws-backup-vault",
                source=made,
            ),
        ),
        "copy-by-another-tool": seed.image(
            away, name="packer-copy", disks=[Disk("/dev/xvda", key="alias/golden")],
            extras=seed.Extras(tags={"Builder": "packer"}, source=copied),
        ),
        "volume-backup": seed.snapshot(
            place, Disk("/dev/sdf", 20, key="alias/data"), tags=DLM,
            description="Created for policy: policy-0123456789abcdef0 schedule: Nightly",
        ),
    }  # fmt: skip


def _made_by_hand(act: Act, found: dict[str, t.Any]) -> str:
    """Launch the source under a key, and have an image and a backup made of the instance; return its id."""
    tags = [{"Key": "Name", "Value": "web"}]
    instance_id = _do(act, "RunInstances", {
        "ImageId": image_id(SOURCE), "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1,
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "KmsKeyId": "alias/golden"}}],
        "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
    })["Instances"][0]["InstanceId"]  # fmt: skip
    found["image-of-an-instance"] = _do(
        act, "CreateImage", {"InstanceId": instance_id, "Name": "nightly-backup", "NoReboot": True}
    )["ImageId"]
    volumes = _do(act, "DescribeVolumes", {"Filters": [{"Name": "attachment.instance-id", "Values": [instance_id]}]})
    found["backup-of-an-instances-volume"] = _do(
        act, "CreateSnapshot", {"VolumeId": volumes["Volumes"][0]["VolumeId"], "Description": "nightly"}
    )["SnapshotId"]
    return str(instance_id)


def _do(act: Act, action: str, parameters: dict[str, t.Any]) -> dict[str, t.Any]:
    request = wire.write_request("ec2", action, parameters, access_key=account_access_key(HOME_ACCOUNT), region=HOME)
    answer = act(request, administrator(HOME_ACCOUNT))
    if answer.status != 200:
        raise ValueError(f"the catalogue's {action} is refused: {answer.error_code}")
    return wire.parse_answer(request, answer)
