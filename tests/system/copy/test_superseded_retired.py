# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""superseded=retire: the old copy can no longer be launched, nothing is destroyed, and all of it can be undone."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.module_utils._execute.copy import superseding
from ansible_collections.sealed.ami.plugins.modules.ec2_ami_encrypted_copy import RETURN
from emulated_aws.client import Emulator
from system.compose.test_compose_killed import Killed, Scythe
from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import by_hand, ids
from system.looking import Looking, tags
from system.running import Result, RunModule

OTHER = "210987654321"
OLD: dict[str, t.Any] = {"kms_key_id": "alias/os", "launch_permissions": {"user_ids": [OTHER]}}
NEW: dict[str, t.Any] = {"kms_key_id": "alias/golden", "superseded": "retire"}
STEPS = ["CopyImage", "CreateTags", "DisableImage", "CreateTags"]
TELL_USE = "ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run.tell_use"
DEPRECATED = "2030-01-01T00:00:00.000Z"


@pytest.fixture
def scythe(monkeypatch: pytest.MonkeyPatch) -> Scythe:
    """Return what kills; it lets everybody live at first."""
    return Scythe(monkeypatch)


def state(look: Looking, image_id: str) -> str:
    """Return the state of an image in Ireland."""
    (found,) = look.ec2(AWAY).describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
    return str(found["State"])


def tags_of(look: Looking, image_id: str) -> dict[str, str]:
    """Return the tags of an image in Ireland."""
    (found,) = look.ec2(AWAY).describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
    return tags(found)


def launchers(look: Looking, image_id: str) -> list[dict[str, str]]:
    """Return who may launch an image in Ireland."""
    answer = look.ec2(AWAY).describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
    return t.cast("list[dict[str, str]]", answer["LaunchPermissions"])


def restore(run_module: RunModule, result: Result) -> Result:
    """Undo what the result says."""
    undo = [one["undo"] for one in result["image"]["superseded"]]
    return run_module("ec2_ami_retire", state="restored", undo=undo, region=AWAY)


def test_the_old_copy_is_disabled_once_the_new_one_is_verified(
    copy: Copy, look: Looking, run_module: RunModule
) -> None:
    old = copy("database", **OLD, deprecate_at=DEPRECATED)
    before = look.image(AWAY, old["image_id"])
    look.emulator.configure(copy_seconds_minimum=600)
    look.emulator.clear_calls()
    predicted = copy("database", **NEW, check=True)
    assert look.mutations() == []
    new = copy("database", **NEW)
    assert (new.msg, new["image"]["action"], look.mutations()) == ("", "replaced", STEPS)
    (gone,) = new["image"]["superseded"]
    assert predicted["image"]["superseded"] == [gone]
    assert set(gone) == set(yaml.safe_load(RETURN)["images"]["contains"]["superseded"]["contains"])
    assert (gone["image_id"], gone["state"], state(look, old["image_id"])) == (old["image_id"], "disabled", "disabled")
    assert not set(new["image"]) & {"removed", "left"}
    copying, disabling = look.calls(action=["CopyImage", "DisableImage"])
    assert disabling["virtual_time"] > copying["virtual_time"]
    assert launchers(look, old["image_id"]) == []
    again = copy("database", **NEW)
    assert (again["changed"], "superseded" in again["image"], look.mutations()) == (False, False, STEPS)
    assert restore(run_module, new).actions == ["restored"]
    assert launchers(look, old["image_id"]) == [{"UserId": OTHER}]
    assert look.image(AWAY, old["image_id"]) == before


