# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Grants of KMS keys: what they give, and what AWS shows of them. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t

Constraints = t.Mapping[str, t.Mapping[str, str]]
# AWS shows the account as the ARN of its root; its documents call it an account.
_ISSUER: t.Final = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(?P<account>\d{12})(?::root)?")


@dataclasses.dataclass(frozen=True)
class Terms:
    """What a grant gives to whom. ``constraints`` are in AWS's words, without those that are empty."""

    grantee: str
    operations: tuple[str, ...]
    constraints: Constraints = dataclasses.field(default_factory=dict)
    retiring: str | None = None

    def binds_as(self, other: Terms) -> bool:
        """Tell whether both are for the same principal, bound in the same way and retired by the same."""
        own = (self.grantee, _plain(self.constraints), self.retiring)
        return own == (other.grantee, _plain(other.constraints), other.retiring)

    def equals(self, other: Terms) -> bool:
        """Tell whether both say the same, whatever the order of the operations."""
        return self.binds_as(other) and set(self.operations) == set(other.operations)


@dataclasses.dataclass(frozen=True)
class Grant:
    """A grant as AWS shows it; ``created`` is in seconds since the epoch. EBS's own grants have no name."""

    grant_id: str
    name: str
    terms: Terms
    issuing_account: str = ""
    created: float | None = None

    @property
    def issuer(self) -> str:
        """Return the id of the account that the grant was made in, empty where AWS does not show it."""
        found = _ISSUER.fullmatch(self.issuing_account)
        return found["account"] if found else ""

    def gives(self, wanted: Terms) -> bool:
        """Tell whether the grantee gets by it all that is wanted, bound in the same way; its name does not matter."""
        return self.terms.binds_as(wanted) and set(self.terms.operations) >= set(wanted.operations)

    def is_named_for(self, purpose: str, wanted: Terms) -> bool:
        """Tell whether it looks like the one that this collection makes for the request; anybody may copy its name."""
        return self.name == name_of(purpose, wanted) and self.terms.equals(wanted)


def name_of(purpose: str, terms: Terms) -> str:
    """Return the name under which this collection makes the grant; AWS takes no dot (CreateGrant, Name)."""
    parts = json.dumps([terms.grantee, sorted(terms.operations), _plain(terms.constraints)], sort_keys=True)
    return f"sealed-ami:{purpose}:{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def _plain(constraints: Constraints) -> dict[str, dict[str, str]]:
    return {name: dict(context) for name, context in constraints.items()}
