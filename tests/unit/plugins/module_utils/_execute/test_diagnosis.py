# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a copy failed: the image's reason, each snapshot's, and the key's state, as far as AWS says."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.diagnosis import (
    explain_difference,
    explain_failure,
    explain_loss,
    explain_mismatch,
    explain_no_show,
    key_verdict,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image

from .._image.builders import KEY_A, KEY_B, a_copy
from .fakes import FakeAccount, FakeClient, FakeRegion, refusal

KEY = RequiredKey("alias/golden", KEY_A)
ENABLED = {"KeyMetadata": {"Arn": KEY_A, "KeyState": "Enabled"}}
DISABLED = {"KeyMetadata": {"Arn": KEY_A, "KeyState": "Disabled"}}
FAILED = dataclasses.replace(a_copy(xvda=None, sdf=None), state="failed", state_reason="Client.InternalError")
SNAPSHOTS = {device.snapshot_id or "": device for device in FAILED.ebs_devices}


def a_region(key: t.Any = None, snapshots: dict[str, dict[str, t.Any]] | None = None) -> FakeRegion:
    """Return a region with a key and snapshots."""
    account = FakeAccount(snapshots=snapshots or {})
    return FakeRegion(ec2=account.client, kms=FakeClient(describe_key=ENABLED if key is None else key))


def test_the_reasons_of_image_and_snapshots_are_named() -> None:
    first, second = SNAPSHOTS
    shown = {
        first: {"State": "error", "StateMessage": "Given key ID is not accessible"},
        second: {"State": "completed", "StateMessage": "left over"},
    }
    said = explain_failure(a_region(snapshots=shown), FAILED, KEY, source_key_arns=[KEY_B])
    for word in (FAILED.image_id, "eu-west-1", "Client.InternalError", f"snapshot {first} of /dev/xvda is error"):
        assert word in said
    assert "Given key ID is not accessible" in said and "left over" not in said
    assert f"{KEY_B}, which must allow this principal" in said
    assert "run the task again" in said


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param(ENABLED, ["policy of the key alias/golden", "kms:CreateGrant"], id="nothing to be seen"),
        pytest.param(DISABLED, ["is Disabled", "kms:EnableKey"], id="disabled meanwhile"),
        pytest.param(refusal("NotFoundException"), ["does not exist in eu-west-1"], id="gone meanwhile"),
        pytest.param(refusal("AccessDeniedException", operation="DescribeKey"), ["kms:DescribeKey"], id="denied"),
    ],
)
def test_what_is_wrong_with_the_key(key: t.Any, words: list[str]) -> None:
    said = key_verdict(a_region(key), KEY)
    assert [word for word in words if word not in said] == []


def test_an_image_without_a_reason_says_so() -> None:
    image = dataclasses.replace(FAILED, state_reason="")
    assert "AWS gives no reason" in explain_failure(a_region(), image, None)


def test_snapshots_that_cannot_be_read_are_said_to_be() -> None:
    region = a_region()
    region.ec2 = FakeClient(describe_snapshots=refusal("UnauthorizedOperation", operation="DescribeSnapshots"))
    assert "ec2:DescribeSnapshots" in explain_failure(region, FAILED, None)


@pytest.mark.parametrize(
    ("explain", "words"),
    [
        pytest.param(explain_loss, ["was visible and is now gone", "run the task again"], id="lost"),
        pytest.param(explain_no_show, ["never appeared", "kms:CreateGrant", "run the task again"], id="never seen"),
    ],
)
def test_an_image_that_is_not_there(explain: t.Callable[..., str], words: list[str]) -> None:
    with_key, without = explain(a_region(DISABLED), FAILED, KEY), explain(a_region(), FAILED, None)
    assert "is Disabled" in with_key and "is Disabled" not in without
    assert [word for word in [*words, FAILED.image_id, "/dev/xvda"] if word not in without] == []


@pytest.mark.parametrize(
    ("image", "key", "words"),
    [
        pytest.param(
            a_copy(xvda=KEY_B), KEY, [f"/dev/xvda has key {KEY_B}", "wanted key alias/golden"], id="other key"
        ),
        pytest.param(a_copy(xvda=None), KEY, ["/dev/xvda has an unencrypted snapshot"], id="unencrypted"),
        pytest.param(a_copy(xvda=True), KEY, ["/dev/xvda has key unknown"], id="key not shown"),
        pytest.param(a_copy(xvda=KEY_A), None, ["wanted the encryption status of the source"], id="status preserved"),
    ],
)
def test_an_available_image_under_another_key(image: Image, key: RequiredKey | None, words: list[str]) -> None:
    said = explain_mismatch(image, image.snapshot_devices, key)
    assert [word for word in [*words, image.image_id, "Do not use the image"] if word not in said] == []


def test_an_available_image_with_other_devices() -> None:
    said = explain_difference(FAILED, ["/dev/sdf"], "ami-1")
    assert "/dev/sdf" in said and "ami-1" in said and "Do not use the image" in said
