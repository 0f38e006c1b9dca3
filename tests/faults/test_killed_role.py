# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill the role multi_key_image with SIGKILL, play it again, and demand what one clean run leaves.

A whole playbook takes ten seconds and more. Between two changes an account holds the same, whichever call the role dies
at: so it dies after each change, before AWS's answer, and before the first one. ``--long`` kills at every single call.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing as t

import pytest
from faults.inventory import Inventory, difference, inventory
from faults.tasks import HOME
from runner.engine import descendants

from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import BIN, Play, clean_env, play

# In real seconds, as everything here: long enough for the next run to meet what is on its way.
SETTINGS = {
    "instance_start_seconds": 4.0, "instance_stop_seconds": 2.0, "volume_create_seconds": 4.0,
    "snapshot_seconds_per_gib": 0.25, "tag_filter_lag": 2.0,
}  # fmt: skip
CHANGES = [
    ("RunInstances", 1), ("CreateVolume", 1), ("CreateVolume", 2), ("AttachVolume", 1), ("AttachVolume", 2),
    ("StopInstances", 1), ("CreateImage", 1), ("TerminateInstances", 1), ("DeleteVolume", 1), ("DeleteVolume", 2),
    ("CreateTags", 1), ("CreateTags", 2), ("CreateTags", 3),
]  # fmt: skip
LAST_CALL = 300
# Later than any lag.
SETTLED = 60.0
ROLE = {
    "multi_key_image_name": "three-keys",
    "multi_key_image_region": HOME,
    "multi_key_image_source_image_id": "ami-00ec2000000000001",
    "multi_key_image_kms_key_id": "alias/os",
    "multi_key_image_volumes": [
        {"device_name": "/dev/sdf", "kms_key_id": "alias/data", "volume_size": 5},
        {"device_name": "/dev/sdg", "kms_key_id": "alias/logs", "volume_size": 5, "delete_on_termination": True},
    ],
    "multi_key_image_tags": {"Team": "platform"},
    "multi_key_image_snapshot_tags": {"Team": "storage"},
    "multi_key_image_wait_delay": 1,
}


class Trial:
    """The role on a fresh catalogue, as a playbook in a folder."""

    def __init__(self, emulator: Emulator, folder: pathlib.Path):
        self.emulator, self._playbook = emulator, folder / "play.yml"
        hook = folder / "hook.yml"
        hook.write_text(json.dumps([{"name": "Format", "ansible.builtin.debug": {"msg": "formatted"}}]))
        variables = {**ROLE, "multi_key_image_tasks_file": str(hook)}
        role = {"role": "sealed.ami.multi_key_image", "vars": variables}
        self._playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "roles": [role]}]))

    def prepare(self) -> None:
        """Put everything back to where the role begins; time is real."""
        self.emulator.reset(seed="full")
        self.emulator.clock(manual=False)
        self.emulator.configure(**SETTINGS)

    def play(self) -> Play:
        """Play the role to its end."""
        return play(self._playbook, self.emulator, extra={})

    def kill(self, **where: t.Any) -> bool:
        """Play the role until the call, and kill all its processes there; False where it never makes that call."""
        self.emulator.faults.add("hold", then="drop", **where)
        variables = json.dumps({"ansible_python_interpreter": sys.executable})
        command = [str(BIN / "ansible-playbook"), str(self._playbook), "-e", variables]
        env = clean_env(**self.emulator.env())
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (held := self.emulator.calls(held=True)) and process.poll() is None:
            time.sleep(0.05)
        # Ansible gives each worker a session of its own: no signal to a group reaches them all.
        for pid in [process.pid, *descendants(process.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        self.emulator.faults.clear()
        self.emulator.release(then="drop")
        return bool(held)

    def look(self) -> Inventory:
        """Return what the region holds once nothing is on its way or hidden any more."""
        self.emulator.advance(SETTLED)
        # The module's own tags name the builder, which is another one each time.
        return inventory(self.emulator, [HOME], own_tags=False)

    def wrong(self, clean: Inventory, **where: t.Any) -> str | None:
        """Kill at a call and play again; return what is wrong then, or None where there is no such call."""
        self.prepare()
        if not self.kill(**where):
            return None
        again = self.play()
        found = [again.explain()] if again.status else []
        found += filter(None, [difference(self.look(), clean)])
        return "\n".join([f"{where}:", *found]) if found else ""


@pytest.fixture
def trial(served_emulator: Emulator, tmp_path: pathlib.Path) -> Trial:
    """Return the role, ready to be played."""
    return Trial(served_emulator, tmp_path)


@pytest.fixture(scope="module")
def clean(emulator_process: Emulator, tmp_path_factory: pytest.TempPathFactory) -> tuple[Inventory, list[str]]:
    """Return what one undisturbed run leaves, and the changes that it makes in their order."""
    trial = Trial(emulator_process, tmp_path_factory.mktemp("clean"))
    trial.prepare()
    played = trial.play()
    assert played.status == 0, played.explain()
    changes = Looking(emulator_process).mutations()
    return trial.look(), changes


def test_every_change_has_its_trial(clean: tuple[Inventory, list[str]]) -> None:
    _inventory, changes = clean
    assert sorted(changes) == sorted(action for action, _nth in CHANGES)


@pytest.mark.parametrize(("action", "nth"), CHANGES)
def test_killed_after_a_change(trial: Trial, clean: tuple[Inventory, list[str]], action: str, nth: int) -> None:
    assert trial.wrong(clean[0], action=action, nth=nth, when="after") == ""


def test_killed_before_the_first_change(trial: Trial, clean: tuple[Inventory, list[str]]) -> None:
    assert trial.wrong(clean[0], action=CHANGES[0][0], nth=1, when="before") == ""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_call(
    trial: Trial, clean: tuple[Inventory, list[str]], when: str, pytestconfig: pytest.Config
) -> None:
    if not pytestconfig.getoption("long"):
        pytest.skip("takes hours: --long")
    found = []
    for call in range(1, LAST_CALL):
        wrong = trial.wrong(clean[0], nth=call, when=when)
        if wrong is None:
            break
        found.append(wrong)
    print(f"{len(found)} trials")
    assert len(found) > len(CHANGES) and not any(found), "\n".join(found)
