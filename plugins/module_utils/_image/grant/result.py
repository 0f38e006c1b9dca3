# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What became of a grant, and what kms_key_grant returns of it. No AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ..key_grants import Grant, Terms
from .planner import Plan
from .request import CONSTRAINTS


@dataclasses.dataclass
class Outcome:
    """The end, so far: ``made`` is the grant that is there now, ``removed`` are those that are gone."""

    plan: Plan
    key_arn: str
    region: str
    made: Grant | None = None
    removed: list[Grant] = dataclasses.field(default_factory=list)
    changed: bool = False
    error: str | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)


def to_grant_result(outcome: Outcome) -> dict[str, t.Any]:
    """Return the module's result; the same shape for check mode, success and failure."""
    there = outcome.made or outcome.plan.found
    shown = [(there, outcome.plan.action)] if there else []
    removed = [(grant, "revoked") for grant in outcome.removed]
    return {
        "changed": outcome.changed,
        "reason": outcome.plan.reason,
        "key_arn": outcome.key_arn,
        "region": outcome.region,
        "grant_id": (there.grant_id or None) if there else None,
        "grants": [_to_entry(grant, action) for grant, action in [*shown, *removed]],
        "left": [grant.grant_id for grant in outcome.plan.left],
    }


def to_grant_diff(outcome: Outcome) -> dict[str, str]:
    """Return Ansible's diff form: the grants before and after."""
    there = outcome.made or outcome.plan.found
    before = [*outcome.removed, *([outcome.plan.found] if outcome.plan.found else [])]
    return {
        "before_header": outcome.key_arn,
        "after_header": f"{outcome.key_arn}: {outcome.plan.action}",
        "before": "".join(_line(grant.terms) for grant in before),
        "after": _line(there.terms) if there else "",
    }


def still_allowed(key: str, grant: Grant) -> str:
    """Return the warning about a grant that goes on giving what was to be taken away."""
    return (
        f"grant {grant.grant_id} ({grant.name or 'without a name'}) of KMS key {key} still allows "
        f"{grant.terms.grantee} {', '.join(grant.terms.operations)}, and was not made by this account for this "
        "request; name it as grant_id if it is to go"
    )


def unproved(key: str, grant: Grant, *, is_early: bool) -> str:
    """Return the warning about a grant that must be taken on trust: only its grantee could try it."""
    who = grant.terms.grantee
    state = (
        f"wait_timeout was over before the five minutes that AWS may take, so {who} may have to wait before it can use "
        "the key"
        if is_early
        else "the five minutes that AWS may take are over, but these credentials cannot prove that "
        f"{who} can use the key"
    )
    return (
        f"grant {grant.grant_id} of KMS key {key}: {state}; a task with the grantee's credentials can, such as "
        "ec2_ami_encrypted_copy with check_key_access=true"
    )


def _to_entry(grant: Grant, action: str) -> dict[str, t.Any]:
    words = {name: option for option, name in CONSTRAINTS.items()}
    terms = grant.terms
    return {
        "grant_id": grant.grant_id or None,
        "name": grant.name,
        "action": action,
        "grantee_principal": terms.grantee,
        "operations": sorted(terms.operations),
        "constraints": {words.get(name, name): value for name, value in terms.constraints.items()},
        "retiring_principal": terms.retiring,
        "issuing_account": grant.issuing_account or None,
    }


def _line(terms: Terms) -> str:
    bound = f" if {terms.constraints}" if terms.constraints else ""
    retired = f" (retired by {terms.retiring})" if terms.retiring else ""
    return f"{terms.grantee}: {', '.join(sorted(terms.operations))}{bound}{retired}\n"
