# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say what lies behind a refusal of a grant, and what to do about it. No AWS."""

from __future__ import annotations

import json
import typing as t

from .planner import CreateGrant
from .request import account_of, service_linked_to

# Which of them AWS answers for a principal that does not exist is not documented (UNVERIFIED).
_INVALID_PRINCIPAL: t.Final = (
    "InvalidArnException",
    "ValidationException",
    "MalformedPolicyDocumentException",
    "NotFoundException",
)
_WRONG_STATE: t.Final = ("DisabledException", "KMSInvalidStateException")
_FOR_SERVICES: t.Final = (
    "kms:CreateGrant only where kms:GrantIsForAWSResource is true, it forbids this grant: that condition is for grants "
    "that AWS services make"
)


def remedy_for_grant(code: str, step: CreateGrant) -> str:
    """Return what to do where AWS does not make the grant, for a reason other than a missing permission."""
    grantee = step.terms.grantee
    if code == "LimitExceededException":
        return (
            "The key has as many grants as AWS allows, 50,000: revoke those that nothing needs any more, which "
            f"aws kms list-grants --key-id {step.key_arn} shows"
        )
    if code in _WRONG_STATE:
        return "AWS makes grants on enabled keys only: enable the key (kms:EnableKey)"
    if code in _INVALID_PRINCIPAL and service_linked_to(grantee):
        return without_role(grantee)
    if code in _INVALID_PRINCIPAL:
        return f"Check that {grantee} exists: AWS grants to principals that are there"
    return ""


def without_role(role: str) -> str:
    """Say how a service-linked role comes to be; AWS grants nothing to one that is not there."""
    suffix = role.rpartition("/")[2].partition("_")[2]
    custom = f" --custom-suffix {suffix}" if suffix else ""
    return (
        f"The service-linked role {role} does not exist, it seems. Make it in account {account_of(role)}: "
        f"aws iam create-service-linked-role --aws-service-name {service_linked_to(role)}{custom}"
    )


def remedy_for_denial(step: CreateGrant, *, account: str) -> str:
    """Return what may forbid the grant to a caller of the account, and the statement that allows it."""
    parts = step.key_arn.split(":")
    if not account or len(parts) != 6 or parts[4] == account:
        return f"If a policy allows {_FOR_SERVICES}"
    statement = {
        "Sid": "LetTheAccountGrantIt",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{parts[1]}:iam::{account}:root"},
        "Action": "kms:CreateGrant",
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:GranteePrincipal": step.terms.grantee}},
    }
    return (
        f"The key is account {parts[4]}'s. If its policy allows {_FOR_SERVICES}. Ask the owner to add this statement "
        f"to the policy of the key: {json.dumps(statement)}"
    )
