# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowed AMIs come to what is asked for, once; what cannot be changes nothing (aws_rules §14.5)."""

from __future__ import annotations

import json
import pathlib
import typing as t

import botocore.client
import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules.ec2_allowed_images import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.allowed.conftest import ACTIONS, AWAY, EVERYTHING, HOME, Allow, sees, shown
from system.copy.asking import SOURCES
from system.looking import Looking
from system.running import RunPlaybook

FOREIGN = SOURCES["vendor-plain"]
TASKS: list[dict[str, t.Any]] = yaml.safe_load(EXAMPLES)
RETURNED: dict[str, t.Any] = yaml.safe_load(RETURN)
POLICY = pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam" / "allowed-images.json"
AMAZON = [{"image_providers": ["amazon"]}]
ENABLED: dict[str, t.Any] = {"state": "enabled", "image_criteria": EVERYTHING}
TASKS_TO_KILL: dict[str, tuple[dict[str, t.Any], dict[str, t.Any]]] = {
    "enable": ({"state": "disabled", "image_criteria": []}, ENABLED),
    "disable": (ENABLED, {"state": "disabled", "image_criteria": AMAZON}),
    "other criteria": (ENABLED, {"state": "enabled", "image_criteria": AMAZON}),
}


class Killed(BaseException):
    """The process of the module has ended."""


def killing(number: int, when: str) -> t.Callable[..., t.Any]:
    """Return what makes calls, and ends the process at the nth that changes something."""
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]
    left = number

    def called(client: t.Any, operation: str, params: t.Any) -> t.Any:
        nonlocal left
        left -= operation in ACTIONS
        fatal = operation in ACTIONS and left == 0
        if fatal and when == "before":
            raise Killed
        answer = real(client, operation, params)
        if fatal:
            raise Killed
        return answer

    return called


def test_it_comes_to_be_once(allow: Allow, look: Looking, emulator: Emulator) -> None:
    before = shown(look)
    assert sees(emulator, FOREIGN)
    planned = allow(check=True, diff=True, **ENABLED)
    assert planned["changed"] and look.mutations() == [] and shown(look) == before
    done = allow(diff=True, **ENABLED)
    assert (done.msg, done["changed"]) == ("", True)
    assert (planned["settings"], planned["diff"]) == (done["settings"], done["diff"])
    assert len(look.mutations()) == sum(len(one["steps"]) for one in done["settings"]) == 4
    for region in (HOME, AWAY):
        state, criteria = shown(look, region)
        assert state == "enabled" and len(criteria) == 2
        [marked] = [one for one in criteria if "ImageWatermarks" in one]
        assert marked["ScanResultCondition"] == {"MaximumSeverityLabel": "medium", "MaxDaysSinceLastFindingScan": 7}
        assert {"WatermarkKey": "123456789012:golden-*", "SourceImageRegion": "us-*"} in marked["ImageWatermarks"]
    assert not sees(emulator, FOREIGN)
    again = allow(diff=True, state="enabled", image_criteria=EVERYTHING[::-1])
    assert (again["changed"], again["diff"], again["settings"][0]["action"]) == (False, [], "unchanged")


def test_what_was_there_can_be_put_back(allow: Allow, look: Looking) -> None:
    allow(**ENABLED)
    before = shown(look)
    changed = allow(state="audit-mode", image_criteria=AMAZON)["settings"][0]["previous"]
    assert shown(look) == ("audit-mode", [{"ImageProviders": ["amazon"]}])
    assert allow(**changed)["changed"]
    assert shown(look) == before


def test_criteria_that_are_not_mentioned_stay(allow: Allow, look: Looking) -> None:
    allow(**ENABLED)
    before = shown(look)
    for state in ("disabled", "audit-mode", "enabled"):
        assert allow(state=state)["changed"]
        assert shown(look) == (state, before[1])


