# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Eventual consistency and idempotency (§9)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    ROOT,
    a_registered_image,
    a_snapshot,
    a_volume,
    an_image,
    copied,
    copy,
    copy_snapshot,
    image_of,
    tagged,
)
from .place import Place, a_name, image, own_ids, refused, settled, snapshot
from .rules import rule

LAG = 40.0


def lagging(place: Place) -> None:
    """Make what is created from now on visible late only."""
    place.target.configure(not_found_lag=LAG)


@pytest.mark.emulator_only
@pytest.mark.parametrize("made_by", ["CopyImage", "RegisterImage"])
@rule("9 not found", "coreos/mantle#1091", "P#3377", "M")
def test_new_images_are_not_found_at_first(home: Place, made_by: str) -> None:
    """Right after its creation an image may be unknown to DescribeImages, CreateTags and others."""
    source, snapshot_id = an_image(home), a_snapshot(home)
    lagging(home)
    if made_by == "CopyImage":
        image_id = copy(home, source)
    else:
        mappings = [{"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id}}]
        image_id = home.ec2.register_image(Name=a_name(), RootDeviceName=ROOT, BlockDeviceMappings=mappings)["ImageId"]
    for call in (
        lambda: home.ec2.describe_images(ImageIds=[image_id]),
        lambda: home.ec2.create_tags(Resources=[image_id], Tags=[{"Key": "Kind", "Value": "any"}]),
        lambda: home.ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "new"}),
    ):
        with refused("InvalidAMIID.NotFound"):
            call()
    assert image_id not in own_ids(home)
    home.target.pass_time(LAG + 1)
    assert image(home, image_id)


@pytest.mark.emulator_only
@rule("9 not found", "M")
def test_new_snapshots_are_not_found_at_first(home: Place) -> None:
    """Right after its creation a snapshot may be unknown too."""
    source = a_snapshot(home)
    lagging(home)
    copy_id = copy_snapshot(home, source)
    with refused("InvalidSnapshot.NotFound"):
        home.ec2.describe_snapshots(SnapshotIds=[copy_id])
    home.target.pass_time(LAG + 1)
    assert snapshot(home, copy_id)


@pytest.mark.emulator_only
@rule("9 not found", "P#3377")
def test_the_image_exists_though_it_is_not_found(home: Place) -> None:
    """What is not found yet has been created all the same: its name is taken."""
    snapshot_id, name = a_snapshot(home), a_name()
    request = {"Name": name, "BlockDeviceMappings": [{"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id}}]}
    lagging(home)
    home.ec2.register_image(RootDeviceName=ROOT, **request)
    with refused("InvalidAMIName.Duplicate"):
        home.ec2.register_image(RootDeviceName=ROOT, **request)


@pytest.mark.emulator_only
@rule("9 tag filters", "cloudcaptain#138")
def test_tag_filters_lag(home: Place) -> None:
    """A filter by tag may miss what the id finds already."""
    source = an_image(home)
    home.target.configure(tag_filter_lag=LAG)
    image_id = copy(home, source, TagSpecifications=tagged("image", Kind="late"))
    filters = [{"Name": "tag:Kind", "Values": ["late"]}]
    assert image(home, image_id)
    assert home.ec2.describe_images(Owners=["self"], Filters=filters)["Images"] == []
    home.target.pass_time(LAG + 1)
    assert len(home.ec2.describe_images(Owners=["self"], Filters=filters)["Images"]) == 1


@pytest.mark.aws_safe
@rule("9 tokens", "ERR", "M")
def test_same_token_same_image(home: Place) -> None:
    """The same call with the same token answers with the same image, and makes no second."""
    source = an_image(home)
    request: dict[str, t.Any] = {"Name": a_name(), "ClientToken": a_name("token")}
    first = copy(home, source, **request)
    settled(home, image, first)
    before = own_ids(home)
    assert copy(home, source, **request) == first
    assert own_ids(home) == before


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    "change",
    [{"Name": "conformance-other"}, {"Description": "other"}, {"Encrypted": True}],
    ids=lambda change: next(iter(change)),
)
@rule("9 tokens", "ERR")
def test_same_token_other_parameters(home: Place, change: dict[str, t.Any]) -> None:
    """The same token with other parameters is refused with IdempotentParameterMismatch."""
    source = an_image(home)
    request: dict[str, t.Any] = {"Name": a_name(), "ClientToken": a_name("token")}
    copy(home, source, **request)
    with refused("IdempotentParameterMismatch"):
        copy(home, source, **{**request, **change})


@pytest.mark.aws_safe
@rule("9 tokens", "M")
def test_tokens_are_per_region(home: Place, away: Place) -> None:
    """The same token in another region is another."""
    source = an_image(home)
    request: dict[str, t.Any] = {"Name": a_name(), "ClientToken": a_name("token")}
    assert copy(home, source, **request) != copy(away, source, home, **request)


@pytest.mark.aws_safe
@rule("9 tokens", "B", "M")
def test_without_a_token_each_call_is_new(home: Place) -> None:
    """botocore makes a new token for each call, so that a second call makes a second image."""
    source = an_image(home)
    assert copy(home, source) != copy(home, source)


@pytest.mark.aws_safe
@rule("9 tokens", "M", "ERR")
def test_token_is_limited(home: Place) -> None:
    """A token of CopyImage has at most 128 characters."""
    source = an_image(home)
    with refused():
        home.raw_ec2.copy_image(SourceImageId=source, SourceRegion=home.region, Name=a_name(), ClientToken="x" * 129)


@pytest.mark.emulator_only
@pytest.mark.parametrize("outlives", [True, False])
@rule("9 tokens", "M")
def test_token_of_a_deregistered_image_under_both_readings(home: Place, outlives: bool) -> None:
    """A token whose image is gone answers with the old id, or starts again: open."""
    home.target.configure(token_outlives_image=outlives)
    source = an_image(home)
    request: dict[str, t.Any] = {"Name": a_name(), "ClientToken": a_name("token")}
    first = copied(home, source, **request)["ImageId"]
    home.ec2.deregister_image(ImageId=first)
    assert (copy(home, source, **request) == first) == outlives


@pytest.mark.aws_safe
@rule("9 names", "ERR")
def test_name_is_free_again_after_deregistration(home: Place) -> None:
    """The name of a deregistered image can be used again, given time for the change to propagate."""
    name = a_name()
    first = an_image(home, Name=name)
    snapshot_id = image_of(home, first)["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    home.ec2.deregister_image(ImageId=first)

    def registered() -> str | None:
        try:
            return a_registered_image(home, [{"DeviceName": ROOT, "Ebs": {"SnapshotId": snapshot_id}}], Name=name)
        except home.ec2.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidAMIName.Duplicate"
            return None

    assert home.until(registered, f"{name} free") != first


@pytest.mark.aws_safe
@rule("9 tokens", "M")
def test_volume_tokens_are_not_image_tokens(home: Place) -> None:
    """A token serves one action: another action may use the same."""
    token = a_name("token")
    assert a_volume(home, ClientToken=token)
    assert copy(home, an_image(home), ClientToken=token)
