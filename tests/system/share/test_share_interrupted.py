# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed at any change, denied any action, beside somebody else: the result is true, the next run makes it good."""

from __future__ import annotations

import dataclasses
import typing as t

import botocore.client
import pytest

from system.running import Result
from system.share.sharing import BY_NAME, FRIEND, HOME, STRANGER, Sharing, snapshots_in

IMAGE = "database-sealed"


class Killed(BaseException):
    """The process of the module has ended."""


@dataclasses.dataclass(frozen=True)
class Task:
    """One run, and what is done undisturbed before it."""

    options: dict[str, t.Any]
    before: dict[str, t.Any] | None = None


TASKS = {
    "share": Task({"user_ids": [FRIEND]}),
    "take back": Task({"user_ids": [FRIEND], "state": "absent"}, {"user_ids": [FRIEND, STRANGER]}),
    "exactly these": Task({"user_ids": [FRIEND], "purge_launch_permissions": True}, {"user_ids": [STRANGER]}),
}


@pytest.fixture(params=TASKS)
def task(request: pytest.FixtureRequest) -> Task:
    """Return each kind of work."""
    return TASKS[request.param]


def prepare(sharing: Sharing, task: Task) -> None:
    """Put everything back to where the task begins."""
    sharing.emulator.reset(seed="full")
    if task.before is not None:
        assert not sharing(IMAGE, **task.before).failed
    sharing.emulator.clear_calls()


def clean(sharing: Sharing, task: Task) -> tuple[list[str], t.Any]:
    """Return the changing calls of an undisturbed run, and the state that it ends in."""
    prepare(sharing, task)
    assert not sharing(IMAGE, **task.options).failed
    return sharing.look.mutations(), sharing.state(IMAGE)


@pytest.fixture
def at_change(monkeypatch: pytest.MonkeyPatch) -> t.Callable[..., None]:
    """Let something happen before or after the module's nth changing call."""
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def install(number: int, when: str, happen: t.Callable[[], None]) -> None:
        count = 0

        def called(client: t.Any, operation: str, params: t.Any) -> t.Any:
            nonlocal count
            ours = operation.startswith("Modify") and "sealed.ami" in (client.meta.config.user_agent_extra or "")
            count += ours
            is_it = ours and count == number
            if is_it and when == "before":
                happen()
            answer = real(client, operation, params)
            if is_it and when == "after":
                happen()
            return answer

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", called)

    return install


def kill() -> None:
    """End the process."""
    raise Killed


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_each_change(sharing: Sharing, task: Task, at_change: t.Any, when: str) -> None:
    changes, wanted = clean(sharing, task)
    assert len(changes) >= 4
    for number in range(1, len(changes) + 1):
        at_change(0, when, kill)
        prepare(sharing, task)
        at_change(number, when, kill)
        with pytest.raises(Killed):
            sharing(IMAGE, **task.options)
        at_change(0, when, kill)
        again = sharing(IMAGE, **task.options)
        assert (again.msg if again.failed else "", sharing.state(IMAGE)) == ("", wanted), number


def test_any_single_action_denied(sharing: Sharing, task: Task) -> None:
    _changes, wanted = clean(sharing, task)
    actions = sorted(sharing.emulator.counts())
    told = {"kms:DescribeKey"}
    assert len(actions) >= 6
    for name in actions:
        service, action = name.split(":")
        if service == "organizations":
            continue
        prepare(sharing, task)
        before = sharing.state(IMAGE)
        sharing.emulator.faults.add("access_denied", service=service, action=action)
        result = sharing(IMAGE, **task.options)
        sharing.emulator.faults.clear()
        assert name in result.msg or (name in told and name in " ".join(result.warnings)), (name, result)
        assert result["changed"] == (sharing.state(IMAGE) != before), name
        assert_true(result, sharing)
        assert not sharing(IMAGE, **task.options).failed
        assert sharing.state(IMAGE) == wanted, name


def assert_true(result: Result, sharing: Sharing) -> None:
    """Demand of an entry that it says what AWS says."""
    for entry in result["images"]:
        shown = {one["UserId"] for one in sharing.launch(IMAGE)}
        assert set(entry["launch_permissions"]["user_ids"]) == shown
        for one in entry["snapshots"]:
            now = {user["UserId"] for user in sharing.volume(one["snapshot_id"])}
            assert set(one["create_volume_permissions"]["user_ids"]) == now