def test_the_plan_says_what_is_done(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    (diff,) = copy("plain-root", **NEW, check=True, diff=True)["diff"]
    said = diff["after"].splitlines()[-3:]
    assert [old["image_id"] in line for line in said] == [True] * 3
    assert [line.split()[0] for line in said] == ["record", "disable", "note"]


def test_the_result_says_what_uses_the_old_copy(copy: Copy, look: Looking) -> None:
    """It is disabled all the same, as the task asks; nobody learns of it by an outage alone."""
    old = copy("plain-root", kms_key_id="alias/os")
    started = look.ec2(AWAY).run_instances(ImageId=old["image_id"], MinCount=1, MaxCount=1, InstanceType="t3.small")
    instance = started["Instances"][0]["InstanceId"]
    new = copy("plain-root", **NEW)
    (gone,) = new["image"]["superseded"]
    assert (gone["in_use"], state(look, old["image_id"])) == (True, "disabled")
    assert f"instance {instance}" in gone["evidence"]
    assert any(instance in warning and old["image_id"] in warning for warning in new.warnings)


@pytest.mark.parametrize("action", ["DescribeImageReferences", "DescribeAutoScalingGroups", "DescribeParameters"])
def test_what_may_not_be_read_is_not_known(copy: Copy, emulator: Emulator, look: Looking, action: str) -> None:
    old = copy("plain-root", kms_key_id="alias/os")
    emulator.faults.add("access_denied", action=action)
    new = copy("plain-root", **NEW)
    (gone,) = new["image"]["superseded"]
    assert (new.msg, gone["in_use"], state(look, old["image_id"])) == ("", None, "disabled")
    assert gone["evidence"]


@pytest.mark.parametrize("decoy", ["another tool's copy", "another source's", "a copy of the tags", "pending"])
def test_only_proven_predecessors_are_disabled(copy: Copy, look: Looking, decoy: str) -> None:
    if decoy == "another tool's copy":
        kept = by_hand(look, "plain-root")
    elif decoy == "another source's":
        kept = by_hand(look, "name-twin", like=look.image(AWAY, copy("plain-root", **OLD)["image_id"]))
    elif decoy == "a copy of the tags":
        kept = by_hand(look, "plain-root", like=look.image(AWAY, copy("plain-root", **OLD)["image_id"]))
    else:
        look.emulator.configure(copy_seconds_minimum=600)
        kept = copy("plain-root", kms_key_id="alias/os", wait=False)["image_id"]
    new = copy("plain-root", **NEW)
    assert (new.msg, state(look, kept) in ("available", "pending")) == ("", True)
    assert kept not in [one["image_id"] for one in new["image"].get("superseded", ())]
    assert kept in ids(look)


def test_the_old_copy_stays_when_the_new_one_fails(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", **OLD)
    look.emulator.faults.add("error", action="CopyImage", code="InvalidRequest", status=400, message="no")
    new = copy("plain-root", **NEW)
    assert (new.failed, state(look, old["image_id"])) == (True, "available")
    assert new["images"][0]["superseded"][0]["state"] == "available"


def test_permissions_are_recorded_as_they_are_when_it_is_disabled(
    copy: Copy, look: Looking, run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy takes hours, in which somebody may share the old one with yet another account."""
    old = copy("plain-root", **OLD)
    planned = superseding.tell_use

    def share_meanwhile(*args: t.Any, **kwargs: t.Any) -> None:
        planned(*args, **kwargs)
        look.ec2(AWAY).modify_image_attribute(
            ImageId=old["image_id"], LaunchPermission={"Add": [{"UserId": "111122223333"}]}
        )

    monkeypatch.setattr(
        "ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run.tell_use", share_meanwhile
    )
    new = copy("plain-root", **NEW)
    assert new["image"]["superseded"][0]["undo"]["launch_permissions"]["user_ids"] == ["111122223333", OTHER]
    assert restore(run_module, new).msg == ""
    assert sorted(one["UserId"] for one in launchers(look, old["image_id"])) == ["111122223333", OTHER]


def overtake(monkeypatch: pytest.MonkeyPatch, look: Looking, act: str, old: t.Any) -> None:
    """Let somebody else disable or deregister the old copy between our last look at it and our call."""
    planned = superseding.tell_use

    def tell_and_overtake(*args: t.Any, **kwargs: t.Any) -> None:
        planned(*args, **kwargs)
        getattr(look.ec2(AWAY), act)(ImageId=old["image_id"])

    monkeypatch.setattr(TELL_USE, tell_and_overtake)


@pytest.mark.faults
@pytest.mark.parametrize("act", ["disable_image", "deregister_image"])
def test_what_somebody_else_does_in_the_meantime_is_left(
    copy: Copy, look: Looking, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """Their disabling has taken the permissions, so that what AWS shows afterwards is no record of them."""
    old = copy("plain-root", **OLD)
    overtake(monkeypatch, look, act, old)
    new = copy("plain-root", **NEW)
    assert (new.msg, look.mutations().count("DisableImage")) == ("", act == "disable_image")
    (gone,) = new["image"]["superseded"]
    assert gone["state"] == ("disabled" if act == "disable_image" else "deregistered")
    if act == "disable_image":
        assert not [key for key in tags_of(look, old["image_id"]) if "launch-permissions" in key]


@pytest.mark.faults
@pytest.mark.parametrize("act", ["disable_image", "deregister_image"])
def test_where_somebody_else_has_done_all_nothing_is_claimed(
    copy: Copy, look: Looking, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    """The new copy exists, and another run retires the old one between our look and our call."""
    old = copy("plain-root", **OLD)
    there = copy("plain-root", kms_key_id="alias/golden")
    overtake(monkeypatch, look, act, old)
    found = copy("plain-root", **NEW)
    assert (found.msg, found["changed"], found["image_id"]) == ("", False, there["image_id"])
    assert (found["image"]["action"], "somebody else" in found["image"]["reason"]) == ("unchanged", True)


def test_more_permissions_than_tags_hold_keep_it(copy: Copy, look: Looking) -> None:
    old = copy("plain-root", kms_key_id="alias/os")
    many = [{"UserId": f"{number:012d}"} for number in range(1, 251)]
    look.ec2(AWAY).modify_image_attribute(ImageId=old["image_id"], LaunchPermission={"Add": many})
    new = copy("plain-root", **NEW)
    assert (new.msg, new["image"]["action"], state(look, old["image_id"])) == ("", "copied", "available")
    assert any("take launch permissions back first" in warning for warning in new.warnings)


def test_more_permissions_than_tags_hold_by_then_keep_it(
    copy: Copy, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They fit when it was planned; since then somebody has shared the old copy with many more."""
    old = copy("plain-root", **OLD)
    many = [{"UserId": f"{number:012d}"} for number in range(1, 251)]
    planned = superseding.tell_use

    def share_meanwhile(*args: t.Any, **kwargs: t.Any) -> None:
        planned(*args, **kwargs)
        look.ec2(AWAY).modify_image_attribute(ImageId=old["image_id"], LaunchPermission={"Add": many})

    monkeypatch.setattr(TELL_USE, share_meanwhile)
    new = copy("plain-root", **NEW)
    assert new.failed and f"{old['image_id']} in {AWAY} is not disabled" in new.msg
    assert (state(look, old["image_id"]), len(launchers(look, old["image_id"]))) == ("available", 251)
    assert "DisableImage" not in look.mutations()


@pytest.mark.faults
def test_permissions_that_may_not_be_read_are_not_called_none(copy: Copy, look: Looking, emulator: Emulator) -> None:
    """Without them the old copy could never be restored as it was; nothing is started for it."""
    old = copy("plain-root", **OLD)
    look.emulator.clear_calls()
    emulator.faults.add("access_denied", action="DescribeImageAttribute", region=AWAY)
    for check in (True, False):
        new = copy("plain-root", **NEW, check=check)
        assert new.failed and "ec2:DescribeImageAttribute" in new.msg, check
    assert (state(look, old["image_id"]), look.mutations()) == ("available", [])


@pytest.mark.faults
def test_a_killed_run_is_finished_by_the_next(copy: Copy, look: Looking, scythe: Scythe) -> None:
    """Whatever change was the last, the old copy ends disabled, with its record, and the next run finds no more."""
    ends = []
    for changes in range(len(STEPS)):
        look.emulator.reset(seed="full")
        old = copy("plain-root", **OLD)["image_id"]
        if changes:
            scythe.after(changes)
            with pytest.raises(Killed):
                copy("plain-root", **NEW)
            scythe.after(None)
        assert copy("plain-root", **NEW).msg == ""
        assert not copy("plain-root", **NEW)["changed"]
        shown = {key: value for key, value in tags_of(look, old).items() if "launch" in key or "disabled" in key}
        noted = shown.pop("sealed.ami:disabled-at", "")[:2]
        ends.append((state(look, old), noted, {key: value.replace(old, "it") for key, value in shown.items()}))
    assert all(end == ("disabled", "20", {"sealed.ami:launch-permissions-1": f"it 1 {OTHER}"}) for end in ends), ends


@pytest.mark.faults
@pytest.mark.parametrize("action", ["CreateTags", "DisableImage"])
def test_a_denied_step_is_told_and_the_next_run_goes_on(
    copy: Copy, look: Looking, emulator: Emulator, action: str
) -> None:
    old = copy("plain-root", **OLD)["image_id"]
    assert copy("plain-root", kms_key_id="alias/golden")["image"]["action"] == "copied"
    emulator.faults.add("access_denied", action=action)
    new = copy("plain-root", **NEW, on_failure="rollback")
    assert (new.failed, f"ec2:{action}" in new.msg, state(look, old)) == (True, True, "available")
    assert new["images"][0]["superseded"][0]["state"] == "available"
    emulator.faults.clear()
    assert (copy("plain-root", **NEW)["changed"], state(look, old)) == (True, "disabled")
