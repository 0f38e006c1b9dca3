# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""superseded, on_failure and state=absent: what goes, goes wholly; what is not provably the copy, stays."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, FAR, HOME, SOURCES, Copy
from system.copy.lookalikes import by_hand, copied_snapshots, ids
from system.looking import Looking

OLD: dict[str, t.Any] = {"kms_key_id": "alias/os"}
NEW: dict[str, t.Any] = {"kms_key_id": "alias/golden", "superseded": "deregister"}
GONE: dict[str, t.Any] = {"kms_key_id": "alias/golden", "state": "absent"}


def test_a_superseded_copy_goes_once_the_new_one_is_verified(copy: Copy, look: Looking) -> None:
    old = copy("database", **OLD)
    look.emulator.configure(copy_seconds_minimum=60)
    look.emulator.clear_calls()
    new = copy("database", **NEW)
    assert (new.msg, new["image"]["action"]) == ("", "replaced")
    assert ids(look) == {new["image_id"]}
    assert len(copied_snapshots(look)) == 3
    old_ids = {old["image_id"], *(one["snapshot_id"] for one in old["image"]["snapshots"])}
    assert set(new["image"]["removed"]) == old_ids
    copying, deregistering = look.calls(action=["CopyImage", "DeregisterImage"])
    assert (copying["action"], deregistering["parameters"]["ImageId"]) == ("CopyImage", old["image_id"])
    seen = [call for call in look.calls(action="DescribeSnapshots") if call["number"] < deregistering["number"]]
    assert seen and deregistering["virtual_time"] > copying["virtual_time"]
    assert not copy("database", **NEW)["changed"]


def test_superseded_copies_are_kept_by_default(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    new = copy("plain-root", kms_key_id="alias/golden")
    assert (new["image"]["action"], ids(look)) == ("copied", {old["image_id"], new["image_id"]})
    late = copy("plain-root", **NEW)
    assert (late["image"]["action"], late["image_id"], ids(look)) == ("updated", new["image_id"], {new["image_id"]})


def test_a_superseded_copy_stays_when_the_new_one_fails(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    look.emulator.faults.add("error", action="CopyImage", code="InvalidRequest", status=400, message="no")
    new = copy("plain-root", **NEW)
    assert new.failed and old["image_id"] in ids(look)


@pytest.mark.parametrize(
    "decoy",
    [
        pytest.param("no tags", id="another tool's copy of the same source"),
        pytest.param("other source", id="our tags on the copy of another source"),
        pytest.param("protected", id="protected"),
    ],
)
def test_superseded_decoys(copy: Copy, look: Looking, decoy: str) -> None:
    ours = copy("plain-root", **OLD)
    if decoy == "no tags":
        kept = by_hand(look, "plain-root")
    elif decoy == "other source":
        kept = by_hand(look, "name-twin", like=look.image(AWAY, ours["image_id"]))
    else:
        kept = ours["image_id"]
        look.ec2(AWAY).enable_image_deregistration_protection(ImageId=kept)
    new = copy("plain-root", **NEW)
    assert new.msg == ""
    assert ids(look) == {kept, new["image_id"]}
    assert [warning for warning in new.warnings if kept in warning] or decoy == "other source"


def test_a_shared_snapshot_outlives_a_superseded_copy(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    (snapshot,) = old["image"]["snapshots"]
    user = look.ec2(AWAY).register_image(
        Name="uses-it",
        RootDeviceName="/dev/xvda",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["snapshot_id"]}}],
    )["ImageId"]
    new = copy("plain-root", **NEW)
    assert (new.msg, new["image"]["removed"]) == ("", [old["image_id"]])
    assert ids(look) == {user, new["image_id"]}
    assert snapshot["snapshot_id"] in look.snapshots(AWAY)


def test_a_failed_copy_is_kept_and_named(copy: Copy, look: Looking) -> None:
    failed = copy("vendor-encrypted-keyless", kms_key_id="alias/golden")
    (entry,) = failed["images"]
    assert (failed.failed, entry["action"], entry["state"]) == (True, "failed", "failed")
    assert set(entry["created"]) == ids(look) | copied_snapshots(look)
    assert [name for name in entry["created"] if name not in failed.msg] == []


