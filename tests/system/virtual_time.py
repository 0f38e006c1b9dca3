# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time for code that waits: a sleep moves the emulator's clock instead of lasting."""

from __future__ import annotations

import threading
import time
import typing as t

from emulated_aws.client import Emulator
from emulated_aws.clock import clock

_really_sleep = time.sleep
# A thread that is at work calls AWS more often than this, in real seconds.
_QUIET = 0.002


class VirtualTime:
    """Sleep for several threads at once: time goes to the earliest end of a sleep once nobody calls AWS any more."""

    def __init__(self, emulator: Emulator):
        self._emulator = emulator
        self._lock = threading.Lock()
        self._ends: list[float] = []
        self._agenda: list[tuple[float, t.Callable[[], object]]] = []

    def now(self) -> float:
        """Return the virtual time in seconds since the epoch."""
        return clock.now()

    def later(self, seconds: float, action: t.Callable[[], object]) -> None:
        """Do something when so many seconds will have passed, while the code under test sleeps."""
        self._agenda.append((self.now() + seconds, action))

    def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` of virtual time have passed."""
        end = self.now() + seconds
        # The main thread waits for the only worker.
        alone = threading.active_count() <= 2
        with self._lock:
            self._ends.append(end)
        while self.now() < end:
            calls = 0 if alone else self._calls()
            if not alone:
                _really_sleep(_QUIET)
            with self._lock:
                if min(self._ends) == end and (alone or calls == self._calls()):
                    self._advance_to(end)
        with self._lock:
            self._ends.remove(end)

    def _advance_to(self, end: float) -> None:
        for moment, action in sorted(self._agenda, key=lambda entry: entry[0]):
            if moment <= end:
                self._agenda.remove((moment, action))
                self._emulator.advance(max(0.0, moment - self.now()))
                action()
        self._emulator.advance(max(0.0, end - self.now()))

    def _calls(self) -> int:
        return int(sum(self._emulator.counts().values()))
