# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C stops a play at once, whatever it waits for; ``make test-faults`` presses it more often."""

from __future__ import annotations

import pathlib

import pytest

from emulated_aws.client import Emulator
from system.interrupting import TASKS, interrupted

TIMES = 2


@pytest.mark.leaves("an interrupted play names nothing; the next run finds what it has begun")
@pytest.mark.parametrize("which", TASKS)
def test_ctrl_c_stops_the_play_and_leaves_nothing(
    served_emulator: Emulator, tmp_path: pathlib.Path, which: str
) -> None:
    wrong = [interrupted(served_emulator, which, tmp_path / str(number)) for number in range(TIMES)]
    assert wrong == [[]] * TIMES
