# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies for publishing are enough, and without any one action of them the task names it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.iam.test_least_privilege import Scenario, actions, statements, without
from system.publish.conftest import GOLDEN, KEYS, MODULE, REGION, SEALED, VERSIONS, WRITES, Place
from system.running import Result, RunModule

USER = "arn:aws:iam::123456789012:user/publisher"
PUBLISH = Scenario(
    ("publish",),
    {
        "allowed_keys": KEYS,
        "ssm_parameters": [{"name": "/golden/db", "labels": ["stable"], "tags": {"Team": "platform"}}],
        "launch_templates": [{"template_name": "database"}],
    },
    module=MODULE,
)
MARK = Scenario(("publish", "watermarks"), {**PUBLISH.options, "watermarks": ["golden"]}, module=MODULE)
WITHDRAW = Scenario(("withdraw",), {"ssm_parameters": [{"name": "/golden/old"}], "state": "absent"}, module=MODULE)
WARNING = {"path": "Warning", "set": {"Errors": [{"Code": "Unsupported", "Message": "no such type"}]}}


def play(
    emulator: Emulator,
    place: Place,
    run_module: RunModule,
    scenario: Scenario,
    policies: list[dict[str, t.Any]],
    *,
    warned: bool = False,
) -> Result:
    """Publish as a principal who may do what the policies allow, to consumers who have an older image."""
    emulator.reset(seed="full")
    place.opens("/golden/db", to=WRITES)
    place.opens(SEALED, to=["AttachImageWatermark"])
    place.opens("/golden/old", to=["DeleteParameter"])
    place.parameter("/golden/db", GOLDEN)
    place.parameter("/golden/old", SEALED)
    template_id = place.template("database", to=[*VERSIONS, "DeleteLaunchTemplateVersions"])
    place.scaling.create_auto_scaling_group(
        AutoScalingGroupName="database", MinSize=0, MaxSize=1, AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateId": template_id},
    )  # fmt: skip
    emulator.clear_calls()
    if warned:
        emulator.faults.add("mutate", action="CreateLaunchTemplateVersion", changes=[WARNING])
    credentials = emulator.principal(USER, policies)
    return run_module(MODULE, as_=credentials, region=REGION, image_id=SEALED, **scenario.options)


@pytest.mark.parametrize("scenario", [PUBLISH, MARK, WITHDRAW], ids=lambda one: one.policies[-1])
def test_policy_is_enough(emulator: Emulator, place: Place, run_module: RunModule, scenario: Scenario) -> None:
    policies = statements(scenario)
    result = play(emulator, place, run_module, scenario, policies)
    assert (result.msg, result.warnings) == ("", [])
    assert result["changed"]
    # Nobody needs a permission to ask STS who he is.
    assert set(emulator.counts()) - {"sts:GetCallerIdentity"} <= actions(policies)


@pytest.mark.parametrize(
    ("scenario", "action"),
    [
        pytest.param(scenario, action, id=f"{scenario.policies[-1]} {action}")
        for scenario in (PUBLISH, MARK, WITHDRAW)
        for action in sorted(actions(statements(dataclasses.replace(scenario, policies=scenario.policies[-1:]))))
    ],
)
def test_no_action_is_too_many(
    emulator: Emulator, place: Place, run_module: RunModule, scenario: Scenario, action: str
) -> None:
    result = play(emulator, place, run_module, scenario, without(statements(scenario), action))
    told = " ".join((result.msg, *result.warnings))
    assert result.failed or result.warnings, f"{action} was not needed"
    assert action in told, f"{action} is not named: {told}"


@pytest.mark.parametrize("names", [("publish", "publish-take-back"), ("publish",)], ids=len)
def test_taking_back_is_a_policy_of_its_own(
    emulator: Emulator, place: Place, run_module: RunModule, names: tuple[str, ...]
) -> None:
    """Without it the version is left and named."""
    scenario = Scenario(names, {**PUBLISH.options, "ssm_parameters": []}, module=MODULE)
    result = play(emulator, place, run_module, scenario, statements(scenario), warned=True)
    assert result.failed
    assert ("It was deleted again" in result.msg) is (len(names) == 2)
    assert ("ec2:DeleteLaunchTemplateVersions" in result.msg) is (len(names) == 1)
