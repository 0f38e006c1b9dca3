# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which dry runs prove the keys of copies, and what their answers tell: tables of keys and of AWS's words."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.key_access import (
    KeyCheck,
    Need,
    Probe,
    Refusal,
    advice,
    judge,
    probes_for,
)

HOME, AWAY, OWNER, CONSUMER = "us-east-1", "eu-west-1", "123456789012", "210987654321"
A, B = (f"arn:aws:kms:{HOME}:{OWNER}:key/{letter * 8}" for letter in "ab")
C = f"arn:aws:kms:{AWAY}:{OWNER}:key/cccccccc"
WRITING: t.Final = "GenerateDataKeyWithoutPlaintext"


def need(keys: str, region: str, key: str | None, **more: t.Any) -> Need:
    """Return the need of a copy of a source with these keys."""
    return Need(HOME, frozenset(keys.split()), region, key, **more)


@pytest.mark.parametrize(
    ("needs", "kinds"),
    [
        pytest.param([need("", HOME, A)], [WRITING, "CreateGrant"], id="plain, one region"),
        pytest.param([need("", AWAY, C)], [WRITING, "CreateGrant"], id="plain, two regions"),
        pytest.param([need(A, HOME, B)], ["ReEncrypt"], id="encrypted, one region"),
        pytest.param([need(A, HOME, A)], ["ReEncrypt"], id="the same key"),
        pytest.param(
            [need(A, HOME, B, has_plain=True)], ["ReEncrypt", WRITING, "CreateGrant"], id="partly, one region"
        ),
        pytest.param([need(A, AWAY, C)], ["Decrypt", WRITING, "CreateGrant"], id="encrypted, two regions"),
        pytest.param([need(A, AWAY, None)], ["Decrypt"], id="under AWS's own key"),
        pytest.param([need("", AWAY, None)], [], id="nothing to try"),
        pytest.param([need("", AWAY, "alias/golden")], [WRITING], id="an alias cannot be granted"),
        pytest.param([need(A, AWAY, C)] * 3, ["Decrypt", WRITING, "CreateGrant"], id="each once"),
        pytest.param([need(f"{A} {B}", HOME, A)], ["ReEncrypt", "ReEncrypt"], id="two source keys"),
    ],
)
def test_each_pair_of_keys_is_tried_once(needs: list[Need], kinds: list[str]) -> None:
    assert [probe.kind for probe in probes_for(needs)] == kinds


def test_reading_is_tried_where_the_source_is() -> None:
    decrypt, generate, grant = probes_for([need(A, AWAY, C)])
    assert (decrypt.region, decrypt.key) == (HOME, A)
    assert {(generate.region, generate.key), (grant.region, grant.key)} == {(AWAY, C)}
    assert grant.grantee == f"arn:aws:iam::{OWNER}:root"


RE_ENCRYPT, GENERATE, GRANT = Probe("ReEncrypt", HOME, B, A), Probe(WRITING, AWAY, C), Probe("CreateGrant", AWAY, C)


def denied(action: str, key: str, *, who: str = f"arn:aws:iam::{CONSUMER}:user/copier", why: str = "") -> Refusal:
    """Return KMS's denial."""
    why = why or f"because no resource-based policy allows the kms:{action} action"
    return Refusal(f"User: {who} is not authorized to perform: kms:{action} on resource: {key} {why}", is_denied=True)


UNNAMED = Refusal(f"User: arn:aws:iam::{OWNER}:user/x is not authorized to perform: kms:{WRITING}", is_denied=True)


@pytest.mark.parametrize(
    ("probe", "refusal", "found"),
    [
        pytest.param(RE_ENCRYPT, None, [(A, "ReEncryptFrom", True), (B, "ReEncryptTo", True)], id="both keys proved"),
        pytest.param(GENERATE, None, [(C, WRITING, True)], id="proved"),
        pytest.param(RE_ENCRYPT, denied("ReEncryptFrom", A), [(A, "ReEncryptFrom", False)], id="the source's key"),
        pytest.param(RE_ENCRYPT, denied("ReEncryptTo", B), [(B, "ReEncryptTo", False)], id="the copy's key"),
        pytest.param(GRANT, denied("CreateGrant", C), [(C, "CreateGrant", None)], id="a grant proves nothing"),
        pytest.param(GENERATE, UNNAMED, [(C, WRITING, False)], id="a denial that names no key"),
        pytest.param(RE_ENCRYPT, Refusal("No.", is_denied=True), [(A, "ReEncryptFrom", False)], id="a bare denial"),
        pytest.param(GENERATE, Refusal("Rate exceeded"), [(C, WRITING, None)], id="no answer"),
        pytest.param(RE_ENCRYPT, Refusal("botocore is old"), [(A, "ReEncryptFrom", None)], id="not tried"),
    ],
)
def test_answers_tell_of_the_key_that_they_name(
    probe: Probe, refusal: Refusal | None, found: list[tuple[str, str, bool | None]]
) -> None:
    checks = judge(probe, refusal)
    assert [(one.kms_key_arn, one.action, one.proved) for one in checks] == [
        (key, f"kms:{action}", proved) for key, action, proved in found
    ]
    assert all(one.reason and (one.proved is not False or '{"Sid"' in advice(one)) for one in checks)


def test_a_denial_is_none_where_the_key_may_not_be_described_either() -> None:
    (check,) = judge(GENERATE, denied(WRITING, C), undescribed={C})
    assert check.proved is None and "kms:ViaService" in check.reason


@pytest.mark.parametrize(
    ("who", "why", "principal"),
    [
        (f"arn:aws:iam::{CONSUMER}:user/copier", "", f"arn:aws:iam::{CONSUMER}:root"),
        (f"arn:aws:sts::{CONSUMER}:assumed-role/copier/x", "", f"arn:aws:iam::{CONSUMER}:root"),
        (f"arn:aws:iam::{OWNER}:user/copier", "", f"arn:aws:iam::{OWNER}:user/copier"),
        (f"arn:aws:sts::{OWNER}:assumed-role/copier/x", "", f"arn:aws:iam::{OWNER}:role/copier"),
        (f"arn:aws:iam::{OWNER}:user/copier", "because no identity-based policy allows it", None),
    ],
)
def test_the_statement_fits_where_it_belongs(who: str, why: str, principal: str | None) -> None:
    (check,) = judge(GENERATE, denied(WRITING, C, who=who, why=why))
    sentence = advice(check)
    start = min(sentence.index(mark) for mark in ('[{"Sid"', '{"Sid"') if mark in sentence)
    document, _end = json.JSONDecoder().raw_decode(sentence[start:])
    if principal is None:
        assert document["Resource"] == C and who in sentence and "kms:ReEncryptTo" in document["Action"]
        return
    use, grant = document
    assert use["Principal"] == grant["Principal"] == {"AWS": principal}
    assert "kms:ReEncryptTo" in use["Action"] and "kms:ReEncryptFrom" not in use["Action"]
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_checks_are_shown_whole() -> None:
    entry = KeyCheck(A, HOME, "kms:Decrypt", None, "why").to_entry()
    assert set(entry) == {"kms_key_arn", "region", "action", "proved", "reason", "principal"}
