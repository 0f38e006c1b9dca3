# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ours or not ours, made or met: what looks like the copy and is not, and what is said when something goes wrong."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.identity import HOME_ACCOUNT, Credentials
from oracle.guard import Guard
from system.copy.asking import AWAY, FAR, HOME, SOURCES, Copy
from system.copy.lookalikes import by_hand, copied_snapshots, ids, image_of_instance, mark_of
from system.looking import Looking, tags

pytestmark = pytest.mark.lengthy

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
OLD: dict[str, t.Any] = {"kms_key_id": "alias/os"}
GONE: dict[str, t.Any] = {**KEY, "state": "absent"}
FRIEND = "210987654321"


def keys_read(look: Looking, member: str, value: t.Any) -> None:
    """Let DescribeSnapshots show something else in Ireland from now on."""
    change = {"path": f"Snapshots.*.{member}", "set": value}
    look.emulator.faults.add("mutate", action="DescribeSnapshots", region=AWAY, changes=[change])


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("KmsKeyId", "another key", id="another key"),
        pytest.param("Encrypted", False, id="plain"),
        pytest.param("KmsKeyId", "another region", id="the same key id in another region"),
    ],
)
def test_the_keys_of_a_copy_are_read_back(copy: Copy, look: Looking, member: str, value: t.Any) -> None:
    """The central promise: AWS's answer decides, not the request."""
    golden = look.key_arn("alias/golden", AWAY)
    shown = {"another key": look.key_arn("alias/os", AWAY), "another region": golden.replace(AWAY, FAR)}
    keys_read(look, member, shown.get(value, value))
    made = copy("plain-root", **KEY)
    assert made.failed and "is not encrypted as requested" in made.msg
    assert str(shown.get(value, "unencrypted")) in made.msg
    (entry,) = made["images"]
    assert (entry["action"], set(entry["created"])) == ("failed", ids(look) | copied_snapshots(look))


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
def test_a_copy_that_is_not_sealed_stays_or_goes_as_asked(copy: Copy, look: Looking, on_failure: str) -> None:
    keys_read(look, "KmsKeyId", look.key_arn("alias/os", AWAY))
    made = copy("plain-root", **KEY, on_failure=on_failure)
    assert made.failed
    assert bool(ids(look)) is bool(copied_snapshots(look)) is (on_failure == "keep")
    (entry,) = made["images"]
    if on_failure == "rollback":
        assert (entry["image_id"], entry["state"], entry["created"]) == (None, "absent", [])
        assert made["changed"] and len(entry["removed"]) == 2


@pytest.mark.parametrize("options", [{"encrypted": False}, KEY, {**KEY, "superseded": "deregister"}])
def test_an_image_of_an_instance_is_no_copy(copy: Copy, look: Looking, options: dict[str, t.Any]) -> None:
    """AWS names the image that the instance was launched from as its source, too."""
    application = image_of_instance(look, SOURCES["plain-root"], region=HOME, own={"App": "payroll"})
    before = look.image(HOME, application)
    made = copy("plain-root", **options, region=HOME, tags={"Team": "platform"}, launch_permissions={"user_ids": []})
    assert (made.msg, made["image"]["action"]) == ("", "copied")
    assert made["image_id"] != application
    assert look.image(HOME, application) == before


def test_a_used_token_answers_with_an_image_that_was_met(copy: Copy, look: Looking) -> None:
    """AWS answers with yesterday's image: it is neither rolled back nor listed as created."""
    old = copy("plain-root", **OLD)
    rule = look.emulator.faults.add(
        "mutate", action="CopyImage", region=AWAY, nth=1, changes=[{"path": "ImageId", "set": old["image_id"]}]
    )
    made = copy("plain-root", **KEY, on_failure="rollback")
    look.emulator.faults.clear(rule)
    assert old["image_id"] in ids(look)
    assert made["image_id"] != old["image_id"]


