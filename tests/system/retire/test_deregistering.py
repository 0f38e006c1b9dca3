# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step, and back from the Recycle Bin: only what AWS made for the image goes, and all of it comes back."""

from __future__ import annotations

import re
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.looking import Looking
from system.retire.conftest import DAY, LAST, LAST_ACTS, OTHER, LastFleet, Retire, changes, entry, fates

pytestmark = [pytest.mark.unused, pytest.mark.lengthy]


def test_from_the_first_step_to_the_bin_and_back(
    emulator: Emulator, last: LastFleet, retire: Retire, look: Looking
) -> None:
    """In check mode each step is shown as it is done then, and what comes back is what there was."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules(images=7, snapshots=9)
    last.fleet.share(old, {"UserId": OTHER})
    before = last.fleet.shown(old)
    snapshots = last.snapshots(old)
    last.disabled(retire, old, reported=True)
    planned = retire(check=True, diff=True, **LAST)
    emulator.clear_calls()
    done = retire(diff=True, **LAST)
    assert (done.msg, done["changed"], done["summary"]["deregistered"]) == ("", True, 1)
    steps = entry(done, old)["steps"]
    assert [one["done"] for one in steps] == [True] * len(changes(look))
    assert changes(look) == ["CreateTags", "DeregisterImage"]
    same = ("action", "reason", "state", "snapshots", "gib_freed", "undo_path")
    assert {name: entry(planned, old)[name] for name in same} == {name: entry(done, old)[name] for name in same}
    assert (planned["undo"], planned["diff"]) == (done["undo"], done["diff"])
    assert last.binned() == ({old}, set(snapshots))
    assert fates(done, old) == dict.fromkeys(snapshots, "deleted")
    assert entry(done, old)["gib_freed"] == entry(done, old)["volume_size"] > 0
    assert entry(done, old)["undo_until"] < entry(done, old)["billed_until"]
    again = retire(**LAST)
    assert (again.msg, again["changed"]) == ("", False)
    named = {one for warning in again.warnings for one in re.findall(r"snap-[0-9a-f]+", warning)}
    assert named <= set(emulator.impostors()["ids"]), "only what carries our marks and is not ours"
    restored_plan = retire(state="restored", undo=done["undo"], check=True)
    emulator.clear_calls()
    restored = retire(state="restored", undo=done["undo"])
    assert (restored.msg, entry(restored, old)["state"]) == ("", "available")
    shown = [one["description"] for one in entry(restored, old)["steps"]]
    assert shown == [one["description"] for one in entry(restored_plan, old)["steps"]]
    assert len(shown) == len(changes(look))
    assert (last.fleet.shown(old), last.fleet.permissions(old)) == (before, [{"UserId": OTHER}])
    assert last.there(snapshots) == set(snapshots)
    tags = last.ec2.describe_snapshots(SnapshotIds=snapshots)["Snapshots"]
    assert [one.get("Tags") for one in tags] == [None] * len(snapshots)
    assert retire(state="restored", undo=done["undo"]).actions == ["unchanged"]


@pytest.mark.parametrize("restores", [True, False])
@pytest.mark.parametrize("names", [True, False])
def test_restored_whichever_way_the_bin_gives_it_back(
    emulator: Emulator, last: LastFleet, retire: Retire, restores: bool, names: bool
) -> None:
    """Whether what was disabled comes back disabled, and whether the bin keeps its name, AWS does not say."""
    emulator.configure(rbin_restores_disabled=restores, rbin_keeps_name=names, snapshot_recovery_seconds=30.0)
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    undo = retire(**LAST)["undo"]
    restored = retire(state="restored", undo=undo)
    assert (restored.msg, entry(restored, old)["state"]) == ("", "available")
    assert last.fleet.shown(old)["State"] == "available"
    assert [one["done"] for one in entry(restored, old)["steps"]].count(False) == 0


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        pytest.param([], "no available rule of the Recycle Bin retains it", id="no rule"),
        pytest.param([("EC2_IMAGE", 7, {})], "retains its snapshot", id="for images alone"),
        pytest.param([("EBS_SNAPSHOT", 7, {})], "retains it", id="for snapshots alone"),
        pytest.param([("EC2_IMAGE", 7, {}), ("EBS_SNAPSHOT", 6, {})], "for 6 days", id="snapshots for a shorter time"),
        pytest.param(
            [("EC2_IMAGE", 7, {}), ("EC2_IMAGE", 30, {}), ("EBS_SNAPSHOT", 7, {})], "image for 30", id="the longest"
        ),
        pytest.param([("EC2_IMAGE", 7, {"Family": "db"}), ("EBS_SNAPSHOT", 7, {})], "retains it", id="for other tags"),
        pytest.param([("EC2_IMAGE", 7, {"Family": "web"}), ("EBS_SNAPSHOT", 7, {})], None, id="for its tag"),
    ],
)
def test_the_bin_is_judged_rule_by_rule(
    last: LastFleet, retire: Retire, rules: list[tuple[str, int, dict[str, str]]], words: str | None
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.disabled(retire, old)
    for kind, days, tags in rules:
        wanted = [{"ResourceTagKey": key, "ResourceTagValue": value} for key, value in tags.items()]
        last.rule(kind, days, **({"ResourceTags": wanted} if wanted else {}))
    result = retire(**LAST)
    found = entry(result, old)
    assert (result.msg, result["changed"]) == ("", words is None)
    assert words is None or words in found["reason"]
    assert last.is_there(old) is (words is not None)
    without = retire(require_recycle_bin=False, **LAST)
    assert without.msg == ""
    assert not last.is_there(old)


@pytest.mark.parametrize("pending", ["rules are pending", "rules exclude it"])
def test_rules_that_do_not_retain_yet_or_not_this_count_for_nothing(
    emulator: Emulator, last: LastFleet, retire: Retire, pending: str
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.disabled(retire, old)
    if pending == "rules are pending":
        emulator.configure(rbin_rule_seconds=1800)
        last.rules()
    else:
        last.rule("EC2_IMAGE", ExcludeResourceTags=[{"ResourceTagKey": "Family"}])
        last.rule("EBS_SNAPSHOT")
    result = retire(**LAST)
    assert (result["changed"], entry(result, old)["action"]) == (False, "kept")


@pytest.mark.parametrize("action", ["ListRules", "GetRule", "DescribeLockedSnapshots"])
def test_what_could_not_be_read_keeps_and_is_told(
    emulator: Emulator, last: LastFleet, retire: Retire, action: str
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    emulator.faults.add("access_denied", action=action)
    result = retire(**LAST)
    assert (result.msg, result["changed"], entry(result, old)["action"]) == ("", False, "kept")
    assert any(action in one for one in result.warnings), result.warnings
    assert retire(when_unknown="fail", **LAST).failed


def _registered(last: LastFleet, name: str, snapshots: t.Sequence[str]) -> str:
    devices = [
        {"DeviceName": f"/dev/sd{'abc'[number]}", "Ebs": {"SnapshotId": one}} for number, one in enumerate(snapshots)
    ]
    return str(
        last.ec2.register_image(
            Name=name, Architecture="x86_64", RootDeviceName="/dev/sda", BlockDeviceMappings=devices
        )["ImageId"]
    )


def test_a_backup_that_an_image_was_registered_of_stays(last: LastFleet, retire: Retire) -> None:
    """A mapping names it, and yet it was not made for the image."""
    old, _new = last.fleet.image("web-1", may=LAST_ACTS), last.copied("web-2", may=())
    (backup,) = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    result = retire(**LAST)
    assert (result.msg, fates(result, old)) == ("", {backup: "left"})
    assert (last.binned(), last.there([backup])) == (({old}, set()), {backup})
    assert entry(result, old)["gib_freed"] == 0
    assert retire(state="restored", undo=result["undo"])["changed"] is True
    assert last.fleet.shown(old)["State"] == "available"


def test_snapshots_of_another_image_stay(last: LastFleet, retire: Retire) -> None:
    """Two snapshots of three are in the mapping of another image, too, which is disabled."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, second, third = last.snapshots(old)
    other = _registered(last, "other", [root, second])
    last.ec2.disable_image(ImageId=other)
    last.rules()
    last.disabled(retire, old)
    result = retire(**LAST)
    assert (result.msg, fates(result, old)) == ("", {root: "left", second: "left", third: "deleted"})
    assert last.binned() == ({old}, {third})
    assert other in entry(result, old)["snapshots"][0]["reason"]
    assert retire(state="restored", undo=result["undo"]).msg == ""
    assert set(last.snapshots(old)) == {root, second, third}


