# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is given for a while is written down first, so that exactly that is taken back, whenever the task ended."""

from __future__ import annotations

import typing as t

import botocore.client
import pytest

from system.looking import tags
from system.share.sharing import BY_NAME, FRIEND, HOME, ORGANIZATION, STRANGER, Sharing, snapshots_in

IMAGE = "database-sealed"
PREFIX = "sealed.ami:shared-for-"
BACK: dict[str, t.Any] = {"state": "absent", "record": True, "launch_permissions": None, "purpose": None}


class Killed(BaseException):
    """The process of the module has ended."""


def records(sharing: Sharing, name: str = IMAGE) -> dict[str, str]:
    """Return what is written on an image and its snapshots, by their ids."""
    image = sharing.look.image(HOME, BY_NAME.get(name, name)) or {}
    ids = snapshots_in(image)
    held = [(image["ImageId"], tags(image))]
    for one in sharing.look.ec2(HOME).describe_snapshots(SnapshotIds=ids)["Snapshots"]:
        held.append((one["SnapshotId"], tags(one)))
    return {f"{one} {key}": value for one, own in held for key, value in own.items() if key.startswith(PREFIX)}


def stood_before(sharing: Sharing) -> None:
    """Let the stranger have all, and the friend one of the snapshots."""
    sharing(IMAGE, user_ids=[STRANGER])
    first = snapshots_in(sharing.look.image(HOME, BY_NAME[IMAGE]) or {})[0]
    sharing.look.ec2(HOME).modify_snapshot_attribute(
        SnapshotId=first, CreateVolumePermission={"Add": [{"UserId": FRIEND}]}
    )


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> t.Callable[[int, str], None]:
    """End the module before or after its nth changing call."""
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def install(number: int, when: str) -> None:
        count = 0

        def called(client: t.Any, operation: str, params: t.Any) -> t.Any:
            nonlocal count
            changes = operation.startswith(("Modify", "CreateTags", "DeleteTags"))
            count += changes and "sealed.ami" in (client.meta.config.user_agent_extra or "")
            if changes and count == number and when == "before":
                raise Killed
            answer = real(client, operation, params)
            if changes and count == number and when == "after":
                raise Killed
            return answer

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", called)

    return install


def test_exactly_what_was_given_is_taken_back(sharing: Sharing) -> None:
    stood_before(sharing)
    before = sharing.state(IMAGE)
    first = sharing(IMAGE, user_ids=[FRIEND, STRANGER], record=True)
    assert (first.actions, first["images"][0]["recorded"]) == (["shared"], [FRIEND])
    assert sorted(value.split()[2:] for value in records(sharing).values()) == [[FRIEND]] * 3
    assert {name.split()[0] for name in records(sharing)} == {value.split()[0] for value in records(sharing).values()}
    sharing.emulator.clear_calls()
    assert not sharing(IMAGE, user_ids=[FRIEND, STRANGER], record=True)["changed"]
    assert sharing.look.mutations() == []
    back = sharing(IMAGE, **BACK)
    assert (back.actions, back["images"][0]["recorded"]) == (["unshared"], [])
    assert (sharing.state(IMAGE), records(sharing)) == (before, {})
    sharing.emulator.clear_calls()
    assert not sharing(IMAGE, **BACK)["changed"] and sharing.look.mutations() == []


@pytest.mark.parametrize("options", [{"user_ids": [FRIEND]}, BACK], ids=["giving", "taking back"])
def test_check_mode_tells_every_step(sharing: Sharing, options: dict[str, t.Any]) -> None:
    if options is BACK:
        sharing(IMAGE, user_ids=[FRIEND], record=True)
    sharing.emulator.clear_calls()
    said = sharing(IMAGE, check=True, diff=True, **{"record": True, **options})
    assert sharing.look.mutations() == []
    done = sharing(IMAGE, diff=True, **{"record": True, **options})
    assert said["diff"] == done["diff"] and said["images"] == done["images"]
    steps = [line for line in done["diff"][0]["after"].splitlines() if line.startswith("change ")]
    assert len(steps) == len(sharing.look.mutations()) == 8


@pytest.mark.faults
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("taking", [False, True], ids=["giving", "taking back"])
def test_killed_at_each_change(
    sharing: Sharing, kill_at: t.Callable[[int, str], None], taking: bool, when: str
) -> None:
    # Three snapshots, of which one is shared already, and the image: three permissions, and three records.
    for number in range(1, 7):
        kill_at(0, when)
        sharing.emulator.reset(seed="full")
        stood_before(sharing)
        before = sharing.state(IMAGE)
        if taking:
            sharing(IMAGE, user_ids=[FRIEND], record=True)
        kill_at(number, when)
        with pytest.raises(Killed):
            sharing(IMAGE, **(BACK if taking else {"user_ids": [FRIEND], "record": True}))
        kill_at(0, when)
        assert not sharing(IMAGE, **BACK).failed
        assert (sharing.state(IMAGE), records(sharing)) == (before, {}), number


