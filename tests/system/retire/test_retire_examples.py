# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of ec2_ami_retire keeps its word: its examples run, and results are as it says."""

from __future__ import annotations

import json
import pathlib
import re
import textwrap
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.module_utils._image.retire.model import RetireAction
from ansible_collections.sealed.ami.plugins.modules.ec2_ami_retire import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.retire.conftest import ACTS, Fleet, Retire, entry
from system.running import ROOT, Play, RunPlaybook

TASKS: list[dict[str, t.Any]] = yaml.safe_load(EXAMPLES)
RETURNED: dict[str, t.Any] = yaml.safe_load(RETURN)
OLD, LONG_DEPRECATED = "ami-00ec2000000000001", "ami-00ec2000000000017"
ITS_SUCCESSOR = "ami-00ec2000000000022"


def play(run_playbook: RunPlaybook, path: pathlib.Path, tasks: list[dict[str, t.Any]]) -> Play:
    """Play tasks, all of which must succeed."""
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False))
    played = run_playbook(path)
    assert played.status == 0, played.explain()
    return played


# Impostors have the tags that the filters select.
@pytest.mark.alone
def test_every_example_does_what_it_says(
    run_playbook: RunPlaybook, served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    look = Looking(served_emulator)
    oracle.given(*(one["ImageId"] for one in look.images("us-east-1")), to=ACTS)
    first = play(run_playbook, tmp_path / "first.yml", TASKS[:2])
    report, deprecated = (first.result(task["name"]) for task in TASKS[:2])
    assert entry(report, OLD)["action"] == entry(deprecated, OLD)["action"] == "deprecated"
    assert report["summary"]["kept"] >= 2
    team = [{"Key": "Team", "Value": "another"}, {"Key": "Stage", "Value": "golden"}]
    look.ec2("us-east-1").create_tags(Resources=[LONG_DEPRECATED, ITS_SUCCESSOR], Tags=team)
    second = play(run_playbook, tmp_path / "second.yml", TASKS[2:5])
    retired, waiting, undone = (second.result(task["name"]) for task in TASKS[2:5])
    assert (waiting["changed"], entry(waiting, LONG_DEPRECATED)["next_step"]) == (False, "deregister")
    assert (entry(retired, LONG_DEPRECATED)["action"], entry(retired, OLD)["action"]) == ("disabled", "waiting")
    assert entry(undone, LONG_DEPRECATED)["action"] == "restored"
    assert "DeprecationTime" not in (look.image("us-east-1", LONG_DEPRECATED) or {"DeprecationTime": "gone"})
    look.ec2("us-east-1").disable_image(ImageId=OLD)
    last = play(run_playbook, tmp_path / "last.yml", TASKS[5:])
    assert last.result(TASKS[5]["name"]).actions == ["restored"]


GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_retire.rst"
BLOCK = re.compile(r"^\.\. code-block:: yaml\+jinja\n\n((?:   .*\n|\n)+)", re.MULTILINE)


@pytest.mark.alone
def test_the_plays_of_the_guide_run(
    run_playbook: RunPlaybook, served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    look = Looking(served_emulator)
    oracle.given(OLD, to=ACTS)
    report, restore = (yaml.safe_load(textwrap.dedent(block)) for block in BLOCK.findall(GUIDE.read_text()))
    del report[0]["tasks"][0]["sealed.ami.ec2_ami_retire"]["keep"]["younger_than_days"]
    shown = play(run_playbook, tmp_path / "report.yml", report[0]["tasks"])
    assert shown.changed == 1
    assert any(line.startswith("deprecated: ") for line in shown.result(report[0]["tasks"][1]["name"])["msg"])
    look.ec2("us-east-1").disable_image(ImageId=OLD)
    permissions = {"user_ids": ["210987654321"], "group_names": [], "org_arns": [], "org_unit_arns": []}
    kept = {"image_id": OLD, "region": "us-east-1", "launch_permissions": permissions, "deprecation_time": None}
    (tmp_path / "retired.json").write_text(json.dumps([kept]))
    assert play(run_playbook, tmp_path / "restore.yml", restore[0]["tasks"]).changed == 1
    shared = look.ec2("us-east-1").describe_image_attribute(ImageId=OLD, Attribute="launchPermission")
    assert shared["LaunchPermissions"] == [{"UserId": "210987654321"}]


@pytest.mark.parametrize("check", [True, False])
def test_results_are_as_documented(fleet: Fleet, retire: Retire, check: bool) -> None:
    fleet.family()
    result = retire(check=check)
    assert set(result) - {"invocation", "warnings", "msg"} == set(RETURNED)
    fields = RETURNED["images"]["contains"]
    for one in result["images"]:
        assert set(one) == set(fields) - {"error"}
    assert set(result["summary"]) == set(RETURNED["summary"]["sample"])
    assert [set(one) for one in result["undo"]] == [set(RETURNED["undo"]["contains"])]


def test_a_failed_step_is_as_documented(fleet: Fleet, retire: Retire) -> None:
    old, _new = fleet.family()
    fleet.emulator.faults.add("access_denied", action="EnableImageDeprecation")
    result = retire()
    assert result.failed
    assert set(entry(result, old)) == set(RETURNED["images"]["contains"])


def test_every_action_is_documented() -> None:
    text = " ".join(RETURNED["images"]["contains"]["action"]["description"])
    assert set(re.findall(r"V\((\w+)\)", text)) == set(t.get_args(RetireAction)) == set(RETURNED["summary"]["sample"])
