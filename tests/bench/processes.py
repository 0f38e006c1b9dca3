# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program so that all that it starts is counted, and nothing of it stays."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time
import typing as t

_PR_SET_CHILD_SUBREAPER: t.Final = 36
_GRACE_SECONDS: t.Final = 20.0
_GLANCE_SECONDS: t.Final = 0.5


class Ended(t.NamedTuple):
    """What a program took, in seconds and MiB, and how it ended, ``at`` in seconds since the epoch."""

    at: float
    wall: float
    cpu: float
    mib: float
    status: int
    stdout: str
    stderr: str


def become_parent() -> None:
    """Let this process inherit what its programs leave running, as asynchronous jobs are; end tidily when told to."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGTERM, lambda *_unused: sys.exit(128 + signal.SIGTERM))


def run(command: t.Sequence[str | os.PathLike[str]], environment: t.Mapping[str, str]) -> Ended:
    """Run the command to its end; the processor time is that of all processes that it has started, at any remove."""
    ours = _children()
    before, started = _cpu(), time.monotonic()
    process = subprocess.Popen(
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    memory = _Memory(process.pid)
    memory.start()
    try:
        stdout, stderr = process.communicate()
        at, wall = time.time(), time.monotonic() - started
        _await_others(ours)
    finally:
        memory.over.set()
        process.terminate()
        process.wait()
        _end_others(ours)
    return Ended(at, wall, _cpu() - before, memory.peak, process.returncode, stdout, stderr)


class _Memory(threading.Thread):
    """Look now and then at the memory of a program and all that it has started; what they share counts once."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.over, self.peak, self._pid = threading.Event(), 0.0, pid

    def run(self) -> None:
        while not self.over.wait(_GLANCE_SECONDS):
            self.peak = max(self.peak, sum(map(_proportional_mib, _with_descendants(self._pid))))


def _with_descendants(pid: int) -> set[int]:
    parents = {one: _parent(one) for one in map(int, filter(str.isdigit, os.listdir("/proc")))}
    found, more = {pid}, {pid}
    while more:
        more = {one for one, parent in parents.items() if parent in found} - found
        found |= more
    return found


def _proportional_mib(pid: int) -> float:
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
    return 0.0


def _await_others(ours: set[int]) -> None:
    """Wait for what the program has left running, such as the watchers of asynchronous jobs."""
    ends = time.monotonic() + _GRACE_SECONDS
    while _others(ours) and time.monotonic() < ends:
        time.sleep(0.2)


def _end_others(ours: set[int]) -> None:
    while others := _others(ours):
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _others(ours: set[int]) -> set[int]:
    """Return the children that are none of ours and still run; what has ended is taken off the list."""
    others = _children() - ours
    return {pid for pid in others if os.waitpid(pid, os.WNOHANG)[0] == 0}


def _children() -> set[int]:
    return {pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _parent(pid) == os.getpid()}


def _parent(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        # The name stands in parentheses and may hold anything; state and parent follow it.
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
