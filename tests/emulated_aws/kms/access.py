# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge who may do what with a key: key policy, grants, and the caller's own policies."""

from __future__ import annotations

import json
import re
import typing as t

from emulated_aws import policy
from emulated_aws.ec2 import organizations
from emulated_aws.identity import Caller, identities
from emulated_aws.kms import sharing
from emulated_aws.kms.model import EmulatedGrant, EmulatedKey


def refusal(
    caller: Caller,
    action: str,
    key: EmulatedKey,
    context: t.Mapping[str, t.Any] | None = None,
    tokens: t.Collection[str] = (),
) -> str:
    """Return AWS's sentence if the caller may not do the action with the key, or nothing."""
    facts = {"kms:calleraccount": caller.account, "aws:principalarn": caller.policy_arn, "kms:keyarn": key.arn}
    facts |= organizations.facts(caller.account) | dict(context or {})
    question = policy.Question(caller.arn, action, key.arn, facts)
    own = identities.verdict(caller, question)
    granted = any(_grant_allows(grant, caller, question) for grant in key.grants_in_force(tokens))
    by_key = _key_policy_verdict(key, caller, question)
    if by_key == "none" and sharing.allows(key, caller, action):
        by_key = "account"
    if "deny" in (own, by_key):
        kind = "a service control policy" if identities.controlled(caller, question) else "a policy"
        return _sentence(caller, action, key, f"with an explicit deny in {kind}")
    same_account = caller.account == key.account_id
    if by_key == "allow" and (same_account or own == "allow"):
        return ""
    if granted or (by_key == "account" and own == "allow"):
        return ""
    if by_key == "account":
        return _sentence(caller, action, key, f"because no identity-based policy allows the {action} action")
    return _sentence(caller, action, key, f"because no resource-based policy allows the {action} action")


def _sentence(caller: Caller, action: str, key: EmulatedKey, reason: str) -> str:
    return f"User: {caller.arn} is not authorized to perform: {action} on resource: {key.arn} {reason}"


def _grant_allows(grant: EmulatedGrant, caller: Caller, question: policy.Question) -> bool:
    grantees = {caller.arn, caller.policy_arn, f"arn:aws:iam::{caller.account}:root"}
    operation = question.action.removeprefix("kms:")
    if grant.grantee_principal not in grantees or operation not in grant.operations:
        return False
    # Who may grant by a grant can pass on its operations only.
    passed_on = set(question.context.get("kms:grantoperations", ()))
    return passed_on <= set(grant.operations) and _within(grant.constraints or {}, operation, question)


def _within(constraints: t.Mapping[str, t.Any], operation: str, question: policy.Question) -> bool:
    """Tell whether the encryption context is what the constraints ask for, where the operation has one."""
    if operation not in WITH_CONTEXT:
        return True
    given = dict(question.context.get("kms:encryptioncontext", {}))
    exactly, at_least = constraints.get("EncryptionContextEquals"), constraints.get("EncryptionContextSubset")
    return (not exactly or given == exactly) and (not at_least or at_least.items() <= given.items())


WITH_CONTEXT = {
    "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext",
}  # fmt: skip


def _key_policy_verdict(
    key: EmulatedKey, caller: Caller, question: policy.Question
) -> t.Literal["allow", "deny", "account", "none"]:
    """Return ``account`` where the policy leaves the decision to the caller's account."""
    found: set[str] = set()
    for statement in policy.statements(json.loads(key.policy)):
        named = _principal_named(statement, caller)
        if named and policy.applies(statement, question):
            found.add("deny" if statement["Effect"] == "Deny" else named)
    for verdict in ("deny", "allow", "account"):
        if verdict in found:
            return verdict
    return "none"


def _principal_named(statement: policy.Document, caller: Caller) -> str:
    principal = statement.get("Principal")
    names = policy.as_list(principal.get("AWS")) if isinstance(principal, dict) else policy.as_list(principal)
    if "*" in names or caller.arn in names or caller.policy_arn in names:
        return "allow"
    root = re.compile(rf"(arn:aws[a-z-]*:iam::)?{caller.account}(:root)?")
    return "account" if any(root.fullmatch(name) for name in names) else ""


def ebs_refusal(caller: Caller, key: EmulatedKey, *, purpose: t.Literal["encrypt", "decrypt"]) -> str:
    """Return why EBS may not use the key on the caller's behalf, or nothing."""
    context = {"kms:viaservice": f"ec2.{key.region}.amazonaws.com", "kms:grantisforawsresource": "true"}
    for action in EBS_ACTIONS[purpose]:
        sentence = refusal(caller, action, key, context)
        if sentence:
            return sentence
    return ""


# What EBS does with a key on the caller's behalf (EBS guide, "Copy an Amazon EBS snapshot", and aws_rules §7).
EBS_ACTIONS = {
    "encrypt": (
        "kms:DescribeKey",
        "kms:CreateGrant",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptTo",
        "kms:Decrypt",
    ),
    "decrypt": ("kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:ReEncryptFrom"),
}
