# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it: its examples, its answers to bad input, its result, and how often it calls AWS."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules.ec2_ami_usage_info import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import RunModule, RunPlaybook
from system.usage.conftest import MODULE, OTHER, REGION, Account, policy


def test_the_examples_run(run_playbook: RunPlaybook, tmp_path: pathlib.Path) -> None:
    tasks = yaml.safe_load(EXAMPLES)
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    play = run_playbook(path)
    assert (play.status, play.changed) == (0, 0), play.explain()
    used = [entry for entry in play.result(tasks[0]["name"])["images"] if entry["in_use"]]
    assert used
    assert not {entry["image_id"] for entry in used} & set(play.result(tasks[1]["name"])["msg"])


def test_the_result_is_as_documented(run_module: RunModule, home: Account) -> None:
    image = home.image("app")
    home.launch(image)
    home.ec2.lock_snapshot(SnapshotId=home.snapshot(image), LockMode="governance", LockDuration=1)
    result = run_module(MODULE, check=True, regions=[REGION, "eu-west-1"])
    documented = yaml.safe_load(RETURN)
    assert set(result) - {"invocation", "warnings"} == set(documented)
    (entry,) = (one for one in result["images"] if one["image_id"] == image)
    contains = documented["images"]["contains"]
    assert set(entry) == set(contains)
    assert set(entry["reasons"][0]) == set(contains["reasons"]["contains"])
    assert set(entry["holds"][0]) == set(contains["holds"]["contains"])
    assert set(result["summary"]) == set(documented["summary"]["contains"])
    assert sum(result["summary"][one] for one in ("in_use", "not_in_use", "unknown")) == result["summary"]["images"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"image_ids": ["golden"]}, "not an image id", id="no image id"),
        pytest.param({"image_ids": []}, "image_ids is empty", id="no image ids"),
        pytest.param({"image_ids": ["ami-0123456789abcdef0"]}, "images not found in us-east-1", id="no such image"),
        pytest.param({"checks": []}, "checks is empty", id="no checks"),
        pytest.param({"checks": ["hopes"]}, "hopes", id="no check"),
        pytest.param({"version_depth": 10001}, "version_depth 10001", id="too deep"),
        pytest.param({"version_depth": 0}, "version_depth 0", id="not deep"),
        pytest.param({"report_max_age": 0}, "report_max_age 0", id="no age"),
        pytest.param({"launched_within_days": 0}, "launched_within_days 0", id="no days"),
        pytest.param({"account_ids": ["golden"]}, "12 digits", id="no account"),
        pytest.param({"regions": ["eu-wset-1"]}, "did you mean eu-west-1", id="no region"),
        pytest.param({"filters": {"no-such": "x"}}, "The filter 'no-such' is invalid", id="no filter"),
        pytest.param({"filters": {"name": []}}, "needs a value", id="no filter value"),
    ],
)
def test_bad_input_fails_with_a_sentence(run_module: RunModule, options: dict[str, t.Any], words: str) -> None:
    result = run_module(MODULE, **{"region": REGION, **options})
    assert result.failed
    assert words in result.msg


def test_nothing_selected_is_told(run_module: RunModule) -> None:
    result = run_module(MODULE, region=REGION, filters={"name": "no-such-name"})
    assert result["images"] == []
    assert "nothing was looked at" in result.warnings[0]


def test_a_failing_region_fails_the_task_with_all_that_was_read(run_module: RunModule, emulator: Emulator) -> None:
    emulator.faults.add("error", region="eu-west-1", action="DescribeImages", code="UnauthorizedOperation", status=403)
    asked: dict[str, t.Any] = {"regions": [REGION, "eu-west-1"], "checks": ["locks"]}
    result = run_module(MODULE, **asked)
    assert result.failed
    assert "ec2:DescribeImages" in result.msg
    assert result["images"]
    ignored = run_module(MODULE, ignore_region_errors=True, **asked)
    assert not ignored.failed
    assert ignored["errors"] == result["errors"]


@pytest.mark.parametrize("reported", [True, False])
def test_many_images_take_few_calls_and_none_that_changes(
    run_module: RunModule, emulator: Emulator, home: Account, look: Looking, reported: bool
) -> None:
    """Ten images a call, and some calls for the region; one more for each image that has no report."""
    first = home.image("first")
    snapshot = home.snapshot(first)
    images = [first, *(home.image(f"many-{number}", snapshot=snapshot) for number in range(99))]
    home.parameter("/golden/web", *[home.image("busy")] * 2)
    for _ in range(3):
        home.group(**policy(home.template(first)))
    for image in images if reported else []:
        home.share(image, OTHER)
        home.report(image)
    emulator.clear_calls()
    result = run_module(MODULE, region=REGION, image_ids=images)
    assert result["summary"] == {"images": 100, "in_use": 1, "not_in_use": 99, "unknown": 0}
    calls = len(look.calls()) - (0 if reported else 99)
    assert calls <= len(images) / 10 + 40
    assert look.mutations() == []


def test_more_images_than_filters_carry_are_judged_alike(run_module: RunModule, home: Account, look: Looking) -> None:
    """All images of the account are listed then, of which those that were not asked about use snapshots, too."""
    snapshot = home.snapshot(home.image("first"))
    images = [home.image(f"many-{number}", snapshot=snapshot) for number in range(201)]
    home.launch(images[0])
    few = run_module(MODULE, region=REGION, image_ids=images[:1], checks=["references", "snapshots"])
    look.emulator.clear_calls()
    result = run_module(MODULE, region=REGION, image_ids=images, checks=["references", "snapshots"])
    assert result["summary"] == {"images": 201, "in_use": 1, "not_in_use": 200, "unknown": 0}
    (alike,) = (one for one in result["images"] if one["image_id"] == images[0])
    assert {**alike, "as_of": ""} == {**few["images"][0], "as_of": ""}
    (hold,) = alike["holds"]
    assert "and 196 more too" in hold["what"], "201 users, of which five are named"
    assert len([call for call in look.calls(action="DescribeImages") if not call["parameters"].get("Filters")]) == 1


def test_a_region_without_images_is_not_asked_for_their_use(run_module: RunModule, look: Looking) -> None:
    run_module(MODULE, region="sa-east-1")
    assert {call["action"] for call in look.calls()} <= {"DescribeImages", "DescribeRegions"}
