# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble in the last step and on the way back: runs that end in the middle, two at once, and what has expired."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws import images
from ansible_collections.sealed.ami.plugins.module_utils._execute import removal
from ansible_collections.sealed.ami.plugins.module_utils._execute.retire import run
from emulated_aws.client import Emulator
from system.compose.test_compose_killed import Killed, Scythe
from system.looking import Looking
from system.retire.conftest import DAY, LAST, OTHER, LastFleet, Retire, changes, entry, fates

pytestmark = pytest.mark.alone


@pytest.fixture
def scythe(monkeypatch: pytest.MonkeyPatch) -> Scythe:
    """Return what kills; it lets everybody live at first."""
    return Scythe(monkeypatch)


def _killed(scythe: Scythe, changes_done: int, run_it: t.Callable[[], object]) -> None:
    scythe.after(changes_done)
    with pytest.raises(Killed):
        run_it()
        raise Killed  # There were fewer changes than that.
    scythe.after(None)


@pytest.mark.parametrize("changes_done", [1, 2, 3])
def test_a_killed_deregistration_is_finished_by_the_next_run(
    last: LastFleet, retire: Retire, scythe: Scythe, changes_done: int
) -> None:
    """Between the marks on the snapshots and the call, or after it: nothing is half gone, and it can come back."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    snapshots = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    _killed(scythe, changes_done, lambda: retire(**LAST))
    assert last.is_there(old) is (last.there(snapshots) == set(snapshots))
    after = retire(**LAST)
    assert (after.msg, after.warnings) == ("", [])
    assert last.binned() == ({old}, set(snapshots))
    refused = retire(state="restored", image_ids=[old])
    assert refused.failed
    assert all(one in refused.msg for one in snapshots)
    undo = [{"image_id": old, "region": "us-east-1", "snapshot_ids": snapshots}]
    assert retire(state="restored", undo=undo).msg == ""
    assert last.fleet.shown(old)["State"] == "available"


@pytest.mark.parametrize("changes_done", [1, 2, 3])
def test_a_killed_run_leaves_nothing_where_another_image_uses_a_snapshot(
    last: LastFleet, retire: Retire, scythe: Scythe, changes_done: int
) -> None:
    """AWS skips what another image uses, so that one call deletes the others with the image."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *others = last.snapshots(old)
    mapping = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": root}}]
    last.ec2.register_image(Name="other", RootDeviceName="/dev/sda1", BlockDeviceMappings=mapping)
    last.rules()
    last.disabled(retire, old)
    _killed(scythe, changes_done, lambda: retire(**LAST))
    assert last.there([root, *others]) == ({root, *others} if last.is_there(old) else {root})
    after = retire(**LAST)
    assert (after.msg, after.warnings, after["leftovers"]) == ("", [], [])
    assert (last.binned(), last.there([root])) == (({old}, set(others)), {root})


def test_snapshots_that_a_killed_run_has_left_are_named(last: LastFleet, retire: Retire, scythe: Scythe) -> None:
    """Where AWS cannot be asked to delete all with the image, a run may end in between; so may somebody's restore."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *others = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    last.ec2.lock_snapshot(SnapshotId=root, LockMode="governance", LockDuration=90)
    asked: dict[str, t.Any] = {"locked_snapshots": "leave", **LAST}
    _killed(scythe, 3, lambda: retire(**asked))
    (left,) = last.there(others)
    result = retire(**asked)
    assert (result.msg, result["changed"]) == ("", False)
    assert any(left in one for one in result.warnings)
    assert result["leftovers"] == [{"snapshot_id": left, "region": "us-east-1", "image_id": old}]
    assert last.there([left]) == {left}


@pytest.mark.parametrize("changes_done", range(1, 10))
def test_a_killed_restore_is_finished_by_the_next_run(
    emulator: Emulator, last: LastFleet, retire: Retire, scythe: Scythe, changes_done: int
) -> None:
    emulator.configure(snapshot_recovery_seconds=60.0)
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.fleet.share(old, {"UserId": OTHER})
    before = last.fleet.shown(old)
    last.rules()
    last.disabled(retire, old, reported=True)
    undo = retire(**LAST)["undo"]
    _killed(scythe, changes_done, lambda: retire(state="restored", undo=undo))
    assert retire(state="restored", undo=undo).msg == ""
    assert (last.fleet.shown(old), last.fleet.permissions(old)) == (before, [{"UserId": OTHER}])
    tags = last.ec2.describe_snapshots(SnapshotIds=last.snapshots(old))["Snapshots"]
    assert [one.get("Tags") for one in tags] == [None] * len(tags)


@pytest.mark.parametrize("before", ["the marks", "the call"])
def test_another_run_may_deregister_it_first(
    last: LastFleet, retire: Retire, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    snapshots = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    name = "apply_attribute" if before == "the marks" else "remove_image"
    first = getattr(run, name)

    def overtaken(region: t.Any, *given: t.Any, **more: t.Any) -> t.Any:
        last.ec2.deregister_image(ImageId=old, DeleteAssociatedSnapshots=True)
        return first(region, *given, **more)

    monkeypatch.setattr(run, name, overtaken)
    result = retire(**LAST)
    assert result.msg == ""
    assert last.binned() == ({old}, set(snapshots))


@pytest.mark.parametrize("used", ["by an image", "by a lock"])
def test_what_is_held_meanwhile_is_left_and_named(
    last: LastFleet, retire: Retire, monkeypatch: pytest.MonkeyPatch, used: str
) -> None:
    """Between the decision and the call another image is registered of a snapshot, or somebody locks it."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *others = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    deregister = images.deregister_image

    def held(*given: t.Any, **more: t.Any) -> t.Any:
        if used == "by a lock":
            last.ec2.lock_snapshot(SnapshotId=root, LockMode="governance", LockDuration=90)
        else:
            mapping = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": root}}]
            last.ec2.register_image(Name="other", RootDeviceName="/dev/sda1", BlockDeviceMappings=mapping)
        return deregister(*given, **more)

    monkeypatch.setattr(removal, "deregister_image", held)
    result = retire(**LAST)
    assert result.failed is (used == "by a lock")
    assert fates(result, old) == {root: "left", **dict.fromkeys(others, "deleted")}
    assert (entry(result, old)["state"], last.there([root, *others])) == ("deregistered", {root})
    assert sorted(result["undo"][0]["snapshot_ids"]) == sorted([root, *others])


