# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of ec2_ami_share keeps its word: its examples run, and results are as it says."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.module_utils._image.vocabulary import ShareAction
from ansible_collections.sealed.ami.plugins.modules.ec2_ami_share import EXAMPLES, RETURN
from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.running import RunPlaybook
from system.share.sharing import FRIEND, HOME, MODULE, Sharing, snapshots_in

TASKS: list[dict[str, t.Any]] = yaml.safe_load(EXAMPLES)
RETURNED: dict[str, t.Any] = yaml.safe_load(RETURN)


def test_the_examples_run(
    run_playbook: RunPlaybook, served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    look = Looking(served_emulator)
    for region in (HOME, "eu-west-1"):
        for image in look.images(region):
            oracle.given(image["ImageId"], *snapshots_in(image), to=["ModifyImageAttribute", "ModifySnapshotAttribute"])
    sealed = look.image(HOME, "ami-00ec2000000000005") or {}
    oracle.given(
        sealed["ImageId"], *snapshots_in(sealed), to=["ModifyImageAttribute/Remove", "ModifySnapshotAttribute/Remove"]
    )
    oracle.given(sealed["ImageId"], *snapshots_in(sealed), to=["CreateTags", "DeleteTags"])
    oracle.given("ami-00ec2000000000003", to=["ModifyImageAttribute/Remove"])
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}], sort_keys=False))
    play = run_playbook(path)
    assert play.status == 0, play.explain()
    results = [play.result(task["name"]) for task in TASKS]
    assert [result["changed"] for result in results] == [True] * 7
    assert results[2]["images"][0]["taken"] == results[0]["images"][0]["given"]
    assert results[0]["images"][0]["given"]["user_ids"] == [FRIEND]
    assert results[4]["images"][0]["taken"] == results[3]["images"][0]["given"] == results[0]["images"][0]["given"]
    assert len(results[5]["images"]) == 5


@pytest.mark.parametrize("check", [True, False])
def test_results_are_as_documented(sharing: Sharing, check: bool) -> None:
    result = sharing("mixed", user_ids=[FRIEND], check=check)
    assert set(result) - {"invocation", "warnings"} == set(RETURNED)
    fields = RETURNED["images"]["contains"]
    assert set(result["images"][0]) == set(fields) - {"error"}
    assert {name for one in result["images"][0]["snapshots"] for name in one} == set(fields["snapshots"]["contains"])
    sharing.emulator.faults.add("access_denied", action="ModifyImageAttribute")
    failed = sharing("mixed", user_ids=["444455556666"])
    assert failed.failed and set(failed["images"][0]) == set(fields)


def test_every_action_is_documented() -> None:
    text = " ".join(RETURNED["images"]["contains"]["action"]["description"])
    assert set(re.findall(r"V\((\w+)\)", text)) == {*t.get_args(ShareAction), "failed"}


def test_the_module_is_the_one_that_is_tested() -> None:
    assert all(f"sealed.ami.{MODULE}" in task for task in TASKS)
