# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images are shared and taken back: only the difference, only what is named, and the plan is what is done."""

from __future__ import annotations

import typing as t

import pytest

from system.promises import promised
from system.share.sharing import AWAY, BY_NAME, FRIEND, HOME, ORGANIZATION, STRANGER, UNIT, Sharing, snapshots_in

USER = {"UserId": FRIEND}
NOBODY: dict[str, list[str]] = {"user_ids": [], "group_names": [], "org_arns": [], "org_unit_arns": []}


def test_for_copy_and_back(sharing: Sharing) -> None:
    first = sharing("database-sealed", user_ids=[FRIEND])
    (entry,) = first["images"]
    assert (first["msg"], first.warnings, first["changed"]) == (
        "shared: database-sealed ami-00ec2000000000005 in us-east-1", [], True,
    )  # fmt: skip
    assert sharing.launch("database-sealed") == [USER]
    assert sharing.volumes("database-sealed") == [[USER]] * 3
    assert entry["given"] == entry["launch_permissions"] == {**NOBODY, "user_ids": [FRIEND]}
    assert {one["create_volume_permissions"]["user_ids"][0] for one in entry["snapshots"]} == {FRIEND}
    again = sharing("database-sealed", user_ids=[FRIEND])
    assert (again["changed"], again.actions, again["images"][0]["given"]) == (False, ["unchanged"], NOBODY)
    back = sharing("database-sealed", state="absent", launch_permissions=entry["given"])
    assert (back.actions, back["images"][0]["taken"]) == (["unshared"], entry["given"])
    assert sharing.state("database-sealed") == ([], [[], [], []])
    sharing.emulator.clear_calls()
    assert not sharing("database-sealed", user_ids=[FRIEND], state="absent")["changed"]
    assert sharing.look.mutations() == []


def test_for_launch_leaves_the_snapshots_alone(sharing: Sharing) -> None:
    result = sharing(
        "mixed", user_ids=[FRIEND], org_arns=[ORGANIZATION], purpose="launch"
    )  # fmt: skip
    assert result.actions == ["shared"]
    assert sharing.launch("mixed") == [USER, {"OrganizationArn": ORGANIZATION}]
    assert sharing.volumes("mixed") == [[], []]


def test_others_keep_what_they_have(sharing: Sharing) -> None:
    sharing("mixed", user_ids=[STRANGER])
    sharing("mixed", user_ids=[FRIEND])
    sharing("mixed", user_ids=[FRIEND], state="absent")
    assert sharing.launch("mixed") == [{"UserId": STRANGER}]
    assert sharing.volumes("mixed") == [[{"UserId": STRANGER}]] * 2


def test_only_the_difference_is_sent(sharing: Sharing) -> None:
    """One of two snapshots is shared already, by hand."""
    sharing.hand_over(BY_NAME["mixed"])
    image = sharing.look.image(HOME, BY_NAME["mixed"])
    first, second = snapshots_in(image or {})
    sharing.look.ec2(HOME).modify_snapshot_attribute(SnapshotId=first, CreateVolumePermission={"Add": [USER]})
    sharing.emulator.clear_calls()
    result = sharing("mixed", user_ids=[FRIEND])
    sent = [one["parameters"] for one in sharing.look.calls(action="Modify*")]
    assert [one.get("SnapshotId") or one["ImageId"] for one in sent] == [second, BY_NAME["mixed"]]
    given = {one["snapshot_id"]: one["given"]["user_ids"] for one in result["images"][0]["snapshots"]}
    assert given == {first: [], second: [FRIEND]}


def test_purge_means_exactly_these(sharing: Sharing) -> None:
    sharing("mixed", user_ids=[STRANGER])
    sharing.allow("mixed", {"OrganizationalUnitArn": UNIT})
    result = sharing("mixed", user_ids=[FRIEND], purge_launch_permissions=True)
    assert result.actions == ["updated"]
    assert sharing.launch("mixed") == [USER] and sharing.volumes("mixed") == [[USER]] * 2
    assert result["images"][0]["taken"] == {**NOBODY, "user_ids": [STRANGER], "org_unit_arns": [UNIT]}
    everybody = sharing("mixed", user_ids=[], purge_launch_permissions=True)
    assert everybody.actions == ["unshared"] and sharing.state("mixed") == ([], [[], []])


def test_purge_for_launch_says_who_can_still_use_the_snapshots(sharing: Sharing) -> None:
    sharing("mixed", user_ids=[STRANGER])
    result = sharing("mixed", user_ids=[FRIEND], purge_launch_permissions=True, purpose="launch")
    assert len([one for one in result.warnings if STRANGER in one and "create volumes" in one]) == 2
    assert sharing.volumes("mixed") == [[{"UserId": STRANGER}]] * 2
    back = sharing("mixed", user_ids=[STRANGER], state="absent", purpose="launch")
    assert back.actions == ["unchanged"] and len(back.warnings) == 2


def test_the_owner_needs_no_permission(sharing: Sharing) -> None:
    result = sharing("mixed", user_ids=["123456789012"])
    assert (result.actions, result["changed"]) == (["unchanged"], False)