@pytest.mark.parametrize(
    "hidden", [pytest.param(True, id="hidden from the first look"), pytest.param(False, id="shown")]
)
def test_another_run_s_image_is_not_rolled_back(copy: Copy, look: Looking, hidden: bool) -> None:
    """The answer names an image that this run has not made; sharing it fails; it has to stay."""
    other = copy("plain-root", **KEY)
    if hidden:
        look.emulator.faults.add(
            "mutate", action="DescribeImages", region=AWAY, nth=[1, 2], changes=[{"path": "Images", "set": []}]
        )
    look.emulator.faults.add("error", action="ModifyImageAttribute", code="InvalidRequest", status=400, message="no")
    share: dict[str, t.Any] = {"launch_permissions": {"user_ids": [FRIEND]}}
    made = copy("plain-root", **KEY, **share, on_failure="rollback")
    assert made.failed
    assert ids(look) == {other["image_id"]}
    assert made["images"][0].get("created", []) == []


def test_an_answer_with_another_run_s_image_makes_it_nobody_s(copy: Copy, look: Looking) -> None:
    """AWS may answer a used token without comparing the rest; the first looks did not show that image."""
    other = copy("plain-root", **OLD)
    hidden = [{"path": "Images", "set": []}]
    look.emulator.faults.add("mutate", action="DescribeImages", region=AWAY, nth=[1, 2], changes=hidden)
    answer = [{"path": "ImageId", "set": other["image_id"]}]
    look.emulator.faults.add("mutate", action="CopyImage", region=AWAY, nth=1, changes=answer)
    made = copy("plain-root", **KEY, on_failure="rollback")
    assert made.msg == "" and made["image_id"] != other["image_id"]
    assert set(look.keys(AWAY, made["image_id"]).values()) == {look.key_arn("alias/golden", AWAY)}
    assert ids(look) == {other["image_id"], made["image_id"]}


@pytest.mark.parametrize(
    "decoy",
    [
        pytest.param({"source": "name-twin"}, id="of another source"),
        pytest.param({"key": "alias/os"}, id="under another key"),
        pytest.param({"source": "mixed", "key": "alias/os"}, id="neither"),
    ],
)
def test_a_token_s_tag_makes_no_copy(copy: Copy, look: Looking, decoy: dict[str, str]) -> None:
    """After IdempotentParameterMismatch, what carries the token has to be the copy, not just its tags."""
    first = copy("plain-root", **KEY, wait=False)
    like = look.image(AWAY, first["image_id"])
    forged = by_hand(look, **{"source": "plain-root", "key": "alias/golden", **decoy}, like=like)
    look.ec2(AWAY).deregister_image(ImageId=first["image_id"])
    look.emulator.configure(token_outlives_image=True)
    made = copy("plain-root", **KEY)
    assert made.msg == ""
    assert made["image_id"] not in (forged, first["image_id"])
    assert set(look.keys(AWAY, made["image_id"]).values()) == {look.key_arn("alias/golden", AWAY)}
    assert forged in ids(look)


def test_without_waiting_nobody_hands_out_a_stranger_s_copy(copy: Copy, look: Looking) -> None:
    look.emulator.configure(copy_seconds_minimum=600)
    stranger = by_hand(look, "plain-root", key="alias/os")
    made = copy("plain-root", **KEY, wait=False)
    assert made["image_id"] != stranger
    assert "not verified yet" in made["image"]["reason"]
    again = copy("plain-root", **KEY, wait=False)
    assert (again["image_id"], again["image"]["action"]) == (made["image_id"], "adopted")
    assert "not verified yet" in again["image"]["reason"]


