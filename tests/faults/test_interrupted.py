# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C stops every play: a signal that the wrong thread takes is lost now and then. ``--long`` presses it often."""

from __future__ import annotations

import pathlib

import pytest

from emulated_aws.client import Emulator
from system.interrupting import TASKS, interrupted

TIMES, LONG_TIMES = 3, 30


@pytest.mark.leaves("an interrupted play names nothing; the next run finds what it has begun")
@pytest.mark.parametrize("which", TASKS)
def test_ctrl_c_stops_every_play(
    served_emulator: Emulator, tmp_path: pathlib.Path, which: str, pytestconfig: pytest.Config
) -> None:
    times = LONG_TIMES if pytestconfig.getoption("--long") else TIMES
    wrong = [interrupted(served_emulator, which, tmp_path / str(number)) for number in range(times)]
    assert wrong == [[]] * times
