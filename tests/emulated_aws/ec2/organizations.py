# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who belongs to an organization or unit: by the Organizations API, or put there by tests (aws_rules §14.1)."""

from __future__ import annotations

import typing as t

from moto.organizations.models import OrganizationsBackend, organizations_backends

_members: dict[str, set[str]] = {}


def join(arn: str, *accounts: str) -> None:
    """Put accounts into the organization or unit with this ARN."""
    _members.setdefault(arn, set()).update(accounts)


def leave(arn: str, *accounts: str) -> None:
    """Take accounts out of the organization or unit with this ARN."""
    _members.get(arn, set()).difference_update(accounts)


def members(arn: str) -> set[str]:
    """Return the accounts of the organization or unit with this ARN, those of the units below it too."""
    found = set(_members.get(arn, ()))
    for backend in _backends():
        if backend.org and backend.org.arn == arn:
            found.update(account.id for account in backend.accounts)
        for unit in backend.ou:
            if unit.arn == arn:
                found.update(one.id for one in backend.accounts if unit.id in _above(backend, one.parent_id))
    return found


def known(arn: str) -> bool:
    """Tell whether there is such an organization or unit, be it empty."""
    units = [unit.arn for backend in _backends() for unit in backend.ou]
    return arn in (*_members, *units, *(backend.org.arn for backend in _backends() if backend.org))


def facts(account: str) -> dict[str, t.Any]:
    """Return what conditions may ask about the organization of an account, if it is in any."""
    arns = [arn for arn, accounts in _members.items() if account in accounts]
    ids = [arn.split("/")[1] for arn in arns]
    paths = [f"{arn.split('/')[1]}/r-0000/{'/'.join(arn.split('/')[2:])}/" for arn in arns if ":ou/" in arn]
    for backend in _backends():
        for one in backend.accounts:
            if backend.org and one.id == account:
                ids.append(backend.org.id)
                paths.append("/".join([backend.org.id, *reversed(_above(backend, one.parent_id)), ""]))
    return ({"aws:principalorgid": ids[0]} if ids else {}) | ({"aws:principalorgpaths": paths} if paths else {})


def _backends() -> list[OrganizationsBackend]:
    return [backend for account in list(organizations_backends.values()) for backend in list(account.values())]


def _above(backend: OrganizationsBackend, parent: str | None) -> list[str]:
    """Return the units from a parent up to the root."""
    units = {unit.id: unit.parent_id for unit in backend.ou}
    found: list[str] = []
    while parent in units:
        found.append(parent)
        parent = units[parent]
    return found


def clear() -> None:
    """Forget every organization."""
    _members.clear()
    organizations_backends.master_accounts.clear()
