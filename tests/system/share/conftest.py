# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ec2_ami_share for images of the catalogue."""

from __future__ import annotations

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.looking import Looking
from system.running import RunModule
from system.share.sharing import Sharing


@pytest.fixture
def sharing(emulator: Emulator, run_module: RunModule, look: Looking, oracle: Guard) -> Sharing:
    """Run the module, and look at permissions."""
    return Sharing(emulator, run_module, look, oracle)
