# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide which grant is made or revoked. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..aws_facts import USABLE_KEY_STATES
from ..errors import PreflightError
from ..keys import STATE_REMEDIES
from ..model import KmsKey
from .request import GrantRequest, Terms, name_of

# "Usually less than five minutes" until every place in KMS knows a grant (aws_rules §14.3).
GRANT_SECONDS: t.Final = 300.0
Action = t.Literal["granted", "unchanged", "revoked"]


@dataclasses.dataclass(frozen=True)
class Grant:
    """A grant as AWS shows it; ``created`` is in seconds since the epoch. EBS's own grants have no name."""

    grant_id: str
    name: str
    terms: Terms
    issuing_account: str = ""
    created: float | None = None

    def gives(self, wanted: Terms) -> bool:
        """Tell whether the grantee gets by it all that is wanted, bound in the same way; its name does not matter."""
        own = self.terms
        same = (own.grantee, dict(own.constraints), own.retiring) == (
            wanted.grantee,
            dict(wanted.constraints),
            wanted.retiring,
        )
        return same and set(own.operations) >= set(wanted.operations)

    def is_ours(self, purpose: str, wanted: Terms) -> bool:
        """Tell whether this collection made it for the same request: the name says so, and what it grants agrees."""
        own = self.terms
        agrees = own.grantee == wanted.grantee and dict(own.constraints) == dict(wanted.constraints)
        return self.name == name_of(purpose, wanted) and agrees and set(own.operations) == set(wanted.operations)


@dataclasses.dataclass(frozen=True)
class CreateGrant:
    """Make a grant on the key."""

    key_arn: str
    name: str
    terms: Terms

    @property
    def sentence(self) -> str:
        """Say what the step does."""
        return f"grant {self.terms.grantee} {', '.join(self.terms.operations)} on {self.key_arn} as {self.name}"


@dataclasses.dataclass(frozen=True)
class RevokeGrant:
    """Take a grant away that is ours by name, or that the user named by its id."""

    key_arn: str
    grant: Grant

    @property
    def sentence(self) -> str:
        """Say what the step does."""
        return f"revoke grant {self.grant.grant_id} of {self.grant.terms.grantee} on {self.key_arn}"


Step = t.Union[CreateGrant, RevokeGrant]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do about one grant. ``found`` gives what is wanted already; ``left`` goes on giving what was to go."""

    action: Action
    reason: str
    steps: tuple[Step, ...] = ()
    found: Grant | None = None
    left: tuple[Grant, ...] = ()


def require_grantable(key: KmsKey, request: GrantRequest) -> None:
    """Refuse a key on which AWS makes no grant, or none that EBS could use."""
    name = request.key_id if request.key_id == key.arn else f"{request.key_id} ({key.arn})"
    if key.manager == "AWS":
        raise PreflightError(
            f"KMS key {name} is an AWS managed key, which nobody can grant; what is under it cannot be used from "
            "another account, and Auto Scaling of its own account needs no grant"
        )
    if key.state not in USABLE_KEY_STATES:
        remedy = STATE_REMEDIES.get(key.state, "use another key").partition(" or pass another")[0]
        raise PreflightError(
            f"KMS key {name} in {request.region} is {key.state}, and AWS makes grants on enabled keys only; {remedy}"
        )
    if request.purpose != "operations" and (key.usage, key.spec) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        raise PreflightError(
            f"KMS key {name} in {request.region} is for {key.usage} with spec {key.spec}, which EBS cannot use; "
            f"purpose {request.purpose} needs a symmetric key"
        )


def plan_grant(request: GrantRequest, key_arn: str, grants: t.Sequence[Grant]) -> Plan:
    """Return what to do, given the grants of the key that the request is about."""
    if request.terms is None:
        return _plan_removal_by_id(request, key_arn, grants)
    if not request.present:
        return _plan_removal(request.purpose, request.terms, key_arn, grants)
    fitting = sorted(
        (grant for grant in grants if grant.gives(request.terms)),
        key=lambda grant: (not grant.is_ours(request.purpose, request.terms or grant.terms), grant.grant_id),
    )
    if fitting:
        return Plan("unchanged", f"grant {fitting[0].grant_id} gives this already", found=fitting[0])
    step = CreateGrant(key_arn, name_of(request.purpose, request.terms), request.terms)
    return Plan("granted", f"no grant of the key gives {request.terms.grantee} this", (step,))


def _plan_removal_by_id(request: GrantRequest, key_arn: str, grants: t.Sequence[Grant]) -> Plan:
    named = [grant for grant in grants if grant.grant_id == request.grant_id]
    if not named:
        return Plan("unchanged", f"the key has no grant {request.grant_id}")
    return Plan("revoked", "grant_id names it", (RevokeGrant(key_arn, named[0]),))


def _plan_removal(purpose: str, terms: Terms, key_arn: str, grants: t.Sequence[Grant]) -> Plan:
    ours = [grant for grant in grants if grant.is_ours(purpose, terms)]
    left = tuple(
        grant
        for grant in grants
        if grant not in ours and grant.terms.grantee == terms.grantee and _overlaps(grant, terms)
    )
    if not ours:
        return Plan("unchanged", f"the key has no grant named {name_of(purpose, terms)} for {terms.grantee}", left=left)
    steps = tuple(RevokeGrant(key_arn, grant) for grant in ours)
    return Plan("revoked", f"the grant's name says that it was made for this ({ours[0].name})", steps, left=left)


def _overlaps(grant: Grant, terms: Terms) -> bool:
    """Tell whether a grant still allows something that was to be taken away."""
    return bool(set(grant.terms.operations) & set(terms.operations))
