# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage: from pending to available or failed (§1.2)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    a_key,
    an_image,
    aws_managed_key,
    copied,
    copy,
    image_of,
    key_of,
    mappings_of,
    snapshot_ids,
    snapshots_of,
    tagged,
    tags_of,
)
from .keys import BAD_KEYS, absent_alias, disabled
from .place import GONE, Place, image, refused, settled, snapshot
from .rules import rule

FAILURES = ("Copy image failed with an internal error", "Given key ID is not accessible")


@pytest.mark.aws_safe
@rule("1.2.1", "M")
def test_copy_is_pending_at_once(home: Place) -> None:
    """The response comes at once, while the image is still pending."""
    pending = copy(home, an_image(home), Encrypted=True)
    found = home.until(lambda: image(home, pending), f"{pending} visible")
    assert found["State"] == "pending"


@pytest.mark.emulator_only
@rule("1.2.2", "P#6434")
def test_snapshot_ids_may_be_absent_while_pending(home: Place) -> None:
    """A pending copy has its mappings, but its snapshots cannot be relied on."""
    found = image_of(home, copy(home, an_image(home, data={"/dev/sdf": None})))
    assert found["State"] == "pending"
    assert all("SnapshotId" not in mapping.get("Ebs", {}) for mapping in found["BlockDeviceMappings"])


@pytest.mark.aws_safe
@rule("1.2.3", "M", "UG-how")
def test_available_only_when_all_snapshots_are(home: Place) -> None:
    """An image is available only once all its snapshots are completed, at 100%."""
    copy_ = copied(home, an_image(home, data={"/dev/sdf": None}), Encrypted=True)
    shown = snapshots_of(home, copy_).values()
    assert [(each["State"], each["Progress"]) for each in shown] == [("completed", "100%")] * 2


@pytest.mark.aws_safe
@rule("1.2.3", "M")
def test_snapshots_are_pending_while_the_image_is(home: Place) -> None:
    """The new snapshots can be found while they are copied, pending, by their tags."""
    tags = tagged("snapshot", Copy="pending")
    pending = copy(home, an_image(home), Encrypted=True, TagSpecifications=tags)
    mine = [{"Name": "tag:Copy", "Values": ["pending"]}]
    states: set[str] = set()

    def finished() -> bool:
        states.update(each["State"] for each in home.ec2.describe_snapshots(Filters=mine)["Snapshots"])
        return image_of(home, pending)["State"] == "available"

    home.until(finished, f"{pending} available")
    assert states == {"pending", "completed"}


@pytest.mark.aws_safe
@pytest.mark.parametrize("bad_key", BAD_KEYS, ids=lambda bad_key: bad_key.__name__)
@rule("1.2.4", "M", "P#6599", "P#6737", "boto3#3493")
def test_bad_key_fails_later(home: Place, away: Place, bad_key: t.Callable[[Place, Place], str]) -> None:
    """A key that cannot be used is found out later: the call succeeds, the image fails or vanishes."""
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=bad_key(home, away))
    found = settled(home, image, pending)
    assert found["State"] in ("failed", GONE["State"])
    if found["State"] == "failed":
        reason = found["StateReason"]
        assert reason["Code"] and any(known in reason["Message"] for known in FAILURES)


@pytest.mark.aws_safe
@rule("1.5 KMS permission", "UG-perm")
def test_key_of_another_account(home: Place, other: Place) -> None:
    """A key of another account that does not let us use it fails later too."""
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=a_key(other))
    assert settled(home, image, pending)["State"] in ("failed", GONE["State"])


@pytest.mark.aws_safe
@rule("1.1 KmsKeyId", "K", "UG23-ebs-modifying-snapshot-permissions")
def test_shared_key_of_another_account(home: Place, other: Place) -> None:
    """A key of another account that lets us use it serves, when named by its ARN."""
    key = a_key(other, shared_with=home)
    copy_ = copied(home, an_image(home), Encrypted=True, KmsKeyId=key)
    assert [key_of(each) for each in snapshots_of(home, copy_).values()] == [key]


@pytest.mark.emulator_only
@pytest.mark.parametrize("vanishes", [True, False])
@rule("1.2.4", "boto3#3493", "P#6599")
def test_failed_image_under_both_readings(home: Place, away: Place, vanishes: bool) -> None:
    """A failed image stays to be seen, or is gone without a trace: both were reported."""
    home.target.configure(copy_image_failed_image_vanishes=vanishes)
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=disabled(home, away))
    assert settled(home, image, pending)["State"] == (GONE["State"] if vanishes else "failed")


@pytest.mark.emulator_only
@pytest.mark.parametrize("kept", [True, False])
@rule("1.2.4", "P#7954")
def test_snapshots_of_a_failed_image_under_both_readings(home: Place, away: Place, kept: bool) -> None:
    """A failed copy may or may not leave its snapshots, in error."""
    home.target.configure(copy_image_keeps_snapshots_of_failed=kept)
    tags = tagged("snapshot", Copy="failed")
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=disabled(home, away), TagSpecifications=tags)
    settled(home, image, pending)
    found = home.ec2.describe_snapshots(Filters=[{"Name": "tag:Copy", "Values": ["failed"]}])["Snapshots"]
    assert [each["State"] for each in found] == (["error"] if kept else [])
    assert all("Given key ID is not accessible" in each["StateMessage"] for each in found)


