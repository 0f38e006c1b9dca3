# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long waits show life where somebody looks, and nowhere else; the result is the same with it and without."""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator

from .engine import BIN, Command, quiet_environment

ENDED = re.compile(r"^  \[localhost\] (?:\d )?(?:would be )?(?:copied|composed|unchanged): .*$", re.MULTILINE)
SHOWN = re.compile(r"\[localhost\] (?:eu-west|us-east)-1: \d of [34] snapshots completed, the others at \d+ % or more")
COPY = {
    "sealed.ami.ec2_ami_encrypted_copy": {
        "source_image_ids": ["ami-00ec2000000000004", "ami-00ec2000000000001"], "source_region": "us-east-1",
        "kms_key_id": "alias/golden", "wait": True, "wait_delay": 1,
    }
}  # fmt: skip
COMPOSE = {
    "sealed.ami.ec2_ami_compose_keys": {
        "source_image_id": "ami-00ec2000000000004", "source_region": "us-east-1", "name": "composed",
        "kms_key_id": "alias/os", "device_mapping": [{"device_name": "/dev/sdf", "kms_key_id": "alias/data"}],
        "method": "snapshots", "wait": True, "wait_delay": 1,
    }
}  # fmt: skip
OF_INSTANCE = {
    "sealed.ami.ec2_ami_compose_keys": {
        **COMPOSE["sealed.ami.ec2_ami_compose_keys"], "region": "us-east-1", "method": "instance",
    }
}  # fmt: skip
# In real seconds.
DURATIONS = {
    "copy_seconds_minimum": 6, "snapshot_seconds_per_gib": 0.2, "instance_start_seconds": 1, "instance_stop_seconds": 1,
}  # fmt: skip
IDS = re.compile(r"(ami|snap)-[0-9a-f]{17}|\d{4}-\d\d-\d\dT[\d:.]+Z")


def play(
    aws: Emulator,
    folder: pathlib.Path,
    task: dict[str, t.Any],
    *,
    arguments: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    keywords: dict[str, t.Any] | None = None,
    rhythm: float = 0.5,
) -> tuple[str, str]:
    """Play one task; return what was printed, and the module's result without ids."""
    result = folder / "result.json"
    tasks = [
        {**task, "register": "copied", **(keywords or {})},
        {"ansible.builtin.copy": {"content": "{{ copied | to_json }}", "dest": str(result)}, "check_mode": False},
    ]  # fmt: skip
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "sealed_ami_progress_seconds": rhythm}
    head = {"hosts": "localhost", "gather_facts": False, "vars": variables}
    defaults = {"module_defaults": {"group/sealed.ami.ami": {"region": "eu-west-1"}}}
    (folder / "play.yml").write_text(yaml.safe_dump([{**head, **defaults, "tasks": tasks}]))
    command: Command = [BIN / "ansible-playbook", folder / "play.yml", *arguments]
    prepared = quiet_environment(**aws.env(), **(environment or {}))
    done = subprocess.run(command, env=prepared, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = {name: value for name, value in json.loads(result.read_text()).items() if not name.startswith("ansible")}
    return done.stdout, IDS.sub("(id)", json.dumps(kept, sort_keys=True))


@pytest.fixture
def slow(aws: Emulator) -> Emulator:
    """Return an emulator where copies and snapshots take some seconds."""
    aws.configure(**DURATIONS)
    return aws


@pytest.mark.parametrize("task", [COPY, COMPOSE, OF_INSTANCE], ids=["copy", "compose", "compose by instance"])
def test_progress_is_shown_and_the_result_is_the_same(
    slow: Emulator, tmp_path: pathlib.Path, task: dict[str, t.Any]
) -> None:
    shown, result = play(slow, tmp_path, task)
    assert SHOWN.search(shown), shown
    slow.reset(seed="full")
    slow.configure(**DURATIONS)
    silent, same = play(slow, tmp_path, task, rhythm=0)
    assert not SHOWN.search(silent)
    assert same == result


@pytest.mark.parametrize("task", [COPY, COMPOSE], ids=["copy", "compose"])
def test_each_run_says_in_one_line_what_was_found(
    aws: Emulator, tmp_path: pathlib.Path, task: dict[str, t.Any]
) -> None:
    said = []
    for arguments in (("--check",), (), ()):
        (line,) = ENDED.findall(play(aws, tmp_path, task, arguments=arguments)[0])
        said.append(line)
    assert [line.partition(": ")[0].split("] ")[1].lstrip("2 ") for line in said][::2] in (
        ["would be copied", "unchanged"], ["would be composed", "unchanged"],
    )  # fmt: skip
    alias = "alias/golden" if task is COPY else "alias/data, alias/os"
    assert [alias in line for line in said] == [True, True, True]
    assert not ENDED.search(play(aws, tmp_path, task, arguments=("-v",))[0]), "-v prints the whole result"


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"arguments": ("--check",)}, id="check mode"),
        pytest.param({"keywords": {"async": 60, "poll": 1}}, id="async"),
        pytest.param({"keywords": {"no_log": True}}, id="no_log"),
        pytest.param(
            {"environment": {"ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json"}}, id="a callback of another form"
        ),
    ],
)
def test_silence_where_nobody_looks(slow: Emulator, tmp_path: pathlib.Path, how: dict[str, t.Any]) -> None:
    shown, _result = play(slow, tmp_path, COPY, **how)
    assert not SHOWN.search(shown)
    assert bool(ENDED.search(shown)) == ("--check" in how.get("arguments", ()))