def test_a_stranger_s_copy_that_turns_out_wrong_is_followed_by_ours(copy: Copy, look: Looking) -> None:
    look.emulator.configure(copy_seconds_minimum=30)
    stranger = by_hand(look, "plain-root", key="alias/os")
    made = copy("plain-root", **KEY)
    assert (made.msg, made["image"]["action"]) == ("", "copied")
    assert ids(look) == {stranger, made["image_id"]}


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param("expired", id="credentials have expired"),
        pytest.param("denied", id="a look is denied"),
        pytest.param("refused", id="the new tags are refused"),
    ],
)
def test_nothing_is_lost_between_two_plans(
    copy: Copy, look: Looking, virtual_time: t.Any, trouble: str, oracle: Guard
) -> None:
    """One region adopts and then fails; the copy that another region has made is still named."""
    look.emulator.configure(copy_seconds_minimum=60)
    adopted = by_hand(look, "plain-root", key="alias/golden")
    oracle.given(adopted, to=["CreateTags"])

    def fail() -> None:
        if trouble == "expired":
            look.emulator.faults.add("expired_token", action="DescribeImages", region=AWAY, skip=1)
        elif trouble == "denied":
            look.emulator.faults.add("access_denied", action="GetEbsEncryptionByDefault")
            look.emulator.faults.add("access_denied", service="kms", action="DescribeKey")
            look.emulator.faults.add("access_denied", action="DescribeImages", region=HOME)
        else:
            look.emulator.faults.add("access_denied", action="CreateTags")

    virtual_time.later(20, fail)
    made = copy("plain-root", **KEY, destinations=[{"region": AWAY}, {"region": FAR}], tags={"Team": "a"})
    here, there = made["images"]
    assert made.failed and made["changed"]
    assert here["image_id"] == adopted and here["error"] and here.get("created") == []
    assert {there["image_id"]} == ids(look, FAR)
    assert there["action"] == "copied"


def test_a_new_copy_stays_once_its_predecessor_is_deregistered(copy: Copy, look: Looking) -> None:
    old = copy("database", **OLD)
    victim = sorted(one["snapshot_id"] for one in old["image"]["snapshots"])[1]
    options = {**KEY, "superseded": "deregister", "on_failure": "rollback"}
    new = copy("database", **options, as_=one_who_may_not_delete(look, victim))
    (entry,) = new["images"]
    assert new.failed and new["changed"]
    assert ids(look) == {entry["image_id"]}
    assert old["image_id"] in entry["removed"] and victim not in entry["removed"]
    assert entry["left"] == [victim] and victim in new.msg
    again = copy("database", **KEY, superseded="deregister")
    assert (again.msg, again["image"]["action"], again["image"]["removed"]) == ("", "updated", [victim])
    assert len(copied_snapshots(look)) == 3


def one_who_may_not_delete(look: Looking, snapshot_id: str) -> Credentials:
    """Return somebody who may do everything but delete one snapshot, which a policy protects."""
    policy = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ec2:DeleteSnapshot", "Resource": f"arn:aws:ec2:*:*:snapshot/{snapshot_id}"},
    ]
    arn = f"arn:aws:iam::{HOME_ACCOUNT}:user/careful"
    return look.emulator.principal(arn, [{"Version": "2012-10-17", "Statement": policy}])


def test_a_removal_that_stops_half_way_says_what_is_gone(copy: Copy, look: Looking) -> None:
    made = copy("database", **KEY)
    victim = sorted(one["snapshot_id"] for one in made["image"]["snapshots"])[1]
    gone = copy("database", **GONE, as_=one_who_may_not_delete(look, victim))
    (entry,) = gone["images"]
    assert gone.failed and gone["changed"]
    assert entry["left"] == [victim] and victim in gone.msg
    snapshot_ids = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert set(entry["removed"]) == {made["image_id"], *snapshot_ids} - {victim}
    assert copy("database", **GONE)["image"]["removed"] == [victim]
    assert not copied_snapshots(look)


@pytest.mark.parametrize("change", ["denied", "limit"])
def test_a_refusal_of_new_tags_loses_none(copy: Copy, look: Looking, change: str) -> None:
    made = copy("plain-root", **KEY, tags={"Owner": "a", "Team": "b"})
    if change == "denied":
        look.emulator.faults.add("access_denied", action="CreateTags")
    else:
        look.emulator.faults.add("error", action="CreateTags", code="TagLimitExceeded", status=400, message="no")
    failed = copy("plain-root", **KEY, tags={"New": "c"})
    image = look.image(AWAY, made["image_id"])
    assert failed.failed and not failed["changed"]
    assert image is not None and look.user_tags(image) == {"Owner": "a", "Team": "b"}


