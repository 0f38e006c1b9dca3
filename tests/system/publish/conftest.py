# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of publishing share: a place with parameters, launch templates and groups, seen with boto3 alone."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result, RunModule

MODULE = "ec2_ami_publish"
REGION = "us-east-1"
SEALED, GOLDEN, PLAIN = image_id("database-sealed"), image_id("encrypted-root"), image_id("plain-root")
KEYS = ["alias/os", "alias/data", "alias/logs", "alias/golden"]
WRITES = ("PutParameter", "LabelParameterVersion", "AddTagsToResource")
VERSIONS = ("CreateLaunchTemplateVersion", "ModifyLaunchTemplate")


class Place:
    """One region of our account, as its consumers see it."""

    def __init__(self, emulator: Emulator, look: Looking, oracle: Guard) -> None:
        self.emulator, self._oracle = emulator, oracle
        session: t.Any = emulator.session(region=REGION)
        self.ssm, self.scaling, self.ec2 = (session.client(one) for one in ("ssm", "autoscaling", "ec2"))
        self.look = look

    def opens(self, *names: str, to: t.Iterable[str] = WRITES) -> None:
        """Hand parameters to the product."""
        self._oracle.given(*names, to=to)

    def parameter(self, name: str, value: str = GOLDEN, **more: t.Any) -> int:
        """Write a parameter as somebody else does, and return its version."""
        request = {"Type": "String", "DataType": "aws:ec2:image", "Overwrite": True, **more}
        return int(self.ssm.put_parameter(Name=name, Value=value, **request)["Version"])

    def value(self, name: str) -> str | None:
        """Return what consumers get by a name, perhaps with a label."""
        found = self.ssm.get_parameters(Names=[name])["Parameters"]
        return str(found[0]["Value"]) if found else None

    def template(self, name: str, image: str = GOLDEN, *, to: t.Iterable[str] = VERSIONS, **data: t.Any) -> str:
        """Make a launch template, hand it to the product and return its id."""
        made = self.ec2.create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro", **data}
        )
        template_id = str(made["LaunchTemplate"]["LaunchTemplateId"])
        self._oracle.given(template_id, to=to)
        return template_id

    def versions(self, name: str) -> list[str]:
        """Return the images of a template's versions, the default one with a star."""
        found = self.ec2.describe_launch_template_versions(LaunchTemplateName=name)["LaunchTemplateVersions"]
        found.sort(key=lambda one: int(one["VersionNumber"]))
        return [f"{one['LaunchTemplateData']['ImageId']}{'*' * one['DefaultVersion']}" for one in found]

    def mutations(self) -> list[str]:
        """Return the changing calls of the product."""
        calls = [one for one in self.emulator.calls() if "sealed.ami" in one["user_agent"]]
        return [one["action"] for one in calls if not one["action"].startswith(("Describe", "Get", "List"))]

    def reads(self) -> list[str]:
        """Return its other calls."""
        calls = [one for one in self.emulator.calls() if "sealed.ami" in one["user_agent"]]
        return [one["action"] for one in calls if one["action"].startswith(("Describe", "Get", "List"))]


class Publish(t.Protocol):
    """``publish(ssm_parameters=[…])`` of the sealed image, verified; options override."""

    def __call__(self, image_id: str | None = SEALED, **options: t.Any) -> Result: ...


@pytest.fixture
def place(emulator: Emulator, look: Looking, oracle: Guard) -> Place:
    """Return the place that is published to."""
    return Place(emulator, look, oracle)


@pytest.fixture
def publish(run_module: RunModule) -> Publish:
    """Return what publishes."""

    def run(image_id: str | None = SEALED, **options: t.Any) -> Result:
        if options.get("state") != "absent" and "require" not in options:
            options = {"allowed_keys": KEYS, **options}
        return run_module(MODULE, region=REGION, image_id=image_id, **options)

    return run
