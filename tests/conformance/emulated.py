# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated AWS as a target: the only file of the suite that knows it."""

from __future__ import annotations

import contextlib
import typing as t

import boto3

from emulated_aws.client import Emulator

from .target import SELF, Target

OTHER_ACCOUNT_ID = "210987654321"

# Non-zero, so that the phases that AWS passes through are there to be seen.
DURATIONS = {
    "copy_seconds_minimum": 30.0,
    "copy_seconds_per_gib": 10.0,
    "snapshot_seconds_per_gib": 10.0,
    "volume_create_seconds": 5.0,
    "instance_start_seconds": 20.0,
    "instance_stop_seconds": 20.0,
}


class EmulatedAws(Target):
    """The emulator in this process, or over HTTP in one of its own; its time moves only when a test waits."""

    name = "emulator"

    def __init__(self, *, in_process: bool = True) -> None:
        super().__init__()
        self._start = Emulator.in_process if in_process else Emulator.start

    @contextlib.contextmanager
    def running(self) -> t.Iterator[Target]:
        with self._start(seed="none", clock="manual") as self._emulator:
            yield self

    def begin_test(self) -> None:
        self._emulator.reset()
        self._emulator.configure(**DURATIONS)

    def session(self, account: str) -> boto3.Session:
        if account == SELF:
            return self._emulator.session()
        return self._emulator.session(account=OTHER_ACCOUNT_ID)

    def pass_time(self, seconds: float) -> None:
        self._emulator.advance(seconds)

    def configure(self, **settings: t.Any) -> None:
        self._emulator.configure(**settings)

    def join(self, arn: str, *accounts: str) -> None:
        self._emulator.organization(arn, *accounts)

    def trouble(self, kind: str, **fields: t.Any) -> None:
        self._emulator.faults.add(kind, **fields)

    def load_images(self) -> None:
        self._emulator.seed("full")
