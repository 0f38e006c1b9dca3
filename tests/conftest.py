# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No test sees the user's AWS, except for conformance tests that are told to look at it."""

from __future__ import annotations

import os

from emulated_aws.surroundings import forget

if os.environ.get("CONFORMANCE_TARGET", "emulator") == "emulator":
    forget(os.environ)
