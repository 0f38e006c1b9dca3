# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of copies are tried before the first copy: proved, denied with the statement, or not known."""

from __future__ import annotations

import json
import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials
from system.copy.asking import AWAY, FAR, HOME, SOURCES, Copy
from system.looking import Looking

COPIER = f"arn:aws:iam::{HOME_ACCOUNT}:user/copier"
EVERYTHING = {"Effect": "Allow", "Action": ["ec2:*", "kms:*"], "Resource": "*"}


def without(emulator: Emulator, *actions: str, **condition: t.Any) -> Credentials:
    """Return somebody who may do everything but these actions."""
    deny = {"Effect": "Deny", "Action": list(actions), "Resource": "*", **condition}
    return emulator.principal(COPIER, [{"Version": "2012-10-17", "Statement": [EVERYTHING, deny]}])


@pytest.mark.parametrize(
    ("source", "options", "calls"),
    [
        ("plain-root", {}, [(AWAY, "CreateGrant"), (AWAY, "GenerateDataKeyWithoutPlaintext")]),
        (
            "encrypted-root",
            {},
            [(AWAY, "CreateGrant"), (AWAY, "GenerateDataKeyWithoutPlaintext"), (HOME, "Decrypt")],
        ),
        ("encrypted-root", {"region": HOME, "name": "again"}, [(HOME, "ReEncrypt")]),
        ("plain-root", {"kms_key_id": "alias/aws/ebs"}, []),
        ("plain-root", {"check_key_access": "false"}, []),
        ("plain-root", {"check_key_access": True}, [(AWAY, "CreateGrant"), (AWAY, "GenerateDataKeyWithoutPlaintext")]),
    ],
)
@pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
def test_keys_are_tried_once_and_only_for_copies(
    copy: Copy, look: Looking, source: str, options: dict[str, t.Any], calls: list[tuple[str, str]], check: bool
) -> None:
    options = {"kms_key_id": "alias/os", **options}
    result = copy(source, check=check, **options)
    assert (result.failed, result.warnings, look.tried_keys()) == (False, [], calls)
    assert [one["proved"] for one in result["key_checks"]] == [True] * (len(calls) + (calls == [(HOME, "ReEncrypt")]))
    if not check:
        again = copy(source, **options)
        assert (again["changed"], again["key_checks"], look.tried_keys()) == (False, [], [])


def test_a_fleet_tries_each_pair_once(copy: Copy, look: Looking) -> None:
    result = copy(
        "plain-root",
        source_image_id=None,
        source_image_ids=[SOURCES["plain-root"], SOURCES["encrypted-root"]],
        region=HOME,
        destinations=[{"region": AWAY}, {"region": FAR}],
        kms_key_id="alias/os",
        check=True,
    )
    pairs = [
        (region, action) for region in (FAR, AWAY) for action in ("CreateGrant", "GenerateDataKeyWithoutPlaintext")
    ]
    assert not result.failed and look.tried_keys() == sorted([*pairs, (HOME, "Decrypt")])


@pytest.mark.parametrize(
    ("source", "options", "action"),
    [
        ("plain-root", {}, "GenerateDataKeyWithoutPlaintext"),
        ("encrypted-root", {}, "Decrypt"),
        ("encrypted-root", {"region": HOME, "name": "again"}, "ReEncryptFrom"),
        ("encrypted-root", {"region": HOME, "name": "again"}, "ReEncryptTo"),
    ],
)
@pytest.mark.parametrize("mode", ["auto", "true"])
def test_a_denial_is_told_before_the_first_copy(
    copy: Copy, emulator: Emulator, look: Looking, source: str, options: dict[str, t.Any], action: str, mode: str
) -> None:
    result = copy(
        source, check=mode == "auto", as_=without(emulator, f"kms:{action}"), kms_key_id="alias/os",
        check_key_access=mode, **options,
    )  # fmt: skip
    (check,) = [one for one in result["key_checks"] if one["proved"] is not True]
    assert (check["proved"], check["action"], check["principal"]) == (False, f"kms:{action}", COPIER)
    told = result.msg if mode == "true" else " ".join(result.warnings)
    assert result.failed == (mode == "true") and f"kms:{action}" in told and '{"Sid"' in told
    assert look.mutations() == [] and (mode == "auto" or result["images"] == [])


