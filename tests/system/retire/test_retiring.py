# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Retiring from the first step to the last and back: what is shown is what is done, and nothing is done twice."""

from __future__ import annotations

import pytest

from emulated_aws.client import Emulator
from system.looking import Looking
from system.retire.conftest import DAY, OTHER, Fleet, Retire, changes, entry
from system.running import RunModule

ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-exampleorgid"


def test_an_old_image_is_deprecated_then_disabled(emulator: Emulator, fleet: Fleet, retire: Retire) -> None:
    old, new = fleet.family()
    first = retire()
    assert (first.msg, first["changed"]) == ("", True)
    assert (entry(first, old)["action"], entry(first, new)["action"]) == ("deprecated", "kept")
    assert "newest of group 'web'" in entry(first, new)["reason"]
    assert fleet.shown(old)["DeprecationTime"] == entry(first, old)["deprecation_time"].replace("Z", ".000Z")
    emulator.advance(DAY)
    second = retire()
    assert (second["changed"], entry(second, old)["action"]) == (False, "waiting")
    assert entry(second, old)["next_step"] == "disable"
    emulator.advance(13 * DAY + 3600)
    third = retire()
    assert (third.msg, entry(third, old)["action"], entry(third, old)["state"]) == ("", "disabled", "disabled")
    assert fleet.shown(old)["State"] == "disabled"
    fourth = retire()
    assert (fourth["changed"], entry(fourth, old)["action"], fourth["undo"]) == (False, "unchanged", [])


@pytest.mark.parametrize("shared", [False, True])
def test_the_plan_shown_is_the_plan_done(
    emulator: Emulator, fleet: Fleet, retire: Retire, look: Looking, shared: bool
) -> None:
    """At each stage check mode shows the steps, and the run makes as many changing calls and no other."""
    old, _new = fleet.family()
    if shared:
        fleet.share(old, {"UserId": OTHER})
    for days in (0, 3):
        emulator.advance(days * DAY)
        if shared:
            fleet.report(old)
        emulator.clear_calls()
        planned = retire(check=True, diff=True, disable_after_days=0)
        assert (planned.msg, changes(look), planned["changed"]) == ("", [], True)
        emulator.clear_calls()
        done = retire(diff=True, disable_after_days=0)
        steps = entry(done, old)["steps"]
        assert [one["description"] for one in steps] == [one["description"] for one in entry(planned, old)["steps"]]
        assert [one["done"] for one in steps] == [True] * len(changes(look))
        same = ("action", "reason", "state", "deprecation_time", "tags")
        assert {name: entry(planned, old)[name] for name in same} == {name: entry(done, old)[name] for name in same}
        assert (planned["undo"], planned["diff"]) == (done["undo"], done["diff"])
        assert (entry(done, old)["tags"], entry(done, old)["state"]) == (fleet.tags(old), fleet.shown(old)["State"])
    restored = retire(state="restored", undo=done["undo"], check=True)
    emulator.clear_calls()
    real = retire(state="restored", undo=done["undo"])
    assert (real.msg, len(changes(look))) == ("", len(restored["images"][0]["steps"]))


@pytest.mark.unused
def test_a_restore_gives_back_exactly_what_was_taken(emulator: Emulator, fleet: Fleet, retire: Retire) -> None:
    old, _new = fleet.family()
    later = emulator_time(fleet, old, years=1)
    fleet.ec2.enable_image_deprecation(ImageId=old, DeprecateAt=later)
    fleet.share(old, {"UserId": OTHER}, {"OrganizationArn": ORGANIZATION})
    before, shared = fleet.shown(old), fleet.permissions(old)
    fleet.report(old)
    assert entry(retire(disable_after_days=0), old)["action"] == "deprecated"
    emulator.advance(3 * DAY)
    fleet.report(old)
    disabled = retire(disable_after_days=0)
    assert (entry(disabled, old)["action"], fleet.permissions(old)) == ("disabled", []), entry(disabled, old)["reason"]
    assert not retire(state="restored", undo=disabled["undo"]).failed
    assert (fleet.shown(old), fleet.permissions(old)) == (before, shared)
    again = retire(state="restored", undo=disabled["undo"])
    assert (again["changed"], again.actions) == (False, ["unchanged"])