def test_a_policy_of_the_organization_is_respected(allow: Allow, look: Looking, emulator: Emulator) -> None:
    emulator.configure(allowed_images_managed_by="declarative-policy")
    for check in (True, False):
        refused = allow(check=check, **ENABLED)
        assert refused.failed and "declarative-policy" in refused.msg and not refused["changed"]
    assert look.mutations() == [] and allow(state="disabled")["settings"][0]["managed_by"] == "declarative-policy"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"state": "enabled"}, "without any criterion", id="nothing to apply"),
        pytest.param({"state": "enabled", "image_criteria": [{}]}, "every image would meet it", id="empty criterion"),
        pytest.param({**ENABLED, "regions": [HOME, "mars-north-1"]}, "mars-north-1", id="no region"),
        pytest.param({"state": "on"}, "value of state must be one of", id="no state"),
    ],
)
def test_what_cannot_be_changes_nothing(allow: Allow, look: Looking, options: dict[str, t.Any], words: str) -> None:
    refused = allow(**options)
    assert refused.failed and words in refused.msg and look.mutations() == []


@pytest.mark.parametrize("name", TASKS_TO_KILL)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_change(
    allow: Allow, look: Looking, monkeypatch: pytest.MonkeyPatch, name: str, when: str
) -> None:
    before, wanted = TASKS_TO_KILL[name]
    only: dict[str, t.Any] = {"regions": [HOME]}
    killed = 0
    for number in range(1, 4):
        allow(**before, **only)
        with monkeypatch.context() as patched:
            patched.setattr(botocore.client.BaseClient, "_make_api_call", killing(number, when))
            try:
                allow(**wanted, **only)
            except Killed:
                killed += 1
        found = shown(look)
        assert found[0] != "enabled" or found[1], "enabled without criteria on the way"
        assert allow(**wanted, **only).msg == ""
        assert shown(look)[0] == wanted["state"] and allow(**wanted, **only)["changed"] is False
    assert killed == (1 if name == "other criteria" else 2)


def test_one_region_s_trouble_leaves_the_others(allow: Allow, look: Looking, emulator: Emulator) -> None:
    emulator.faults.add("access_denied", action="EnableAllowedImagesSettings", region=AWAY)
    failed = allow(**ENABLED)
    assert failed.failed and "ec2:EnableAllowedImagesSettings" in failed.msg and failed["changed"]
    here, there = failed["settings"]
    assert (here["action"], there["action"], there["state"]) == ("updated", "failed", "disabled")
    assert len(there["image_criteria"]) == 2 and "Not done: turn Allowed AMIs to enabled" in there["error"]
    assert (shown(look)[0], shown(look, AWAY)[0]) == ("enabled", "disabled")
    assert set(there) == set(RETURNED["settings"]["contains"])
    emulator.faults.clear()
    assert allow(**ENABLED)["settings"][1]["steps"] == [there["error"].partition("Not done: ")[2]]


@pytest.mark.parametrize("left_out", [None, *json.loads(POLICY.read_text())["Statement"][0]["Action"]])
def test_the_policy_is_least(allow: Allow, emulator: Emulator, left_out: str | None) -> None:
    policy = json.loads(POLICY.read_text())
    policy["Statement"][0]["Action"] = [one for one in policy["Statement"][0]["Action"] if one != left_out]
    user = emulator.principal("arn:aws:iam::123456789012:user/security", [policy])
    emulator.clear_calls()
    results = [allow(as_=user, **ENABLED), allow(as_=user, state="disabled")]
    told = " ".join(one.msg for one in results)
    if left_out is None:
        assert told.strip() == "" and all(one["changed"] for one in results)
        assert set(emulator.counts()) <= set(policy["Statement"][0]["Action"])
        return
    assert left_out in told


def test_the_examples_run_and_results_are_as_documented(
    run_playbook: RunPlaybook, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    oracle.given(*(f"allowed images of {region}" for region in (HOME, AWAY)), to=ACTIONS)
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}], sort_keys=False))
    play = run_playbook(path)
    assert play.status == 0, play.explain()
    results = [play.result(task["name"]) for task in TASKS]
    assert [result["changed"] for result in results] == [True] * 4
    assert [one["settings"][-1]["state"] for one in results] == ["audit-mode", "enabled", "enabled", "disabled"]
    assert set(RETURNED) <= set(results[0])
    assert set(results[0]["settings"][0]) == set(RETURNED["settings"]["contains"]) - {"error"}
