# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time for code that waits: a sleep moves the emulator's clock instead of lasting."""

from __future__ import annotations

import concurrent.futures
import threading
import time
import types
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute import membership, parallel
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._execute.threads import start_beside
from emulated_aws.client import Emulator
from emulated_aws.clock import clock

# In real seconds; far more than what any thread has to do between two sleeps.
_STANDSTILL = 120.0


class VirtualTime:
    """Sleep for several threads at once: once all that could do something sleep, time goes on to the first end.

    Which threads those are is counted: one that waits in ``for_each``, or for a lock over calls of AWS, does
    nothing meanwhile.
    """

    def __init__(self, emulator: Emulator):
        self._emulator = emulator
        self._turn = threading.Condition()
        self._threads = 1  # The main one.
        self._awaited: list[t.Collection[concurrent.futures.Future[t.Any]]] = []
        self._locks: list[Lock] = []
        self._ends: list[float] = []
        self._agenda: list[tuple[float, t.Callable[[], object]]] = []

    def rule(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let every sleep of this process move the emulator's clock instead."""
        monkeypatch.setattr(time, "sleep", self.sleep)
        monkeypatch.setattr(Pace.__init__, "__defaults__", (self.now, self.sleep, 0.1))
        monkeypatch.setattr(parallel, "start_beside", self._start)
        monkeypatch.setattr(concurrent.futures, "wait", self._wait)
        monkeypatch.setattr(membership, "threading", types.SimpleNamespace(Lock=self.lock))

    def now(self) -> float:
        """Return the virtual time in seconds since the epoch."""
        return clock.now()

    def later(self, seconds: float, action: t.Callable[[], object]) -> None:
        """Do something when so many seconds will have passed, while the code under test sleeps."""
        self._agenda.append((self.now() + seconds, action))

    def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` of virtual time have passed."""
        end = self.now() + seconds
        with self._turn:
            self._ends.append(end)
            self._turn.notify_all()
            while self.now() < end:
                if min(self._ends) == end and len(self._ends) >= self._at_work():
                    self._advance_to(end)
                    self._turn.notify_all()
                elif not self._turn.wait(_STANDSTILL):
                    raise AssertionError(f"{self._at_work()} threads are at work, {len(self._ends)} sleep, none moves")
            self._ends.remove(end)

    def _at_work(self) -> int:
        """Return how many threads could do something: not those that wait for what is not done or not free yet."""
        waiting = sum(not all(one.done() for one in futures) for futures in self._awaited)
        return self._threads - waiting - sum(lock.waiting for lock in self._locks if lock.is_held)

    def lock(self) -> Lock:
        """Return a lock whose waiting threads are counted."""
        self._locks.append(Lock(self._turn))
        return self._locks[-1]

    def _start(self, thread: threading.Thread) -> None:
        run = thread.run

        def counted() -> None:
            try:
                run()
            finally:
                with self._turn:
                    self._threads -= 1
                    self._turn.notify_all()

        vars(thread)["run"] = counted
        with self._turn:
            self._threads += 1
        start_beside(thread)

    def _wait(self, futures: t.Collection[concurrent.futures.Future[t.Any]]) -> None:
        with self._turn:
            self._awaited.append(futures)
            self._turn.notify_all()
        try:
            for one in futures:
                one.exception()
        finally:
            with self._turn:
                self._awaited.remove(futures)

    def _advance_to(self, end: float) -> None:
        for moment, action in sorted(self._agenda, key=lambda entry: entry[0]):
            if moment <= end:
                self._agenda.remove((moment, action))
                self._emulator.advance(max(0.0, moment - self.now()))
                action()
        self._emulator.advance(max(0.0, end - self.now()))


class Lock:
    """A lock that tells how many threads wait for it."""

    def __init__(self, turn: threading.Condition):
        self._turn = turn
        self.is_held, self.waiting = False, 0

    def __enter__(self) -> None:
        with self._turn:
            self.waiting += 1
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self.is_held)
            self.is_held = True
            self.waiting -= 1

    def __exit__(self, *_unused: object) -> None:
        with self._turn:
            self.is_held = False
            self._turn.notify_all()
