# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual time in which things happen by themselves: a key is disabled, an image fails, somebody cleans up."""

from __future__ import annotations

import typing as t

from emulated_aws.client import Emulator
from system.virtual_time import VirtualTime

Event = t.Callable[[], object]


class Timeline(VirtualTime):
    """Virtual time with events; each happens once, in the first sleep that ends after its moment."""

    def __init__(self, emulator: Emulator):
        super().__init__(emulator)
        self._events: list[tuple[float, Event]] = []

    def after(self, seconds: float, event: Event) -> None:
        """Let the event happen so many seconds of virtual time from now."""
        self._events.append((self.now() + seconds, event))

    def sleep(self, seconds: float) -> None:
        """Sleep, and let happen what is due."""
        super().sleep(seconds)
        due = [one for one in self._events if one[0] <= self.now()]
        for one in due:
            self._events.remove(one)
            one[1]()
