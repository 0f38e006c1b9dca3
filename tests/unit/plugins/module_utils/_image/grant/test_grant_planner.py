# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which grant is made, found or revoked: a table of what a key has and what is wanted."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.planner import (
    CreateGrant,
    RevokeGrant,
    plan_grant,
    require_grantable,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.remedies import (
    remedy_for_denial,
    remedy_for_grant,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.grant.request import GrantRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.key_grants import Grant, Terms, name_of
from ansible_collections.sealed.ami.plugins.module_utils._image.model import KmsKey

KEY = "arn:aws:kms:eu-west-1:123456789012:key/00000001-0000-4000-8000-000000000003"
ROLE = "arn:aws:iam::210987654321:role/image-copier"
SLR = "arn:aws:iam::210987654321:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
WANTED = Terms(ROLE, ("Decrypt", "DescribeKey"))
OWN, OTHER = "123456789012", "210987654321"
OURS = Grant("ours", name_of("copy", WANTED), WANTED, f"arn:aws:iam::{OWN}:root")
BOUND = {"EncryptionContextSubset": {"a": "b"}}
REQUEST = GrantRequest(KEY, "eu-west-1", "copy", WANTED)


def grant(grant_id: str = "other", name: str = "", **terms: t.Any) -> Grant:
    """Return a grant of the caller's account that gives what is wanted, with changes."""
    return Grant(grant_id, name, dataclasses.replace(WANTED, **terms), OURS.issuing_account)


def issued_by(account: str) -> Grant:
    """Return a grant under our name, on our terms, that an account has made."""
    return dataclasses.replace(OURS, grant_id="other", issuing_account=account)


@pytest.mark.parametrize(
    ("grants", "found"),
    [
        pytest.param([], None, id="none"),
        pytest.param([OURS], "ours", id="ours"),
        pytest.param([grant()], "other", id="without a name"),
        pytest.param([grant(name="by hand")], "other", id="another name"),
        pytest.param([grant(operations=("Decrypt", "DescribeKey", "Encrypt"))], "other", id="more operations"),
        pytest.param([grant("a"), OURS], "ours", id="ours rather than another"),
        pytest.param([grant(operations=("Decrypt",))], None, id="fewer operations"),
        pytest.param([grant(constraints=BOUND)], None, id="bound"),
        pytest.param([grant(retiring=ROLE)], None, id="retired by somebody"),
        pytest.param([grant(grantee="AROAEXAMPLE")], None, id="a role of this name that was deleted"),
        pytest.param([dataclasses.replace(OURS, terms=grant(operations=("Decrypt",)).terms)], None, id="our name only"),
    ],
)
def test_a_grant_counts_by_what_it_gives(grants: list[Grant], found: str | None) -> None:
    plan = plan_grant(REQUEST, KEY, grants)
    if found:
        assert (plan.action, plan.steps, plan.found and plan.found.grant_id) == ("unchanged", (), found)
    else:
        assert plan.steps == (CreateGrant(KEY, OURS.name, WANTED),)


@pytest.mark.parametrize(
    ("grants", "goes", "left"),
    [
        pytest.param([], [], [], id="none"),
        pytest.param([OURS], ["ours"], [], id="ours"),
        pytest.param([OURS, grant()], ["ours"], ["other"], id="another gives the same"),
        pytest.param([grant()], [], ["other"], id="not ours"),
        pytest.param([grant(name=OURS.name, operations=("Decrypt",))], [], ["other"], id="our name on something else"),
        pytest.param([grant(name=OURS.name, constraints=BOUND)], [], ["other"], id="our name, bound"),
        pytest.param([grant(operations=("Encrypt",))], [], [], id="another matter"),
        pytest.param([grant("a", OURS.name, retiring=ROLE), OURS], ["ours"], ["a"], id="our name, another retires it"),
        pytest.param([issued_by(f"arn:aws:iam::{OTHER}:root"), OURS], ["ours"], ["other"], id="another account's"),
        pytest.param([issued_by(OTHER)], [], ["other"], id="another account's, by its id"),
        pytest.param([issued_by("")], [], ["other"], id="AWS does not show whose"),
        pytest.param([issued_by(f"arn:aws:iam::{OWN}:role/x")], [], ["other"], id="something else than an account"),
        pytest.param([issued_by(OWN)], ["other"], [], id="ours, by the id of the account"),
    ],
)
def test_only_ours_is_revoked(grants: list[Grant], goes: list[str], left: list[str]) -> None:
    plan = plan_grant(dataclasses.replace(REQUEST, present=False), KEY, grants, account=OWN)
    assert [step.grant.grant_id for step in plan.steps if isinstance(step, RevokeGrant)] == goes
    assert [one.grant_id for one in plan.left] == left


@pytest.mark.parametrize(
    ("grants", "refused"),
    [
        pytest.param([OURS], True, id="ours, perhaps"),
        pytest.param([issued_by("")], True, id="of whoever"),
        pytest.param([grant()], False, id="not ours in any case"),
        pytest.param([], False, id="none"),
    ],
)
def test_whose_a_grant_is_is_not_guessed(grants: list[Grant], refused: bool) -> None:
    request = dataclasses.replace(REQUEST, present=False)
    if not refused:
        assert plan_grant(request, KEY, grants).steps == ()
        return
    with pytest.raises(PreflightError, match=r"sts:GetCallerIdentity.*grant_id"):
        plan_grant(request, KEY, grants)


@pytest.mark.parametrize(("grants", "goes"), [([grant()], ["other"]), ([], []), ([OURS], [])])
def test_a_named_grant_is_revoked_whoever_made_it(grants: list[Grant], goes: list[str]) -> None:
    request = GrantRequest(KEY, "eu-west-1", terms=None, grant_id="other", present=False)
    plan = plan_grant(request, KEY, grants)
    assert [step.grant.grant_id for step in plan.steps if isinstance(step, RevokeGrant)] == goes


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (KmsKey(KEY, state="Disabled"), "is Disabled.*kms:EnableKey"),
        (KmsKey(KEY, state="PendingDeletion"), "is PendingDeletion.*kms:CancelKeyDeletion"),
        (KmsKey(KEY, manager="AWS"), "AWS managed key"),
        (KmsKey(KEY, usage="SIGN_VERIFY", spec="RSA_2048"), "symmetric"),
    ],
)
def test_a_key_that_cannot_be_granted_is_refused(key: KmsKey, says: str) -> None:
    with pytest.raises(PreflightError, match=says) as caught:
        require_grantable(key, REQUEST)
    assert "kms_key_id" not in str(caught.value)


