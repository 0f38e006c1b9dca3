# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at once, meeting at every call: one image each, nothing left over, and both say what is true."""

from __future__ import annotations

import typing as t

import pytest
from faults.inventory import difference
from faults.stage import Stage
from faults.tasks import COPY, INSTANCE, INSTANCE_ID, MAPPING, REMOVE, REPLACE, RETIRE, SNAPSHOTS, Task

from emulated_aws.client import Emulator
from system.running import Result

LAST_CALL = 200
TAGGED: dict[str, t.Any] = {"tags": {"Team": "another"}}
ANOTHER: dict[str, t.Any] = {
    "name": "another",
    "device_mapping": [*({**one, "kms_key_id": "alias/golden"} for one in MAPPING[:2]), MAPPING[2]],
}
DIFFERENT = [(COPY, {"kms_key_id": "alias/os"}), (SNAPSHOTS, ANOTHER), (INSTANCE_ID, {"name": "another"})]
UNCHANGED = ("unchanged", "adopted")


def meetings(emulator: Emulator, stage: Stage, **more: t.Any) -> t.Iterator[tuple[str, Result, Result]]:
    """Hold a first run at each of its calls while a second runs from end to end, and yield both results."""
    for when in ("before", "after"):
        for call in range(1, LAST_CALL):
            stage.prepare()
            first = stage.hold(call, when)
            if first is None:
                break
            second = stage.run(**more)
            emulator.release(then="answer")
            yield f"{when} call {call}", first.wait(), second
        else:
            pytest.fail("the module never came to its end")


def untrue(one: Result, other: Result) -> str:
    """Return what two results of the same task claim that cannot be."""
    if one.failed or other.failed:
        return f"failed: {one.msg or other.msg}"
    if one["image_id"] != other["image_id"]:
        return f"two images: {one['image_id']} and {other['image_id']}"
    if not (one["changed"] or other["changed"]):
        return "neither has changed anything"
    for result in (one, other):
        if not result["changed"] and result["image"]["action"] not in UNCHANGED:
            return f"{result['image']['action']}, but nothing changed"
    return ""


@pytest.mark.parametrize("task", [COPY, REPLACE, RETIRE, SNAPSHOTS, INSTANCE, INSTANCE_ID], ids=str)
def test_the_same_task(served_emulator: Emulator, task: Task) -> None:
    stage = Stage(served_emulator, task)
    stage.prepare()
    stage.run()
    clean = stage.look()
    trials = []
    for what, one, other in meetings(served_emulator, stage):
        wrong = f"{untrue(one, other)} {difference(stage.look(), clean)}".strip()
        trials.append(f"{what}: {wrong}" if wrong else "")
    print(f"{len(trials)} meetings")
    assert len(trials) > 10
    assert not any(trials), "\n".join(filter(None, trials))


def test_removed_by_two(served_emulator: Emulator) -> None:
    stage = Stage(served_emulator, REMOVE)
    stage.prepare()
    stage.run()
    clean = stage.look()
    trials = 0
    for what, one, other in meetings(served_emulator, stage):
        assert not one.failed and not other.failed, f"{what}: {one.msg or other.msg}"
        assert not difference(stage.look(), clean), what
        trials += 1
    assert trials > 5


def test_other_tags(served_emulator: Emulator) -> None:
    stage = Stage(served_emulator, COPY)
    possible = []
    for more in ({}, TAGGED):
        stage.prepare()
        stage.run(**more)
        possible.append(stage.look())
    trials = 0
    for what, one, other in meetings(served_emulator, stage, **TAGGED):
        assert not untrue(one, other), f"{what}: {untrue(one, other)}"
        found = stage.look()
        wrong = [difference(found, clean) for clean in possible]
        assert not all(wrong), f"{what}: neither task's image: {wrong[0]}"
        trials += 1
    assert trials > 10


@pytest.mark.parametrize(("task", "different"), DIFFERENT, ids=["copy", "snapshots", "instance_id"])
def test_different_tasks(served_emulator: Emulator, task: Task, different: dict[str, t.Any]) -> None:
    """Two tasks on the same source that differ in keys or name: an image each, of nothing of the other."""
    stage = Stage(served_emulator, task)
    stage.prepare()
    stage.run()
    stage.run(**different)
    clean = stage.look()
    trials = []
    for what, one, other in meetings(served_emulator, stage, **different):
        wrong = f"failed: {one.msg or other.msg}" if one.failed or other.failed else difference(stage.look(), clean)
        wrong = wrong or ("one image for both" if one["image_id"] == other["image_id"] else "")
        trials.append(f"{what}: {wrong}" if wrong else "")
    print(f"{len(trials)} meetings")
    assert len(trials) > 10
    assert not any(trials), "\n".join(filter(None, trials))


@pytest.mark.parametrize("task", [COPY, SNAPSHOTS, INSTANCE, INSTANCE_ID], ids=str)
@pytest.mark.parametrize("latency_ms", [1, 5, 20])
def test_four_started_together(served_emulator: Emulator, task: Task, latency_ms: int) -> None:
    stage = Stage(served_emulator, task, latency_ms=latency_ms)
    stage.prepare()
    stage.run()
    clean = stage.look()
    for _round in range(3):
        stage.prepare()
        results = [child.wait() for child in [stage.start() for _number in range(4)]]
        assert not any(result.failed for result in results), [result.msg for result in results]
        assert len({result["image_id"] for result in results}) == 1
        assert not difference(stage.look(), clean), difference(stage.look(), clean)