@rule("1.2.4", "M")
def test_key_disabled_while_copying(home: Place) -> None:
    """A key that is disabled while the copy runs makes it fail."""
    key = a_key(home)
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=key)
    home.kms.disable_key(KeyId=key)
    assert settled(home, image, pending)["State"] in ("failed", GONE["State"])


@rule("1.2.4", "M")
def test_key_disabled_afterwards(home: Place) -> None:
    """A key that is disabled after the copy leaves the copy as it is."""
    key = a_key(home)
    copy_ = copied(home, an_image(home), Encrypted=True, KmsKeyId=key)
    home.kms.disable_key(KeyId=key)
    assert image_of(home, copy_["ImageId"])["State"] == "available"


@rule("1.2.4", "EBS-copy")
def test_source_key_must_be_usable(home: Place) -> None:
    """A source whose own key is disabled cannot be read, so that its copy fails later."""
    source_key = a_key(home)
    source = an_image(home, root=source_key)
    home.kms.disable_key(KeyId=source_key)
    pending = copy(home, source, Encrypted=True, KmsKeyId=a_key(home))
    assert settled(home, image, pending)["State"] in ("failed", GONE["State"])


@pytest.mark.aws_safe
@rule("1.2.5", "UG-copy")
def test_deregistering_stops_a_copy(home: Place) -> None:
    """A pending copy is stopped by deregistering it."""
    pending = copy(home, an_image(home), Encrypted=True)
    home.until(lambda: image(home, pending), f"{pending} visible")
    home.ec2.deregister_image(ImageId=pending)
    home.until(lambda: image(home, pending) is None, f"{pending} gone")


@pytest.mark.aws_safe
@rule("1.2.6", "P#7954")
def test_failed_image_is_deregistered_like_any_other(home: Place) -> None:
    """A failed image exists until it is deregistered."""
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=absent_alias(home, home))
    if settled(home, image, pending) is GONE:
        pytest.skip("this AWS lets failed images vanish")
    home.ec2.deregister_image(ImageId=pending)
    home.until(lambda: image(home, pending) is None, f"{pending} gone")


@pytest.mark.aws_safe
@rule("1.2.5", "UG-copy")
def test_pending_image_cannot_be_launched(home: Place) -> None:
    """A pending image cannot be launched."""
    pending = copy(home, an_image(home), Encrypted=True)
    home.until(lambda: image(home, pending), f"{pending} visible")
    with refused("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound"):
        home.ec2.run_instances(ImageId=pending, InstanceType="t3.micro", MinCount=1, MaxCount=1)


@pytest.mark.aws_safe
@rule("1.2.3", "M")
def test_waiters_of_botocore_hold(home: Place) -> None:
    """Once available, botocore's waiters agree that the image and its snapshots are there."""
    copy_ = copied(home, an_image(home))
    home.ec2.get_waiter("image_available").wait(ImageIds=[copy_["ImageId"]], WaiterConfig={"MaxAttempts": 1})
    ids = list(snapshot_ids(copy_).values())
    home.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=ids, WaiterConfig={"MaxAttempts": 1})


@pytest.mark.emulator_only
@rule("8 durations", "A#37834", "UG-how")
def test_larger_snapshots_take_longer(home: Place) -> None:
    """The time a copy takes grows with its size."""
    home.target.configure(copy_seconds_per_gib=60.0, copy_seconds_minimum=0.0)
    pending = copy(home, an_image(home), Encrypted=True)
    home.target.pass_time(50)
    assert image_of(home, pending)["State"] == "pending"
    home.target.pass_time(20)
    assert image_of(home, pending)["State"] == "available"


@pytest.mark.aws_safe
@rule("5.2 KmsKeyId", "M")
def test_alias_is_resolved_when_the_copy_is_made(home: Place) -> None:
    """The snapshot shows the key's ARN, also where the default alias was named."""
    copy_ = copied(home, an_image(home), Encrypted=True, KmsKeyId="alias/aws/ebs")
    assert [key_of(each) for each in snapshots_of(home, copy_).values()] == [aws_managed_key(home)]


@pytest.mark.aws_safe
@rule("1.2.3", "M")
def test_mappings_are_complete_when_available(home: Place) -> None:
    """An available copy shows a snapshot on every EBS device, and its tags are still there."""
    source = an_image(home, data={"/dev/sdf": DEFAULT_KEY})
    copy_ = copied(home, source, TagSpecifications=tagged("image", Kind="image"))
    assert all(snapshot(home, each) for each in snapshot_ids(copy_).values())
    assert set(mappings_of(copy_)) == set(mappings_of(image_of(home, source)))
    assert tags_of(copy_) == {"Kind": "image"}
