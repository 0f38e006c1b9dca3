# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation, played by ansible-playbook against the emulated AWS."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

from ansible_collections.sealed.ami.plugins.modules import ec2_ami_compose_keys as module
from system.running import RunPlaybook

TASKS: list[dict[str, t.Any]] = yaml.safe_load(module.EXAMPLES)


def playbook(path: pathlib.Path, tasks: list[dict[str, t.Any]]) -> pathlib.Path:
    """Write a playbook of the tasks."""
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], sort_keys=False))
    return path


def test_examples_do_what_they_say(run_playbook: RunPlaybook, tmp_path: pathlib.Path) -> None:
    names = [task["name"] for task in TASKS if f"sealed.ami.{module.__name__.rpartition('.')[2]}" in task]
    first = run_playbook(playbook(tmp_path / "all.yml", TASKS))
    assert first.status == 0, first.output + first.errors
    assert [first.result(name)["changed"] for name in names] == [True] * len(names)
    assert first.result(names[0])["image"]["method"] == "snapshots"
    assert first.result(names[1])["image"]["method"] == "instance"
    assert first.result(names[4])["image"]["new_storage_gib"] == 80
    lasting = [task for task in TASKS if task["name"] not in (names[0], names[4], names[-1])]
    again = run_playbook(playbook(tmp_path / "again.yml", lasting))
    assert (again.status, again.changed) == (0, 0), again.output + again.errors
