# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which accounts belong to an organization or organizational unit; set by tests, as no Organizations API is needed."""

from __future__ import annotations

import typing as t

_members: dict[str, set[str]] = {}


def join(arn: str, *accounts: str) -> None:
    """Put accounts into the organization or unit with this ARN."""
    _members.setdefault(arn, set()).update(accounts)


def leave(arn: str, *accounts: str) -> None:
    """Take accounts out of the organization or unit with this ARN."""
    _members.get(arn, set()).difference_update(accounts)


def members(arn: str) -> set[str]:
    """Return the accounts of the organization or unit with this ARN."""
    return _members.get(arn, set())


def facts(account: str) -> dict[str, t.Any]:
    """Return what conditions may ask about the organization of an account, if it is in any."""
    arns = [arn for arn, accounts in _members.items() if account in accounts]
    ids = [arn.split("/")[1] for arn in arns]
    paths = [f"{arn.split('/')[1]}/r-0000/{'/'.join(arn.split('/')[2:])}/" for arn in arns if ":ou/" in arn]
    return ({"aws:principalorgid": ids[0]} if ids else {}) | ({"aws:principalorgpaths": paths} if paths else {})


def clear() -> None:
    """Forget every organization."""
    _members.clear()
