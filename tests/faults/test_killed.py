# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill each kind of work with SIGKILL at every API call, run it again, and demand the result of one clean run."""

from __future__ import annotations

import typing as t

import pytest
from faults.inventory import difference
from faults.stage import Stage
from faults.tasks import (
    COPY,
    DISMANTLE,
    FLEET,
    INSTANCE,
    INSTANCE_ID,
    LOCAL,
    REMOVE,
    REPLACE,
    RETIRE,
    SNAPSHOTS,
    Task,
)

from emulated_aws.client import Emulator

LAST_CALL = 400
EARLIER, MISSES = 4, 2
SINGLE = [COPY, LOCAL, REPLACE, RETIRE, REMOVE, SNAPSHOTS, INSTANCE, INSTANCE_ID, DISMANTLE]
LAG: dict[str, t.Any] = {"not_found_lag": 2.0, "tag_filter_lag": 30.0}


def killed(stage: Stage, when: str, clean: t.Any, calls: t.Iterable[int], **more: t.Any) -> t.Iterator[str]:
    """Kill at each of the calls that a run makes, and yield a line for each trial: empty, or what is wrong."""
    misses = 0
    for call in calls:
        stage.prepare()
        if not stage.kill(call, when, **more):
            # A call that is denied has no effect after which it could be held; the run has gone on from there.
            misses += 1
            if misses == MISSES:
                return
            continue
        again = stage.run()
        wrong = difference(stage.look(), clean)
        yield f"{when} call {call}: {again.msg} {wrong}" if again.failed or wrong else ""
    pytest.fail("the module never came to its end")


def demand(stage: Stage, when: str, calls: t.Iterable[int], **more: t.Any) -> int:
    """Fail unless every killed run is made good by the next; return how many runs were killed."""
    stage.prepare()
    assert not stage.run().failed
    clean = stage.look()
    trials = list(killed(stage, when, clean, calls, **more))
    print(f"{len(trials)} trials")
    assert len(trials) >= 4
    assert not any(trials), "\n".join(filter(None, trials))
    return len(trials)


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("when", ["before", "after"])
def test_fleet(served_emulator: Emulator, when: str, part: int) -> None:
    demand(Stage(served_emulator, FLEET), when, range(1 + part, LAST_CALL, 4))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("task", SINGLE, ids=str)
def test_single(served_emulator: Emulator, task: Task, when: str) -> None:
    demand(Stage(served_emulator, task, **LAG), when, range(1, LAST_CALL))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("task", [COPY, SNAPSHOTS, INSTANCE], ids=str)
def test_rolling_back(served_emulator: Emulator, task: Task, when: str) -> None:
    """The run fails after its image is available, and is killed while it rolls back; before, it is like any other."""
    stage = Stage(served_emulator, task, denied="ModifyImageAttribute", **LAG)
    stage.prepare()
    failing = stage.fail(on_failure="rollback")
    # A run may need some looks less than another.
    trials = demand(stage, when, range(failing - EARLIER, LAST_CALL), on_failure="rollback")
    # A copy that is available shows all that was made for it: the look for what it might hide is not among the calls.
    least = 2 if task is COPY else 3
    assert trials >= EARLIER + least, "hardly any call of the rollback was met"