def test_images_of_two_regions_by_tag(sharing: Sharing) -> None:
    sharing.hand_over(*BY_NAME.values())
    result = sharing(regions=[HOME, AWAY], region=None, tags={"Stage": "golden"}, user_ids=[FRIEND], purpose="launch")
    assert [(one["name"], one["region"]) for one in result["images"]] == [
        ("database", HOME), ("encrypted-root", HOME), ("mixed", HOME), ("plain-root", HOME), ("plain-root-eu", AWAY),
    ]  # fmt: skip
    assert set(result.actions) == {"shared"}
    assert sharing.launch(BY_NAME["plain-root-eu"], AWAY) == [USER]


@pytest.mark.parametrize("value", ["gold*", "g?lden", "*"])
def test_tags_are_no_patterns(sharing: Sharing, value: str) -> None:
    result = sharing(tags={"Stage": value}, user_ids=[FRIEND])
    assert result.failed and f"tag Stage={value}" in result.msg


SITUATIONS: dict[str, dict[str, t.Any]] = {
    "share for copy": {"user_ids": [FRIEND]},
    "share for launch": {"user_ids": [FRIEND], "org_arns": [ORGANIZATION], "purpose": "launch"},
    "exactly these": {"user_ids": [FRIEND], "purge_launch_permissions": True},
    "take back": {"user_ids": [STRANGER], "state": "absent"},
    "take back for launch": {"user_ids": [STRANGER], "state": "absent", "purpose": "launch"},
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_plan_is_what_is_done(sharing: Sharing, situation: str) -> None:
    sharing("database-sealed", user_ids=[STRANGER])
    sharing.emulator.clear_calls()
    predicted = sharing("database-sealed", check=True, diff=True, **SITUATIONS[situation])
    assert predicted["changed"] and sharing.look.mutations() == []
    done = sharing("database-sealed", diff=True, **SITUATIONS[situation])
    assert promised_calls(predicted) == sharing.look.mutations()
    assert {**done, "invocation": 0} == {**predicted, "invocation": 0}


def promised_calls(predicted: t.Any) -> list[str]:
    """Return the calls that the lines of a plan mean; the permissions that stand before them are no steps."""
    lines = [one["after"].splitlines() for one in predicted["diff"]]
    steps = [[line for line in found if not line.startswith("may ")] for found in lines]
    shown = [{**one, "after": "\n".join(found)} for one, found in zip(predicted["diff"], steps, strict=True)]
    return promised(type(predicted)({"diff": shown}))


def test_exactly_what_a_run_gave_is_taken_back(sharing: Sharing) -> None:
    """One snapshot was shared before, and a stranger could launch the image: both stay."""
    image = sharing.look.image(HOME, BY_NAME["mixed"])
    first, _second = snapshots_in(image or {})
    sharing.look.ec2(HOME).modify_snapshot_attribute(SnapshotId=first, CreateVolumePermission={"Add": [USER]})
    sharing.allow("mixed", {"UserId": STRANGER}, {"OrganizationArn": ORGANIZATION})
    before = sharing.state("mixed")
    given = sharing("mixed", user_ids=[FRIEND, STRANGER])["images"]
    assert sharing.state("mixed") != before
    sharing.hand_over(BY_NAME["mixed"], takes=True)
    options = {"given": given, "launch_permissions": None, "purpose": None, "state": "absent"}
    back = sharing(**options)
    assert (back.msg, back.warnings, back.actions) == ("", [], ["unshared"])
    assert sharing.state("mixed") == before
    assert sharing(**options).actions == ["unchanged"]


def test_what_a_run_gave_to_snapshots_alone_is_taken_back(sharing: Sharing) -> None:
    sharing.allow("mixed", USER)
    given = sharing("mixed", user_ids=[FRIEND])["images"]
    sharing.hand_over(BY_NAME["mixed"], takes=True)
    back = sharing(given=given, launch_permissions=None, purpose=None, state="absent")
    assert back.actions == ["unshared"] and sharing.launch("mixed") == [USER]
    assert sharing.volumes("mixed") == [[], []]


def test_a_run_with_nothing_to_do_reads_what_it_must(sharing: Sharing) -> None:
    """One look at images and one at snapshots, one at each image and snapshot; no key, and nothing for each account."""
    names = ("database-sealed", "mixed", "encrypted-root")
    many = [FRIEND, STRANGER, *(f"{number:012}" for number in range(1, 40))]
    reads = {"ec2:DescribeImages": 1, "ec2:DescribeSnapshots": 1}
    attributes = {"ec2:DescribeImageAttribute": 3, "ec2:DescribeSnapshotAttribute": 6}
    sharing(*names, user_ids=many)
    sharing.emulator.clear_calls()
    assert not sharing(*names, user_ids=many)["changed"]
    assert sharing.emulator.counts() == {**reads, **attributes}
    sharing(*names, user_ids=many, state="absent")
    sharing.emulator.clear_calls()
    assert sharing(*names, user_ids=many)["changed"]
    twice = {name: 2 * count for name, count in attributes.items()}
    changes = {"ec2:ModifyImageAttribute": 3, "ec2:ModifySnapshotAttribute": 6}
    counts = sharing.emulator.counts()
    assert counts.pop("kms:DescribeKey") == 4
    assert counts == {**reads, **twice, **changes}