@pytest.mark.parametrize(
    ("code", "grantee", "says"),
    [
        ("LimitExceededException", ROLE, "50,000"),
        ("DisabledException", ROLE, "kms:EnableKey"),
        ("KMSInvalidStateException", ROLE, "kms:EnableKey"),
        ("InvalidArnException", ROLE, f"{ROLE} exists"),
        ("InvalidArnException", SLR, "create-service-linked-role --aws-service-name autoscaling.amazonaws.com"),
        ("ValidationException", f"{SLR}_web", "--custom-suffix web"),
        ("MalformedPolicyDocumentException", SLR, "in account 210987654321"),
        ("KMSInternalException", ROLE, ""),
    ],
)
def test_each_refusal_has_a_remedy(code: str, grantee: str, says: str) -> None:
    remedy = remedy_for_grant(code, CreateGrant(KEY, "name", Terms(grantee, ("Decrypt",))))
    assert says in remedy and bool(says) == bool(remedy)


@pytest.mark.parametrize(("account", "asks_owner"), [("210987654321", True), ("123456789012", False), ("", False)])
def test_a_denial_names_the_condition_and_whom_to_ask(account: str, asks_owner: bool) -> None:
    remedy = remedy_for_denial(CreateGrant(KEY, "name", WANTED), account=account)
    assert "kms:GrantIsForAWSResource" in remedy
    assert ('"kms:GranteePrincipal"' in remedy) == asks_owner
