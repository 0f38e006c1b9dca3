# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time for code that waits: a sleep moves the emulator's clock instead of lasting."""

from __future__ import annotations

import threading
import time

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

    def now(self) -> float:
        """Return the virtual time in seconds since the epoch."""
        return clock.now()

    def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` of virtual time have passed."""
        end = self.now() + seconds
        # The main thread waits for the only worker.
        alone = threading.active_count() <= 2
        with self._lock:
            self._ends.append(end)
        while self.now() < end:
            busy_with = 0 if alone else self._calls()
            if not alone:
                _really_sleep(_QUIET)
            with self._lock:
                if min(self._ends) == end and (alone or busy_with == self._calls()):
                    self._emulator.advance(max(0.0, end - self.now()))
        with self._lock:
            self._ends.remove(end)

    def _calls(self) -> int:
        return int(sum(self._emulator.counts().values()))
