# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging keys: each unfit one gets one sentence that names it, its region, what is wrong and what to do."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import (
    RequiredKey,
    aliases_of,
    key_arn_in,
    not_found_message,
    region_in,
    require_private,
    require_region,
    require_shareable,
    require_usable,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    GLOBAL_AWAY,
    GLOBAL_HOME,
    HOME,
    KEY_A,
    KEY_B,
    a_device,
    a_key,
    required,
)

ALIAS_ARN = f"arn:aws:kms:{AWAY}:123456789012:alias/golden"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param({"state": "Disabled"}, ["Disabled", "kms:EnableKey"], id="disabled"),
        pytest.param(
            {"state": "PendingDeletion", "deletion_date": "2026-12-24"},
            ["PendingDeletion", "2026-12-24", "kms:CancelKeyDeletion"],
            id="pending deletion",
        ),
        pytest.param({"state": "PendingReplicaDeletion"}, ["PendingReplicaDeletion"], id="replicas pending deletion"),
        pytest.param({"state": "PendingImport"}, ["PendingImport", "import"], id="no material"),
        pytest.param({"state": "Creating"}, ["Creating", "wait"], id="being created"),
        pytest.param({"state": "Unavailable"}, ["Unavailable", "key store"], id="store not connected"),
        pytest.param({"state": "Novel"}, ["Novel", "another kms_key_id"], id="a state to come"),
        pytest.param({"usage": "SIGN_VERIFY", "spec": "ECC_NIST_P256"}, ["SIGN_VERIFY", "symmetric"], id="signs"),
        pytest.param({"spec": "RSA_2048"}, ["RSA_2048", "SYMMETRIC_DEFAULT"], id="asymmetric"),
        pytest.param({"usage": "GENERATE_VERIFY_MAC", "spec": "HMAC_256"}, ["GENERATE_VERIFY_MAC"], id="hmac"),
        pytest.param({"arn": GLOBAL_HOME}, [HOME, AWAY, "replica"], id="other region"),
    ],
)
def test_unusable(fields: dict[str, t.Any], words: list[str]) -> None:
    key = a_key(**fields)
    with pytest.raises(PreflightError) as caught:
        require_usable(key, reference="alias/golden", region=AWAY)
    message = str(caught.value)
    assert [word for word in [*words, key.arn] if word not in message] == []


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="enabled"),
        pytest.param({"state": "Updating"}, id="updating"),
        pytest.param({"manager": "AWS"}, id="managed by aws"),
        pytest.param({"arn": GLOBAL_AWAY}, id="replica"),
        pytest.param({"account_id": "111122223333"}, id="another account's"),
    ],
)
def test_usable(fields: dict[str, t.Any]) -> None:
    require_usable(a_key(**fields), reference="alias/golden", region=AWAY)


@pytest.mark.parametrize(
    ("reference", "arn", "region"),
    [
        pytest.param(KEY_A, KEY_A, AWAY, id="key arn"),
        pytest.param(GLOBAL_HOME, GLOBAL_HOME, HOME, id="multi-region key arn"),
        pytest.param(ALIAS_ARN, None, AWAY, id="alias arn"),
        pytest.param("alias/golden", None, None, id="alias"),
        pytest.param("aaaaaaaa-0000-4000-8000-000000000000", None, None, id="key id"),
        pytest.param("arn:aws:iam::123456789012:role/x", None, None, id="other service"),
        pytest.param(
            "arn:aws-cn:kms:cn-north-1:123456789012:key/x",
            "arn:aws-cn:kms:cn-north-1:123456789012:key/x",
            "cn-north-1",
            id="other partition",
        ),
    ],
)
def test_what_a_reference_tells(reference: str, arn: str | None, region: str | None) -> None:
    assert (key_arn_in(reference), region_in(reference)) == (arn, region)


def test_a_reference_of_another_region_is_refused() -> None:
    require_region(KEY_A, region=AWAY)
    require_region("alias/golden", region=HOME)
    with pytest.raises(PreflightError, match=f"{KEY_A} is in {AWAY}, the image goes to {HOME}"):
        require_region(KEY_A, region=HOME)


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        pytest.param(required(KEY_A), KEY_A, id="arn alone"),
        pytest.param(required(KEY_A, reference="alias/golden"), f"alias/golden ({KEY_A})", id="alias and arn"),
        pytest.param(required(None, reference="alias/golden"), "alias/golden", id="not resolved"),
    ],
)
def test_names_for_people(key: t.Any, shown: str) -> None:
    assert key.shown == shown


def test_sharing_needs_a_key_of_ones_own() -> None:
    require_shareable(required(KEY_A), region=AWAY)
    require_shareable(required(None, reference="alias/golden"), region=AWAY)
    managed = required(KEY_A, reference="alias/aws/ebs", metadata=a_key(manager="AWS"))
    with pytest.raises(PreflightError, match=r"alias/aws/ebs .*AWS managed key.*customer managed key"):
        require_shareable(managed, region=AWAY)


def test_encrypted_images_cannot_be_public() -> None:
    require_private(frozenset(), region=AWAY)
    with pytest.raises(PreflightError, match=f"{AWAY}.*'all'.*cannot be public"):
        require_private(frozenset({"all"}), region=AWAY)


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        pytest.param("golden", "alias/golden", id="alias without its prefix"),
        pytest.param("alias/golden", "check", id="alias"),
        pytest.param(KEY_A, "check", id="arn"),
        pytest.param("aaaaaaaa-0000-4000-8000-000000000000", "check", id="key id"),
    ],
)
def test_a_missing_key(reference: str, hint: str) -> None:
    message = not_found_message(reference, region=AWAY)
    assert reference in message and AWAY in message and hint in message.partition("; ")[2]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(KEY_A, True, id="this key"),
        pytest.param(KEY_B, False, id="another key"),
        pytest.param(None, False, id="plain"),
        pytest.param(True, False, id="not shown"),
    ],
)
def test_whether_a_device_is_under_a_key(found: str | bool | None, expected: bool) -> None:
    assert required(KEY_A).is_on(a_device("sda1", found, "ami-1")) is expected
    assert not required(None, reference="alias/golden").is_on(a_device("sda1", found, "ami-1"))


@pytest.mark.parametrize(
    ("reference", "alias"),
    [
        ("alias/golden", "alias/golden"),
        (ALIAS_ARN, "alias/golden"),
        ("alias/team/golden", "alias/team/golden"),
        (KEY_A, None),
        ("00000001-0000-4000-8000-000000000003", None),
    ],
)
def test_the_alias_that_a_key_was_asked_for_by(reference: str, alias: str | None) -> None:
    assert RequiredKey(reference, KEY_A).alias == alias


def test_aliases_by_key_leave_out_what_is_not_told() -> None:
    keys = [RequiredKey("alias/first", KEY_A), RequiredKey("alias/second", KEY_A), RequiredKey("alias/denied", None)]
    assert aliases_of([None, *keys, RequiredKey(KEY_B, KEY_B)]) == {KEY_A: "alias/first"}
