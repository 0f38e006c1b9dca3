# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can come between an owner and its consumers: it is named, nothing of others is touched, the next run ends it."""

from __future__ import annotations

import typing as t

import pytest

from system.distribute.scene import AWAY, CONSUMERS, DIRECT, FIRST, HOME, KEYS, NOTHING, ONE, SMALL, TARGETS, Stage
from system.share.sharing import ORGANIZATION, snapshots_in
from system.virtual_time import VirtualTime

SECOND = "111122223333"
# The other account alone, in one region.
OTHERS = (
    TARGETS.partition("  - account: production")[0]
    + "  - account: staging"
    + (TARGETS.partition("  - account: staging")[2].partition("\n  - account: partner")[0].replace(f", {AWAY}]", "]"))
)


def assert_ended(stage: Stage, numbers: t.Iterable[str] = (FIRST,), *, images: int = 2) -> None:
    """Demand that these accounts have the images, and the owner nothing on the way."""
    stage.emulator.advance(120)
    assert stage.left() == NOTHING
    for number in numbers:
        look = stage.consumers[number]
        copies = stage.copies(number, HOME)
        assert len(copies) == images
        for copy in copies:
            assert set(look.keys(HOME, copy["ImageId"]).values()) == {look.key_arn(KEYS[number], HOME)}


def test_two_owners_at_once(stage: Stage) -> None:
    """One inventory names one account, one the other: each takes back its own, the last one what both had needed."""
    one, other = stage.role(ONE), stage.role(OTHERS)
    for role in (one, other):
        assert role.play("look", "find", "give") == ""
    assert len(stage.left()["intermediates"]) == 1, "both go by the same intermediate copy"
    assert one.play("copy") == "" and one.play("take_back") == ""
    left = stage.left()
    assert len(left["intermediates"]) == 1, "the other one's consumer has yet to copy from it"
    assert {one["UserId"] for one in left[DIRECT][0]} == {SECOND}
    assert len(left["alias/golden"]) == len(left["alias/data"]) == 1
    assert other.play("copy") == "" and other.play("take_back") == ""
    assert_ended(stage, (FIRST, SECOND))


def test_two_runs_of_one_owner_at_once(stage: Stage) -> None:
    one, other = stage.role(ONE), stage.role(ONE)
    for part in ("look", "find", "give", "copy", "take_back"):
        assert (part, one.play(part), other.play(part)) == (part, "", "")
    assert_ended(stage)


def test_a_consumer_that_is_the_owner(stage: Stage) -> None:
    """It copies its own images and needs nothing of itself."""
    owner = stage.owner
    targets = SMALL.replace("role_arn: arn:aws:iam::210987654321:role/image-copier", 'account_id: "123456789012"')
    role = stage.role(targets.replace("alias/golden", "alias/os"))
    role.act_as("production", stage.allow("image-owner", "123456789012", CONSUMERS))
    stage.emulator.clear_calls()
    assert role.play() == ""
    assert owner.mutations() == ["CopyImage"] and stage.left() == NOTHING
    assert {way["pattern"] for way in role.hosts["localhost"]["distribute_plan"]["ways"]} == {"own"}
    stage.emulator.clear_calls()
    assert role.play() == "" and owner.mutations() == []


def test_what_is_shared_with_an_organization_stays_so(stage: Stage) -> None:
    """The account is given its own permission for a while, and whatever the organization has is the owner's affair."""
    entry = [{"OrganizationArn": ORGANIZATION}]
    stage.owner.ec2(HOME).modify_image_attribute(ImageId=DIRECT, LaunchPermission={"Add": entry})
    assert stage.role(SMALL).play() == ""
    shared = stage.owner.ec2(HOME).describe_image_attribute(ImageId=DIRECT, Attribute="launchPermission")
    assert shared["LaunchPermissions"] == entry and len(stage.copies(FIRST, HOME)) == 1
    assert stage.left()["alias/golden"] == []


def test_allowed_images_of_the_consumer_are_named(stage: Stage) -> None:
    ec2 = stage.consumers[FIRST].ec2(HOME)
    ec2.enable_allowed_images_settings(AllowedImagesSettingsState="enabled")
    ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=[{"ImageProviders": ["amazon"]}])
    role = stage.role(SMALL)
    role.act_as("production", stage.allow("image-copier", FIRST, (*CONSUMERS, "explain-hidden-source")))
    failure = role.play()
    assert "Allowed AMIs" in failure and "production" in failure and stage.copies(FIRST, HOME) == []
    left = stage.left()
    assert left[DIRECT][0] and len(left["alias/golden"]) == 1, "everything is kept for the next run"
    ec2.disable_allowed_images_settings()
    assert role.play() == ""
    assert_ended(stage, images=1)


@pytest.mark.parametrize("seconds", [10.0, 90.0])
def test_a_grant_that_is_revoked_while_a_copy_runs(stage: Stage, virtual_time: VirtualTime, seconds: float) -> None:
    """Whether the copy fails by that, AWS does not say: what is there in the end is whole, or the next run makes it."""
    stage.emulator.configure(copy_seconds_minimum=100.0)
    role = stage.role(SMALL)
    assert role.play("look", "find", "give") == ""
    kms, key = stage.owner.kms(HOME), stage.owner.key_arn("alias/golden", HOME)

    def revoke() -> None:
        for one in kms.list_grants(KeyId=key)["Grants"]:
            kms.revoke_grant(KeyId=key, GrantId=one["GrantId"])

    virtual_time.later(seconds, revoke)
    said = [role.play("copy"), role.play("take_back")]
    if any(said):
        assert stage.left()[DIRECT][0], "everything is kept for the next run"
        assert role.play() == ""
    assert_ended(stage, images=1)


@pytest.mark.parametrize("quota", ["concurrent_image_copies", "concurrent_snapshot_copies"])
def test_a_quota_of_copies_is_waited_for(stage: Stage, quota: str) -> None:
    stage.emulator.configure(copy_seconds_minimum=100.0, **{quota: 1})
    assert stage.role(ONE).play() == ""
    assert_ended(stage)
    assert "ResourceLimitExceeded" in [one["error"] for one in stage.emulator.calls(action="CopyImage")]


def test_all_copies_are_under_way_at_once(stage: Stage, virtual_time: VirtualTime) -> None:
    """Those of intermediate copies too, which are tasks of their own."""
    stage.emulator.configure(copy_seconds_minimum=1000.0)
    role = stage.role(ONE)
    assert role.play("look", "find", "give") == ""
    begun = virtual_time.now()
    assert role.play("copy") == ""
    assert virtual_time.now() - begun < 1150


def test_permissions_that_an_account_had_before_stay(stage: Stage) -> None:
    """Only what was given goes: the account could copy all the time, and keeps that."""
    ec2, image = stage.owner.ec2(HOME), stage.owner.image(HOME, DIRECT) or {}
    ec2.modify_image_attribute(ImageId=DIRECT, LaunchPermission={"Add": [{"UserId": FIRST}]})
    for one in snapshots_in(image):
        ec2.modify_snapshot_attribute(SnapshotId=one, CreateVolumePermission={"Add": [{"UserId": FIRST}]})
    before = stage.left()
    assert stage.role(SMALL).play() == ""
    assert stage.left() == before and before["alias/golden"] == []
