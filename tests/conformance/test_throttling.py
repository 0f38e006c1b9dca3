# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request throttling and how it looks (§8)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import a_snapshot, an_image, copy
from .place import Place, refused
from .rules import rule

pytestmark = pytest.mark.emulator_only
ABSENT, VOLUME, INSTANCE = "ami-0123456789abcdef0", "vol-0123456789abcdef0", "i-0123456789abcdef0"
TAGS = [{"Key": "Kind", "Value": "any"}]
LAUNCH: dict[str, t.Any] = {"ImageId": ABSENT, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}

# Calls that are refused, which costs a token all the same; the size of their bucket and its refill per second.
BUCKETS: dict[str, tuple[t.Callable[[Place], t.Any], int, int]] = {
    "DescribeImages": (lambda place: place.ec2.describe_images(ImageIds=[ABSENT]), 100, 20),
    "DescribeSnapshots unfiltered": (lambda place: place.ec2.describe_snapshots(), 50, 10),
    "CreateTags": (lambda place: place.ec2.create_tags(Resources=[ABSENT], Tags=TAGS), 100, 10),
    "CreateSnapshot": (lambda place: place.ec2.create_snapshot(VolumeId=VOLUME), 100, 5),
    "DeregisterImage": (lambda place: place.ec2.deregister_image(ImageId=ABSENT), 100, 5),
    "TerminateInstances": (lambda place: place.ec2.terminate_instances(InstanceIds=[INSTANCE]), 100, 5),
    "CreateImage": (lambda place: place.ec2.create_image(InstanceId=INSTANCE, Name="refused"), 50, 5),
    "AttachVolume": (lambda p: p.ec2.attach_volume(VolumeId=VOLUME, InstanceId=INSTANCE, Device="/dev/sdf"), 50, 5),
    "RunInstances": (lambda place: place.ec2.run_instances(**LAUNCH), 5, 2),
    "CopyImage": (lambda place: copy(place, ABSENT), 100, 1),
}


def calls_until_throttled(place: Place, call: t.Callable[[Place], t.Any]) -> int:
    """Return how many calls went through before RequestLimitExceeded, HTTP 503."""
    for number in range(200):
        try:
            call(place)
        except place.ec2.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "RequestLimitExceeded":
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
                return number
    raise AssertionError("not throttled within 200 calls")


@pytest.mark.parametrize("action", BUCKETS)
@rule("8 buckets", "THR", "B")
def test_size_and_refill(home: Place, action: str) -> None:
    """Each action has a bucket of tokens with its own size and refill; without a token it is RequestLimitExceeded."""
    call, size, refill = BUCKETS[action]
    home.target.trouble("throttle", service="ec2")
    assert calls_until_throttled(home, call) == size
    home.target.pass_time(1)
    assert calls_until_throttled(home, call) == refill


@rule("8 buckets", "THR")
def test_buckets_do_not_overflow(home: Place) -> None:
    """However long it is left alone, a bucket holds no more than its size."""
    home.target.trouble("throttle", service="ec2")
    launch, size, _ = BUCKETS["RunInstances"]
    calls_until_throttled(home, launch)
    home.target.pass_time(3600)
    assert calls_until_throttled(home, launch) == size


@rule("8 buckets", "THR")
def test_buckets_are_per_account_and_region(home: Place, away: Place, other: Place) -> None:
    """An account that is throttled in one region is not in another, and other accounts are not at all."""
    home.target.trouble("throttle", service="ec2")
    launch, size, _ = BUCKETS["RunInstances"]
    assert [calls_until_throttled(place, launch) for place in (home, away, other)] == [size] * 3


@rule("8 buckets", "THR")
def test_buckets_are_per_kind_of_action(home: Place) -> None:
    """An action with a bucket of its own is not held up by others."""
    snapshot_id = a_snapshot(home)
    home.target.trouble("throttle", service="ec2")
    for action in ("CreateImage", "RunInstances"):
        calls_until_throttled(home, BUCKETS[action][0])
    with refused("RequestLimitExceeded", status=503):
        home.ec2.register_image(Name="refused", RootDeviceName="/dev/xvda")
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@rule("8 throttle error", "B", "THR")
def test_throttled_calls_have_no_effect(home: Place) -> None:
    """A throttled call did nothing, and succeeds when repeated."""
    image_id = an_image(home)
    home.target.trouble("throttled", service="ec2", action="DeregisterImage", count=1)
    with refused("RequestLimitExceeded", status=503):
        home.ec2.deregister_image(ImageId=image_id)
    assert home.ec2.describe_images(ImageIds=[image_id])["Images"]
    home.ec2.deregister_image(ImageId=image_id)


@rule("8 throttle error", "B")
def test_kms_throttles_in_its_own_way(home: Place) -> None:
    """KMS says ThrottlingException, HTTP 400."""
    home.target.trouble("throttled", service="kms", count=1)
    with refused("ThrottlingException", status=400):
        home.kms.list_aliases()
    assert "Aliases" in home.kms.list_aliases()
