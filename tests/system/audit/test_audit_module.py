# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: its examples, its answers to bad input, and its result."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules.ec2_ami_encryption_info import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import RunModule, RunPlaybook

MODULE = "ec2_ami_encryption_info"


def test_the_examples_run(run_playbook: RunPlaybook, tmp_path: pathlib.Path) -> None:
    tasks = yaml.safe_load(EXAMPLES)
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    play = run_playbook(path)
    assert (play.status, play.changed) == (0, 0), play.explain()
    assert play.result(tasks[3]["name"])["compliant"] is True
    reasons = play.result(tasks[2]["name"])["msg"]
    assert "not encrypted" in reasons["ami-00ec2000000000001"][0]
    assert len(play.result(tasks[4]["name"])["images"]) == 5


@pytest.mark.parametrize("check", [False, True])
def test_the_result_is_as_documented(run_module: RunModule, check: bool) -> None:
    result = run_module(MODULE, check=check, regions=["us-east-1", "eu-west-1"], policy={"encrypted": True})
    assert not result.failed
    documented = yaml.safe_load(RETURN)
    assert set(result) - {"invocation"} == set(documented)
    image = result["images"][0]
    assert set(image) == set(documented["images"]["contains"])
    assert set(image["snapshots"][0]) == set(documented["images"]["contains"]["snapshots"]["contains"])
    assert set(result["summary"]) == set(documented["summary"]["contains"])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"policy": {"encryptd": True}}, "encryptd", id="unknown key of the policy"),
        pytest.param({"policy": {"devices": [{"device_name": "/dev/sdf", "key": "x"}]}}, "key", id="of a device"),
        pytest.param({"policy": {}}, "demands nothing", id="a policy that demands nothing"),
        pytest.param({"policy": {"allowed_keys": ["golden"]}}, "alias", id="a key without form"),
        pytest.param({"filters": {"name": "plain-root"}}, "name-confusion", id="a name without an owner"),
        pytest.param({"image_ids": ["golden"]}, "not an image id", id="no image id"),
        pytest.param({"regions": ["eu-wset-1"]}, "did you mean eu-west-1", id="no region"),
        pytest.param({"owners": ["somebody"]}, "InvalidUserID.Malformed", id="no owner"),
        pytest.param({"filters": {"nmae": "x"}}, "The filter 'nmae' is invalid", id="no filter"),
    ],
)
def test_bad_input_fails_with_a_sentence(run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    result = run_module(MODULE, **{"region": "us-east-1", **options})
    assert result.failed
    assert words in result.msg


def test_a_failing_region_fails_the_task_with_all_that_was_read(run_module: RunModule, emulator: Emulator) -> None:
    emulator.faults.add("error", region="eu-west-1", code="UnauthorizedOperation", status=403)
    asked: dict[str, t.Any] = {"regions": ["us-east-1", "eu-west-1"], "policy": {"encrypted": True}}
    result = run_module(MODULE, **asked)
    assert result.failed
    assert "ec2:DescribeImages" in result.msg
    assert len(result["images"]) == 26
    ignored = run_module(MODULE, ignore_region_errors=True, **asked)
    assert not ignored.failed
    assert ignored["errors"] == result["errors"]


def test_a_warning_is_told_once(run_module: RunModule) -> None:
    result = run_module(MODULE, region="us-east-1", owners=["111122223333"], policy={"key_usable": True})
    assert len([warning for warning in result.warnings if "kms:DescribeKey" in warning]) == 1


def test_watermarks_are_shown_and_judged(run_module: RunModule, look: Looking) -> None:
    ec2, image_id = look.ec2("us-east-1"), "ami-00ec2000000000005"
    policy = {"encrypted": True, "watermarks": ["123456789012:golden-*"]}
    asked: dict[str, t.Any] = {"region": "us-east-1", "image_ids": [image_id], "policy": policy}
    before = run_module(MODULE, **asked)["images"][0]
    assert (before["compliant"], before["watermarks"], before["image_allowed"]) == (False, [], None)
    assert "it has none" in before["reasons"][0] and before["instance_type_specification"] is None
    ec2.attach_image_watermark(ImageId=image_id, WatermarkName="golden-2026")
    ec2.replace_image_instance_type_specification(
        ImageId=image_id, InstanceTypeSpecification={"SupportedInstanceTypes": ["t3.*"]}
    )
    ec2.enable_allowed_images_settings(AllowedImagesSettingsState="audit-mode")
    after = run_module(MODULE, **asked)["images"][0]
    assert (after["compliant"], after["watermarks"]) == (True, ["123456789012:golden-2026"])
    assert after["image_allowed"] is True
    assert after["instance_type_specification"]["supported_instance_types"] == ["t3.*"]


@pytest.mark.parametrize(("types", "compliant"), [(["t3.*"], True), (["t3.*", "p5.*"], False), ([], False)])
def test_what_an_image_can_be_launched_on_is_judged(
    run_module: RunModule, look: Looking, types: list[str], compliant: bool
) -> None:
    ec2, image_id = look.ec2("us-east-1"), "ami-00ec2000000000002"
    limit: dict[str, t.Any] = {"InstanceTypeSpecification": {"SupportedInstanceTypes": types}} if types else {}
    ec2.replace_image_instance_type_specification(ImageId=image_id, **limit)
    policy = {"instance_types": ["t3.*", "m7i.*"]}
    found = run_module(MODULE, region="us-east-1", image_ids=[image_id], policy=policy)["images"][0]
    assert found["compliant"] is compliant and (compliant or "can be launched on" in found["reasons"][0])
