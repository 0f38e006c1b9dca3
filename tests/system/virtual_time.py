# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time for code that waits: a sleep moves the emulator's clock instead of lasting."""

from __future__ import annotations

import threading
import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._execute.parallel import THREAD_NAME
from emulated_aws.client import Emulator
from emulated_aws.clock import clock

# A thread that has ended tells nobody; so often, in real seconds, the others look.
_GLANCE = 0.01
_START_SECONDS = 0.05


class VirtualTime:
    """Sleep for several threads at once: once all of them sleep, time goes to where the first of them wakes up."""

    def __init__(self, emulator: Emulator):
        self._emulator = emulator
        self._turn = threading.Condition()
        self._known = threading.local()
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
        if not getattr(self._known, "here", False):
            # The threads beside this one may not have been started yet.
            self._known.here = True
            threading.Event().wait(_START_SECONDS)
        end = self.now() + seconds
        with self._turn:
            self._ends.append(end)
            while self.now() < end:
                if min(self._ends) == end and len(self._ends) >= _workers():
                    self._advance_to(end)
                    self._turn.notify_all()
                else:
                    self._turn.wait(_GLANCE)
            self._ends.remove(end)
            self._turn.notify_all()

    def _advance_to(self, end: float) -> None:
        for moment, action in sorted(self._agenda, key=lambda entry: entry[0]):
            if moment <= end:
                self._agenda.remove((moment, action))
                self._emulator.advance(max(0.0, moment - self.now()))
                action()
        self._emulator.advance(max(0.0, end - self.now()))


def _workers() -> int:
    """Return how many threads are at work; the main thread then only waits for them."""
    return sum(thread.name == THREAD_NAME for thread in threading.enumerate()) or 1
