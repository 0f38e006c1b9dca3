# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a key policy lets somebody do; what is not understood is never a yes, and a denial never out of the way."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.key_policy import Question, effect, principals_of

OWNER, ACCOUNT = "123456789012", "210987654321"
KEY = f"arn:aws:kms:us-east-1:{OWNER}:key/00000001-0000-4000-8000-000000000001"
ROOT, ROLE = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/launcher"
CONTEXT = {"kms:calleraccount": ACCOUNT, "aws:principalorgid": None}


def asked(principal: str = ROOT, action: str = "kms:Decrypt", *, is_delegated: bool = True) -> Question:
    """Return a question about the account."""
    return Question(principal, ACCOUNT, action, KEY, CONTEXT, is_delegated)


def statement(**more: t.Any) -> dict[str, t.Any]:
    """Return a statement that lets the account do everything, with some of it replaced."""
    return {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*", **more}


@pytest.mark.parametrize(
    "policy",
    [
        "no JSON at all", None, 7, ["Statement"], {"Statement": ["text"]}, {"Statement": [statement(Effect="Perhaps")]},
        {"Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]},
        {"Statement": [{key: value for key, value in statement().items() if key != "Action"}]},
        {"Statement": [statement(Condition="text")]}, {"Statement": [statement(Condition={"StringEquals": "text"})]},
    ],
    ids=repr,
)  # fmt: skip
def test_what_makes_no_sense_is_not_known(policy: t.Any) -> None:
    assert effect(policy, "Allow", asked()) is None


@pytest.mark.parametrize("wanted", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"kms:CallerAccount": ACCOUNT}}, True),
        ({"StringEquals": {"KMS:calleraccount": [OWNER, ACCOUNT]}}, True),
        ({"StringEquals": {"kms:CallerAccount": OWNER}}, False),
        ({"StringNotEquals": {"kms:CallerAccount": OWNER}}, True),
        ({"StringLike": {"kms:CallerAccount": "2109*"}}, True),
        ({"ForAnyValue:StringEquals": {"kms:CallerAccount": ACCOUNT}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, None),
        ({"StringEquals": {"aws:PrincipalTag/Team": "web"}}, None),
        ({"StringEqualsIfExists": {"aws:PrincipalTag/Team": "web"}}, None),
        ({"Null": {"kms:CallerAccount": "false"}}, None),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None),
        ({"StringEquals": {"kms:CallerAccount": OWNER, "aws:PrincipalTag/Team": "web"}}, False),
        ({"StringEquals": {"kms:CallerAccount": ACCOUNT, "aws:PrincipalTag/Team": "web"}}, None),
    ],
)
def test_conditions(wanted: t.Any, condition: dict[str, t.Any], holds: bool | None) -> None:
    policy = {"Statement": statement(Effect=wanted, Condition=condition)}
    assert effect(policy, wanted, asked()) is holds


@pytest.mark.parametrize(
    ("principal", "question", "named"),
    [
        ({"AWS": ROLE}, asked(ROLE), True),
        ({"AWS": ROLE}, asked(), False),
        ({"AWS": [ROLE, ACCOUNT]}, asked(), True),
        ({"AWS": ROOT}, asked(ROLE), True),
        ({"AWS": ROOT}, asked(ROLE, is_delegated=False), False),
        ("*", asked(ROLE, is_delegated=False), True),
        ({"Service": "ec2.amazonaws.com"}, asked(), False),
        ({"AWS": f"arn:aws:iam::{OWNER}:root"}, asked(), False),
        ({"AWS": "AIDAEXAMPLEOFSOMEBODYGONE"}, asked(), False),
    ],
)
def test_principals(principal: t.Any, question: Question, named: bool) -> None:
    assert effect({"Statement": [statement(Principal=principal)]}, "Allow", question) is named


def test_a_denial_meets_roles_that_the_account_alone_could_not_let_in() -> None:
    policy = {"Statement": [statement(Effect="Deny")]}
    assert effect(policy, "Deny", asked(ROLE, is_delegated=False)) is True


def test_single_principals_of_the_account_are_found() -> None:
    named = [ROLE, ROOT, f"arn:aws:iam::{OWNER}:role/other", f"arn:aws:sts::{ACCOUNT}:assumed-role/launcher/x"]
    found = principals_of({"Statement": [statement(Principal={"AWS": named}), "text"]}, ACCOUNT)
    assert found == {ROLE, f"arn:aws:sts::{ACCOUNT}:assumed-role/launcher/x"}
