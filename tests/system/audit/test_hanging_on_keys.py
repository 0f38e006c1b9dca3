# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hangs on a key, as AWS shows it: nothing is left out because it has no image, no answer or no key any more."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from system.audit.conftest import Audit
from system.looking import Looking

HOME, AWAY = "us-east-1", "eu-west-1"


def expected(look: Looking, region: str, alias: str) -> tuple[set[str], set[str]]:
    """Return the snapshots under a key and the images that use one, read with boto3 alone."""
    arn = look.key_arn(alias, region)
    under = {name for name, one in look.snapshots(region).items() if one.get("KmsKeyId") == arn}
    shown = look.ec2(region).describe_images(Owners=["self"], IncludeDisabled=True, IncludeDeprecated=True)["Images"]
    used = {
        image["ImageId"]
        for image in shown
        for device in image["BlockDeviceMappings"]
        if device.get("Ebs", {}).get("SnapshotId") in under
    }
    return under, used


@pytest.mark.parametrize("alias", ["alias/golden", "alias/data", "alias/disabled"])
def test_all_of_it_is_told(audit: Audit, look: Looking, alias: str) -> None:
    answer = audit(regions=[HOME, AWAY], kms_key_ids=[alias])
    assert answer.failure is None
    for entry in answer.result["kms_keys"]:
        under, used = expected(look, entry["region"], alias)
        assert {one["snapshot_id"] for one in entry["snapshots"]} == under
        assert set(entry["image_ids"]) == used and entry["associated_image_ids"] == []
        assert alias in entry["kms_key_aliases"]
    told = {one for entry in answer.result["kms_keys"] for one in entry["image_ids"]}
    assert told, "the catalogue has images under each of these keys"
    undecided = {one["image_id"] for one in answer.result["images"]} - told
    assert all(one in " ".join(answer.warnings) for one in undecided)


def test_a_snapshot_of_no_image_hangs_on_it_too(audit: Audit, look: Looking) -> None:
    database = image_id("database-sealed")
    devices = (look.image(HOME, database) or {})["BlockDeviceMappings"]
    look.ec2(HOME).deregister_image(ImageId=database)
    (entry,) = audit(kms_key_ids=["alias/data"]).result["kms_keys"]
    loose = {one["snapshot_id"] for one in entry["snapshots"] if not one["image_ids"]}
    assert loose & {one["Ebs"]["SnapshotId"] for one in devices}
    assert database not in entry["image_ids"]


def test_what_a_key_opens_as_an_associated_one_is_told_apart(audit: Audit, look: Looking) -> None:
    database = image_id("database-sealed")
    snapshot_id = (look.image(HOME, database) or {})["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    key = look.key_arn("alias/shared", HOME)
    look.ec2(HOME).associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=key)
    (entry,) = audit(kms_key_ids=[key]).result["kms_keys"]
    assert entry["associated_image_ids"] == [database] and database not in entry["image_ids"]
    assert [one["associated"] for one in entry["snapshots"] if one["snapshot_id"] == snapshot_id] == [True]


@pytest.mark.parametrize("by", ["arn", "id", "alias"])
def test_a_key_pending_deletion_fails_a_policy_by_what_hangs_on_it(audit: Audit, look: Looking, by: str) -> None:
    arn = look.key_arn("alias/data", HOME)
    look.kms(HOME).schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    asked = {"arn": arn, "id": arn.rpartition("/")[2], "alias": "alias/data"}[by]
    answer = audit(kms_key_ids=[asked], policy={"key_usable": True})
    assert answer.result["compliant"] is False
    (entry,) = answer.result["kms_keys"]
    assert (entry["kms_key_state"], bool(entry["kms_key_deletion_date"])) == ("PendingDeletion", True)
    assert image_id("database-sealed") in entry["image_ids"]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param("alias/nobodys", id="no such alias"),
        pytest.param("arn:aws:kms:us-east-1:123456789012:key/0f0f0f0f-0000-4000-8000-000000000000", id="no such key"),
        pytest.param("arn:aws:kms:eu-west-1:123456789012:alias/golden", id="a region that is not looked at"),
    ],
)
def test_a_key_that_is_not_there_fails(audit: Audit, asked: str) -> None:
    answer = audit(kms_key_ids=[asked])
    assert answer.failure and asked in answer.failure
    assert answer.result["missing_kms_key_ids"] == [asked] and answer.result["images"] == []


def test_a_key_that_may_not_be_described_is_no_key_without_images(audit: Audit, emulator: Emulator) -> None:
    emulator.faults.add("error", action="DescribeKey", code="AccessDeniedException", status=400)
    answer = audit(kms_key_ids=["alias/golden"])
    assert answer.failure and "kms:DescribeKey" in answer.failure


def test_snapshots_that_are_not_shown_are_not_known_to_be_elsewhere(audit: Audit, emulator: Emulator) -> None:
    changes: list[dict[str, t.Any]] = [{"path": "Snapshots.*.KmsKeyId", "drop": True}]
    emulator.faults.add("mutate", action="DescribeSnapshots", region=HOME, changes=changes)
    answer = audit(kms_key_ids=["alias/golden"], policy={"key_usable": True})
    assert image_id("encrypted-root") in {one["image_id"] for one in answer.result["images"]}
    assert answer.result["compliant"] is not True and answer.result["kms_keys"][0]["image_ids"] == []
    assert any("not known" in one for one in answer.warnings)
