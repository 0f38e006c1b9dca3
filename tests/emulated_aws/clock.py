# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time: the only clock that the emulated AWS reads."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time


@dataclasses.dataclass
class Clock:
    """Seconds since the epoch, either running at a multiple of real time or moved by hand only."""

    manual: bool = False
    speed: float = 1.0
    _offset: float = 0.0
    _started: float = dataclasses.field(default_factory=time.time)
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock, repr=False)

    def now(self) -> float:
        """Return the virtual time in seconds since the epoch."""
        running = 0.0 if self.manual else (time.time() - self._started) * self.speed
        return self._started + running + self._offset

    def utcnow(self) -> datetime.datetime:
        """Return the virtual time as an aware UTC datetime."""
        return datetime.datetime.fromtimestamp(self.now(), tz=datetime.UTC)

    def advance(self, seconds: float) -> float:
        """Move time forward and return the new time; works in both modes."""
        if seconds < 0:
            raise ValueError("time only moves forward")
        with self._lock:
            self._offset += seconds
        return self.now()

    def rewind(self, moment: float) -> None:
        """Return to an earlier moment; nothing that has happened since may be left."""
        with self._lock:
            self._offset -= max(0.0, self.now() - moment)

    def configure(self, *, manual: bool, speed: float = 1.0) -> None:
        """Choose the mode without moving the present moment."""
        present = self.now()
        self.manual, self.speed, self._started, self._offset = manual, speed, present, 0.0
        if not manual:
            self._offset, self._started = present - time.time(), time.time()


clock = Clock()
