# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed ``odd``: what it promises is there, as AWS shows it (aws_rules §25)."""

from __future__ import annotations

import typing as t

import pytest
from botocore.exceptions import ClientError

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator


@pytest.fixture
def odd(in_process_emulator: Emulator) -> dict[str, t.Any]:
    """Return the ids of the oddities."""
    return t.cast(dict[str, t.Any], in_process_emulator.seed("odd")["odd"])


def shown(emulator: Emulator, found: str, region: str = "us-east-1") -> dict[str, t.Any]:
    """Return an image as DescribeImages shows it."""
    return t.cast(
        dict[str, t.Any],
        emulator.session(region=region).client("ec2").describe_images(ImageIds=[found])["Images"][0],
    )


def test_what_has_the_source_of_a_copy_need_not_be_one(in_process_emulator: Emulator, odd: dict[str, t.Any]) -> None:
    source = image_id("plain-root")
    for name in ("image-of-an-instance", "dlm-image", "backup-image"):
        image = shown(in_process_emulator, odd[name])
        assert image["SourceImageId"] == source and image["SourceInstanceId"].startswith("i-")
    copy = shown(in_process_emulator, odd["copy-by-another-tool"], "eu-west-1")
    assert copy["SourceImageId"] == source and "SourceInstanceId" not in copy


def test_images_without_name_date_and_description(in_process_emulator: Emulator, odd: dict[str, t.Any]) -> None:
    image = shown(in_process_emulator, odd["nameless"])
    assert not {"Name", "RootDeviceName", "Tags", "Description"} & set(image) and image["CreationDate"] == ""
    assert shown(in_process_emulator, odd["undescribed-and-empty"])["Description"] == ""


def test_images_of_aws_backup_cannot_be_deregistered(in_process_emulator: Emulator, odd: dict[str, t.Any]) -> None:
    with pytest.raises(ClientError, match="OperationNotPermitted"):
        in_process_emulator.session().client("ec2").deregister_image(ImageId=odd["backup-image"])


def test_the_odd_seed_has_all_of_the_full_one(in_process_emulator: Emulator, odd: dict[str, t.Any]) -> None:
    assert shown(in_process_emulator, image_id("database-sealed"))["State"] == "available"
    snapshots = (
        in_process_emulator.session()
        .client("ec2")
        .describe_snapshots(SnapshotIds=[odd["volume-backup"], odd["backup-of-an-instances-volume"]])["Snapshots"]
    )
    assert all(one["VolumeId"].startswith("vol-") and one["Encrypted"] for one in snapshots)
