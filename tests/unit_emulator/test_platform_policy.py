# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of policy evaluation: a table of questions and verdicts."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws import policy

IMAGE = "arn:aws:ec2:us-east-1::image/ami-1"


def statement(effect: str = "Allow", **elements: t.Any) -> dict[str, t.Any]:
    """Return a policy of one statement."""
    return {"Statement": {"Effect": effect, "Action": "ec2:*", "Resource": "*"} | elements}


@pytest.mark.parametrize(
    ("documents", "verdict"),
    [
        pytest.param([statement()], "allow", id="wildcard action"),
        pytest.param([statement(Action=["EC2:copyimage"])], "allow", id="actions ignore case"),
        pytest.param([statement(Action="ec2:CopyImag?")], "allow", id="one character"),
        pytest.param([statement(Action="ec2:CopySnapshot")], "none", id="another action"),
        pytest.param([statement(Resource="arn:aws:ec2:*::image/*")], "allow", id="resource by wildcard"),
        pytest.param([statement(Resource="arn:aws:ec2:*::snapshot/*")], "none", id="another resource"),
        pytest.param(
            [{"Statement": [{"Effect": "Allow", "NotAction": "kms:*", "Resource": "*"}]}], "allow", id="not action"
        ),
        pytest.param([statement(), statement("Deny", Action="ec2:CopyImage")], "deny", id="a deny wins"),
        pytest.param(
            [statement(Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})], "allow", id="equals"
        ),
        pytest.param(
            [statement(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})], "none", id="unequal"
        ),
        pytest.param(
            [statement(Condition={"StringNotEquals": {"aws:RequestedRegion": "x"}})], "allow", id="not equals"
        ),
        pytest.param([statement(Condition={"StringLike": {"aws:RequestedRegion": "us-*"}})], "allow", id="like"),
        pytest.param([statement(Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})], "none", id="absent key"),
        pytest.param(
            [statement(Condition={"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}})], "allow", id="if exists"
        ),
        pytest.param([statement(Condition={"Null": {"aws:TagKeys": "false"}})], "allow", id="present"),
        pytest.param(
            [statement(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}})], "allow", id="all"
        ),
        pytest.param(
            [statement(Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}})], "none", id="not all"
        ),
        pytest.param([statement(Condition={"ForAnyValue:StringEquals": {"aws:TagKeys": ["b"]}})], "allow", id="any"),
        pytest.param([], "none", id="no policy"),
    ],
)
def test_verdict(documents: list[dict[str, t.Any]], verdict: str) -> None:
    context = {"aws:requestedregion": "us-east-1", "aws:tagkeys": ["a", "b"]}
    assert policy.evaluate(documents, policy.Question("arn:p", "ec2:CopyImage", IMAGE, context)) == verdict


def test_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="DateGreaterThan"):
        policy.conditions_hold({"DateGreaterThan": {"aws:CurrentTime": "2026"}}, {})