@pytest.mark.parametrize("tag", ["dlm:managed", "Ec2ImageBuilderArn"])
def test_snapshots_that_a_service_manages_stay(last: LastFleet, retire: Retire, tag: str) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *_others = last.snapshots(old)
    last.ec2.create_tags(Resources=[root], Tags=[{"Key": tag, "Value": "true"}])
    last.rules()
    last.disabled(retire, old)
    result = retire(**LAST)
    assert fates(result, old)[root] == "left"
    assert last.there([root]) == {root}


@pytest.mark.parametrize("answer", ["client-error", "skipped", "internal-error"])
def test_locked_snapshots_keep_their_image_unless_they_may_be_left(
    emulator: Emulator, last: LastFleet, retire: Retire, answer: str
) -> None:
    emulator.configure(deregister_locked_snapshot=answer)
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    root, *others = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    last.ec2.lock_snapshot(SnapshotId=root, LockMode="governance", LockDuration=90)
    kept = retire(**LAST)
    assert (kept["changed"], entry(kept, old)["action"]) == (False, "kept")
    assert root in entry(kept, old)["reason"]
    result = retire(locked_snapshots="leave", **LAST)
    assert (result.msg, fates(result, old)) == ("", {root: "left", **dict.fromkeys(others, "deleted")})
    assert last.there([root, *others]) == {root}
    assert retire(state="restored", undo=result["undo"]).msg == ""


