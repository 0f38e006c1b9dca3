# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C stops thirty plays out of thirty: a signal that the wrong thread takes is lost only now and then."""

from __future__ import annotations

import pathlib

import pytest

from emulated_aws.client import Emulator
from system.interrupting import TASKS, interrupted

TIMES = 10


@pytest.mark.leaves("an interrupted play names nothing; the next run finds what it has begun")
@pytest.mark.parametrize("which", TASKS)
def test_ctrl_c_stops_every_play(served_emulator: Emulator, tmp_path: pathlib.Path, which: str) -> None:
    wrong = [interrupted(served_emulator, which, tmp_path / str(number)) for number in range(TIMES)]
    assert wrong == [[]] * TIMES