def test_a_record_of_another_image_counts_for_nothing(sharing: Sharing) -> None:
    """Scripts copy tags; a permission that was there before stays."""
    sharing("mixed", user_ids=[FRIEND])
    before = sharing.state("mixed")
    image = sharing.look.image(HOME, BY_NAME["mixed"]) or {}
    value = f"{BY_NAME[IMAGE]} 1 {FRIEND}"
    for one in (image["ImageId"], *snapshots_in(image)):
        sharing.look.ec2(HOME).create_tags(Resources=[one], Tags=[{"Key": f"{PREFIX}1", "Value": value}])
    result = sharing("mixed", **BACK)
    assert (result["changed"], result["images"][0]["recorded"], sharing.state("mixed")) == (False, [], before)


@pytest.mark.parametrize("value", ["{0}", "{0} 2 {1}", "{0} x {1}", "{0} 1 everybody", ""])
def test_a_damaged_record_counts_for_nothing(sharing: Sharing, value: str) -> None:
    sharing(IMAGE, user_ids=[FRIEND])
    before = sharing.state(IMAGE)
    text = value.format(BY_NAME[IMAGE], FRIEND)
    tag = {"Key": f"{PREFIX}1", "Value": text}
    sharing.look.ec2(HOME).create_tags(Resources=[BY_NAME[IMAGE]], Tags=[tag])
    assert not sharing(IMAGE, **BACK)["changed"] and sharing.state(IMAGE) == before


def test_only_the_accounts_that_are_named(sharing: Sharing) -> None:
    many = [f"{number:012d}" for number in range(1, 40)]
    sharing(IMAGE, user_ids=[FRIEND, *many], record=True)
    assert len(records(sharing)) == 4 * 3, "one tag has no room for all"
    back = sharing(IMAGE, **{**BACK, "launch_permissions": {"user_ids": [*many, STRANGER]}})
    assert (back["images"][0]["taken"]["user_ids"], back["images"][0]["recorded"]) == (many, [FRIEND])
    assert sharing.launch(IMAGE) == [{"UserId": FRIEND}] and len(records(sharing)) == 4
    assert not sharing(IMAGE, **BACK).failed
    assert (sharing.state(IMAGE), records(sharing)) == (([], [[], [], []]), {})


def test_a_snapshot_that_another_image_needs_stays_written_down(sharing: Sharing) -> None:
    image = sharing.look.image(HOME, BY_NAME["plain-root"]) or {}
    (snapshot,) = snapshots_in(image)
    other = sharing.look.ec2(HOME).register_image(
        Name="sibling", RootDeviceName="/dev/xvda", Architecture="x86_64", VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]  # fmt: skip
    sharing("plain-root", other, user_ids=[FRIEND], record=True)
    back = sharing("plain-root", **BACK)
    assert back.warnings and sharing.volume(snapshot) == [{"UserId": FRIEND}]
    assert back["images"][0]["recorded"] == [FRIEND]
    assert not sharing(other, **BACK).failed
    assert (sharing.volume(snapshot), records(sharing, "plain-root")) == ([], {})


@pytest.mark.parametrize(
    "options",
    [
        {"org_arns": [ORGANIZATION], "purpose": "launch"},
        {"launch_permissions": {"group_names": ["all"]}},
        {"user_ids": [FRIEND], "purge_launch_permissions": True},
    ],
    ids=["an organization", "everybody", "exactly these"],
)
def test_what_cannot_be_written_down(sharing: Sharing, options: dict[str, t.Any]) -> None:
    result = sharing("plain-root", record=True, **options)
    assert result.failed and "name user_ids alone" in result.msg
    assert sharing.look.mutations() == []


@pytest.mark.parametrize("action", ["CreateTags", "DeleteTags"])
def test_tagging_that_is_denied_is_named(sharing: Sharing, action: str) -> None:
    """Nothing is given that is not written down, and what was taken is told."""
    before = sharing.state(IMAGE)
    if action == "DeleteTags":
        sharing(IMAGE, user_ids=[FRIEND], record=True)
    sharing.emulator.faults.add("access_denied", action=action)
    result = sharing(IMAGE, **(BACK if action == "DeleteTags" else {"user_ids": [FRIEND], "record": True}))
    assert result.failed and f"ec2:{action}" in result.msg
    assert sharing.state(IMAGE) == before and result["changed"] == (action == "DeleteTags")
