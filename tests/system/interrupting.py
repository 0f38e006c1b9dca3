# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interrupt plays as Ctrl-C in a terminal does, and say what of them is still there."""

from __future__ import annotations

import contextlib
import os
import pathlib
import random
import signal
import subprocess
import time
import typing as t

import yaml

from emulated_aws.client import Emulator
from system.running import BIN

STOP_SECONDS = 15.0
# So long that no play ends by itself.
DURATIONS = {"copy_seconds_minimum": 900, "snapshot_seconds_per_gib": 90, "instance_start_seconds": 600}
_SOURCE = {"source_region": "us-east-1", "wait": True, "wait_delay": 15}
_COMPOSED = {**_SOURCE, "source_image_id": "ami-00ec2000000000004", "region": "us-east-1", "name": "composed"}
TASKS: dict[str, tuple[str, dict[str, t.Any]]] = {
    "copy": (
        "CopyImage",
        {
            "sealed.ami.ec2_ami_encrypted_copy": {
                **_SOURCE,
                "source_image_ids": ["ami-00ec2000000000004", "ami-00ec2000000000001"],
                "destinations": [{"region": "eu-west-1"}, {"region": "us-west-2"}, {"region": "eu-central-1"}],
            }
        },
    ),
    "compose": (
        "CopySnapshot",
        {"sealed.ami.ec2_ami_compose_keys": {**_COMPOSED, "kms_key_id": "alias/os", "method": "snapshots"}},
    ),
    "compose by instance": (
        "RunInstances",
        {"sealed.ami.ec2_ami_compose_keys": {**_COMPOSED, "kms_key_id": "alias/os", "method": "instance"}},
    ),
}


def interrupted(aws: Emulator, which: str, folder: pathlib.Path) -> list[str]:
    """Play a task, press Ctrl-C while it waits for AWS, and return what is wrong then."""
    folder.mkdir()
    aws.reset(seed="full")
    aws.configure(**DURATIONS)
    awaited, task = TASKS[which]
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}", "sealed_ami_progress_seconds": 0.2}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}
    (folder / "play.yml").write_text(yaml.safe_dump([play]))
    # Whatever the play starts inherits the name of this folder, and by that it is found.
    place = {"TMPDIR": str(folder), "ANSIBLE_HOME": str(folder / "ansible"), "SEALED_AMI_TRIAL": str(folder)}
    env = {**os.environ, **aws.env(), **place, "ANSIBLE_LOCALHOST_WARNING": "false"}
    with (folder / "output").open("w") as output:
        command = [str(BIN / "ansible-playbook"), str(folder / "play.yml")]
        process = subprocess.Popen(command, env=env, start_new_session=True, stdout=output, stderr=output)
        try:
            _wait_until(lambda: aws.calls(action=awaited) or process.poll() is not None, seconds=120)
            time.sleep(random.uniform(0.3, 2.0))
            os.killpg(process.pid, signal.SIGINT)
            _wait_until(lambda: process.poll() is not None and not still_running(folder), seconds=STOP_SECONDS)
            return [*_complaints(process, folder), *still_running(folder), *left_behind(folder)]
        finally:
            _kill_all(folder)
            process.wait()


def _complaints(process: subprocess.Popen[t.Any], folder: pathlib.Path) -> list[str]:
    # 99 is what ansible-playbook says of itself when a user has interrupted it.
    return [] if process.poll() == 99 else [f"exit code {process.poll()}: {(folder / 'output').read_text()}"]


def still_running(folder: pathlib.Path) -> list[str]:
    """Return the command lines of all processes that belong to the play."""
    return [
        f"still running: {(path / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()}"
        for path in _processes(folder)
    ]


def left_behind(folder: pathlib.Path) -> list[str]:
    """Return the files of ours that are still there."""
    return [f"left: {path}" for path in folder.rglob("sealed-ami-*")]


def _processes(folder: pathlib.Path) -> t.Iterator[pathlib.Path]:
    mark = f"SEALED_AMI_TRIAL={folder}\0".encode()
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (path / "environ").read_bytes():
                yield path


def _kill_all(folder: pathlib.Path) -> None:
    for path in _processes(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.name), signal.SIGKILL)


def _wait_until(condition: t.Callable[[], object], *, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
