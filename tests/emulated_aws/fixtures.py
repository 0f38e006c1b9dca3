# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest fixtures: one emulator per worker process, as new for each test; load with ``pytest_plugins``."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator


@pytest.fixture(scope="session")
def emulator_process() -> t.Iterator[Emulator]:
    """Return the process that all tests of this worker share; take ``emulator`` unless its state does not matter."""
    with Emulator.start() as running:
        yield running


@pytest.fixture
def emulator(emulator_process: Emulator) -> t.Iterator[Emulator]:
    """Return an empty emulator in a process of its own, time standing still."""
    yield from _fresh(emulator_process)


@pytest.fixture
def in_process_emulator() -> t.Iterator[Emulator]:
    """Return an empty emulator that serves the AWS calls of this process without sockets."""
    with Emulator.in_process() as running:
        yield from _fresh(running)


def _fresh(running: Emulator) -> t.Iterator[Emulator]:
    running.clock(manual=True)
    running.reset()
    yield running
    crashes = running.state()["crashes"]
    running.reset()
    if crashes:
        pytest.fail(f"the emulator itself failed {len(crashes)} times:\n{crashes[-1]}")