def test_another_tool_s_copy_keeps_its_tags_and_permissions(copy: Copy, look: Looking, oracle: Guard) -> None:
    theirs = by_hand(look, "plain-root", key="alias/golden")
    oracle.given(theirs, to=["CreateTags", "ModifyImageAttribute", "ModifySnapshotAttribute"])
    look.emulator.advance(3600)
    ec2 = look.ec2(AWAY)
    ec2.create_tags(Resources=[theirs], Tags=[{"Key": "dlm:managed", "Value": "true"}])
    ec2.modify_image_attribute(ImageId=theirs, LaunchPermission={"Add": [{"UserId": "111122223333"}]})
    made = copy("plain-root", kms_key_id="alias/golden", tags={"Team": "a"}, launch_permissions={"user_ids": [FRIEND]})
    assert (made.msg, made["image_id"], made["image"]["action"]) == ("", theirs, "updated")
    assert look.user_tags(look.image(AWAY, theirs) or {}) == {"dlm:managed": "true", "Team": "a"}
    shared = ec2.describe_image_attribute(ImageId=theirs, Attribute="launchPermission")["LaunchPermissions"]
    assert {one["UserId"] for one in shared} == {"111122223333", FRIEND}
    for word in ("dlm:managed", "permission"):
        assert [one for one in made.warnings if word in one]
    gone = copy("plain-root", **GONE)
    assert (gone["changed"], ids(look)) == (False, {theirs})


def test_a_disabled_copy_is_reported_and_removed(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", **KEY)
    look.ec2(AWAY).disable_image(ImageId=made["image_id"])
    for check in (True, False):
        found = copy("plain-root", **KEY, check=check)
        assert (found["changed"], found["image"]["action"], found["image"]["state"]) == (False, "retired", "disabled")
        assert found["image_id"] == made["image_id"] and found.warnings
    another = copy("plain-root", **KEY, retired="recopy")
    assert (another.msg, another["image"]["action"]) == ("", "copied")
    assert another["image_id"] != made["image_id"]
    gone = copy("plain-root", **GONE)
    assert {made["image_id"], another["image_id"]} <= set(gone["image"]["removed"])
    assert (
        not copied_snapshots(look)
        and not look.ec2(AWAY).describe_images(ImageIds=[made["image_id"]], IncludeDisabled=True)["Images"]
    )


def test_a_disabled_copy_is_superseded(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    look.ec2(AWAY).disable_image(ImageId=old["image_id"])
    new = copy("plain-root", **KEY, superseded="deregister")
    assert (new.msg, new["image"]["action"]) == ("", "replaced")
    assert old["image_id"] in new["image"]["removed"]


@pytest.mark.parametrize("disabled", [True, False])
def test_a_snapshot_that_another_image_uses_stays(copy: Copy, look: Looking, disabled: bool) -> None:
    """A disabled image still needs its snapshots; AWS's own deletion skips them, and so does ours."""
    made = copy("plain-root", **KEY)
    (snapshot,) = made["image"]["snapshots"]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["snapshot_id"]}}]
    user = look.ec2(AWAY).register_image(Name="uses-it", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping)
    if disabled:
        look.ec2(AWAY).disable_image(ImageId=user["ImageId"])
    look.emulator.clear_calls()
    gone = copy("plain-root", **GONE)
    assert (gone.msg, gone["image"]["removed"]) == ("", [made["image_id"]])
    assert gone["image"]["left"] == [snapshot["snapshot_id"]]
    assert look.calls(action="DeleteSnapshot") == []
    assert copy("plain-root", **GONE)["changed"] is False


