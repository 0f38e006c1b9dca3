# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many regions at once: all of it is done, whatever happens to one."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.parallel import all_of, for_each
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError

KEYS = ("a", "b", "c")


def test_nothing_to_do() -> None:
    assert for_each([], str.upper) == {}


def test_results_come_in_the_order_asked_for() -> None:
    assert list(for_each(KEYS, str.upper).items()) == [("a", "A"), ("b", "B"), ("c", "C")]


def test_all_are_worked_on_at_once() -> None:
    together = threading.Barrier(len(KEYS), timeout=20)
    assert len(for_each(KEYS, lambda _key: together.wait())) == len(KEYS)


def test_no_more_than_so_many_at_once() -> None:
    at_work, most, lock = [0], [0], threading.Lock()

    def work(_key: int) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        threading.Event().wait(0.01)
        with lock:
            at_work[0] -= 1

    assert len(for_each(range(20), work, workers=2)) == 20
    assert most[0] <= 2


def test_the_trouble_of_one_stays_its_own() -> None:
    trouble = AwsError(message="refused")

    def work(key: str) -> str:
        if key == "b":
            raise trouble
        return key

    answers = for_each(KEYS, work)
    assert answers == {"a": "a", "b": trouble, "c": "c"}
    with pytest.raises(AwsError, match="refused"):
        all_of(answers)
    assert all_of({"a": 1}) == {"a": 1}


def test_what_makes_the_request_impossible_is_said_once_for_all() -> None:
    done = []

    def work(key: str) -> None:
        if key in "ab":
            raise PreflightError(f"{key} cannot be" if key == "a" else "nor that")
        done.append(key)

    with pytest.raises(PreflightError, match=r"^a cannot be; nor that$"):
        for_each(KEYS, work)
    assert done == ["c"]


def test_the_same_sentence_is_said_once() -> None:
    def work(_key: str) -> None:
        raise RequestError("the same")

    with pytest.raises(RequestError, match=r"^the same$"):
        for_each(KEYS, work)


def test_an_error_of_ours_is_not_swallowed() -> None:
    def work(key: str) -> int:
        return int(key)

    with pytest.raises(ValueError, match="invalid literal"):
        for_each(["1", "x"], work)
