# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AccessDenied on any single action: the result names the action and every id, and the next run ends as a clean one."""

from __future__ import annotations

import typing as t

import pytest
from faults.holdings import held, named
from faults.inventory import Inventory, difference, inventory
from faults.tasks import BRISK, COMPOSITIONS, COPIES, Task

from emulated_aws.client import Emulator
from system.running import Result, RunModule

REMOVALS = ("ec2:DeregisterImage", "ec2:DeleteSnapshot", "ec2:TerminateInstances", "ec2:DeleteVolume")


class Trial:
    """A task run on a fresh catalogue, with an action denied."""

    def __init__(self, task: Task, emulator: Emulator, run_module: RunModule):
        self._task, self._emulator, self._run_module = task, emulator, run_module

    def prepare(self) -> None:
        """Put everything back to where the task begins."""
        self._emulator.reset(seed="full")
        self._emulator.configure(**BRISK)
        for options in self._task.before:
            assert not self._run_module(self._task.module, **options).failed
        self._emulator.clear_calls()

    def run(self, **more: t.Any) -> Result:
        """Run the task."""
        return self._run_module(self._task.module, **{**self._task.options(self._emulator), **more})

    def deny(self, name: str, clean: Inventory, *, on_failure: str) -> t.Iterator[str]:
        """Run the task with one action denied, and yield what is wrong with that."""
        service, action = name.split(":")
        self.prepare()
        before = held()
        self._emulator.faults.add("access_denied", service=service, action=action)
        result = self.run(on_failure=on_failure)
        self._emulator.faults.clear()
        new = held() - before
        if not result.failed:
            wrong = difference(self.look(name), clean)
            if wrong:
                yield f"{name}: no failure, but {wrong}: {result}"
            return
        if name not in result.msg:
            yield f"{name} is not named: {result.msg}"
        if new != named(result):
            unnamed, gone = sorted(new - named(result)), sorted(named(result) - new)
            yield f"{name}: unnamed {unnamed}, not there {gone}: {result.msg}"
        if on_failure == "rollback" and name not in REMOVALS and new:
            yield f"{name}: rolled back, yet {sorted(new)} are there: {result.msg}"
        if name == "ec2:DeleteVolume":
            self._delete_empty(named(result))
        again = self.run()
        wrong = difference(self.look(name), clean)
        if again.failed or wrong:
            yield f"{name}: the next run does not end as a clean one: {again.msg} {wrong}"

    def _delete_empty(self, ids: set[str]) -> None:
        """Delete what no later run can: nothing that AWS says of an empty volume proves that it is ours."""
        for region in self._task.regions:
            ec2: t.Any = self._emulator.session(region=region).client("ec2")
            for volume in ec2.describe_volumes()["Volumes"]:
                if volume["VolumeId"] in ids and not volume.get("SnapshotId") and not volume["Attachments"]:
                    ec2.delete_volume(VolumeId=volume["VolumeId"])

    def look(self, name: str = "") -> Inventory:
        """Return what there is in the end; who may not ask for a key's ARN marks with its alias."""
        return inventory(self._emulator, self._task.regions, own_tags=name != "kms:DescribeKey")


def existing(result: Result) -> set[str]:
    """Return the ids of the images that the result names, with their snapshots."""
    found = set()
    for entry in result["images"]:
        found.update([entry["image_id"], *(one["snapshot_id"] for one in entry["snapshots"])])
    return found - {None}


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize("task", [*COPIES, *COMPOSITIONS], ids=str)
def test_any_single_action(task: Task, on_failure: str, emulator: Emulator, run_module: RunModule) -> None:
    trial = Trial(task, emulator, run_module)
    trial.prepare()
    assert not trial.run().failed
    actions = sorted(emulator.counts())
    clean = {name: trial.look(name) for name in actions}
    wrong = [text for name in actions for text in trial.deny(name, clean[name], on_failure=on_failure)]
    print(f"{len(actions)} actions of {task}, {on_failure}")
    assert not wrong, "\n".join(wrong)
