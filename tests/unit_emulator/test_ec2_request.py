# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests against the botocore model, filters, and mappings that contradict themselves."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.ec2 import actions, request
from emulated_aws.ec2.devices import check_mapping_shape, check_volume_type
from emulated_aws.ec2.errors import AwsError
from emulated_aws.ec2.filters import Facts

actions.load()

COPY = {"Name": "web", "SourceImageId": "ami-1", "SourceRegion": "eu-west-1"}


def code_and_words(attempt: t.Callable[[], object]) -> tuple[str, str]:
    """Return code and message of the error that the attempt ends in."""
    with pytest.raises(AwsError) as caught:
        attempt()
    return caught.value.code, str(caught.value.message)


@pytest.mark.parametrize(
    ("action", "wire"),
    [
        ("CopyImage", ["TagSpecification.1.Tag.1.Key", "Encrypted", "KmsKeyId", "ClientToken", "X-Amz-Date"]),
        ("CopySnapshot", ["PresignedUrl", "DestinationRegion", "SourceSnapshotId", "SourceRegion"]),
        ("DescribeImages", ["Filter.1.Name", "Filter.1.Value.2", "ImageId.1", "Owner.1", "ExecutableBy.1"]),
        ("RegisterImage", ["BlockDeviceMapping.1.Ebs.SnapshotId", "BlockDeviceMapping.2.NoDevice"]),
        ("ModifyImageAttribute", ["LaunchPermission.Add.1.UserId", "Description.Value"]),
        ("RunInstances", ["NetworkInterface.1.SubnetId", "Placement.AvailabilityZone"]),
        ("DescribeSnapshots", ["RestorableBy.1", "SnapshotId.1"]),
    ],
)
def test_parameters_of_the_model_pass(action: str, wire: list[str]) -> None:
    required: dict[str, dict[str, t.Any]] = {
        "CopyImage": COPY,
        "CopySnapshot": {"SourceSnapshotId": "snap-1", "SourceRegion": "eu-west-1"},
        "RegisterImage": {"Name": "web"},
        "ModifyImageAttribute": {"ImageId": "ami-1"},
        "RunInstances": {"MinCount": 1, "MaxCount": 1},
    }
    request.check(action, dict.fromkeys([*wire, "Action", "Version"], "x"), required.get(action, {}))


@pytest.mark.parametrize(
    ("action", "wire"),
    [
        ("CopyImage", "KmsKeyIds"),
        ("CopyImage", "kmsKeyId"),
        ("CopyImage", "TagSpecification.1.Tags.1.Key"),
        ("CopyImage", "BlockDeviceMapping.1.DeviceName"),
        ("CopySnapshot", "ClientToken"),
        ("CreateImage", "ClientToken"),
        ("DescribeImages", "Filters.1.Name"),
        ("DescribeImages", "ImageId.first"),
        ("RegisterImage", "BlockDeviceMapping.1.Ebs.Key"),
    ],
)
def test_other_parameters_are_refused(action: str, wire: str) -> None:
    attempt = code_and_words(lambda: request.check(action, {wire: "x"}, {}))
    assert attempt == ("UnknownParameter", f"The parameter {wire} is not recognized")


@pytest.mark.parametrize("missing", sorted(COPY))
def test_required_parameters(missing: str) -> None:
    parsed = {name: value for name, value in COPY.items() if name != missing}
    code, words = code_and_words(lambda: request.check("CopyImage", {}, parsed))
    assert code == "MissingParameter" and missing in words


def test_values_outside_an_enumeration() -> None:
    parsed = {"ImageId": "ami-1", "Attribute": "colour"}
    assert code_and_words(lambda: request.check("DescribeImageAttribute", {}, parsed))[0] == "InvalidParameterValue"


def test_filters_of_actions_that_moto_serves() -> None:
    request.check_filters("DescribeVpcs", [{"Name": "is-default"}, {"Name": "isDefault"}, {"Name": "tag:x"}])
    attempt = code_and_words(lambda: request.check_filters("DescribeVpcs", [{"Name": "colour"}]))
    assert attempt == ("InvalidParameterValue", "The filter 'colour' is invalid")


class Thing(t.NamedTuple):
    """Something to filter."""

    name: str
    size: int | None = None
    sealed: bool = False
    tags: t.Mapping[str, str] = t.cast("t.Mapping[str, str]", {})


THINGS = [Thing("web-1", 8, True, {"Role": "web"}), Thing("web*2", 20), Thing("db", None, False, {"Role": "db"})]
FACTS: Facts[Thing] = Facts(
    {"name": lambda one: one.name, "size": lambda one: one.size, "sealed": lambda one: one.sealed},
    tags=lambda one: dict(one.tags),
)


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([], ["web-1", "web*2", "db"]),
        ([("name", ["web*"])], ["web-1", "web*2"]),
        ([("name", ["web\\*2"])], ["web*2"]),
        ([("name", ["web-?", "d?"])], ["web-1", "db"]),
        ([("name", ["WEB-1"])], []),
        ([("size", ["8"])], ["web-1"]),
        ([("sealed", ["true"])], ["web-1"]),
        ([("tag:Role", ["web", "other"])], ["web-1"]),
        ([("tag-key", ["Role"]), ("name", ["d*"])], ["db"]),
        ([("tag:Missing", ["*"])], []),
        ([("name", [])], []),
    ],
)
def test_filters(filters: list[tuple[str, list[str]]], names: list[str]) -> None:
    asked = [{"Name": name, "Values": values} for name, values in filters]
    assert [one.name for one in FACTS.select(THINGS, asked)] == names


def test_unknown_filter_is_refused_even_with_nothing_to_filter() -> None:
    attempt = code_and_words(lambda: FACTS.select([], [{"Name": "colour", "Values": ["x"]}]))
    assert attempt == ("InvalidParameterValue", "The filter 'colour' is invalid")


@pytest.mark.parametrize(
    ("kind", "measures", "code"),
    [
        ("gp9", {}, "UnknownVolumeType"),
        ("gp2", {"iops": 3000}, "InvalidParameterCombination"),
        ("io2", {}, "MissingParameter"),
        ("io1", {"iops": 100, "throughput": 125}, "InvalidParameterCombination"),
        ("gp3", {"throughput": 124}, "InvalidParameterValue"),
        ("gp2", {"size": 16385}, "InvalidParameterValue"),
        ("st1", {"size": 124}, "InvalidParameterValue"),
    ],
)
def test_volume_types(kind: str, measures: dict[str, int], code: str) -> None:
    asked = {"size": 200, "iops": None, "throughput": None} | measures
    assert code_and_words(lambda: check_volume_type(kind, **asked))[0] == code
    check_volume_type("gp3", size=8, iops=3000, throughput=125)


@pytest.mark.parametrize(
    "entries",
    [
        [{"DeviceName": "/dev/sda1"}],
        [{"DeviceName": "/dev/sda1", "Ebs": {}, "NoDevice": ""}],
        [{"DeviceName": "/dev/sda1", "Ebs": {}}, {"DeviceName": "/dev/sda1", "NoDevice": ""}],
    ],
)
def test_mappings_that_contradict_themselves(entries: list[dict[str, t.Any]]) -> None:
    assert code_and_words(lambda: check_mapping_shape(entries))[0] == "InvalidBlockDeviceMapping"
    check_mapping_shape([{"DeviceName": "/dev/sda1", "Ebs": {}}, {"DeviceName": "/dev/sdb", "NoDevice": ""}])
