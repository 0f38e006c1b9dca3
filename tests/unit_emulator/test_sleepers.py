# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time waits for the slowest of those who share it, and for nobody who is held or gone."""

from __future__ import annotations

import concurrent.futures
import datetime
import time

import pytest

from emulated_aws.client import Emulator


def now(emulator: Emulator) -> float:
    """Return the virtual time."""
    return datetime.datetime.fromisoformat(emulator.state()["time"]).timestamp()


def test_time_stands_still_while_one_is_at_work(emulator: Emulator) -> None:
    start = now(emulator)
    for name in ("quick", "slow"):
        emulator.sleeper_comes(name)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        quick = pool.submit(emulator.sleep, "quick", 1000.0)
        time.sleep(0.3)  # So long the slow one computes.
        assert not quick.done() and now(emulator) == start
        assert emulator.sleep("slow", 10.0) == pytest.approx(start + 10)
        assert not quick.done()
        emulator.sleeper_leaves("slow")
        assert quick.result(10) == pytest.approx(start + 1000)


def test_who_wakes_first_is_waited_for_again(emulator: Emulator) -> None:
    start = now(emulator)
    names = ("first", "second", "third")
    for name in names:
        emulator.sleeper_comes(name)

    def naps(name: str, seconds: float) -> list[float]:
        woken = [emulator.sleep(name, seconds) - start for _number in range(3)]
        emulator.sleeper_leaves(name)
        return woken

    with concurrent.futures.ThreadPoolExecutor() as pool:
        found = [one.result(30) for one in [pool.submit(naps, *pair) for pair in zip(names, (2, 3, 7), strict=True)]]
    assert [[round(moment) for moment in woken] for woken in found] == [[2, 4, 6], [3, 6, 9], [7, 14, 21]]


def test_nobody_waits_for_one_whose_call_is_held(emulator: Emulator) -> None:
    start = now(emulator)
    for name in ("held", "other"):
        emulator.sleeper_comes(name)
    emulator.faults.add("hold", action="DescribeImages")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        held = pool.submit(emulator.session().client("ec2").describe_images, Owners=["self"])
        emulator.wait_until_held()
        assert emulator.sleep("other", 50.0) == pytest.approx(start + 50)
        emulator.release()
        assert held.result(10)["Images"] == []


def test_alone_one_need_not_be_known(emulator: Emulator) -> None:
    start = now(emulator)
    assert emulator.sleep("anybody", 5.0) == pytest.approx(start + 5)
