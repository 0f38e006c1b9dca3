# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What these tests share with the system tests."""

from __future__ import annotations

from emulated_aws.fixtures import emulator_process
from oracle.guard import oracle
from system.conftest import run_playbook, served_emulator
from system.playbooks.conftest import served_look

__all__ = ["emulator_process", "oracle", "run_playbook", "served_emulator", "served_look"]
