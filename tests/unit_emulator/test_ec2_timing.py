# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time in the emulated EC2: durations, progress, and what happens when it falls due."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.clock import clock
from emulated_aws.ec2 import timing
from emulated_aws.ec2.agenda import Agenda
from emulated_aws.settings import settings


@pytest.fixture(autouse=True)
def still_clock() -> t.Iterator[None]:
    """Stop the clock, and give the next test the defaults back."""
    clock.configure(manual=True)
    yield
    clock.configure(manual=False)
    settings.reset()


@pytest.mark.parametrize(
    ("per_gib", "minimum", "full", "seconds"),
    [(2.0, 0.0, True, 16.0), (2.0, 60.0, True, 60.0), (2.0, 5.0, False, 5.0), (0.0, 0.0, True, 0.0)],
)
def test_copies_take_time_by_size_unless_incremental(
    per_gib: float, minimum: float, full: bool, seconds: float
) -> None:
    settings.update({"copy_seconds_per_gib": per_gib, "copy_seconds_minimum": minimum})
    assert timing.copy_seconds(8, full=full) == seconds


@pytest.mark.parametrize(
    ("now", "early", "shown"),
    [
        (90.0, True, "0%"),
        (100.0, True, "0%"),
        (150.0, True, "50%"),
        (190.0, True, "100%"),
        (190.0, False, "90%"),
        (199.9, False, "99%"),
    ],
)
def test_progress_may_reach_100_before_the_end(now: float, early: bool, shown: str) -> None:
    settings.update({"progress_reaches_100_while_pending": early})
    assert timing.progress(100.0, 200.0, now) == shown


def test_dates_are_worded_as_ec2_does() -> None:
    assert timing.moment_text(1_700_000_000.5) == "2023-11-14T22:13:20.500Z"
    assert timing.moment(1_700_000_000.0).isoformat() == "2023-11-14T22:13:20"


def test_events_happen_in_the_order_of_their_moments() -> None:
    agenda, happened, start = Agenda(), list[tuple[str, float]](), clock.now()
    agenda.at(start + 20, lambda due: happened.append(("second", due)))
    agenda.at(start + 10, lambda due: happened.append(("first", due)))
    agenda.at(start + 20, lambda due: happened.append(("third", due)))
    agenda.settle()
    assert happened == []
    clock.advance(20)
    agenda.settle()
    assert happened == [("first", start + 10), ("second", start + 20), ("third", start + 20)]
    agenda.settle()
    assert len(happened) == 3


def test_an_event_may_cause_another_that_is_due_already() -> None:
    agenda, happened, start = Agenda(), list[str](), clock.now()
    agenda.at(start + 1, lambda due: agenda.at(due + 1, lambda _due: happened.append("consequence")))
    clock.advance(5)
    agenda.settle()
    assert happened == ["consequence"]


def test_a_cleared_agenda_forgets() -> None:
    agenda, happened = Agenda(), list[float]()
    agenda.at(clock.now(), happened.append)
    agenda.clear()
    agenda.settle()
    assert happened == []