@pytest.mark.parametrize("check", [True, False])
def test_nothing_is_restored_where_a_snapshot_has_expired(
    emulator: Emulator, last: LastFleet, retire: Retire, look: Looking, check: bool
) -> None:
    """Of two images one could come back; the other has lost a snapshot, so that neither does."""
    first, second, _new = last.copied("web-1"), last.copied("web-2"), last.copied("web-3", may=())
    last.rules(images=7, snapshots=7)
    last.disabled(retire, first)
    roots = last.snapshots(second)
    result = retire(**LAST)
    assert result["summary"]["deregistered"] == 2
    root = roots[0]
    last.ec2.restore_snapshot_from_recycle_bin(SnapshotId=root)
    for one in last.rbin.list_rules(ResourceType="EBS_SNAPSHOT")["Rules"]:
        last.rbin.delete_rule(Identifier=one["Identifier"])
    last.ec2.delete_snapshot(SnapshotId=root)
    emulator.clear_calls()
    refused = retire(state="restored", undo=result["undo"], check=check)
    assert (refused.failed, refused["changed"], changes(look)) == (True, False, [])
    assert root in refused.msg
    assert second in refused.msg
    emulator.advance(8 * DAY)
    gone = retire(state="restored", undo=result["undo"], check=check)
    assert gone.failed
    assert "cannot come back" in gone.msg


@pytest.mark.parametrize("action", ["RestoreSnapshotFromRecycleBin", "RestoreImageFromRecycleBin", "EnableImage"])
def test_a_denied_restore_is_told_and_goes_on_later(
    emulator: Emulator, last: LastFleet, retire: Retire, action: str
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    undo = retire(**LAST)["undo"]
    emulator.faults.add("access_denied", action=action)
    result = retire(state="restored", undo=undo)
    assert (result.failed, entry(result, old)["action"]) == (True, "failed")
    assert f"ec2:{action}" in result.msg
    assert result["changed"] is (action != "RestoreSnapshotFromRecycleBin")
    emulator.faults.clear()
    assert retire(state="restored", undo=undo).msg == ""


def test_snapshots_that_are_slow_to_recover_are_waited_for_and_gone_on_with(
    emulator: Emulator, last: LastFleet, retire: Retire
) -> None:
    emulator.configure(snapshot_recovery_seconds=900.0)
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    undo = retire(**LAST)["undo"]
    result = retire(state="restored", undo=undo, wait_timeout=30)
    assert (result.failed, result["changed"]) == (True, True)
    assert "after 30 seconds" in result.msg
    assert retire(state="restored", undo=undo, wait_timeout=1200).msg == ""


@pytest.mark.parametrize("use", ["a parameter", "a launch template", "references denied"])
def test_what_is_used_by_then_stays_disabled(emulator: Emulator, last: LastFleet, retire: Retire, use: str) -> None:
    """The evidence is read again before the last step, which is the one that takes the content."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    if use == "a parameter":
        ssm: t.Any = emulator.session(region="us-east-1").client("ssm")
        ssm.put_parameter(Name="/golden/web", Value=old, Type="String")
    elif use == "a launch template":
        data = {"ImageId": old, "InstanceType": "t3.small"}
        last.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    else:
        emulator.faults.add("access_denied", action="DescribeImageReferences")
    result = retire(**LAST)
    assert (result["changed"], entry(result, old)["action"], last.is_there(old)) == (False, "kept", True)


@pytest.mark.parametrize("wanted", [{"image_id": "newest"}, {"tag": "Use", "image_id": "ami-00ec2000000000001"}])
def test_a_retired_image_points_to_its_replacement(last: LastFleet, retire: Retire, wanted: dict[str, str]) -> None:
    old, new = last.copied("web-1"), last.copied("web-2", may=())
    tag = wanted.get("tag", "sealed.ami:replaced-by")
    target = new if wanted["image_id"] == "newest" else wanted["image_id"]
    planned = retire(replacement=wanted, check=True)
    result = retire(replacement=wanted)
    assert (result.msg, last.fleet.tags(old)[tag]) == ("", target)
    assert entry(planned, old)["tags"] == entry(result, old)["tags"]
    assert retire(replacement=wanted)["changed"] is False
    retire(state="restored", undo=result["undo"])
    assert (tag in last.fleet.tags(old)) is ("tag" in wanted)
