# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module as a process, and stop or kill it at a chosen API call; its sleeps move the emulator's clock."""

from __future__ import annotations

import datetime
import functools
import importlib
import itertools
import json
import os
import pathlib
import signal
import tempfile
import time
import traceback
import typing as t

import botocore.client
import botocore.loaders
import botocore.session

from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from emulated_aws.client import Emulator
from system.running import OURS, Result, run_here

_really_sleep = time.sleep
_numbers = itertools.count(1)


@functools.cache
def _preload() -> None:
    """Read botocore's models once for all processes that are forked from this one."""
    models = botocore.loaders.create_loader()
    creator = t.cast("t.Any", botocore.client.ClientCreator)
    make, classes = creator._create_client_class, {}

    def client_class(self: t.Any, name: str, model: t.Any) -> type:
        if name not in classes:
            classes[name] = make(self, name, model)
        return t.cast(type, classes[name])

    creator._create_client_class = client_class
    t.cast("t.Any", botocore.session).create_loader = lambda _path=None: models
    for service in ("ec2", "kms"):
        botocore.session.Session().create_client(
            service, region_name="us-east-1", aws_access_key_id="none", aws_secret_access_key="none"
        )


class Child:
    """A module in a process of its own, forked from this one so that its imports are paid once."""

    def __init__(self, emulator: Emulator, module: str, given: dict[str, t.Any]):
        self._report = pathlib.Path(tempfile.mkstemp()[1])
        self._emulator = emulator
        importlib.import_module(f"{OURS}.{module}")
        _preload()
        self._sleeper = f"child {next(_numbers)}"
        # Time stands still for all until the last of them sleeps, however long the machine takes to run them.
        emulator.sleeper_comes(self._sleeper)
        self.pid = os.fork()
        if self.pid == 0:
            self._run(module, given)

    def _run(self, module: str, given: dict[str, t.Any]) -> t.NoReturn:
        status = 1
        try:
            self._make_time_virtual()
            self._report.write_text(json.dumps(run_here(module, given)))
            status = 0
        except BaseException:
            self._report.write_text(traceback.format_exc())
        finally:
            self._emulator.sleeper_leaves(self._sleeper)
            os._exit(status)

    def _make_time_virtual(self) -> None:
        now = datetime.datetime.fromisoformat(self._emulator.state()["time"]).timestamp()

        def sleep(seconds: float) -> None:
            nonlocal now
            now = self._emulator.sleep(self._sleeper, seconds)

        t.cast("t.Any", time).sleep = sleep
        t.cast("t.Any", Pace.__init__).__defaults__ = (lambda: now, sleep, 0.1)

    def wait(self) -> Result:
        """Wait for the end and return what the module returned."""
        _pid, status = os.waitpid(self.pid, 0)
        self._emulator.sleeper_leaves(self._sleeper)
        text = self._report.read_text()
        self._report.unlink()
        if status or not text:
            raise AssertionError(f"the module's process ended with status {status}: {text}")
        return Result(json.loads(text))

    def kill(self) -> None:
        """Send SIGKILL and collect the process."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._emulator.sleeper_leaves(self._sleeper)
        self._report.unlink()

    @property
    def has_ended(self) -> bool:
        """Tell whether the process is over, without collecting it."""
        info = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return info is not None


def held_at(emulator: Emulator, module: str, given: dict[str, t.Any], *, call: int, when: str) -> Child | None:
    """Start the module and return it while its ``call``-th call is held, ``before`` or ``after`` it takes effect.

    Return None when the module made fewer calls and came to its end.
    """
    emulator.faults.add("hold", nth=call, when=when, then="drop")
    child = Child(emulator, module, given)
    while not emulator.calls(held=True):
        if child.has_ended:
            emulator.faults.clear()
            child.wait()
            return None
        _really_sleep(0.005)
    emulator.faults.clear()
    return child


def killed_at(emulator: Emulator, module: str, given: dict[str, t.Any], *, call: int, when: str) -> bool:
    """Run the module and kill it at its ``call``-th call; return False when it made fewer and came to its end."""
    child = held_at(emulator, module, given, call=call, when=when)
    if child is None:
        return False
    child.kill()
    emulator.release(then="drop")
    return True