def emulator_time(fleet: Fleet, image_id: str, *, years: int) -> str:
    """Return a time so many years after an image was made."""
    made = str(fleet.shown(image_id)["CreationDate"])
    return f"{int(made[:4]) + years}{made[4:10]}T00:00:00.000Z"


def test_permissions_that_tags_alone_record_are_given_on_request(
    emulator: Emulator, fleet: Fleet, retire: Retire
) -> None:
    old, _new = fleet.family()
    fleet.share(old, {"UserId": OTHER})
    fleet.report(old)
    retire()
    emulator.advance(15 * DAY)
    fleet.report(old)
    assert entry(retire(), old)["action"] == "disabled"
    refused = retire(state="restored", image_ids=[old])
    assert (refused.failed, refused["changed"], fleet.shown(old)["State"]) == (True, False, "disabled")
    assert OTHER in refused.msg
    given = retire(state="restored", image_ids=[old], trust_recorded_permissions=True)
    assert (given.msg, fleet.shown(old)["State"]) == ("", "available")
    assert fleet.permissions(old) == [{"UserId": OTHER}]
    assert [name for name in fleet.tags(old) if name.startswith("sealed.ami:")] == []


@pytest.mark.parametrize("forged", [f"{{other}} 1 {OTHER}", f"{{own}} 2 {OTHER}", f"{{own}} 1 {OTHER}"])
def test_a_forged_record_shares_nothing(fleet: Fleet, retire: Retire, forged: str) -> None:
    """Of another image, not whole, or well made: a tag alone gives nobody anything."""
    old, new = fleet.family()
    fleet.ec2.disable_image(ImageId=old)
    value = forged.format(own=old, other=new)
    fleet.ec2.create_tags(Resources=[old], Tags=[{"Key": "sealed.ami:launch-permissions-1", "Value": value}])
    result = retire(state="restored", image_ids=[old])
    assert (result.failed, result["changed"], fleet.shown(old)["State"]) == (True, False, "disabled")
    assert fleet.permissions(old) == []


def test_what_people_disabled_is_restored_when_named(fleet: Fleet, retire: Retire) -> None:
    old, _new = fleet.family()
    fleet.ec2.disable_image(ImageId=old)
    result = retire(state="restored", image_ids=[old])
    assert (result.msg, result.actions) == ("", ["restored"])
    assert "is not recorded" in result["images"][0]["reason"]


@pytest.mark.parametrize("check", [False, True])
def test_one_image_that_cannot_be_restored_keeps_the_others_as_they_are(
    fleet: Fleet, retire: Retire, check: bool
) -> None:
    old, _new = fleet.family(old=())
    fleet.ec2.disable_image(ImageId=old)
    result = retire(state="restored", image_ids=[old, "ami-0123456789abcdef0"], check=check)
    assert result.failed
    assert "ami-0123456789abcdef0" in result.msg
    assert "Recycle Bin" in result.msg
    assert fleet.shown(old)["State"] == "disabled"


@pytest.mark.parametrize("shown", [True, False])
def test_the_source_of_a_pending_copy_is_kept(
    emulator: Emulator, fleet: Fleet, retire: Retire, run_module: RunModule, shown: bool
) -> None:
    """In another of the regions, whether or not AWS shows the source of a copy before it is available."""
    emulator.configure(copy_seconds_minimum=DAY, copy_image_reports_source_while_pending=shown)
    old, _new = fleet.family(old=())
    copied = run_module("ec2_ami_encrypted_copy", source_image_id=old, source_region="us-east-1", region="eu-west-1")
    assert copied.msg == ""
    result = retire(regions=["us-east-1", "eu-west-1"])
    assert (result["changed"], entry(result, old)["action"]) == (False, "kept")
    assert "a copy of it is pending" in entry(result, old)["reason"]
