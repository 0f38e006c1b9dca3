# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fault tests share with the system tests."""

from __future__ import annotations

from emulated_aws.fixtures import emulator_process
from system.conftest import served_emulator

__all__ = ["emulator_process", "served_emulator"]
