# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage: what comes along, what does not, and where the copy says it is from (§1.4)."""

from __future__ import annotations

import base64
import typing as t

import pytest

from .builders import (
    ROOT,
    a_registered_image,
    a_snapshot,
    an_image,
    copied,
    image_of,
    in_days,
    mappings_of,
    share_image,
    share_snapshot,
    snapshot_ids,
    tags_of,
)
from .place import Place
from .rules import rule

CARRIED: dict[str, dict[str, t.Any]] = {
    "Architecture": {"Architecture": "arm64", "BootMode": "uefi"},
    "VirtualizationType": {"VirtualizationType": "hvm"},
    "RootDeviceName": {"RootDeviceName": ROOT},
    "EnaSupport": {"EnaSupport": True},
    "SriovNetSupport": {"SriovNetSupport": "simple"},
    "BootMode": {"BootMode": "uefi-preferred"},
    "TpmSupport": {"TpmSupport": "v2.0", "BootMode": "uefi"},
    "ImdsSupport": {"ImdsSupport": "v2.0"},
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("attribute", CARRIED)
@rule("1.4 carried", "UG-how")
def test_attributes_come_along(home: Place, away: Place, attribute: str) -> None:
    """A copy is identical: what decides how it boots is as on the source."""
    source = an_image(home, **CARRIED[attribute])
    copy_ = copied(away, source, home)
    assert copy_[attribute] == CARRIED[attribute][attribute]


@rule("1.4 carried", "UG-how")
def test_ena_support_is_not_invented(home: Place) -> None:
    """A source without ENA support has a copy without it."""
    copy_ = copied(home, an_image(home, EnaSupport=False))
    assert not copy_.get("EnaSupport", False)


@rule("1.4 carried", "UG-how", "M")
def test_uefi_data_comes_along(home: Place) -> None:
    """The UEFI variables of the source are those of the copy."""
    data = base64.b64encode(b"AMZNUEFI" + bytes(64)).decode()
    copy_ = copied(home, an_image(home, BootMode="uefi", UefiData=data))
    shown = home.ec2.describe_image_attribute(ImageId=copy_["ImageId"], Attribute="uefiData")
    assert shown["UefiData"]["Value"] == data


EBS: dict[str, dict[str, t.Any]] = {
    "gp2": {"VolumeType": "gp2", "VolumeSize": 2, "DeleteOnTermination": False},
    "gp3": {"VolumeType": "gp3", "VolumeSize": 3, "Iops": 4000, "Throughput": 250, "DeleteOnTermination": True},
    "io1": {"VolumeType": "io1", "VolumeSize": 8, "Iops": 200, "DeleteOnTermination": True},
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("kind", EBS)
@rule("1.4 mappings", "UG-how")
def test_volume_settings_come_along(home: Place, kind: str) -> None:
    """Type, size, IOPS, throughput and DeleteOnTermination of each device are those of the source."""
    source = a_registered_image(home, [{"DeviceName": ROOT, "Ebs": {"SnapshotId": a_snapshot(home), **EBS[kind]}}])
    ebs = mappings_of(copied(home, source, Encrypted=True))[ROOT]["Ebs"]
    assert {name: ebs.get(name) for name in EBS[kind]} == EBS[kind]


@pytest.mark.aws_safe
@rule("1.4 mappings", "UG-how")
def test_ephemeral_devices_come_along(home: Place) -> None:
    """Instance store mappings of the source are those of the copy."""
    root = {"DeviceName": ROOT, "Ebs": {"SnapshotId": a_snapshot(home)}}
    source = a_registered_image(home, [root, {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}])
    assert mappings_of(copied(home, source))["/dev/sdc"]["VirtualName"] == "ephemeral0"


@pytest.mark.aws_safe
@rule("1.4 not carried", "UG-copy")
def test_launch_permissions_stay_behind(home: Place, other: Place) -> None:
    """A copy is private, whoever may launch the source."""
    source = an_image(home)
    share_image(home, source, other)
    copy_ = copied(home, source)
    shown = home.ec2.describe_image_attribute(ImageId=copy_["ImageId"], Attribute="launchPermission")
    assert shown["LaunchPermissions"] == [] and copy_["Public"] is False


@pytest.mark.aws_safe
@rule("1.4 not carried", "P#3761")
def test_snapshot_permissions_stay_behind(home: Place, other: Place) -> None:
    """The snapshots of a copy are private, whoever may use the source's."""
    source = an_image(home)
    share_snapshot(home, snapshot_ids(image_of(home, source))[ROOT], other)
    copied_id = snapshot_ids(copied(home, source))[ROOT]
    shown = home.ec2.describe_snapshot_attribute(SnapshotId=copied_id, Attribute="createVolumePermission")
    assert shown["CreateVolumePermissions"] == []


@pytest.mark.aws_safe
@rule("1.4 not carried", "PP#249")
def test_deprecation_stays_behind(home: Place) -> None:
    """The deprecation of the source is not that of the copy."""
    source = an_image(home)
    home.ec2.enable_image_deprecation(ImageId=source, DeprecateAt=in_days(home, source, 30))
    assert "DeprecationTime" not in copied(home, source)


@pytest.mark.aws_safe
@rule("1.4 identity", "M", "UG-how")
def test_copy_is_an_image_of_its_own(home: Place) -> None:
    """A copy belongs to the caller, is made now, and is no instance's."""
    source = image_of(home, an_image(home))
    copy_ = copied(home, source["ImageId"])
    assert copy_["OwnerId"] == home.account_id
    assert copy_["CreationDate"] >= source["CreationDate"]
    assert "SourceInstanceId" not in copy_


@pytest.mark.aws_safe
@rule("1.4 lineage", "M")
def test_copy_names_its_source(home: Place, away: Place) -> None:
    """SourceImageId and SourceImageRegion say where a copy is from."""
    source = an_image(home)
    copy_ = copied(away, source, home)
    assert (copy_["SourceImageId"], copy_["SourceImageRegion"]) == (source, home.region)


@pytest.mark.aws_safe
@rule("5.1 GetImageAncestry", "M")
def test_ancestry_leads_back_to_the_first_image(home: Place, away: Place) -> None:
    """GetImageAncestry lists the copy, what it is from, and so on, as far as is known."""
    source = an_image(home)
    first = copied(home, source)["ImageId"]
    second = copied(home, first)["ImageId"]
    entries = home.ec2.get_image_ancestry(ImageId=second)["ImageAncestryEntries"]
    assert [each["ImageId"] for each in entries] == [second, first, source]
    assert [each.get("SourceImageId") for each in entries] == [first, source, None]


@pytest.mark.emulator_only
@pytest.mark.parametrize("while_pending", [True, False])
@rule("9 lineage", "M")
def test_lineage_while_pending_under_both_readings(home: Place, while_pending: bool) -> None:
    """Whether a pending copy names its source is open; an available one does."""
    home.target.configure(copy_image_reports_source_while_pending=while_pending)
    source = an_image(home)
    copy_id = home.ec2.copy_image(SourceImageId=source, SourceRegion=home.region, Name="lineage")["ImageId"]
    assert ("SourceImageId" in image_of(home, copy_id)) == while_pending
    home.until(lambda: image_of(home, copy_id)["State"] == "available", "copy")
    assert image_of(home, copy_id)["SourceImageId"] == source


@pytest.mark.emulator_only
@rule("9 lineage", "M")
def test_lineage_may_be_missing(home: Place) -> None:
    """An AWS that reports no lineage at all is possible, and only our tags say then what was copied."""
    home.target.configure(copy_image_reports_source=False)
    copy_ = copied(home, an_image(home))
    assert "SourceImageId" not in copy_ and "SourceImageRegion" not in copy_


@pytest.mark.aws_safe
@rule("1.1 CopyImageTags", "UG-how")
def test_tags_do_not_cross_accounts(home: Place, other: Place) -> None:
    """Tags that another account put on a shared image are not copied."""
    source = an_image(other)
    other.ec2.create_tags(Resources=[source], Tags=[{"Key": "Team", "Value": "theirs"}])
    share_image(other, source, home)
    assert tags_of(copied(home, source, CopyImageTags=True)) == {}


@rule("1.4 not carried", "UG-how", "M8")
def test_what_makes_starts_faster_stays_with_the_source(home: Place) -> None:
    """Fast snapshot restore is of a snapshot in zones, fast launch of a Windows image; a copy has neither."""
    source = an_image(home)
    snapshot_id = snapshot_ids(image_of(home, source))[ROOT]
    home.ec2.enable_fast_snapshot_restores(AvailabilityZones=[home.zone], SourceSnapshotIds=[snapshot_id])
    made = copied(home, source)
    ids = [snapshot_id, *snapshot_ids(made).values()]
    answer = home.ec2.describe_fast_snapshot_restores(Filters=[{"Name": "snapshot-id", "Values": ids}])
    [shown] = answer["FastSnapshotRestores"]
    assert (shown["SnapshotId"], shown["AvailabilityZone"]) == (snapshot_id, home.zone)
    assert home.ec2.describe_fast_launch_images(ImageIds=[source, made["ImageId"]])["FastLaunchImages"] == []
