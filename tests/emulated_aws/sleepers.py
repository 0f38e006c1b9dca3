# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time for several processes: it passes once all of them sleep, so a slow machine lets none of them miss it."""

from __future__ import annotations

import threading
import time
import typing as t

from emulated_aws.clock import clock

# A held call is let go, and a process is killed, without a word; so often the others look.
_GLANCE = 0.02
# One request does not last longer, so that no client takes it for lost.
_PATIENCE = 5.0


class Sleepers:
    """Who has come, and until when each of them sleeps."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self.reset()

    def reset(self) -> None:
        """Forget them all."""
        with self._turn:
            self._known: set[str] = set()
            self._ends: dict[object, tuple[str, float]] = {}
            self._turn.notify_all()

    def count(self, name: str, *, comes: bool) -> None:
        """Wait for this one, too, from now on, or no longer."""
        with self._turn:
            (self._known.add if comes else self._known.discard)(name)
            self._turn.notify_all()

    def sleep(self, name: str, until: float, *, held: t.Callable[[], int]) -> bool:
        """Return whether the moment has come; one whose call is held is not waited for."""
        ends, me = time.monotonic() + _PATIENCE, object()
        with self._turn:
            self._ends[me] = (name, until)
            try:
                while clock.now() < until and time.monotonic() < ends:
                    if self._awake() <= held():
                        self._move_on()
                    else:
                        self._turn.wait(_GLANCE)
                return clock.now() >= until
            finally:
                self._ends.pop(me, None)
                self._turn.notify_all()

    def _awake(self) -> int:
        now = clock.now()
        return len(self._known - {name for name, until in self._ends.values() if until > now})

    def _move_on(self) -> None:
        from emulated_aws import ec2

        now = clock.now()
        clock.advance(min(until for _name, until in self._ends.values() if until > now) - now)
        ec2.settle()
        self._turn.notify_all()