def test_what_was_given_before_a_failure_is_named(sharing: Sharing) -> None:
    """The second snapshot is refused; what the first got can be taken back by the result alone."""
    before = sharing.state(IMAGE)
    sharing.emulator.faults.add("access_denied", action="ModifyImageAttribute")
    result = sharing(IMAGE, user_ids=[FRIEND])
    assert result.failed and result["changed"] and result.actions == ["failed"]
    assert [one["given"]["user_ids"] for one in result["images"][0]["snapshots"]] == [[FRIEND]] * 3
    sharing.emulator.faults.clear()
    sharing.hand_over(BY_NAME[IMAGE], takes=True)
    back = sharing(given=result["images"], launch_permissions=None, purpose=None, state="absent")
    assert not back.failed and sharing.state(IMAGE) == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_that_is_lost(sharing: Sharing, task: Task, when: str) -> None:
    """AWS may have acted or not; the call is repeated, and the result is that of a clean run."""
    _changes, wanted = clean(sharing, task)
    prepare(sharing, task)
    sharing.emulator.faults.add("drop", action="Modify*", nth=1, when=when)
    result = sharing(IMAGE, **task.options)
    assert (result.failed, result["changed"], sharing.state(IMAGE)) == (False, True, wanted)


@pytest.mark.parametrize("when", ["before", "after"])
def test_somebody_else_shares_at_once(sharing: Sharing, at_change: t.Any, when: str) -> None:
    """Whatever another owner gives meanwhile stays, and is not said to be given by this run."""
    image = sharing.look.image(HOME, BY_NAME[IMAGE]) or {}

    def meddle() -> None:
        sharing.allow(IMAGE, {"UserId": STRANGER})
        for one in snapshots_in(image):
            both = {"Add": [{"UserId": STRANGER}, {"UserId": FRIEND}]}
            sharing.look.ec2(HOME).modify_snapshot_attribute(SnapshotId=one, CreateVolumePermission=both)

    for number in range(1, 5):
        at_change(0, when, meddle)
        prepare(sharing, TASKS["share"])
        at_change(number, when, meddle)
        result = sharing(IMAGE, user_ids=[FRIEND])
        assert not result.failed and result.actions == ["shared"]
        assert result["images"][0]["given"]["user_ids"] == [FRIEND]
        users = [{"UserId": STRANGER}, {"UserId": FRIEND}]
        assert sorted(sharing.launch(IMAGE), key=str) == users and sharing.volumes(IMAGE) == [users] * 3
        assert_true(result, sharing)


def test_somebody_else_takes_it_back_at_once(sharing: Sharing, at_change: t.Any) -> None:
    """What is not there in the end is not said to be given."""

    def meddle() -> None:
        loss = {"Remove": [{"UserId": FRIEND}]}
        sharing.look.ec2(HOME).modify_image_attribute(ImageId=BY_NAME[IMAGE], LaunchPermission=loss)

    at_change(4, "after", meddle)
    result = sharing(IMAGE, user_ids=[FRIEND])
    assert result.failed and "somebody else" in result.msg and result["changed"]
    assert result["images"][0]["given"]["user_ids"] == []
    assert_true(result, sharing)


@pytest.mark.parametrize("lag", [20.0, 40.0])
def test_permissions_that_show_late_are_awaited(sharing: Sharing, monkeypatch: pytest.MonkeyPatch, lag: float) -> None:
    """AWS shows for a while what was there before."""
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]
    looks = 0

    def called(client: t.Any, operation: str, params: t.Any) -> t.Any:
        nonlocal looks
        answer = real(client, operation, params)
        if operation == "DescribeImageAttribute" and "sealed.ami" in (client.meta.config.user_agent_extra or ""):
            looks += 1
            if looks <= lag / 10:
                answer["LaunchPermissions"] = []
        return answer

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", called)
    result = sharing(IMAGE, user_ids=[FRIEND])
    assert not result.failed and result["images"][0]["given"]["user_ids"] == [FRIEND]


@pytest.mark.parametrize("launched", [False, True], ids=["nobody launches", "both may be launched"])
def test_a_snapshot_of_two_images_that_cannot_be_shared(sharing: Sharing, launched: bool) -> None:
    """The call for the first image is the one for both, so that neither is said to be shared."""
    image = sharing.look.image(HOME, BY_NAME["plain-root"]) or {}
    other = sharing.look.ec2(HOME).register_image(
        Name="sibling", RootDeviceName="/dev/xvda", Architecture="x86_64", VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshots_in(image)[0]}}],
    )["ImageId"]  # fmt: skip
    for name in ("plain-root", other) if launched else ():
        sharing.allow(name, {"UserId": FRIEND})
    sharing.emulator.faults.add("access_denied", action="ModifySnapshotAttribute", nth=1)
    result = sharing("plain-root", other, user_ids=[FRIEND])
    assert result.failed and result.actions == ["failed", "failed"], result
    again = sharing("plain-root", other, user_ids=[FRIEND])
    assert not again.failed and sharing.volumes("plain-root") == sharing.volumes(other) == [[{"UserId": FRIEND}]]