def test_a_protected_copy_whose_source_is_gone(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", **KEY, deregistration_protection="enabled")
    look.ec2(HOME).deregister_image(ImageId=SOURCES["plain-root"])
    same = copy("plain-root", **KEY)
    assert (same.msg, same["image"]["action"]) == ("", "unchanged")
    predicted = copy("plain-root", **GONE, deregistration_protection="disabled", check=True)
    assert predicted["changed"]
    gone = copy("plain-root", **GONE, deregistration_protection="disabled")
    assert (gone.msg, gone["image"]["removed"][0]) == ("", made["image_id"])
    assert not ids(look)


def test_a_protected_preserved_copy_whose_source_is_gone(copy: Copy, look: Looking) -> None:
    """Without the source its statuses are not known any more, but our tag says that they were to be kept."""
    copy("mixed", encrypted=False, deregistration_protection="enabled")
    look.ec2(HOME).deregister_image(ImageId=SOURCES["mixed"])
    off = copy("mixed", encrypted=False, deregistration_protection="disabled")
    assert (off.msg, off["image"]["action"]) == ("", "updated")
    assert copy("mixed", encrypted=False, state="absent")["changed"]
    assert not ids(look)


def test_a_registered_image_with_all_our_tags_is_no_copy(copy: Copy, look: Looking) -> None:
    """RegisterImage has no lineage, so our tags on an image of a server's snapshot say nothing."""
    ec2 = look.ec2(AWAY)
    made = copy("plain-root", **KEY)
    told = look.image(AWAY, made["image_id"]) or {}
    key = look.key_arn("alias/golden", AWAY)
    volume = ec2.create_volume(AvailabilityZone=f"{AWAY}a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    own = [{"ResourceType": "image", "Tags": told["Tags"]}]
    mapping = [{"DeviceName": told["RootDeviceName"], "Ebs": {"SnapshotId": snapshot}}]
    server = ec2.register_image(
        Name="server", RootDeviceName=told["RootDeviceName"], BlockDeviceMappings=mapping, TagSpecifications=own
    )["ImageId"]
    ec2.deregister_image(ImageId=made["image_id"], DeleteAssociatedSnapshots=True)
    again = copy("plain-root", **KEY, launch_permissions={"user_ids": ["210987654321"]})
    assert again["image"]["action"] == "copied"
    assert again["image_id"] != server
    attribute = {"Attribute": "createVolumePermission", "SnapshotId": snapshot}
    assert ec2.describe_snapshot_attribute(**attribute)["CreateVolumePermissions"] == []


def test_absent_under_an_alias_that_was_moved_is_not_silent(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", **KEY)
    old = look.key_arn("alias/golden", AWAY)
    look.kms(AWAY).update_alias(AliasName="alias/golden", TargetKeyId=look.key_arn("alias/os", AWAY).rpartition("/")[2])
    gone = copy("plain-root", **GONE)
    assert (gone["changed"], ids(look)) == (False, {made["image_id"]})
    assert [one for one in gone.warnings if made["image_id"] in one and old in one]
    assert copy("plain-root", kms_key_id=old, state="absent")["changed"]


def test_an_alias_that_may_not_be_described_is_not_guessed(copy: Copy, look: Looking) -> None:
    for action in ("DescribeKey", "ListAliases"):
        look.emulator.faults.add("access_denied", service="kms", action=action)
    made = copy("plain-root", **KEY)
    assert made.msg == ""
    for options in (KEY, GONE):
        again = copy("plain-root", **options)
        assert again.failed and "cannot be told" in again.msg and made["image_id"] in again.msg
    assert ids(look) == {made["image_id"]}


def test_the_mark_of_a_run_is_on_the_image_and_not_in_the_result(copy: Copy, look: Looking) -> None:
    first, second = copy("plain-root", **KEY), copy("mixed", **KEY)
    marks = [mark_of(look, one["image_id"]) for one in (first, second)]
    assert all(marks) and marks[0] != marks[1]
    assert "sealed.ami:run" not in first["image"]["tags"]
    assert len([key for key in tags(look.image(AWAY, first["image_id"]) or {}) if key.startswith("sealed.ami:")]) == 4
