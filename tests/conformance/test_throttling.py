# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request throttling and how it looks (§8)."""

from __future__ import annotations

import pytest

from .builders import a_snapshot, an_image, copy
from .place import Place, refused
from .rules import rule

pytestmark = pytest.mark.emulator_only


def calls_until_refused(place: Place, limit: int) -> int:
    """Describe an image that does not exist until a call is throttled, and return how many went through."""
    for number in range(limit):
        try:
            place.ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])
        except place.ec2.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == "RequestLimitExceeded":
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 503
                return number
    raise AssertionError(f"not throttled within {limit} calls")


@rule("8 throttle error", "THR", "B")
def test_describing_is_throttled_at_a_hundred(home: Place) -> None:
    """Describe calls have a bucket of 100, refilled by 20 a second; then RequestLimitExceeded, HTTP 503."""
    home.target.trouble("throttle", service="ec2")
    assert calls_until_refused(home, 110) == 100
    home.target.pass_time(1)
    assert calls_until_refused(home, 30) == 20


@rule("8 buckets", "THR")
def test_launches_have_a_small_bucket(home: Place) -> None:
    """RunInstances has a bucket of 5, refilled by 2 a second."""
    home.target.trouble("throttle", service="ec2")
    request = {"ImageId": "ami-0123456789abcdef0", "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    for _ in range(5):
        with refused("InvalidAMIID.NotFound"):
            home.ec2.run_instances(**request)
    with refused("RequestLimitExceeded", status=503):
        home.ec2.run_instances(**request)
    home.target.pass_time(1)
    for code in ("InvalidAMIID.NotFound", "InvalidAMIID.NotFound", "RequestLimitExceeded"):
        with refused(code, status=None):
            home.ec2.run_instances(**request)


@rule("8 buckets", "THR")
def test_image_copies_have_a_large_bucket_that_fills_slowly(home: Place) -> None:
    """CopyImage has a bucket of 100, refilled by 1 a second."""
    source = an_image(home)
    home.target.trouble("throttle", service="ec2")
    home.target.configure(concurrent_image_copies=0, concurrent_snapshot_copies=0)
    for _ in range(100):
        copy(home, source)
    with refused("RequestLimitExceeded", status=503):
        copy(home, source)
    home.target.pass_time(1)
    copy(home, source)
    with refused("RequestLimitExceeded", status=503):
        copy(home, source)


@rule("8 buckets", "THR")
def test_buckets_are_per_account_and_region(home: Place, away: Place, other: Place) -> None:
    """An account that is throttled in one region is not in another, and other accounts are not at all."""
    home.target.trouble("throttle", service="ec2")
    assert calls_until_refused(home, 110) == 100
    for place in (away, other):
        with refused("InvalidAMIID.NotFound"):
            place.ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])


@rule("8 buckets", "THR")
def test_buckets_are_per_kind_of_action(home: Place) -> None:
    """An action with a bucket of its own is not held up by others."""
    snapshot_id = a_snapshot(home)
    home.target.trouble("throttle", service="ec2")
    calls_until_refused(home, 110)
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@rule("8 throttle error", "B")
def test_kms_throttles_in_its_own_way(home: Place) -> None:
    """KMS says ThrottlingException, HTTP 400."""
    home.target.trouble("throttled", service="kms", count=1)
    with refused("ThrottlingException", status=400):
        home.kms.list_aliases()
    assert "Aliases" in home.kms.list_aliases()
