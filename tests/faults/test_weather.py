# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Weather of every kind, drawn at random: no run says ok falsely, and one clean run later all is as it should be."""

from __future__ import annotations

import dataclasses

import hypothesis
import hypothesis.strategies as st
import pytest
from faults.holdings import held, named_with_parts
from faults.inventory import Inventory, difference, inventory
from faults.tasks import COPY, FLEET, INSTANCE, INSTANCE_ID, REMOVE, REPLACE, SLOW, SNAPSHOTS, Task

from emulated_aws.client import Emulator
from system.running import Result, RunModule

SETTLED = 200.0
# Examples of each task; with those of the fleet they are more than 500.
EXAMPLES = {"copy": 130, "superseded": 90, "absent": 60, "snapshots": 110, "instance": 50, "instance_id": 50}
FLEET_EXAMPLES = 20
ONE_SHOT = {
    "expired_token": "The credentials expired; renew them and run the task again: it resumes where it stopped",
    "clock_skew": "Check the credentials and that this machine's clock is right",
}


@dataclasses.dataclass(frozen=True)
class Weather:
    """What AWS and the network do while a task runs; chances are between 0 and 1, times in virtual seconds."""

    throttled: float
    server_error: float
    dropped: float
    lost_answers: float
    not_found_lag: float
    tag_filter_lag: float
    seed: int
    outage: tuple[float, float] | None = None
    one_shot: tuple[str, int] | None = None

    def set_in(self, emulator: Emulator) -> None:
        """Let it happen."""
        emulator.configure(not_found_lag=self.not_found_lag, tag_filter_lag=self.tag_filter_lag)
        add = emulator.faults.add
        add("throttled", probability=self.throttled, seed=self.seed)
        add("server_error", probability=self.server_error, seed=self.seed + 1)
        add("drop", probability=self.dropped, seed=self.seed + 2)
        add("drop", when="after", probability=self.lost_answers, seed=self.seed + 3)
        if self.outage:
            add("unreachable", service="ec2", starts_in=self.outage[0], lasts=self.outage[1])
        if self.one_shot:
            add(self.one_shot[0], skip=self.one_shot[1])


def weather() -> st.SearchStrategy[Weather]:
    """Return weather up to what the guarantee names: 30 % throttled, 10 % server errors, 5 % of connections lost."""
    return st.builds(
        Weather,
        throttled=st.sampled_from([0.0, 0.1, 0.3]),
        server_error=st.sampled_from([0.0, 0.05, 0.1]),
        dropped=st.sampled_from([0.0, 0.025, 0.05]),
        lost_answers=st.sampled_from([0.0, 0.025, 0.05]),
        not_found_lag=st.sampled_from([0.0, 5.0, 30.0, 60.0]),
        tag_filter_lag=st.sampled_from([0.0, 30.0, 60.0]),
        seed=st.integers(0, 10_000),
        outage=st.none() | st.tuples(st.sampled_from([0.0, 10.0, 50.0]), st.sampled_from([5.0, 60.0, 1200.0])),
        one_shot=st.none() | st.tuples(st.sampled_from(sorted(ONE_SHOT)), st.integers(1, 40)),
    )


class Trial:
    """One task in one weather."""

    def __init__(self, task: Task, emulator: Emulator, run_module: RunModule):
        self._task, self._emulator, self._run_module = task, emulator, run_module
        self.prepare()
        assert not self.run().failed
        self._clean = self.look()

    def prepare(self) -> None:
        """Put everything back to where the task begins."""
        self._emulator.reset(seed="full")
        self._emulator.configure(**SLOW)
        for options in self._task.before:
            assert not self._run_module(self._task.module, **options).failed

    def run(self) -> Result:
        """Run the task."""
        return self._run_module(self._task.module, **self._task.options(self._emulator))

    def look(self) -> Inventory:
        """Return what there is once nothing is hidden any more."""
        self._emulator.advance(SETTLED)
        return inventory(self._emulator, self._task.regions)

    def endure(self, weather: Weather) -> None:
        """Run the task in the weather and judge what it says; then run it once more under a clear sky."""
        self.prepare()
        before = held()
        weather.set_in(self._emulator)
        result = self.run()
        self._emulator.faults.clear()
        if result.failed:
            self._require_honest(result, weather, held() - before)
        else:
            assert not difference(self.look(), self._clean), f"ok, but {difference(self.look(), self._clean)}"
        again = self.run()
        assert not again.failed, again.msg
        assert not difference(self.look(), self._clean), f"in the end {difference(self.look(), self._clean)}"

    def _require_honest(self, result: Result, weather: Weather, new: set[str]) -> None:
        assert result.msg
        if "RequestExpired" in result.msg or "ExpiredToken" in result.msg:
            assert ONE_SHOT["expired_token"] in result.msg
        if weather.lost_answers:
            # AWS may have acted on a request of which nobody has heard again.
            return
        unnamed = new - named_with_parts(result, self._task.regions)
        assert not unnamed, f"{sorted(unnamed)} are there and not named: {result.msg}"


def examples(number: int, config: pytest.Config) -> hypothesis.settings:
    """Return settings for the same examples in every run, or for ten times as many new ones with ``--long``."""
    long = config.getoption("--long")
    return hypothesis.settings(
        max_examples=number * (10 if long else 1),
        derandomize=not long,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink) if long else (hypothesis.Phase.generate,),
    )


@pytest.mark.parametrize("task", [COPY, REPLACE, REMOVE, SNAPSHOTS, INSTANCE, INSTANCE_ID], ids=str)
def test_weather(task: Task, emulator: Emulator, run_module: RunModule, pytestconfig: pytest.Config) -> None:
    trial = Trial(task, emulator, run_module)

    @examples(EXAMPLES[task.name], pytestconfig)
    @hypothesis.given(weather())
    def endures(weather: Weather) -> None:
        trial.endure(weather)

    endures()


def test_weather_over_a_fleet(emulator: Emulator, run_module: RunModule, pytestconfig: pytest.Config) -> None:
    trial = Trial(FLEET, emulator, run_module)

    @examples(FLEET_EXAMPLES, pytestconfig)
    @hypothesis.given(weather())
    def endures(weather: Weather) -> None:
        trial.endure(weather)

    endures()


@pytest.mark.parametrize("call", range(1, 14))
@pytest.mark.parametrize("kind", sorted(ONE_SHOT))
@pytest.mark.parametrize("task", [COPY, SNAPSHOTS], ids=str)
def test_what_ends_a_run_says_what_to_do(
    task: Task, kind: str, call: int, emulator: Emulator, run_module: RunModule
) -> None:
    """From some call on, credentials are expired or the clock is wrong; the next run resumes."""
    trial = Trial(task, emulator, run_module)
    clean = trial.look()
    trial.prepare()
    emulator.clear_calls()
    emulator.faults.add(kind, skip=call)
    result = trial.run()
    emulator.faults.clear()
    assert result.failed and ONE_SHOT[kind] in result.msg, result.msg
    assert not trial.run().failed
    assert not difference(trial.look(), clean), difference(trial.look(), clean)
