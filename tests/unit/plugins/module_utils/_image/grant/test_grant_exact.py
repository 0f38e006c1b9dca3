# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A grant is told by equal values: not by lesser, greater or the same ones; and each word of what is said of it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.planner import (
    Plan,
    RevokeGrant,
    plan_grant,
    require_grantable,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.request import GrantRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.key_grants import Grant, Terms, name_of
from ansible_collections.sealed.ami.plugins.module_utils._image.model import KmsKey
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import ACCOUNT, KEY_A, KEY_B, fresh

ROLE = "arn:aws:iam::210987654321:role/copier-b"
BELOW, ABOVE = f"{ROLE[:-1]}a", f"{ROLE[:-1]}c"
WANTED = Terms(ROLE, ("Decrypt", "DescribeKey"))
REQUEST = GrantRequest(KEY_A, "eu-west-1", "copy", WANTED)
OURS = Grant("grant-b", name_of("copy", WANTED), WANTED, ACCOUNT)


def removal(*grants: Grant) -> Plan:
    """Return the plan that takes the grant of the request back."""
    return plan_grant(dataclasses.replace(REQUEST, present=False), KEY_A, fresh(grants), account=ACCOUNT)


@pytest.mark.parametrize("grantee", [BELOW, ROLE, ABOVE])
def test_only_what_goes_on_giving_to_the_same_is_left(grantee: str) -> None:
    other = Grant("grant-a", "", dataclasses.replace(WANTED, grantee=grantee))
    assert [one.grant_id for one in removal(other, OURS).left] == (["grant-a"] if grantee == ROLE else [])


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": f"{OURS.name}z"}, id="a greater name"),
        pytest.param({"name": f"{OURS.name[:-1]}"}, id="a lesser name"),
        pytest.param({"terms": dataclasses.replace(WANTED, operations=(*WANTED.operations, "Encrypt"))}, id="more"),
        pytest.param({"terms": dataclasses.replace(WANTED, operations=WANTED.operations[:1])}, id="less"),
    ],
)
def test_what_only_looks_like_ours_stays(changes: dict[str, t.Any]) -> None:
    assert removal(OURS).action == "revoked"
    other = dataclasses.replace(OURS, **changes)
    plan = removal(other)
    assert (plan.action, plan.steps, [one.grant_id for one in plan.left]) == ("unchanged", (), ["grant-b"])


def test_the_one_that_is_found_is_named() -> None:
    unnamed = [Grant(one, "", WANTED) for one in ("grant-c", "grant-a")]
    plan = plan_grant(REQUEST, KEY_A, unnamed)
    assert plan.found is not None and plan.found.grant_id == "grant-a"
    assert plan.reason == "grant grant-a gives this already"


@pytest.mark.parametrize(
    ("issuer", "said"), [(ACCOUNT, f"was made by {ACCOUNT}; "), ("", "was made by an account that AWS does not show; ")]
)
def test_who_made_it_is_said_where_whose_it_is_is_not_known(issuer: str, said: str) -> None:
    request = dataclasses.replace(REQUEST, present=False)
    with pytest.raises(PreflightError, match=said):
        plan_grant(request, KEY_A, [dataclasses.replace(OURS, issuing_account=issuer)])


def refusal(key: KmsKey, **changes: t.Any) -> str:
    """Return the words with which a key is refused; none where it is not."""
    try:
        require_grantable(fresh(key), fresh(dataclasses.replace(REQUEST, **changes)))
    except PreflightError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("asked", [KEY_A, KEY_B, "alias/golden", "0aaaaaaa-0000-4000-8000-000000000000"])
def test_a_key_is_named_as_it_was_asked_for(asked: str) -> None:
    shown = KEY_A if asked == KEY_A else f"{asked} ({KEY_A})"
    assert refusal(KmsKey(KEY_A, manager="AWS"), key_id=asked).startswith(f"KMS key {shown} is an AWS managed key")


@pytest.mark.parametrize("purpose", ["copy", "launch", "autoscaling", "operations"])
@pytest.mark.parametrize(
    ("usage", "spec"),
    [
        ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
        ("ENCRYPT_DECRYPT", "RSA_2048"),
        ("GENERATE_VERIFY_MAC", "HMAC_256"),
        ("SIGN_VERIFY", "ECC_NIST_P256"),
    ],
)
def test_ebs_uses_symmetric_keys(purpose: str, usage: str, spec: str) -> None:
    """Whoever names the operations may grant any key; what EBS is to do takes one that encrypts."""
    said = refusal(KmsKey(KEY_A, usage=usage, spec=spec), purpose=purpose)
    assert bool(said) is (purpose != "operations" and spec != "SYMMETRIC_DEFAULT")
    assert not said or f"is for {usage} with spec {spec}" in said


@pytest.mark.parametrize(("manager", "refused"), [("AWS", True), ("CUSTOMER", False)])
def test_nobody_grants_the_aws_managed_key(manager: str, refused: bool) -> None:
    assert bool(refusal(KmsKey(KEY_A, manager=manager))) is refused


def test_the_order_of_constraints_makes_no_other_name() -> None:
    """AWS may show them in another order than they were given in."""
    bound = [{"EncryptionContextEquals": {"b": "1"}}, {"EncryptionContextSubset": {"a": "1", "b": "2"}}]
    first, second = ({**bound[0], **bound[1]}, {"EncryptionContextSubset": {"b": "2", "a": "1"}, **bound[0]})
    names = {name_of("copy", dataclasses.replace(WANTED, constraints=one)) for one in (first, second)}
    assert len(names) == 1
    ours = dataclasses.replace(OURS, name=names.pop(), terms=dataclasses.replace(WANTED, constraints=second))
    request = dataclasses.replace(REQUEST, present=False, terms=dataclasses.replace(WANTED, constraints=first))
    plan = plan_grant(request, KEY_A, [ours], account=ACCOUNT)
    assert [type(step) for step in plan.steps] == [RevokeGrant]
