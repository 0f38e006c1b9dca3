# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is due when: changes that the emulated AWS makes by itself, in virtual time and without threads."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import threading
import typing as t

from emulated_aws.clock import clock

Event = t.Callable[[float], None]

# One request at a time changes the emulated account; also held while due events run.
lock = threading.RLock()


@dataclasses.dataclass
class Agenda:
    """Events in the order in which they fall due; each is called with the moment at which it was due."""

    _events: list[tuple[float, int, Event]] = dataclasses.field(default_factory=list)
    _numbers: t.Iterator[int] = dataclasses.field(default_factory=itertools.count)

    def at(self, due: float, event: Event) -> None:
        """Note that ``event`` happens at ``due``, in seconds since the epoch."""
        heapq.heappush(self._events, (due, next(self._numbers), event))

    def settle(self) -> None:
        """Let everything happen that is due by now, in order."""
        with lock:
            while self._events and self._events[0][0] <= clock.now():
                due, _number, event = heapq.heappop(self._events)
                event(due)

    def clear(self) -> None:
        """Forget every event."""
        with lock:
            self._events.clear()


agenda = Agenda()