def test_grants_for_services_alone_are_no_denial(copy: Copy, emulator: Emulator) -> None:
    """The key policies of the documentation bind CreateGrant to services, which no dry run is."""
    bound = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}
    may = {"Effect": "Allow", "NotAction": "kms:CreateGrant", "Resource": "*"}
    grant = {"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*", **bound}
    bounded = emulator.principal(COPIER, [{"Version": "2012-10-17", "Statement": [may, grant]}])
    result = copy("plain-root", kms_key_id="alias/os", as_=bounded)
    assert not result.failed and result.warnings == []
    assert {one["action"]: one["proved"] for one in result["key_checks"]} == {
        "kms:CreateGrant": None,
        "kms:GenerateDataKeyWithoutPlaintext": True,
    }


def test_keys_that_are_open_to_ebs_alone_are_not_known(copy: Copy, emulator: Emulator) -> None:
    through = {"Condition": {"StringEquals": {"kms:ViaService": f"ec2.{AWAY}.amazonaws.com"}}}
    statements = [
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*", **through},
    ]
    bounded = emulator.principal(COPIER, [{"Version": "2012-10-17", "Statement": statements}])
    arn = Looking(emulator).key_arn("alias/os", AWAY)
    result = copy("plain-root", kms_key_id=arn, as_=bounded, check_key_access=True)
    assert not result.failed and {one["proved"] for one in result["key_checks"]} == {None}
    assert any("could not be proved" in one and "kms:ViaService" in one for one in result.warnings)


def test_an_old_botocore_is_named(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.sealed.ami.plugins.module_utils._aws import key_access

    monkeypatch.setattr(key_access, "_knows_modifiers", lambda _region: False)
    result = copy("encrypted-root", kms_key_id="alias/os", check=True)
    (check,) = [one for one in result["key_checks"] if one["proved"] is None]
    assert (check["action"], result.failed, result.warnings) == ("kms:Decrypt", False, [])
    assert "botocore" in check["reason"] and "DryRunModifiers" in check["reason"]


@pytest.mark.parametrize("kind", ["throttled", "server_error", "drop"])
def test_trouble_with_a_trial_stops_no_copy(copy: Copy, emulator: Emulator, kind: str) -> None:
    emulator.faults.add(kind, service="kms", action=["GenerateDataKeyWithoutPlaintext", "CreateGrant"])
    result = copy("plain-root", kms_key_id="alias/os", check=True)
    assert not result.failed and {one["proved"] for one in result["key_checks"]} == {None}


def test_the_statement_is_enough(copy: Copy, emulator: Emulator, look: Looking) -> None:
    """Pasted into the policy of the key, it lets the copy succeed that failed without it."""
    kms = look.kms(AWAY)
    statements: list[dict[str, t.Any]] = [
        {"Effect": "Allow", "Principal": {"AWS": who}, "Action": action, "Resource": "*"}
        for who, action in ((f"arn:aws:iam::{HOME_ACCOUNT}:user/admin", "kms:*"), (COPIER, "kms:DescribeKey"))
    ]
    key = kms.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))["KeyMetadata"]["Arn"]
    copier = emulator.principal(COPIER, [{"Version": "2012-10-17", "Statement": [EVERYTHING]}])
    refused = copy("plain-root", kms_key_id=key, as_=copier, check_key_access=True)
    assert refused.failed and look.mutations() == ["CreateKey"]
    missing, _end = json.JSONDecoder().raw_decode(refused.msg[refused.msg.index('[{"Sid"') :])
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements + missing})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    assert not copy("plain-root", kms_key_id=key, as_=copier, check_key_access=True).failed
