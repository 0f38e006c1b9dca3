# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retiring: the Recycle Bin, and locks of snapshots (§18)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import an_image, image_of, share_image, snapshot_ids, tagged, tags_of
from .place import Place, image, refused, settled, snapshot
from .rules import rule

DAY = 86400.0


def rbin(place: Place) -> t.Any:
    """Return a client of the Recycle Bin's rules."""
    return place.target.client("rbin", region=place.region, account=place.account)


def a_rule(place: Place, kind: str = "EC2_IMAGE", days: int = 7, **request: t.Any) -> str:
    """Make a rule, for everything unless it says otherwise, and return its id."""
    period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
    return str(rbin(place).create_rule(ResourceType=kind, RetentionPeriod=period, **request)["Identifier"])


def tag(key: str, value: str) -> list[dict[str, str]]:
    """Return tags as rules have them."""
    return [{"ResourceTagKey": key, "ResourceTagValue": value}]


def binned(place: Place) -> dict[str, dict[str, t.Any]]:
    """Return the images in the bin by id."""
    return {found["ImageId"]: found for found in place.ec2.list_images_in_recycle_bin()["Images"]}


def retire(place: Place, image_id: str) -> None:
    """Deregister an image with its snapshots."""
    place.ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)


@rule("18.1 rules", "RB8")
def test_rules_show_their_tags_one_by_one_only(home: Place) -> None:
    """ListRules tells id, period and lock of a type's rules; tags and state are shown by GetRule."""
    first = a_rule(home, ResourceTags=tag("Stage", "golden"), Description="golden")
    a_rule(home, "EBS_SNAPSHOT")
    [listed] = rbin(home).list_rules(ResourceType="EC2_IMAGE")["Rules"]
    assert (listed["Identifier"], listed["RetentionPeriod"]["RetentionPeriodValue"]) == (first, 7)
    assert not {"ResourceTags", "Status"} & set(listed)
    found = rbin(home).get_rule(Identifier=first)
    assert (found["Status"], found["ResourceTags"], found["Description"]) == (
        "available",
        tag("Stage", "golden"),
        "golden",
    )
    rbin(home).delete_rule(Identifier=first)
    with refused("ResourceNotFoundException", status=404):
        rbin(home).get_rule(Identifier=first)


@rule("18.1 rules", "RB8")
def test_rules_have_limits(home: Place) -> None:
    """A rule retains for 1 to 365 days, by tags or, with at most five exclusions, everything."""
    for days in (366, 1000):
        with refused("ValidationException"):
            a_rule(home, days=days)
    with refused("ValidationException"):
        a_rule(home, ResourceTags=tag("a", "b"), ExcludeResourceTags=tag("c", "d"))
    with refused("ValidationException"):
        a_rule(home, ExcludeResourceTags=[*tag("a", "b"), *tag("c", "d")] * 3)


@rule("18.1 bin", "EBS-rbin", "UG23-recycle-bin")
def test_deregistered_images_go_into_the_bin(home: Place) -> None:
    """A retained image is gone from DescribeImages and listed in the bin, without tags and snapshots."""
    a_rule(home)
    image_id = an_image(home, Description="golden", TagSpecifications=tagged("image", Stage="golden"))
    home.ec2.deregister_image(ImageId=image_id)
    assert image(home, image_id) is None
    found = binned(home)[image_id]
    assert found["Description"] == "golden" and not {"Tags", "BlockDeviceMappings"} & set(found)
    assert (found["RecycleBinExitTime"] - found["RecycleBinEnterTime"]).days == 7


@pytest.mark.parametrize(
    ("request_", "retained"),
    [
        ({}, True),
        ({"ResourceTags": tag("Stage", "golden")}, True),
        ({"ResourceTags": [*tag("Stage", "other"), *tag("Team", "a")]}, True),
        ({"ResourceTags": tag("Stage", "other")}, False),
        ({"ExcludeResourceTags": tag("Stage", "golden")}, False),
        ({"ExcludeResourceTags": tag("Stage", "other")}, True),
    ],
)
@rule("18.1 match", "RB8", "UG23-recycle-bin")
def test_rules_match_by_any_tag(home: Place, request_: dict[str, t.Any], retained: bool) -> None:
    """A rule by tags retains what has one of them; one for all retains what has no exclusion tag."""
    a_rule(home, **request_)
    image_id = an_image(home, TagSpecifications=tagged("image", Stage="golden", Team="a"))
    home.ec2.deregister_image(ImageId=image_id)
    assert (image_id in binned(home)) == retained


