# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role, as users include it: a report changes nothing, a run leaves what undoes it, and that restores all."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.retire.conftest import ACTS, changes
from system.running import Play, RunPlaybook

# The catalogue's oldest image of team "platform" that nothing uses.
OLD, GONE, REGION = "ami-00ec2000000000001", "ami-00ec20000000000ff", "us-east-1"
GOLDEN: dict[str, t.Any] = {
    "retire_regions": REGION, "retire_filters": '{"tag:Stage": "golden"}', "retire_group_by": "tag:Team",
    "retire_keep_newest": "1",
}  # fmt: skip
REPORT, ACT, RESTORE = "report", "act", "restore"


def role(name: str, folder: pathlib.Path, **variables: t.Any) -> dict[str, t.Any]:
    """Return a task that plays the role, with reports of its own."""
    paths = {
        "retire_html_path": str(folder / f"{name}.html"),
        "retire_json_path": str(folder / f"{name}.json"),
        "retire_undo_folder": str(folder),
    }
    return {"name": name, "ansible.builtin.include_role": {"name": "sealed.ami.retire"}, "vars": {**paths, **variables}}


def played(run: RunPlaybook, folder: pathlib.Path, tasks: list[dict[str, t.Any]], *options: str) -> Play:
    """Play tasks on localhost."""
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False))
    return run(path, *options)


def document(folder: pathlib.Path, name: str) -> dict[str, t.Any]:
    """Return a JSON report."""
    return t.cast("dict[str, t.Any]", json.loads((folder / f"{name}.json").read_text()))


# Impostors have the tags that the filters select.
@pytest.mark.alone
def test_it_reports_acts_and_restores(
    run_playbook: RunPlaybook, served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path
) -> None:
    look = Looking(served_emulator)
    oracle.given(OLD, to=ACTS)
    look.ec2(REGION).create_tags(Resources=[OLD], Tags=[{"Key": "Owner", "Value": "<script>{{ 1 / 0 }}</script>"}])
    undo_file = {
        "name": "Find what undoes it",
        "ansible.builtin.find": {"paths": str(tmp_path), "patterns": "retire-undo-*.json"},
        "register": "kept",
    }
    before = look.image(REGION, OLD)
    served_emulator.clear_calls()
    tasks = [
        role(REPORT, tmp_path, **GOLDEN),
        role(ACT, tmp_path, **GOLDEN, retire_act="yes", retire_image_ids=OLD),
        undo_file,
        role(RESTORE, tmp_path, retire_state="restored", retire_act=True, retire_undo_file="{{ kept.files[0].path }}"),
    ]
    play = played(run_playbook, tmp_path, tasks)
    assert play.status == 0, play.explain()
    assert changes(look) == ["EnableImageDeprecation", "DisableImageDeprecation"]
    assert look.image(REGION, OLD) == before
    report, acted, restored = (document(tmp_path, name) for name in (REPORT, ACT, RESTORE))
    assert (report["done"], acted["done"], restored["done"]) == (False, True, True)
    assert OLD in [one["image_id"] for one in report["images"] if one["action"] == "deprecated"]
    assert [one["image_id"] for one in acted["undo"]] == [OLD] and report["undo"] == []
    assert [one["action"] for one in restored["images"]] == ["restored"]
    page = (tmp_path / f"{REPORT}.html").read_text()
    assert "Due now, and not done yet" in page and OLD in page
    assert not [one["image_id"] for one in report["images"] if one["image_id"] not in page]
    assert "Changed by this run" in (tmp_path / f"{ACT}.html").read_text()
    (kept,) = tmp_path.glob("retire-undo-*.json")
    assert (json.loads(kept.read_text()), kept.stat().st_mode & 0o777) == (acted["undo"], 0o600)


@pytest.mark.alone
def test_check_mode_and_what_encloses_the_role_keep_it_from_acting(
    run_playbook: RunPlaybook, served_emulator: Emulator, tmp_path: pathlib.Path
) -> None:
    """Nothing is written by a check mode of the run; one around the role changes nothing either."""
    look = Looking(served_emulator)
    served_emulator.clear_calls()
    acting = role(ACT, tmp_path, **GOLDEN, retire_act=True)
    checked = {"name": "Only look", "check_mode": True, "block": [acting]}
    assert played(run_playbook, tmp_path, [acting], "--check").status == 0
    assert [path.name for path in tmp_path.iterdir()] == ["play.yml"]
    assert played(run_playbook, tmp_path, [checked]).status == 0
    assert (changes(look), list(tmp_path.glob("retire-undo-*"))) == ([], [])


@pytest.mark.alone
def test_a_failure_is_reported_first_and_an_approved_list_binds(
    run_playbook: RunPlaybook, served_emulator: Emulator, tmp_path: pathlib.Path
) -> None:
    """More than the limit fails with the whole report; a list of nothing due does nothing; a wrong id is refused."""
    look = Looking(served_emulator)
    served_emulator.clear_calls()
    nothing = role("nothing", tmp_path, **GOLDEN, retire_act=True, retire_due_image_ids=[])
    other = role("other", tmp_path, **GOLDEN, retire_act=True, retire_due_image_ids=[GONE])
    crowded = role("crowded", tmp_path, **{**GOLDEN, "retire_group_by": "name:^()"}, retire_act=True, retire_limit="1")
    rescued = [
        {"name": "Go on", "block": [one], "rescue": [{"ansible.builtin.meta": "noop"}]} for one in (other, crowded)
    ]
    play = played(run_playbook, tmp_path, [nothing, *rescued])
    assert play.status == 0, play.explain()
    assert changes(look) == []
    assert not (tmp_path / "nothing.json").exists()
    assert GONE in document(tmp_path, "other")["error"]
    found = document(tmp_path, "crowded")
    assert "limit is 1" in found["error"] and len(found["images"]) > 2
    assert "limit is 1" in (tmp_path / "crowded.html").read_text()
