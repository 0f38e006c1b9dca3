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
from ..key_grants import Grant, Terms, name_of
from ..keys import STATE_REMEDIES
from ..model import KmsKey
from ..proofs import MayRevokeGrant, grant_is_ours, grant_named
from .request import GrantRequest

# "Usually less than five minutes" until every place in KMS knows a grant (aws_rules §14.3).
GRANT_SECONDS: t.Final = 300.0
Action = t.Literal["granted", "unchanged", "revoked"]


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
    """Take a grant away, which has to be proven ours or named by the task."""

    proof: MayRevokeGrant
    grant: Grant

    @property
    def sentence(self) -> str:
        """Say what the step does."""
        return f"revoke grant {self.proof.resource_id} of {self.grant.terms.grantee} on {self.proof.key_arn}"


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


def plan_grant(request: GrantRequest, key_arn: str, grants: t.Sequence[Grant], *, account: str = "") -> Plan:
    """Return what to do, given the grants of the key that the request is about.

    ``account`` is the caller's, empty where it is not known; only what is to go by its terms needs it.
    """
    if request.terms is None:
        return _plan_removal_by_id(request, key_arn, grants)
    if not request.present:
        return _plan_removal(request.label, request.terms, key_arn, grants, account)
    wanted = request.terms
    fitting = sorted(
        (grant for grant in grants if grant.gives(wanted)),
        key=lambda grant: (not grant.is_named_for(request.label, wanted), grant.grant_id),
    )
    if fitting:
        return Plan("unchanged", f"grant {fitting[0].grant_id} gives this already", found=fitting[0])
    step = CreateGrant(key_arn, name_of(request.label, wanted), wanted)
    return Plan("granted", f"no grant of the key gives {wanted.grantee} this", (step,))


def _plan_removal_by_id(request: GrantRequest, key_arn: str, grants: t.Sequence[Grant]) -> Plan:
    for grant in grants:
        proof = grant_named(grant, key_arn, grant_id=request.grant_id)
        if proof is not None:
            return Plan("revoked", proof.reason, (RevokeGrant(proof, grant),))
    return Plan("unchanged", f"the key has no grant {request.grant_id}")


def _plan_removal(purpose: str, wanted: Terms, key_arn: str, grants: t.Sequence[Grant], account: str) -> Plan:
    steps, left = [], []
    for grant in grants:
        proof = grant_is_ours(grant, key_arn, purpose=purpose, wanted=wanted, account=account)
        if proof is not None:
            steps.append(RevokeGrant(proof, grant))
        elif not account and grant.is_named_for(purpose, wanted):
            raise PreflightError(_who_calls(grant, key_arn))
        elif grant.terms.grantee == wanted.grantee and _overlaps(grant, wanted):
            left.append(grant)
    if not steps:
        reason = f"the key has no grant {name_of(purpose, wanted)} to {wanted.grantee} that this account made"
        return Plan("unchanged", reason, left=tuple(left))
    return Plan("revoked", steps[0].proof.reason, tuple(steps), left=tuple(left))


def _who_calls(grant: Grant, key_arn: str) -> str:
    """Return the refusal to guess whose a grant is."""
    return (
        f"grant {grant.grant_id} of KMS key {key_arn} looks like the one of this request, and was made by "
        f"{grant.issuing_account or 'an account that AWS does not show'}; STS did not say which account these "
        "credentials are of, so nothing is revoked: make sts:GetCallerIdentity reachable, or name the grant as grant_id"
    )


def _overlaps(grant: Grant, wanted: Terms) -> bool:
    """Tell whether a grant still allows something that was to be taken away."""
    return bool(set(grant.terms.operations) & set(wanted.operations))