@rule("18.1 match", "UG23-recycle-bin")
def test_the_longest_retention_wins(home: Place) -> None:
    """Of several rules that fit, the longest retention holds; images and snapshots have rules of their own."""
    for days in (3, 30, 5):
        a_rule(home, days=days)
    image_id = an_image(home)
    retire(home, image_id)
    found = binned(home)[image_id]
    assert (found["RecycleBinExitTime"] - found["RecycleBinEnterTime"]).days == 30
    assert home.ec2.list_snapshots_in_recycle_bin()["Snapshots"] == []


@rule("18.1 restore", "EBS-rbin")
def test_snapshots_are_restored_before_their_image(home: Place) -> None:
    """An image is restored, with its tags, once its snapshots are; not before."""
    a_rule(home)
    a_rule(home, "EBS_SNAPSHOT")
    image_id = an_image(home, TagSpecifications=tagged("image", Stage="golden"))
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    retire(home, image_id)
    assert snapshot(home, snapshot_id) is None
    with refused():
        home.ec2.restore_image_from_recycle_bin(ImageId=image_id)
    restored = home.ec2.restore_snapshot_from_recycle_bin(SnapshotId=snapshot_id)
    assert restored["State"] in ("recovering", "completed")
    assert settled(home, snapshot, snapshot_id)["State"] == "completed"
    assert home.ec2.restore_image_from_recycle_bin(ImageId=image_id)["Return"] is True
    found = image_of(home, image_id)
    assert found["State"] == "available" and tags_of(found) == {"Stage": "golden"}
    assert binned(home) == {}


@rule("18.1 restore", "EBS-rbin")
def test_permissions_come_back_from_the_bin(home: Place, other: Place) -> None:
    """What was shared is shared again after its restoration, unlike after EnableImage."""
    a_rule(home)
    image_id = an_image(home)
    share_image(home, image_id, other, storage=False)
    home.ec2.deregister_image(ImageId=image_id)
    assert image(other, image_id) is None
    home.ec2.restore_image_from_recycle_bin(ImageId=image_id)
    assert image(other, image_id)
    home.ec2.disable_image(ImageId=image_id)
    home.ec2.enable_image(ImageId=image_id)
    assert image(other, image_id) is None


@pytest.mark.emulator_only
@rule("18.1 expiry", "EBS-rbin")
def test_what_was_retained_long_enough_is_gone(home: Place) -> None:
    """After its time in the bin an image is gone for good."""
    a_rule(home, days=1)
    image_id = an_image(home)
    home.ec2.deregister_image(ImageId=image_id)
    home.target.pass_time(DAY + 1)
    assert binned(home) == {}
    with refused("InvalidAMIID.NotFound"):
        home.ec2.restore_image_from_recycle_bin(ImageId=image_id)


@pytest.mark.emulator_only
@rule("18.1 rules", "UG23-recycle-bin")
def test_rules_take_effect_after_a_while(home: Place) -> None:
    """A rule is pending, and retains nothing, for a while."""
    home.target.configure(rbin_rule_seconds=1800)
    rule_id, first, second = a_rule(home), an_image(home), an_image(home)
    assert rbin(home).get_rule(Identifier=rule_id)["Status"] == "pending"
    home.ec2.deregister_image(ImageId=first)
    home.target.pass_time(1800)
    home.ec2.deregister_image(ImageId=second)
    assert set(binned(home)) == {second}


