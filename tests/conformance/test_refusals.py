# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS does not know, it refuses: parameters, actions, filters (ERR)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import a_snapshot, an_image, copy, copy_snapshot
from .place import Place, nothing_created, refused, tampered
from .rules import rule

CALLS: dict[str, t.Callable[[Place], t.Any]] = {
    "DescribeImages": lambda place: place.ec2.describe_images(Owners=["self"]),
    "DescribeSnapshots": lambda place: place.ec2.describe_snapshots(OwnerIds=["self"]),
    "DescribeVolumes": lambda place: place.ec2.describe_volumes(),
    "DescribeInstances": lambda place: place.ec2.describe_instances(),
    "CopyImage": lambda place: copy(place, "ami-0123456789abcdef0"),
    "CopySnapshot": lambda place: copy_snapshot(place, "snap-0123456789abcdef0"),
    "DeregisterImage": lambda place: place.ec2.deregister_image(ImageId="ami-0123456789abcdef0"),
    "CreateImage": lambda place: place.ec2.create_image(InstanceId="i-0123456789abcdef0", Name="refused"),
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("action", CALLS)
@rule("refusal UnknownParameter", "ERR")
def test_unknown_parameter(home: Place, action: str) -> None:
    """A parameter that the action does not know is refused with UnknownParameter, not ignored."""
    words = "Bogus"
    with nothing_created(home), refused("UnknownParameter", says=words), tampered(home.ec2, action, Bogus="1"):
        CALLS[action](home)


@pytest.mark.aws_safe
@rule("refusal UnknownParameter", "ERR", "M")
def test_unknown_parameter_within_a_structure(home: Place) -> None:
    """A parameter that a structure does not know is refused too."""
    wrong = {"BlockDeviceMapping.1.DeviceName": "/dev/xvda", "BlockDeviceMapping.1.Ebs.KmsKey": "alias/aws/ebs"}
    with nothing_created(home), refused("UnknownParameter"), tampered(home.ec2, "RegisterImage", **wrong):
        home.ec2.register_image(Name="refused", RootDeviceName="/dev/xvda")


@pytest.mark.aws_safe
@rule("refusal InvalidAction", "ERR")
def test_unknown_action(home: Place) -> None:
    """An action that there is not is refused with InvalidAction."""
    with refused("InvalidAction"), tampered(home.ec2, "DescribeImages", Action="DescribePictures"):
        home.ec2.describe_images(Owners=["self"])


@pytest.mark.aws_safe
@pytest.mark.parametrize("action", ["describe_images", "describe_snapshots", "describe_volumes", "describe_instances"])
@rule("refusal filters", "ERR")
def test_unknown_filter(home: Place, action: str) -> None:
    """A filter that there is not is refused with InvalidParameterValue, by name."""
    with refused("InvalidParameterValue", says="The filter 'colour' is invalid"):
        getattr(home.ec2, action)(Filters=[{"Name": "colour", "Values": ["red"]}])


@pytest.mark.aws_safe
@rule("refusal filters", "M")
def test_no_filter_by_key(home: Place) -> None:
    """Snapshots cannot be filtered by their key, which AWS does not list."""
    with refused("InvalidParameterValue"):
        home.ec2.describe_snapshots(Filters=[{"Name": "kms-key-id", "Values": ["any"]}])


MISSING: dict[str, t.Callable[[Place], t.Any]] = {
    "DeregisterImage ImageId": lambda place: place.raw_ec2.deregister_image(),
    "RegisterImage Name": lambda place: place.raw_ec2.register_image(RootDeviceName="/dev/xvda"),
    "CreateImage InstanceId": lambda place: place.raw_ec2.create_image(Name="refused"),
    "CreateSnapshot VolumeId": lambda place: place.raw_ec2.create_snapshot(),
    "DeleteSnapshot SnapshotId": lambda place: place.raw_ec2.delete_snapshot(),
    "AttachVolume Device": lambda place: place.raw_ec2.attach_volume(VolumeId="vol-1", InstanceId="i-1"),
    "DescribeImageAttribute Attribute": lambda place: place.raw_ec2.describe_image_attribute(ImageId="ami-1"),
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("case", MISSING)
@rule("refusal MissingParameter", "ERR", "M")
def test_missing_parameter(home: Place, case: str) -> None:
    """A required parameter that is not there is refused with MissingParameter, by name."""
    with nothing_created(home), refused("MissingParameter", says=case.split()[1]):
        MISSING[case](home)


@pytest.mark.aws_safe
@rule("refusal tags", "ERR")
def test_reserved_tags(home: Place) -> None:
    """Keys that begin with aws: are AWS's own."""
    image_id = an_image(home)
    with refused("InvalidParameterValue"):
        home.ec2.create_tags(Resources=[image_id], Tags=[{"Key": "aws:own", "Value": "any"}])


@pytest.mark.aws_safe
@rule("refusal MaxResults", "M")
def test_page_size_is_limited(home: Place) -> None:
    """Snapshots come in pages of 5 to 1000."""
    snapshot_id = a_snapshot(home)
    with refused():
        home.ec2.describe_snapshots(OwnerIds=["self"], MaxResults=0)
    assert snapshot_id in {
        each["SnapshotId"] for each in home.ec2.describe_snapshots(OwnerIds=["self"], MaxResults=1000)["Snapshots"]
    }
