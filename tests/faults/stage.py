# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task and the emulator in a process on which processes run it: from a fresh catalogue to a comparison."""

from __future__ import annotations

import typing as t

from faults.inventory import Inventory, inventory
from faults.killing import Child, held_at, killed_at
from faults.tasks import BRISK, Options, Task

from emulated_aws.client import Emulator
from system.running import Result, arguments

# Later than any lag of the emulator.
_SETTLED = 200.0


class Stage:
    """One task against one emulator; every trial starts from the fresh catalogue.

    Runs that are to be killed fail on the way where an action is ``denied``.
    """

    def __init__(self, emulator: Emulator, task: Task, *, denied: str = "", **settings: float):
        self._emulator, self._task, self._denied = emulator, task, denied
        self._settings = {**BRISK, **settings}

    def prepare(self) -> None:
        """Put everything back to where the task begins."""
        self._emulator.reset(seed="full")
        self._emulator.clock(manual=True)
        self._emulator.configure(**self._settings)
        for options in self._task.before:
            assert not Child(self._emulator, self._task.module, self._given(options)).wait().failed
        if self._task.before:
            self._emulator.advance(_SETTLED)

    def run(self, **more: t.Any) -> Result:
        """Run the task to its end."""
        return self.start(**more).wait()

    def start(self, **more: t.Any) -> Child:
        """Start the task."""
        return Child(self._emulator, self._task.module, self._given(self._options(more)))

    def fail(self, **more: t.Any) -> int:
        """Run the task while the action is denied, and return which of its calls the first denied one was."""
        self._emulator.clear_calls()
        self._deny()
        assert self.run(**more).failed
        self._emulator.faults.clear()
        actions = [call["action"] for call in self._emulator.calls()]
        return actions.index(self._denied) + 1

    def hold(self, call: int, when: str, **more: t.Any) -> Child | None:
        """Start the task and hold it at a call; None where it has fewer."""
        given = self._given(self._options(more))
        return held_at(self._emulator, self._task.module, given, call=call, when=when)

    def kill(self, call: int, when: str, **more: t.Any) -> bool:
        """Kill the task at a call; False where it has fewer."""
        given = self._given(self._options(more))
        self._deny()
        return killed_at(self._emulator, self._task.module, given, call=call, when=when)

    def look(self) -> Inventory:
        """Return what there is once nothing is hidden any more."""
        self._emulator.advance(_SETTLED)
        return inventory(self._emulator, self._task.regions)

    def _deny(self) -> None:
        if self._denied:
            self._emulator.faults.add("access_denied", action=self._denied)

    def _options(self, more: t.Mapping[str, t.Any]) -> Options:
        return {**self._task.options(self._emulator), **more}

    def _given(self, options: Options) -> dict[str, t.Any]:
        return arguments(options, check=False, diff=False, credentials=None, endpoint=self._emulator.url)
