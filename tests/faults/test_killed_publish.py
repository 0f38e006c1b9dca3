# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill publishing with SIGKILL at every API call, run it again, and demand what one clean run leaves, in its order."""

from __future__ import annotations

import typing as t

import pytest
from faults.killing import Child, killed_at
from faults.tasks import BRISK, HOME

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.running import Result, arguments

MODULE = "ec2_ami_publish"
OLD, NEW = image_id("multi-region-key"), image_id("encrypted-root")
FIXED, MOVING, TEMPLATE = "/golden/web/2026-11-26", "/golden/web/current", "web"
PUBLISH: dict[str, t.Any] = {
    "region": HOME,
    "image_id": NEW,
    "kms_key_id": "alias/golden",
    "ssm_parameters": [
        {"name": MOVING, "labels": ["stable"], "tags": {"Team": "platform"}},
        {"name": FIXED, "overwrite_value": "never", "tags": {"Team": "platform"}},
    ],
    "launch_templates": [{"template_name": TEMPLATE}],
    "wait_delay": 5,
}
WITHDRAW: dict[str, t.Any] = {
    "region": HOME,
    "image_id": NEW,
    "state": "absent",
    "ssm_parameters": [{"name": MOVING}, {"name": FIXED}],
    "launch_templates": [{"template_name": TEMPLATE, "default_version": "1"}],
}
LAST_CALL = 60


class Consumers:
    """The account in which is published, and what its consumers get."""

    def __init__(self, emulator: Emulator, oracle: Guard) -> None:
        self.emulator, self._oracle = emulator, oracle
        session: t.Any = emulator.session(region=HOME)
        self.ssm, self.ec2 = session.client("ssm"), session.client("ec2")
        acts = ("PutParameter", "LabelParameterVersion", "AddTagsToResource", "DeleteParameter")
        oracle.given(FIXED, MOVING, to=acts)

    def prepare(self, *, published: bool) -> None:
        """Let consumers have the old image, or let everything be published already."""
        self.emulator.reset(seed="full")
        self.emulator.clock(manual=True)
        self.ssm.put_parameter(Name=MOVING, Value=OLD, Type="String", DataType="aws:ec2:image")
        data = {"ImageId": OLD, "InstanceType": "t3.micro"}
        made = self.ec2.create_launch_template(LaunchTemplateName=TEMPLATE, LaunchTemplateData=data)["LaunchTemplate"]
        self._oracle.given(made["LaunchTemplateId"], to=("CreateLaunchTemplateVersion", "ModifyLaunchTemplate"))
        if published:
            assert not self.run(PUBLISH).failed
        self.emulator.configure(**BRISK, ssm_image_validation_seconds=4)

    def given(self, options: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what Ansible hands to the module."""
        return arguments(options, check=False, diff=False, credentials=None, endpoint=self.emulator.url)

    def run(self, options: dict[str, t.Any]) -> Result:
        """Run the task to its end."""
        return Child(self.emulator, MODULE, self.given(options)).wait()

    def have(self) -> dict[str, t.Any]:
        """Return what each name and the template lead to, with all that was there before."""
        self.emulator.advance(30)
        found: dict[str, t.Any] = {}
        for name in (FIXED, MOVING):
            if self.ssm.get_parameters(Names=[name])["Parameters"]:
                history = self.ssm.get_parameter_history(Name=name)["Parameters"]
                tags = self.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
                found[name] = [(one["Value"], one.get("Labels") or []) for one in history], tags
        versions = self.ec2.describe_launch_template_versions(LaunchTemplateName=TEMPLATE)["LaunchTemplateVersions"]
        found[TEMPLATE] = [(one["LaunchTemplateData"]["ImageId"], one["DefaultVersion"]) for one in versions]
        return found

    def reached(self) -> list[bool]:
        """Tell of each consumer, in the order of publishing, whether it gets the new image."""
        values = {one["Name"]: one["Value"] for one in self.ssm.get_parameters(Names=[FIXED, MOVING])["Parameters"]}
        (default,) = self.ec2.describe_launch_template_versions(
            LaunchTemplateName=TEMPLATE, Versions=["$Default"]
        )["LaunchTemplateVersions"]  # fmt: skip
        assert values.get(FIXED, NEW) == NEW and values.get(MOVING, NEW) in (OLD, NEW)
        return [values.get(FIXED) == NEW, values.get(MOVING) == NEW, default["LaunchTemplateData"]["ImageId"] == NEW]


@pytest.fixture
def consumers(served_emulator: Emulator, oracle: Guard) -> Consumers:
    """Return the consumers."""
    return Consumers(served_emulator, oracle)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("options", "removes"), [(PUBLISH, False), (WITHDRAW, True)], ids=["publish", "withdraw"])
def test_killed_at_every_call(consumers: Consumers, options: dict[str, t.Any], removes: bool, when: str) -> None:
    consumers.prepare(published=removes)
    assert not consumers.run(options).failed
    clean, trials = consumers.have(), 0
    for call in range(1, LAST_CALL):
        consumers.prepare(published=removes)
        if not killed_at(consumers.emulator, MODULE, consumers.given(options), call=call, when=when):
            break
        trials += 1
        reached = consumers.reached()
        # Nothing that moves leads to the image before what stays does; taking down goes the other way.
        assert removes or reached == sorted(reached, reverse=True), f"{when} call {call}: {reached}"
        again = consumers.run(options)
        assert not again.failed, f"{when} call {call}: {again.msg}"
        assert consumers.have() == clean, f"{when} call {call}"
    assert trials >= 6


@pytest.mark.parametrize("delay", [0, 2])
def test_two_at_once_make_one_version(consumers: Consumers, delay: int) -> None:
    consumers.prepare(published=False)
    assert not consumers.run(PUBLISH).failed
    clean = consumers.have()
    consumers.prepare(published=False)
    consumers.emulator.configure(ssm_image_validation_seconds=4 + delay)
    both = [Child(consumers.emulator, MODULE, consumers.given(PUBLISH)) for _run in range(2)]
    results = [one.wait() for one in both]
    assert [one.msg for one in results] == ["", ""]
    assert consumers.have() == clean
