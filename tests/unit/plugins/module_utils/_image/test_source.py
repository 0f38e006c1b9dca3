# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judging sources: what cannot be copied is refused before anything is changed."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice
from ansible_collections.sealed.ami.plugins.module_utils._image.source import (
    require_copyable,
    require_decryptable,
    require_found,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import parse_timestamp
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    HOME,
    KEY_A,
    KEY_B,
    OTHER_ACCOUNT,
    SOURCE_ID,
    a_key,
    an_image,
    snapshots_of,
)

NOW = parse_timestamp("2026-11-24T12:00:00Z") or 0.0
SOURCE = an_image(sda1=None, sdf=KEY_A)
ROOT = SOURCE.snapshot_ids[0]


@pytest.mark.parametrize(
    ("image", "snapshot", "words"),
    [
        pytest.param({"state": "pending"}, {}, ["is pending, not available", "wait"], id="pending"),
        pytest.param({"state": "failed"}, {}, ["is failed"], id="failed"),
        pytest.param({"root_device_type": "instance-store"}, {}, ["instance store", "EBS"], id="instance store"),
        pytest.param(
            {}, {"storage_tier": "archive"}, [ROOT, "/dev/sda1", "archived", "RestoreSnapshotTier"], id="archived"
        ),
        pytest.param(
            {},
            {"restore_expiry_time": "2026-11-25T11:00:00Z"},
            [ROOT, "2026-11-25T11:00:00Z"],
            id="archived again soon",
        ),
        pytest.param({}, {"state": "pending"}, [ROOT, "pending"], id="snapshot pending"),
        pytest.param(
            {},
            {"state": "error", "state_message": "Given key ID is not accessible"},
            [ROOT, "error", "Given key ID is not accessible"],
            id="snapshot in error",
        ),
    ],
)
def test_not_copyable(image: dict[str, t.Any], snapshot: dict[str, t.Any], words: list[str]) -> None:
    source = dataclasses.replace(SOURCE, **image)
    snapshots = snapshots_of(source)
    snapshots[ROOT] = dataclasses.replace(snapshots[ROOT], **snapshot)
    with pytest.raises(PreflightError) as caught:
        require_copyable(source, snapshots, now=NOW)
    assert [word for word in [*words, SOURCE_ID, HOME] if word not in str(caught.value)] == []


def test_snapshots_that_are_not_shared() -> None:
    source = dataclasses.replace(SOURCE, owner_id=OTHER_ACCOUNT)
    snapshots = snapshots_of(source)
    del snapshots[ROOT]
    with pytest.raises(PreflightError, match=f"{ROOT}.*{OTHER_ACCOUNT}.*create-volume permission"):
        require_copyable(source, snapshots, now=NOW)


@pytest.mark.parametrize(
    ("image", "snapshot"),
    [
        pytest.param(SOURCE, {}, id="plain and encrypted"),
        pytest.param(SOURCE, {"restore_expiry_time": "2026-11-27T12:00:00Z"}, id="archived again much later"),
        pytest.param(
            an_image(sda1=None, extra=(BlockDevice("/dev/sdb", virtual_name="ephemeral0"),)), {}, id="ephemeral disk"
        ),
        pytest.param(
            an_image(sda1=None, extra=(BlockDevice("/dev/sdz", encrypted=False, volume_size=9),)), {}, id="blank volume"
        ),
    ],
)
def test_copyable(image: t.Any, snapshot: dict[str, t.Any]) -> None:
    require_copyable(image, snapshots_of(image, **snapshot), now=NOW)


def test_found() -> None:
    assert require_found(SOURCE, image_id=SOURCE_ID, region=HOME) is SOURCE
    with pytest.raises(PreflightError, match=f"{SOURCE_ID} is not found in {HOME}.*launch permission"):
        require_found(None, image_id=SOURCE_ID, region=HOME)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        pytest.param(a_key(state="Disabled"), ["is Disabled", "kms:EnableKey"], id="disabled"),
        pytest.param(a_key(state="PendingDeletion"), ["is PendingDeletion", "kms:CancelKeyDeletion"], id="dying"),
        pytest.param(None, ["is gone"], id="gone"),
    ],
)
def test_a_source_that_cannot_be_decrypted(key: t.Any, words: list[str]) -> None:
    with pytest.raises(PreflightError) as caught:
        require_decryptable(SOURCE, {KEY_A: key})
    assert [word for word in [*words, SOURCE_ID, KEY_A, "/dev/sdf"] if word not in str(caught.value)] == []
    assert "another kms_key_id" not in str(caught.value)


def test_a_source_whose_keys_are_usable_or_not_known() -> None:
    require_decryptable(SOURCE, {KEY_A: a_key(), KEY_B: a_key(state="Disabled")})
    require_decryptable(SOURCE, {})
