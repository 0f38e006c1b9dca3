# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of use share: an account in which images are used in every way, made with boto3 alone."""

from __future__ import annotations

import typing as t
import uuid

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from system.running import Result, RunModule

MODULE, REGION = "ec2_ami_usage_info", "us-east-1"
TYPE, OTHER = "t3.small", "210987654321"
DAY = 86400.0


class Account:
    """One account in one region."""

    def __init__(self, emulator: Emulator, **session: t.Any) -> None:
        clients: t.Any = emulator.session(region=REGION, **session)
        self.ec2, self.ssm, self.scaling = (clients.client(name) for name in ("ec2", "ssm", "autoscaling"))

    def image(self, name: str, *, snapshot: str | None = None) -> str:
        """Return a new image, of a new snapshot unless one is given."""
        if snapshot is None:
            volume = self.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
            snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        made = self.ec2.register_image(
            Name=name,
            Architecture="x86_64",
            VirtualizationType="hvm",
            EnaSupport=True,
            RootDeviceName="/dev/xvda",
            BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
        )
        return str(made["ImageId"])

    def snapshot(self, image_id: str) -> str:
        """Return the snapshot of an image."""
        (image,) = self.ec2.describe_images(ImageIds=[image_id])["Images"]
        return str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])

    def launch(self, image_id: str) -> str:
        """Return a new instance."""
        made = self.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType=TYPE)
        return str(made["Instances"][0]["InstanceId"])

    def template(self, *images: str) -> str:
        """Return a new launch template with a version for each image."""
        first, *others = ({"ImageId": one, "InstanceType": TYPE} for one in images)
        made = self.ec2.create_launch_template(LaunchTemplateName=f"t-{uuid.uuid4()}", LaunchTemplateData=first)
        template = str(made["LaunchTemplate"]["LaunchTemplateId"])
        for data in others:
            self.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=data)
        return template

    def group(self, size: int = 0, **launch: t.Any) -> str:
        """Return a new Auto Scaling group."""
        name = f"g-{uuid.uuid4()}"
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=0, MaxSize=5, DesiredCapacity=size,
            AvailabilityZones=[f"{REGION}a"], **launch,
        )  # fmt: skip
        return name

    def parameter(self, name: str, *images: str) -> None:
        """Write a parameter for images, once for each."""
        for image_id in images:
            self.ssm.put_parameter(Name=name, Value=image_id, Type="String", DataType="aws:ec2:image", Overwrite=True)

    def share(self, image_id: str, *accounts: str) -> None:
        """Let accounts launch an image."""
        added = {"Add": [{"UserId": one} for one in accounts]}
        self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=added)

    def report(self, image_id: str, *, depth: int = 10000, kinds: t.Sequence[str] = (), **request: t.Any) -> str:
        """Ask for a usage report."""
        kinds = kinds or (
            "ec2:Instance",
            "ec2:LaunchTemplate",
            "imagebuilder:ImageRecipe",
            "imagebuilder:ContainerRecipe",
        )
        deep = {"ResourceTypeOptions": [{"OptionName": "version-depth", "OptionValues": [str(depth)]}]}
        types = [{"ResourceType": one, **(deep if one == "ec2:LaunchTemplate" else {})} for one in kinds]
        return str(self.ec2.create_image_usage_report(ImageId=image_id, ResourceTypes=types, **request)["ReportId"])


def policy(template: str, *overrides: dict[str, t.Any], version: str = "$Default") -> dict[str, t.Any]:
    """Return a mixed instances policy as a group and a refresh take it."""
    named = {"LaunchTemplateId": template, "Version": version}
    return {
        "MixedInstancesPolicy": {"LaunchTemplate": {"LaunchTemplateSpecification": named, "Overrides": list(overrides)}}
    }


class Usage(t.Protocol):
    """``usage(image_id, checks=[…])`` runs the module and returns the entry of the image."""

    def __call__(self, image_id: str, *, as_: Credentials | None = None, **options: t.Any) -> dict[str, t.Any]: ...


@pytest.fixture
def home(emulator: Emulator) -> Account:
    """Return our account."""
    return Account(emulator)


@pytest.fixture
def other(emulator: Emulator) -> Account:
    """Return an account that images are shared with."""
    return Account(emulator, account=OTHER)


@pytest.fixture
def usage(run_module: RunModule) -> Usage:
    """Return what asks about one image."""

    def ask(image_id: str, *, as_: Credentials | None = None, **options: t.Any) -> dict[str, t.Any]:
        result: Result = run_module(MODULE, as_=as_, **{"region": REGION, "image_ids": [image_id], **options})
        assert not result.failed, result.msg
        (entry,) = result["images"]
        return t.cast("dict[str, t.Any]", entry)

    return ask
