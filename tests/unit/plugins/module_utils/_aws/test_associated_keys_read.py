# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS says of the keys that open a snapshot, read under every reading that its documents leave open."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.snapshots import UNNAMED_KEY, find_snapshots
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._execute.fakes import FakeClient, FakeRegion

PLACE = "arn:aws:kms:eu-west-1:123456789012:key"
OWN, OTHER, THIRD = f"{PLACE}/1", f"{PLACE}/2", f"{PLACE}/3"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param(None, (), id="the member is missing"),
        pytest.param([], (), id="an empty list"),
        pytest.param([OTHER], (OTHER,), id="one"),
        pytest.param([THIRD, OTHER, THIRD], (OTHER, THIRD), id="two, in one order"),
        pytest.param([OWN, OTHER], (OTHER,), id="its own key is listed too"),
        pytest.param(["1", "2"], ("2",), id="bare ids"),
        pytest.param([OWN.replace("eu-west-1", "us-east-1")], (OWN.replace("eu-west-1", "us-east-1"),), id="a replica"),
        pytest.param([None], (UNNAMED_KEY,), id="an entry that names no key"),
    ],
)
def test_associated_keys(entries: list[str | None] | None, expected: tuple[str, ...]) -> None:
    shown: dict[str, t.Any] = {"SnapshotId": "snap-1", "State": "completed", "Encrypted": True, "KmsKeyId": OWN}
    if entries is not None:
        shown["AssociatedKmsKeys"] = [{"KmsKeyId": one} if one else {} for one in entries]
    client = FakeClient(describe_snapshots={"Snapshots": [shown]})
    assert find_snapshots(FakeRegion(ec2=client), ["snap-1"])["snap-1"].associated_keys == expected


def test_a_botocore_that_drops_the_member_tells_nothing() -> None:
    shown = {"SnapshotId": "snap-1", "State": "completed", "Encrypted": True, "KmsKeyId": OWN}
    client = FakeClient(describe_snapshots={"Snapshots": [shown]})
    assert find_snapshots(FakeRegion(ec2=client, known=False), ["snap-1"])["snap-1"].associated_keys is None
