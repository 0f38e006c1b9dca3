# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Client tokens: the same parts always give the same token, by which AWS knows a call that it has answered already."""

from __future__ import annotations

import hashlib
import typing as t

_PREFIX: t.Final = "sealed-ami-"
_DIGITS: t.Final = 48


def client_token_of(*parts: str) -> str:
    """Return a token of at most 64 characters, which is all that RunInstances takes."""
    return f"{_PREFIX}{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:_DIGITS]}"