@pytest.mark.emulator_only
@pytest.mark.parametrize("keeps", [True, False])
@rule("18.1 names", "U26-ami-quotas")
def test_names_in_the_bin_under_both_readings(home: Place, keeps: bool) -> None:
    """Whether an image in the bin keeps its name is open."""
    home.target.configure(rbin_keeps_name=keeps)
    a_rule(home)
    image_id = an_image(home)
    found = image_of(home, image_id)
    home.ec2.deregister_image(ImageId=image_id)
    [snapshot_id] = snapshot_ids(found).values()
    mapping = [{"DeviceName": found["RootDeviceName"], "Ebs": {"SnapshotId": snapshot_id}}]
    request = {"Name": found["Name"], "RootDeviceName": found["RootDeviceName"], "BlockDeviceMappings": mapping}
    if keeps:
        with refused("InvalidAMIName.Duplicate"):
            home.ec2.register_image(**request)
    else:
        assert home.ec2.register_image(**request)["ImageId"]


@pytest.mark.emulator_only
@pytest.mark.parametrize(("restores", "state"), [(True, "disabled"), (False, "available")])
@rule("18.1 restore", "services/ebs recycle-bin")
def test_disabled_images_from_the_bin_under_both_readings(home: Place, restores: bool, state: str) -> None:
    """Rules retain disabled images too; whether these come back disabled is open."""
    home.target.configure(rbin_restores_disabled=restores)
    a_rule(home)
    image_id = an_image(home)
    home.ec2.disable_image(ImageId=image_id)
    home.ec2.deregister_image(ImageId=image_id)
    home.ec2.restore_image_from_recycle_bin(ImageId=image_id)
    [found] = home.ec2.describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
    assert found["State"] == state


def locked(place: Place, **request: t.Any) -> tuple[str, str]:
    """Return an image and its snapshot, which is locked."""
    image_id = an_image(place)
    [snapshot_id] = snapshot_ids(image_of(place, image_id)).values()
    place.ec2.lock_snapshot(SnapshotId=snapshot_id, **{"LockMode": "governance", "LockDuration": 1, **request})
    return image_id, snapshot_id


@rule("18.2 locks", "M8", "EBS-lock")
def test_locked_snapshots_cannot_be_deleted(home: Place) -> None:
    """A locked snapshot stays; its image may go. Unlocked, it may go too."""
    image_id, snapshot_id = locked(home)
    answer = home.ec2.deregister_image(ImageId=image_id, DeleteAssociatedSnapshots=True)
    [result] = answer["DeleteSnapshotResults"]
    assert result["ReturnCode"] in ("client-error", "internal-error", "missing-permissions")
    with refused():
        home.ec2.delete_snapshot(SnapshotId=snapshot_id)
    home.ec2.unlock_snapshot(SnapshotId=snapshot_id)
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@pytest.mark.emulator_only
@rule("18.2 locks", "EBS-lock")
def test_locks_expire(home: Place) -> None:
    """An expired lock is listed as such, and holds nothing any more."""
    image_id, snapshot_id = locked(home)
    [found] = home.ec2.describe_locked_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert (found["LockState"], found["LockDuration"]) == ("governance", 1)
    home.ec2.deregister_image(ImageId=image_id)
    home.target.pass_time(DAY + 1)
    [found] = home.ec2.describe_locked_snapshots(Filters=[{"Name": "lock-state", "Values": ["expired"]}])["Snapshots"]
    assert found["SnapshotId"] == snapshot_id
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@pytest.mark.emulator_only
@rule("18.2 compliance", "M8", "EBS-lock")
def test_compliance_holds_after_it_has_cooled_off(home: Place) -> None:
    """A lock in compliance mode can be taken away while it cools off only, and be extended ever after."""
    _image_id, snapshot_id = locked(home, LockMode="compliance", CoolOffPeriod=1)
    [found] = home.ec2.describe_locked_snapshots()["Snapshots"]
    assert found["LockState"] == "compliance-cooloff"
    home.ec2.unlock_snapshot(SnapshotId=snapshot_id)
    home.ec2.lock_snapshot(SnapshotId=snapshot_id, LockMode="compliance", CoolOffPeriod=1, LockDuration=2)
    home.target.pass_time(3601)
    with refused():
        home.ec2.unlock_snapshot(SnapshotId=snapshot_id)
    with refused():
        home.ec2.lock_snapshot(SnapshotId=snapshot_id, LockMode="compliance", LockDuration=1)
    home.ec2.lock_snapshot(SnapshotId=snapshot_id, LockMode="compliance", LockDuration=3)