@pytest.mark.parametrize("cooldown", [True, False])
def test_protection_is_named_and_taken_off_on_request(
    emulator: Emulator, last: LastFleet, retire: Retire, cooldown: bool
) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    last.ec2.enable_image_deregistration_protection(ImageId=old, WithCooldown=cooldown)
    kept = retire(**LAST)
    assert (kept["changed"], entry(kept, old)["action"]) == (False, "kept")
    assert "disable_protection=true" in entry(kept, old)["reason"]
    asked: dict[str, t.Any] = {"disable_protection": True, **LAST}
    first = retire(**asked)
    assert (first.msg, entry(first, old)["action"]) == ("", "unprotected")
    second = retire(**asked)
    assert entry(second, old)["action"] == ("waiting" if cooldown else "deregistered")
    emulator.advance(DAY + 3600)
    third = retire(**asked)
    assert third.msg == ""
    assert not last.is_there(old)
    undo = (third if cooldown else second)["undo"]
    assert retire(state="restored", undo=undo).msg == ""
    protection = last.fleet.shown(old)["DeregistrationProtection"]
    assert protection == ("enabled-with-cooldown" if cooldown else "enabled-without-cooldown")


def test_only_what_this_module_disabled_goes(emulator: Emulator, last: LastFleet, retire: Retire) -> None:
    """A person's quarantine, and one whose notes were copied from another image."""
    quarantined, noted, _new = (last.copied(f"web-{number}", may=()) for number in range(3))
    last.rules()
    last.ec2.disable_image(ImageId=quarantined)
    tags = {"sealed.ami:disabled-at": "2026-01-01T00:00:00Z", "sealed.ami:launch-permissions-1": f"{quarantined} 0"}
    last.ec2.create_tags(Resources=[noted], Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    last.ec2.disable_image(ImageId=noted)
    emulator.advance(99 * DAY)
    result = retire(**LAST)
    assert (result.msg, result["changed"], result.actions) == ("", False, ["kept"] * 3)


def test_a_failed_image_goes_with_the_last_step(emulator: Emulator, last: LastFleet, retire: Retire) -> None:
    """It takes no place among the newest, and cannot come back to use."""
    _first, second = last.copied("web-1", may=()), last.copied("web-2", may=())
    failed = last.copied("web-3", Encrypted=True, KmsKeyId="alias/disabled")
    assert last.fleet.shown(failed)["State"] == "failed"
    result = retire(keep={"newest": 2}, **LAST)
    assert (result["changed"], entry(result, second)["action"]) == (False, "kept")
    emulator.advance(4 * DAY)
    gone = retire(keep={"newest": 2}, require_recycle_bin=False, **LAST)
    assert (gone.msg, entry(gone, failed)["action"], gone["undo"]) == ("", "deregistered", [])
    assert not last.is_there(failed)


@pytest.mark.parametrize("enabled", [True, False])
def test_what_somebody_takes_out_of_the_bin_by_hand_stays(
    emulator: Emulator, last: LastFleet, retire: Retire, enabled: bool
) -> None:
    """Whether they enable it or not: tonight's run does not undo what they did."""
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    snapshots = last.snapshots(old)
    last.rules()
    last.disabled(retire, old)
    assert entry(retire(**LAST), old)["action"] == "deregistered"
    emulator.advance(DAY)
    for one in snapshots:
        last.ec2.restore_snapshot_from_recycle_bin(SnapshotId=one)
    last.ec2.restore_image_from_recycle_bin(ImageId=old)
    if enabled:
        last.ec2.enable_image(ImageId=old)
    result = retire(**LAST)
    assert (result.msg, result["changed"]) == ("", False)
    # What impostors have of the tags of these snapshots is named, and is all that is.
    assert not [one for one in snapshots if one in " ".join(result.warnings)]
    assert entry(result, old)["action"] == ("kept" if enabled else "waiting")
    if not enabled:
        emulator.advance(2 * DAY)
        assert entry(retire(**LAST), old)["action"] == "deregistered"
