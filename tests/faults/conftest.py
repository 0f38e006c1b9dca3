# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fault tests share with the system tests, and time in which things happen by themselves."""

from __future__ import annotations

import pytest
from faults.timeline import Timeline

from emulated_aws.client import Emulator
from emulated_aws.fixtures import emulator_process, in_process_emulator
from oracle.guard import oracle
from system.conftest import emulator, look, run_module, served_emulator

__all__ = ["emulator", "emulator_process", "in_process_emulator", "look", "oracle", "run_module", "served_emulator"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--long``: ten times as many random sequences, other ones in every run."""
    parser.addoption("--long", action="store_true", help="ten times as many random sequences, new ones in every run")


@pytest.fixture
def virtual_time(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Timeline:
    """Let every sleep of this process move the emulator's clock instead, and events happen on the way."""
    timeline = Timeline(emulator)
    timeline.rule(monkeypatch)
    return timeline
