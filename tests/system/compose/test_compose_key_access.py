# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of a composed image are tried before anything is made, each pair once; a denial comes true."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials
from system.compose.asking import AWAY, EMPTY_VOLUME, HOME, METHODS, THREE_KEYS, Compose, instance_of
from system.looking import Looking

COMPOSER = f"arn:aws:iam::{HOME_ACCOUNT}:user/composer"
EVERYTHING = {"Effect": "Allow", "Action": ["ec2:*", "kms:*"], "Resource": "*"}
WRITE = ("CreateGrant", "GenerateDataKeyWithoutPlaintext")
NEW_LOGS = [{**THREE_KEYS[2], "kms_key_id": "alias/golden"}]


def without(emulator: Emulator, action: str) -> Credentials:
    """Return somebody who may do everything but this action."""
    deny = {"Effect": "Deny", "Action": action, "Resource": "*"}
    return emulator.principal(COMPOSER, [{"Version": "2012-10-17", "Statement": [EVERYTHING, deny]}])


@pytest.mark.parametrize(
    ("source", "options", "calls"),
    [
        pytest.param("database", {"device_mapping": THREE_KEYS}, 3 * [*WRITE], id="three keys of plain content"),
        pytest.param(
            "database", {"device_mapping": THREE_KEYS, "method": "instance"}, 3 * [*WRITE], id="by an instance"
        ),
        pytest.param("database", {"kms_key_id": "alias/os"}, [*WRITE], id="one key of three devices"),
        pytest.param(
            "database",
            {"kms_key_id": "alias/os", "device_mapping": [{**EMPTY_VOLUME, "kms_key_id": "alias/os"}]},
            [*WRITE],
            id="with an empty volume",
        ),
        pytest.param("database-sealed", {"device_mapping": NEW_LOGS}, ["ReEncrypt"], id="one key of three is new"),
        pytest.param(
            "database-sealed",
            {"device_mapping": NEW_LOGS, "method": "instance"},
            3 * ["ReEncrypt"],
            id="an instance has them all",
        ),
        pytest.param(
            "database-sealed",
            {"device_mapping": THREE_KEYS, "region": AWAY},
            3 * [*WRITE, "Decrypt"],
            id="of another region",
        ),
        pytest.param("database", {"kms_key_id": "alias/aws/ebs"}, [], id="AWS managed"),
        pytest.param("database", {"kms_key_id": "alias/os", "check_key_access": "false"}, [], id="not asked for"),
    ],
)
def test_each_pair_is_tried_once_and_only_for_what_is_made(
    compose: Compose, look: Looking, source: str, options: dict[str, t.Any], calls: list[str]
) -> None:
    planned = compose(source, check=True, **options)
    assert (planned.failed, planned.warnings) == (False, [])
    assert sorted(action for _region, action in look.tried_keys()) == sorted(calls)
    assert {one["proved"] for one in planned["key_checks"]} == ({True} if calls else set())
    made = compose(source, **options)
    assert (made.failed, made["key_checks"]) == (False, planned["key_checks"])
    look.tried_keys()
    again = compose(source, **options)
    assert (again["changed"], again["key_checks"], look.tried_keys()) == (False, [], [])
    gone = compose(source, **options, state="absent")
    assert (gone["changed"], gone["key_checks"], look.tried_keys()) == (True, [], [])


def test_keys_are_tried_where_they_are(compose: Compose, look: Looking) -> None:
    compose("database-sealed", check=True, device_mapping=THREE_KEYS, region=AWAY)
    assert set(look.tried_keys()) == {(HOME, "Decrypt"), *((AWAY, action) for action in WRITE)}


def test_an_image_of_an_instance_tries_nothing(compose: Compose, look: Looking) -> None:
    made = compose(None, instance_id=instance_of(look), device_mapping=THREE_KEYS, check_key_access=True)
    assert (made.failed, made["key_checks"], look.tried_keys()) == (False, [], [])


def test_an_instance_that_is_held_has_been_tried(compose: Compose, look: Looking) -> None:
    asked: dict[str, t.Any] = {"device_mapping": THREE_KEYS, "method": "instance"}
    held = compose("database", instance={"hold": True}, **asked)
    assert sorted(action for _region, action in look.tried_keys()) == sorted(3 * WRITE)
    instance = {"held_instance_id": held["image"]["instance_id"]}
    made = compose("database", instance=instance, **asked)
    assert (made.failed, made["key_checks"], look.tried_keys()) == (False, [], [])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("source", "options", "action"),
    [
        ("database", {"device_mapping": THREE_KEYS}, "GenerateDataKeyWithoutPlaintext"),
        ("database-sealed", {"device_mapping": NEW_LOGS}, "ReEncryptFrom"),
        ("database-sealed", {"device_mapping": NEW_LOGS}, "ReEncryptTo"),
        ("database", {"device_mapping": [EMPTY_VOLUME], "kms_key_id": "alias/os"}, "GenerateDataKeyWithoutPlaintext"),
    ],
)
def test_a_denial_is_told_before_anything_is_made_and_comes_true(
    compose: Compose,
    emulator: Emulator,
    look: Looking,
    source: str,
    options: dict[str, t.Any],
    action: str,
    method: str,
) -> None:
    denied = without(emulator, f"kms:{action}")
    asked: dict[str, t.Any] = {**options, "method": method, "as_": denied}
    warned = compose(source, check=True, **asked)
    assert not warned.failed
    assert {one["action"] for one in warned["key_checks"] if one["proved"] is False} == {f"kms:{action}"}
    assert any(f"kms:{action}" in one and '{"Sid"' in one and COMPOSER in one for one in warned.warnings)
    refused = compose(source, check_key_access=True, **asked)
    assert refused.failed and f"kms:{action}" in refused.msg and '{"Sid"' in refused.msg
    assert (refused["images"], refused["key_checks"]) == ([], warned["key_checks"])
    assert look.mutations() == []
    assert compose(source, check_key_access="false", on_failure="rollback", **asked).failed


def test_content_that_only_its_owner_may_read_is_told(compose: Compose, emulator: Emulator, look: Looking) -> None:
    bounded = without(emulator, "kms:Decrypt")
    refused = compose("database-sealed", region=AWAY, device_mapping=THREE_KEYS, as_=bounded, check_key_access=True)
    assert refused.failed and "kms:Decrypt" in refused.msg and look.mutations() == []
    denied = {one["region"] for one in refused["key_checks"] if one["proved"] is False}
    assert denied == {HOME}
