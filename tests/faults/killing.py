# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module as a process, kill it at a chosen API call, and compare what AWS holds in the end."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import pathlib
import signal
import tempfile
import time
import typing as t

from emulated_aws.client import Emulator
from system.running import OURS, Result, run_here

# A sleep only lets the process look again; nothing in these trials takes time.
LONGEST_SLEEP = 0.02
_really_sleep = time.sleep


class Child:
    """A module in a process of its own, forked from this one so that its imports are paid once."""

    def __init__(self, module: str, given: dict[str, t.Any]):
        self._report = pathlib.Path(tempfile.mkstemp()[1])
        importlib.import_module(f"{OURS}.{module}")
        self.pid = os.fork()
        if self.pid == 0:
            self._run(module, given)

    def _run(self, module: str, given: dict[str, t.Any]) -> t.NoReturn:
        status = 1
        with contextlib.suppress(BaseException):
            time.sleep = lambda seconds: _really_sleep(min(seconds, LONGEST_SLEEP))
            self._report.write_text(json.dumps(run_here(module, given)))
            status = 0
        os._exit(status)

    def wait(self) -> Result:
        """Wait for the end and return what the module returned."""
        _pid, status = os.waitpid(self.pid, 0)
        text = self._report.read_text()
        self._report.unlink()
        if status or not text:
            raise AssertionError(f"the module's process ended with status {status} and said nothing")
        return Result(json.loads(text))

    def kill(self) -> None:
        """Send SIGKILL and collect the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._report.unlink()

    @property
    def has_ended(self) -> bool:
        """Tell whether the process is over, without collecting it."""
        info = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return info is not None


def killed_at(emulator: Emulator, module: str, given: dict[str, t.Any], *, call: int, when: str) -> bool:
    """Run the module and kill it at its ``call``-th call, ``before`` or ``after`` it takes effect.

    Return False when the module made fewer calls and came to its end.
    """
    emulator.faults.add("hold", nth=call, when=when, then="drop")
    child = Child(module, given)
    while not emulator.calls(held=True):
        if child.has_ended:
            emulator.faults.clear()
            child.wait()
            return False
        _really_sleep(0.005)
    child.kill()
    emulator.release(then="drop")
    emulator.faults.clear()
    return True
