# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time as the executors see it: no step of a clock counts, and pauses fit what is awaited."""

from __future__ import annotations

import time
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import OUTAGE_SECONDS, Outage, Pace, steady_time

STILL = {"jitter": 0.0}


@pytest.mark.parametrize("step", [pytest.param(86400.0, id="a day on"), pytest.param(-3600.0, id="an hour back")])
def test_a_step_of_the_clock_is_no_time(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    before, real = steady_time(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + step)
    assert 0 <= steady_time() - before < 60
    assert Pace().now is steady_time


def test_the_time_is_that_of_aws_timestamps() -> None:
    assert steady_time() == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize(
    ("elapsed", "longest", "delay"),
    [
        pytest.param(0.0, 15.0, 1.0, id="at once"),
        pytest.param(100.0, 15.0, 8.0, id="after a while"),
        pytest.param(3600.0, 15.0, 15.0, id="at most wait_delay"),
    ],
)
def test_pauses_grow_with_the_time_so_far(elapsed: float, longest: float, delay: float) -> None:
    assert Pace(jitter=0.0).next_delay(elapsed, longest=longest) == pytest.approx(delay)


@pytest.mark.parametrize(
    ("gib", "delay"), [pytest.param(1, 1.0, id="small"), pytest.param(100, 10.0, id="large"), pytest.param(9999, 15.0)]
)
def test_large_copies_are_looked_at_later(gib: int, delay: float) -> None:
    assert Pace(jitter=0.0).first_delay(gib, longest=15.0) == pytest.approx(delay)


@pytest.mark.parametrize(
    ("percent", "delay"),
    [
        pytest.param(0, 25.0, id="none yet"),
        pytest.param(50, 100.0, id="half"),
        pytest.param(99, 100 / 99, id="almost"),
        pytest.param(1, 600.0, id="a little"),
    ],
)
def test_progress_says_when_to_look_again(percent: int, delay: float) -> None:
    assert Pace(jitter=0.0).delay_by_progress(100.0, percent, longest=600.0) == pytest.approx(delay)


def test_many_runs_do_not_look_in_step() -> None:
    assert len({Pace().next_delay(100.0, longest=15.0) for _run in range(20)}) > 1


class Refusal(AwsError):
    """An error that is an outage, or is not."""

    def __init__(self, *, outage: bool) -> None:
        super().__init__(message="no answer")
        self._outage = outage

    @property
    def is_outage(self) -> bool:
        """Tell which."""
        return self._outage


@pytest.mark.parametrize(
    ("looks", "goes_on"),
    [
        pytest.param([(0, True)], True, id="the first"),
        pytest.param([(0, True), (OUTAGE_SECONDS - 1, True)], True, id="short"),
        pytest.param([(0, True), (OUTAGE_SECONDS, True)], False, id="long"),
        pytest.param([(0, True), (200, None), (OUTAGE_SECONDS, True)], True, id="an answer in between"),
        pytest.param([(0, False)], False, id="no outage"),
    ],
)
def test_an_outage_is_waited_for_while_it_is_short(looks: list[tuple[float, t.Any]], goes_on: bool) -> None:
    now = [0.0]
    outage = Outage(lambda: now[0])
    answer = None
    for moment, kind in looks:
        now[0] = moment
        if kind is None:
            outage.ends()
        else:
            answer = outage.is_short(Refusal(outage=kind))
    assert answer is goes_on
