# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of tomorrow: members that AWS has just brought (aws_rules §22), and some that it has not, change nothing."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.images import describe_images
from ansible_collections.sealed.ami.plugins.module_utils._aws.instances import find_instance
from ansible_collections.sealed.ami.plugins.module_utils._aws.keys import describe_key
from ansible_collections.sealed.ami.plugins.module_utils._aws.snapshots import find_snapshots
from ansible_collections.sealed.ami.plugins.module_utils._aws.volumes import find_volumes
from ansible_collections.sealed.ami.plugins.module_utils._image.marks import InstanceTypes
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._execute.fakes import FakeClient, FakeRegion

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1"
IMAGE: dict[str, t.Any] = {
    "ImageId": "ami-1", "State": "available", "OwnerId": "123456789012", "RootDeviceType": "ebs",
    "RootDeviceName": "/dev/xvda",
    "BlockDeviceMappings": [
        {
            "DeviceName": "/dev/xvda",
            "Ebs": {"SnapshotId": "snap-1", "Encrypted": True, "VolumeSize": 65536, "VolumeType": "gp3", "Iops": 80000,
                    "Throughput": 2000},
        }
    ],
}  # fmt: skip
SNAPSHOT = {"SnapshotId": "snap-1", "State": "completed", "Encrypted": True, "KmsKeyId": ARN, "VolumeSize": 65536}
VOLUME = {
    "VolumeId": "vol-1", "State": "available", "Encrypted": True, "KmsKeyId": ARN, "Size": 65536, "Iops": 80000,
    "VolumeType": "gp3", "Throughput": 2000,
}  # fmt: skip
INSTANCE = {"InstanceId": "i-1", "State": {"Name": "running"}, "ImageId": "ami-1", "BlockDeviceMappings": []}
KEY = {"Arn": ARN, "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "KeySpec": "SYMMETRIC_DEFAULT"}
NOBODYS: dict[str, t.Any] = {"OfTomorrow": {"Nested": [1, None]}, "Also": None, "And": []}
Read = t.Callable[[dict[str, t.Any]], t.Any]


def image(entry: dict[str, t.Any]) -> t.Any:
    """Return what is made of an image in an answer."""
    return describe_images(FakeRegion(ec2=FakeClient(describe_images={"Images": [entry]})), [])


def snapshot(entry: dict[str, t.Any]) -> t.Any:
    """Return what is made of a snapshot."""
    return find_snapshots(FakeRegion(ec2=FakeClient(describe_snapshots={"Snapshots": [entry]})), ["snap-1"])


def volume(entry: dict[str, t.Any]) -> t.Any:
    """Return what is made of a volume."""
    return find_volumes(FakeRegion(ec2=FakeClient(describe_volumes={"Volumes": [entry]})), ["vol-1"])


def instance(entry: dict[str, t.Any]) -> t.Any:
    """Return what becomes of an instance."""
    answer = {"Reservations": [{"Instances": [entry]}]}
    return find_instance(FakeRegion(ec2=FakeClient(describe_instances=answer)), "i-1")


def key(entry: dict[str, t.Any]) -> t.Any:
    """Return what is made of a key."""
    return describe_key(FakeRegion(kms=FakeClient(describe_key={"KeyMetadata": entry})), ARN)


@pytest.mark.parametrize(
    ("read", "entry", "news"),
    [
        pytest.param(
            image,
            IMAGE,
            {
                "FreeTierEligible": True, "PublicSsmParameterName": "/aws/service/x",
            },
            id="image",
        ),
        pytest.param(snapshot, SNAPSHOT, {"SseType": "sse-kms", "TransferType": "standard"}, id="snapshot"),
        pytest.param(volume, VOLUME, {"SseType": "sse-kms", "VolumeInitializationRate": 300}, id="volume"),
        pytest.param(instance, INSTANCE, {"NetworkPerformanceOptions": {"BandwidthWeighting": "ebs-1"}}, id="instance"),
        pytest.param(key, KEY, {"CurrentKeyMaterialId": "1", "XksKeyConfiguration": {"Id": "1"}}, id="key"),
    ],
)  # fmt: skip
def test_new_members_change_nothing(read: Read, entry: dict[str, t.Any], news: dict[str, t.Any]) -> None:
    before = read(entry)
    assert before
    assert read({**entry, **news, **NOBODYS}) == before


def test_watermarks_are_kept_whatever_else_stands_in_them() -> None:
    marks = [{"WatermarkKey": "123456789012:golden", **NOBODYS}]
    assert image({**IMAGE, "ImageWatermarks": marks})[0].watermarks == ("123456789012:golden",)


def test_instance_types_are_read_whatever_else_stands_in_them() -> None:
    types = {"SupportedInstanceTypes": [{"InstanceType": "t3.*", **NOBODYS}, {"InstanceType": "m5.large"}], **NOBODYS}
    assert image({**IMAGE, "InstanceTypeSpecification": types})[0].instance_types == InstanceTypes(("m5.large", "t3.*"))


def test_scans_are_read_whatever_stands_in_them() -> None:
    scanned = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
    results = {"HighestFindingSeverityLabel": "low", "FindingScanDate": scanned, "OfTomorrow": 7}
    found = image({**IMAGE, "ImageAllowed": False, "ScanResults": results})[0]
    assert found.is_allowed is False and image(IMAGE)[0].is_allowed is None
    assert found.scan_results == {
        "highest_finding_severity_label": "low", "finding_scan_date": "2026-11-01T00:00:00+00:00", "of_tomorrow": "7"
    }  # fmt: skip
    assert image(IMAGE)[0].scan_results is None


@pytest.mark.parametrize(
    ("read", "entry", "member"),
    [
        pytest.param(image, IMAGE, "State", id="state of an image"),
        pytest.param(image, IMAGE, "RootDeviceType", id="root of an image"),
        pytest.param(snapshot, SNAPSHOT, "State", id="state of a snapshot"),
        pytest.param(snapshot, SNAPSHOT, "StorageTier", id="tier of a snapshot"),
        pytest.param(volume, VOLUME, "State", id="state of a volume"),
        pytest.param(volume, VOLUME, "VolumeType", id="type of a volume"),
        pytest.param(key, KEY, "KeyState", id="state of a key"),
        pytest.param(key, KEY, "KeySpec", id="spec of a key"),
    ],
)
def test_new_values_are_passed_on(read: Read, entry: dict[str, t.Any], member: str) -> None:
    assert "of-tomorrow" in repr(read({**entry, member: "of-tomorrow"}))


def test_the_largest_volume_of_today_is_read_whole() -> None:
    (device,) = image(IMAGE)[0].devices
    assert (device.volume_size, device.iops, device.throughput) == (65536, 80000, 2000)
    found = volume(VOLUME)["vol-1"]
    assert (found.volume_size, found.iops, found.throughput) == (65536, 80000, 2000)