@pytest.mark.parametrize("lag", [pytest.param(0, id="tags are found"), pytest.param(600, id="tags are not found yet")])
@pytest.mark.parametrize("keeps", [pytest.param(True, id="snapshots stay"), pytest.param(False, id="snapshots go")])
def test_a_failed_copy_is_rolled_back(copy: Copy, look: Looking, keeps: bool, lag: int) -> None:
    look.emulator.configure(copy_image_keeps_snapshots_of_failed=keeps, tag_filter_lag=lag)
    failed = copy("vendor-encrypted-keyless", kms_key_id="alias/golden", on_failure="rollback")
    (entry,) = failed["images"]
    assert failed.failed and "Rolled back" in failed.msg
    assert (ids(look), copied_snapshots(look), entry["created"]) == (set(), set(), [])
    assert (entry["image_id"], entry["state"]) == (None, "absent")
    assert [name for name in entry["removed"] if name.startswith("ami-")]


def test_rolling_back_leaves_the_other_copies(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.faults.add("error", action="CopyImage", region=FAR, code="InvalidRequest", status=400, message="no")
    destinations = [{"region": AWAY}, {"region": FAR}]
    result = copy("plain-root", kms_key_id="alias/golden", destinations=destinations, on_failure="rollback")
    assert result.failed and result.actions == ["copied", "failed"]
    assert ids(look) == {result["images"][0]["image_id"]}


def test_absent(copy: Copy, look: Looking) -> None:
    made = copy("database", kms_key_id="alias/golden")
    look.emulator.clear_calls()
    predicted = copy("database", **GONE, check=True)
    assert (predicted["changed"], predicted["image"]["state"], look.mutations()) == (True, "absent", [])
    gone = copy("database", **GONE)
    assert (gone.msg, gone["image"]["action"], gone["image"]["state"]) == ("", "removed", "absent")
    snapshot_ids = [one["snapshot_id"] for one in made["image"]["snapshots"]]
    assert sorted(gone["image"]["removed"]) == sorted([made["image_id"], *snapshot_ids])
    assert (ids(look), copied_snapshots(look)) == (set(), set())
    assert look.mutations() == ["DeregisterImage"]
    again = copy("database", **GONE)
    assert (again["changed"], again["image"]["action"], again["image"]["state"]) == (False, "unchanged", "absent")


def test_absent_finds_the_snapshots_of_a_copy_that_was_just_started(copy: Copy, look: Looking) -> None:
    """A pending image does not show them, and a filter by tag misses them (aws_rules §9)."""
    look.emulator.configure(copy_seconds_minimum=600, tag_filter_lag=90)
    made = copy("database", kms_key_id="alias/golden", wait=False)
    gone = copy("database", **GONE)
    assert (gone.msg, len(gone["image"]["removed"])) == ("", 4)
    assert made["image_id"] in gone["image"]["removed"]
    look.emulator.advance(1000)
    assert (ids(look), copied_snapshots(look)) == (set(), set())


def test_absent_says_of_each_snapshot_what_aws_says(copy: Copy, look: Looking) -> None:
    """An answer without the snapshots says nothing: one of them is in use, and stays."""
    made = copy("database", kms_key_id="alias/golden")
    first, *others = sorted(one["snapshot_id"] for one in made["image"]["snapshots"])
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": first}}]
    look.ec2(AWAY).register_image(Name="uses-it", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping)
    empty = [{"path": "Snapshots", "set": []}]
    look.emulator.faults.add("mutate", action="DescribeSnapshots", region=AWAY, skip=2, changes=empty)
    gone = copy("database", **GONE)
    assert (gone.msg, gone["image"]["left"]) == ("", [first])
    assert sorted(gone["image"]["removed"]) == sorted([made["image_id"], *others])
    look.emulator.faults.clear()
    assert copied_snapshots(look) == {first}


def test_absent_without_the_source(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", kms_key_id="alias/golden")
    look.ec2(HOME).deregister_image(ImageId=SOURCES["plain-root"])
    gone = copy("plain-root", **GONE)
    assert (gone.msg, gone["image"]["removed"][0]) == ("", made["image_id"])


@pytest.mark.parametrize("alias", [pytest.param("alias/golden", id="disabled"), pytest.param("alias/os", id="dying")])
def test_absent_under_a_key_that_is_no_longer_usable(copy: Copy, look: Looking, alias: str) -> None:
    made = copy("plain-root", kms_key_id=alias)
    key_id = look.key_arn(alias, AWAY).rpartition("/")[2]
    if alias == "alias/golden":
        look.kms(AWAY).disable_key(KeyId=key_id)
    else:
        look.kms(AWAY).schedule_key_deletion(KeyId=key_id)
    gone = copy("plain-root", kms_key_id=alias, state="absent")
    assert (gone.msg, gone["changed"]) == ("", True)
    assert made["image_id"] in gone["image"]["removed"] and not copied_snapshots(look)


def test_absent_under_another_key_removes_nothing(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", kms_key_id="alias/golden")
    other = copy("plain-root", kms_key_id="alias/os", state="absent")
    assert (other["changed"], ids(look)) == (False, {made["image_id"]})


def test_absent_stops_a_copy_on_its_way(copy: Copy, look: Looking) -> None:
    look.emulator.configure(copy_seconds_minimum=600)
    started = copy("database", kms_key_id="alias/golden", wait=False)
    gone = copy("database", **GONE)
    assert (gone.msg, gone["image"]["removed"][0]) == ("", started["image_id"])
    assert (ids(look), copied_snapshots(look)) == (set(), set())


def test_absent_finds_what_an_earlier_deregistration_left_behind(copy: Copy, look: Looking) -> None:
    made = copy("database", kms_key_id="alias/golden")
    look.ec2(AWAY).deregister_image(ImageId=made["image_id"])
    left = copied_snapshots(look)
    assert len(left) == 3
    gone = copy("database", **GONE)
    assert (gone.msg, set(gone["image"]["removed"])) == ("", left)
    assert copied_snapshots(look) == set()


def test_absent_spares_decoys(copy: Copy, look: Looking) -> None:
    ours = copy("plain-root", kms_key_id="alias/golden")
    image = look.image(AWAY, ours["image_id"])
    ec2 = look.ec2(AWAY)
    by_another_tool = by_hand(look, "plain-root", key="alias/golden")
    of_another_source = by_hand(look, "name-twin", key="alias/golden", like=image)
    under_another_key = by_hand(look, "plain-root", key="alias/os", like=image)
    kept = {by_another_tool, of_another_source, under_another_key}
    # Snapshots: one under another key with our tags, and one of a volume with our tags.
    ec2.deregister_image(ImageId=under_another_key)
    volume = ec2.create_volume(AvailabilityZone=f"{AWAY}a", Size=1)["VolumeId"]
    own = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.create_tags(Resources=[own], Tags=t.cast("dict[str, t.Any]", image)["Tags"])
    snapshots = set(look.snapshots(AWAY)) - {one["snapshot_id"] for one in ours["image"]["snapshots"]}
    gone = copy("plain-root", **GONE)
    assert gone.msg == ""
    assert ids(look) == kept - {under_another_key}
    assert set(look.snapshots(AWAY)) == snapshots
    assert [warning for warning in gone.warnings if by_another_tool in warning]


def test_absent_spares_a_left_snapshot_that_an_image_uses(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", kms_key_id="alias/golden")
    (snapshot,) = made["image"]["snapshots"]
    mapping = [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot["snapshot_id"]}}]
    user = look.ec2(AWAY).register_image(Name="uses-it", RootDeviceName="/dev/xvda", BlockDeviceMappings=mapping)
    look.ec2(AWAY).deregister_image(ImageId=made["image_id"])
    gone = copy("plain-root", **GONE)
    assert (gone.msg, gone["changed"]) == ("", False)
    assert ids(look) == {user["ImageId"]} and snapshot["snapshot_id"] in look.snapshots(AWAY)


def test_absent_respects_protection(copy: Copy, look: Looking) -> None:
    made = copy("plain-root", kms_key_id="alias/golden", deregistration_protection="enabled")
    look.emulator.clear_calls()
    refused = copy("plain-root", **GONE)
    assert refused.failed and made["image_id"] in refused.msg and "protection" in refused.msg
    assert look.mutations() == []


def test_absent_everywhere(copy: Copy, look: Looking) -> None:
    fleet: dict[str, t.Any] = {
        "source_image_id": None,
        "source_image_ids": [SOURCES["plain-root"], SOURCES["mixed"]],
        "destinations": [{"region": AWAY}, {"region": FAR}],
    }
    made = copy("plain-root", **fleet, kms_key_id="alias/golden")
    assert made.msg == ""
    gone = copy("plain-root", **fleet, **GONE)
    assert gone.actions == ["removed"] * 4
    assert (ids(look), ids(look, FAR), copied_snapshots(look), copied_snapshots(look, FAR)) == (set(),) * 4


def test_absent_preserved(copy: Copy, look: Looking) -> None:
    plain = copy("mixed", encrypted=False)
    sealed = copy("mixed", kms_key_id="alias/golden")
    gone = copy("mixed", encrypted=False, state="absent")
    assert (gone.msg, gone["image"]["removed"][0], ids(look)) == ("", plain["image_id"], {sealed["image_id"]})
