# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permissions that are tried before the first change: nothing is changed, and only a denial denies."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials
from system.copy.asking import AWAY, HOME, SOURCES
from system.looking import Looking
from system.running import RunModule
from system.share.sharing import FRIEND

MODULE = "ec2_ami_access_info"
COPIER = f"arn:aws:iam::{FRIEND}:role/image-copier"
IMAGE = SOURCES["encrypted-root"]
COPY = {"act": "copy", "region": AWAY, "source_region": HOME, "image_ids": [IMAGE], "kms_key_id": "alias/golden"}
ALL: list[dict[str, t.Any]] = [
    COPY,
    {"act": "remove", "region": AWAY},
    {"act": "share", "image_ids": [IMAGE], "user_ids": [FRIEND]},
    {"act": "launch", "image_ids": [IMAGE], "user_ids": [FRIEND]},
    {"act": "note", "image_ids": [IMAGE]},
    {"act": "grant", "kms_key_ids": ["alias/golden"], "grantee_principals": [COPIER]},
]


def without(emulator: Emulator, *actions: str) -> Credentials:
    """Return somebody who may do everything but these actions."""
    every = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}] if actions else []
    principal = f"arn:aws:iam::{HOME_ACCOUNT}:user/sharer"
    return emulator.principal(principal, [{"Version": "2012-10-17", "Statement": [every, *deny]}])


def test_nothing_is_missing_and_nothing_changed(run_module: RunModule, look: Looking, emulator: Emulator) -> None:
    result = run_module(MODULE, region=HOME, acts=ALL, as_=without(emulator))
    assert (result.msg, result.warnings, result["changed"], result["denied"]) == ("", [], False, [])
    assert look.mutations() == [] and len(emulator.calls()) > 20
    proved = {one["action"] for one in result["checks"] if one["allowed"]}
    # What is tried on nothing is found to be missing, by AWS's own word, and that proves nothing.
    assert set(result["unknown"]) == {
        "ec2:DeregisterImage", "ec2:DeleteSnapshot", "ec2:ModifySnapshotAttribute", "ec2:DescribeSnapshotAttribute",
        "ec2:CreateTags", "ec2:DeleteTags",
    }  # fmt: skip
    assert {"ec2:CopyImage", "ec2:ModifyImageAttribute", "kms:CreateGrant", "kms:RevokeGrant"} <= proved


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    "action", ["ec2:DeregisterImage", "ec2:CopyImage", "ec2:DeleteTags", "kms:RevokeGrant", "kms:GenerateDataKey*"]
)
def test_a_denial_is_named(
    run_module: RunModule, look: Looking, emulator: Emulator, action: str, required: bool
) -> None:
    result = run_module(MODULE, region=HOME, acts=ALL, required=required, as_=without(emulator, action))
    told = result.msg if required else " ".join(result.warnings)
    assert result.failed == required and action.rstrip("*") in told
    assert all(one.startswith(action.rstrip("*")) for one in result["denied"]) and result["denied"]
    assert look.mutations() == []


@pytest.mark.parametrize("action", ["kms:CreateGrant", "kms:DescribeKey", "kms:ListAliases"])
def test_what_may_be_no_denial_is_a_warning(run_module: RunModule, emulator: Emulator, action: str) -> None:
    """A policy may open a key to EBS alone, whom nobody can try it for."""
    result = run_module(MODULE, region=HOME, acts=[COPY], as_=without(emulator, action))
    assert not result.failed and action in " ".join(result.warnings) and action in result["unknown"]


@pytest.mark.parametrize(
    "code", ["RequestExpired", "AuthFailure", "UnrecognizedClientException", "InternalError", "OptInRequired"]
)
def test_what_is_no_answer_proves_nothing(run_module: RunModule, emulator: Emulator, code: str) -> None:
    status = 500 if code == "InternalError" else 400
    emulator.faults.add("error", service="ec2", action="CopyImage", code=code, status=status, message="no")
    result = run_module(MODULE, region=HOME, acts=[COPY], as_=without(emulator))
    assert result.failed and "CopyImage" in result.msg and (result["checks"], result["changed"]) == ([], False)


def test_an_image_that_is_not_shared_yet_is_an_answer(run_module: RunModule, emulator: Emulator) -> None:
    words = "Not authorized for image:ami-00ec2000000000002"
    emulator.faults.add("error", service="ec2", action="CopyImage", code="AuthFailure", status=403, message=words)
    result = run_module(MODULE, region=HOME, acts=[COPY], as_=without(emulator))
    assert not result.failed and result["unknown"] == ["ec2:CopyImage"]


@pytest.mark.parametrize(
    ("acts", "words"),
    [
        ([], "acts is empty"),
        ([{"act": "copy", "image_ids": [IMAGE]}], "kms_key_id is missing"),
        ([{"act": "grant", "kms_key_ids": ["alias/golden"]}], "grantee_principals is missing"),
        ([{"act": "note"}], "image_ids is missing"),
        ([{"act": "share"}], "user_ids is missing"),
        ([{"act": "note", "image_ids": ["image"]}], "act 1 (note): image_ids"),
        ([{"act": "remove", "region": "here"}], "act 1 (remove): region"),
        ([{**COPY, "kms_key_id": "alias/nowhere"}], "alias/nowhere"),
    ],
)
def test_what_cannot_be(run_module: RunModule, look: Looking, acts: list[dict[str, t.Any]], words: str) -> None:
    result = run_module(MODULE, region=HOME, acts=acts)
    assert result.failed and words in result.msg and result["checks"] == [] and look.mutations() == []
