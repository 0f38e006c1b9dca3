# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the emulator's own tests."""

from __future__ import annotations

from emulated_aws.fixtures import emulator, emulator_process, in_process_emulator

__all__ = ["emulator", "emulator_process", "in_process_emulator"]
