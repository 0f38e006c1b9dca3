# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The accounts of a distribution, and the role that is played between them."""

from __future__ import annotations

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.conftest import RunModule
from system.distribute.scene import Stage


@pytest.fixture
def stage(emulator: Emulator, oracle: Guard, run_module: RunModule) -> Stage:
    """Return an owner and three consumers with a key in two regions each."""
    return Stage(emulator, oracle, run_module)
