# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time goes on as soon as every thread sleeps or waits for one that does, and never before."""

from __future__ import annotations

import time

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.parallel import for_each
from system.virtual_time import VirtualTime


def _slept(virtual_time: VirtualTime, seconds: float) -> float:
    begun = virtual_time.now()
    time.sleep(seconds)
    return virtual_time.now() - begun


@pytest.mark.parametrize("outer", [1, 3], ids=["one outside", "three outside"])
def test_threads_within_threads(virtual_time: VirtualTime, outer: int) -> None:
    """Each of the outer threads only waits for its inner ones, some of which sleep for longer."""
    begun = virtual_time.now()
    found = for_each(range(outer), lambda _one: for_each([5.0, 20.0, 100.0], lambda long: _slept(virtual_time, long)))
    assert found == {one: {long: pytest.approx(long) for long in (5.0, 20.0, 100.0)} for one in range(outer)}
    assert virtual_time.now() - begun == pytest.approx(100)


def test_a_sleeper_beside_threads_within_threads(virtual_time: VirtualTime) -> None:
    def work(seconds: float) -> float:
        return sum(for_each([seconds], lambda long: _slept(virtual_time, long)).values()) if seconds > 10 else seconds

    assert for_each([3.0, 50.0, 70.0], work) == {3.0: 3.0, 50.0: pytest.approx(50), 70.0: pytest.approx(70)}


def test_threads_that_wait_for_a_lock_of_one_that_sleeps(virtual_time: VirtualTime) -> None:
    lock = virtual_time.lock()

    def work(seconds: float) -> float:
        with lock:
            return _slept(virtual_time, seconds)

    begun = virtual_time.now()
    for_each([10.0, 20.0, 30.0], work)
    assert virtual_time.now() - begun == pytest.approx(60)


def test_what_happens_later_happens_on_the_way(virtual_time: VirtualTime) -> None:
    begun, happened = virtual_time.now(), list[float]()
    virtual_time.later(7, lambda: happened.append(virtual_time.now() - begun))
    for_each([3.0, 9.0], lambda long: _slept(virtual_time, long))
    assert happened == [pytest.approx(7)]
