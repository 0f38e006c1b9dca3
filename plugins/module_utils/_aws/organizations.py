# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Ask AWS Organizations where an account belongs. It only explains: whatever is not answered is not known."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import AwsError, call

_UNKNOWN_ACCOUNT: t.Final = "AccountNotFoundException"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an account is, seen from the caller's organization: its id, membership, and the units above the account.

    None stands for what could not be read. ``silent`` tells that AWS did not answer at all.
    """

    organization: str | None = None
    is_member: bool | None = None
    units: frozenset[str] | None = None
    silent: bool = False

    def is_in(self, arn: str) -> bool | None:
        """Tell whether the organization or unit with this ARN has the account; None where that is not known."""
        parts = arn.split("/")
        if self.organization is None or parts[1] != self.organization or self.is_member is None:
            return None
        if not self.is_member or len(parts) == 2:
            return self.is_member
        return None if self.units is None else parts[2] in self.units


def find_place(client: t.Any, account_id: str) -> Place:
    """Return where the account is, as far as Organizations tells the caller.

    Networks with endpoints for EC2 alone do not lead there, so that nothing is asked twice.
    """
    what = f"describe account {account_id}"
    try:
        answer = call(what, client.describe_account, retry=False, AccountId=account_id)
    except AwsError as error:
        if error.code != _UNKNOWN_ACCOUNT:
            return Place(silent=not error.code)
        return Place(_own_organization(client), is_member=False)
    shown = answer.get("Account") or {}
    # arn:aws:organizations::<management account>:account/<organization>/<account>
    organization = str(shown.get("Arn")).split("/")
    if len(organization) != 3:
        return Place()
    return Place(organization[1], is_member=True, units=_units_above(client, account_id))


def _own_organization(client: t.Any) -> str | None:
    try:
        answer = call("describe the organization", client.describe_organization)
    except AwsError:
        return None
    found = (answer.get("Organization") or {}).get("Id")
    return str(found) if found else None


def _units_above(client: t.Any, account_id: str) -> frozenset[str] | None:
    """Return the units above the account; None where AWS does not show the whole way to the root."""
    found: set[str] = set()
    child = account_id
    while True:
        try:
            answer = call(f"list the parents of {child}", client.list_parents, ChildId=child)
        except AwsError:
            return None
        parents = answer.get("Parents") or []
        if not parents or not parents[0].get("Id"):
            return None
        if parents[0].get("Type") == "ROOT":
            return frozenset(found)
        child = str(parents[0]["Id"])
        if child in found:
            return None
        found.add(child)
