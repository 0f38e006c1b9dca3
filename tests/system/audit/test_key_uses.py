# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What names a key beside snapshots, and what is lost with it; a denied answer is null and a warning."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.modules import ec2_ami_encryption_info
from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from system.audit.conftest import Audit
from system.looking import Looking

HOME = "us-east-1"
GRANTEE = "arn:aws:iam::210987654321:role/image-copier"
DOCUMENTED = {
    "region", "kms_key_arn", "kms_key_aliases", "kms_key_manager", "kms_key_state", "kms_key_deletion_date",
    "image_ids", "associated_image_ids", "snapshots", "verdict", "at_risk", "unusable_image_ids",
    "locked_snapshot_ids", "launch_templates", "default_of_region", "grants", "shared_by_ram", "last_usage",
}  # fmt: skip


def entry_of(audit: Audit, key: str = "alias/data") -> dict[str, t.Any]:
    """Return what the report says of a key."""
    answer = audit(kms_key_ids=[key])
    assert answer.failure is None
    (entry,) = answer.result["kms_keys"]
    return t.cast("dict[str, t.Any]", entry)


def test_the_entry_is_as_documented(audit: Audit) -> None:
    assert set(entry_of(audit)) == DOCUMENTED
    assert all(f"    {name}:" in str(ec2_ami_encryption_info.RETURN) for name in DOCUMENTED)


@pytest.mark.parametrize("form", ["arn", "id", "alias", "alias ARN"])
def test_templates_name_a_key_in_any_form(audit: Audit, look: Looking, form: str) -> None:
    arn = look.key_arn("alias/data", HOME)
    place = arn.partition(":key/")[0]
    forms = {"arn": arn, "id": arn.rpartition("/")[2], "alias": "alias/data", "alias ARN": f"{place}:alias/data"}
    ebs = {"Encrypted": True, "KmsKeyId": forms[form], "VolumeSize": 8}
    ec2 = look.ec2(HOME)
    named = {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": ebs}]}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=named)
    bare = {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 8}}]}
    ec2.create_launch_template_version(LaunchTemplateName="web", LaunchTemplateData=bare)
    ec2.create_launch_template(LaunchTemplateName="other", LaunchTemplateData=bare)
    found = entry_of(audit)["launch_templates"]
    assert [(one["template_name"], one["version"], one["default"]) for one in found] == [("web", 1, True)]
    assert entry_of(audit, "alias/golden")["launch_templates"] == []


def test_default_grants_and_last_usage(audit: Audit, look: Looking) -> None:
    kms, arn = look.kms(HOME), look.key_arn("alias/data", HOME)
    before = entry_of(audit)
    assert (before["default_of_region"], before["shared_by_ram"]) == (False, False)
    look.ec2(HOME).modify_ebs_default_kms_key_id(KmsKeyId=arn)
    kms.create_grant(KeyId=arn, GranteePrincipal=GRANTEE, Operations=["Decrypt"], Name="copier")
    kms.generate_data_key_without_plaintext(KeyId=arn, KeySpec="AES_256")
    after = entry_of(audit)
    assert after["default_of_region"] is True and entry_of(audit, "alias/golden")["default_of_region"] is False
    (grant,) = (one for one in after["grants"] if one not in before["grants"])
    assert (grant["grantee_principal"], grant["name"], grant["operations"]) == (GRANTEE, "copier", ["Decrypt"])
    assert after["last_usage"]["operation"] == "GenerateDataKeyWithoutPlaintext" and after["last_usage"]["timestamp"]


@pytest.mark.parametrize("with_image", [True, False])
def test_a_locked_snapshot_whose_key_is_dying_is_at_risk(audit: Audit, look: Looking, with_image: bool) -> None:
    database = image_id("database-sealed")
    (device,) = (
        one["Ebs"]
        for one in (look.image(HOME, database) or {})["BlockDeviceMappings"]
        if one["DeviceName"] == "/dev/sdf"
    )
    look.ec2(HOME).lock_snapshot(SnapshotId=device["SnapshotId"], LockMode="governance", LockDuration=5)
    assert entry_of(audit)["at_risk"] is False
    if not with_image:
        for one in look.images(HOME):
            look.ec2(HOME).deregister_image(ImageId=one["ImageId"])
    look.kms(HOME).schedule_key_deletion(KeyId=look.key_arn("alias/data", HOME), PendingWindowInDays=7)
    entry = entry_of(audit)
    assert (entry["locked_snapshot_ids"], entry["at_risk"]) == ([device["SnapshotId"]], True)
    assert ("unusable while the key is PendingDeletion" in entry["verdict"]) and (
        database in entry["image_ids"]
    ) is with_image


def test_an_associated_key_may_still_open_an_image(audit: Audit, look: Looking) -> None:
    database = image_id("database-sealed")
    devices = (look.image(HOME, database) or {})["BlockDeviceMappings"]
    before = entry_of(audit)
    (snapshot,) = (one["Ebs"]["SnapshotId"] for one in devices if one["DeviceName"] == "/dev/sdf")
    assert database in before["unusable_image_ids"]
    look.ec2(HOME).associate_kms_key_id(SnapshotId=snapshot, KmsKeyId=look.key_arn("alias/shared", HOME))
    after = entry_of(audit)
    assert database in after["image_ids"] and database not in after["unusable_image_ids"]
    assert "perhaps still opened by an associated key" in after["verdict"]


@pytest.mark.parametrize("place", ["DestinationAvailabilityZone", "DestinationOutpostArn"])
def test_the_audit_shows_where_snapshots_lie(audit: Audit, look: Looking, place: str) -> None:
    outpost = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
    where = {"DestinationAvailabilityZone": "us-east-1-bos-1a", "DestinationOutpostArn": outpost}[place]
    asked = {"SourceImageId": image_id("plain-root"), "SourceRegion": HOME, "Name": "local", place: where}
    copied = look.ec2(HOME).copy_image(**asked)["ImageId"]
    for image, expected in ((copied, {where}), (image_id("plain-root"), set())):
        (entry,) = audit(image_ids=[image]).result["images"]
        assert {one["availability_zone"] or one["outpost_arn"] for one in entry["snapshots"]} - {None} == expected


UNREAD = {
    "DescribeLaunchTemplateVersions": "launch_templates",
    "DescribeLockedSnapshots": "locked_snapshot_ids",
    "GetEbsDefaultKmsKeyId": "default_of_region",
    "GetKeyLastUsage": "last_usage",
    "ListGrants": "grants",
    "ListKeyPolicies": "shared_by_ram",
}


@pytest.mark.parametrize("action", UNREAD)
def test_what_is_denied_is_null_and_said(audit: Audit, emulator: Emulator, action: str) -> None:
    emulator.faults.add("access_denied", action=action)
    answer = audit(kms_key_ids=["alias/data", "alias/golden"])
    assert answer.failure is None
    for entry in answer.result["kms_keys"]:
        told = {name: entry[name] for name in UNREAD.values()}
        assert [name for name, value in told.items() if value is None] == [UNREAD[action]]
    assert len([one for one in answer.warnings if action in one]) == 1
