# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts belong to an organisation or organisational unit; set by tests, as no Organizations API is needed."""

from __future__ import annotations

_members: dict[str, set[str]] = {}


def join(arn: str, *accounts: str) -> None:
    """Put accounts into the organisation or unit with this ARN."""
    _members.setdefault(arn, set()).update(accounts)


def members(arn: str) -> set[str]:
    """Return the accounts of the organisation or unit with this ARN."""
    return _members.get(arn, set())


def clear() -> None:
    """Forget every organisation."""
    _members.clear()
