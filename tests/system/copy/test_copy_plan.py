# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that check mode shows for copies is what is done: one line for each call that changes something."""

from __future__ import annotations

import collections
import typing as t

import pytest

from system.copy.asking import AWAY, HOME, SOURCES, Copy
from system.copy.test_prediction import CASES, KEY, OLD, Prepare, on_its_way
from system.looking import Looking
from system.promises import promised
from system.running import Result

PARTNER, OTHER = "210987654321", "111122223333"
SHARED: dict[str, t.Any] = {"kms_key_id": "alias/shared"}
EVERYTHING: dict[str, t.Any] = {
    "tags": {"Team": "db"}, "snapshot_tags": {"Tier": "gold"}, "description": "sealed",
    "launch_permissions": {"user_ids": [PARTNER]}, "deprecate_at": "2030-01-31T00:00:00Z",
    "deregistration_protection": "enabled",
}  # fmt: skip
CHANGED: dict[str, t.Any] = {
    "tags": {"Team": "web"}, "snapshot_tags": {"Kind": "new"}, "description": "another", "deprecate_at": "",
    "launch_permissions": {"user_ids": [OTHER]}, "deregistration_protection": "disabled",
}  # fmt: skip
ORGANIZATION = {"org_arns": ["arn:aws:organizations::123456789012:organization/o-abcdefghij"]}


class Doing:
    """Check, do, and compare."""

    def __init__(self, copy: Copy, look: Looking):
        self._copy, self._look = copy, look

    def compare(self, source: str, **options: t.Any) -> Result:
        """Run a task in check mode and for real, and hold the second to the words of the first, in their order."""
        predicted = self._copy(source, check=True, diff=True, **options)
        before = len(self._look.mutations())
        done = self._copy(source, diff=True, **options)
        assert done.msg == ""
        made = self._look.mutations()[before:]
        if len(predicted["images"]) == 1:
            assert promised(predicted) == made
        assert collections.Counter(promised(predicted)) == collections.Counter(made)
        assert (predicted["changed"], predicted["diff"] == []) == (bool(made), not made)
        removed = [[entry.get("removed") for entry in result["images"]] for result in (predicted, done)]
        assert removed[0] == removed[1]
        return done


@pytest.fixture
def doing(copy: Copy, look: Looking) -> Doing:
    """Return what holds tasks to their plans."""
    return Doing(copy, look)


@pytest.mark.parametrize(
    ("prepare", "source", "options", "action"), [case for case in CASES if case.id != "pending, spoilt"]
)
def test_every_case_of_the_planner(
    copy: Copy, look: Looking, doing: Doing, prepare: Prepare, source: str, options: dict[str, t.Any], action: str
) -> None:
    prepare(copy, look)
    done = doing.compare(source, **options)
    assert done["images"][0]["action"] == action


def test_what_a_pending_copy_hides_is_announced(copy: Copy, look: Looking) -> None:
    """Its snapshots are not shown, so that their tags and permissions cannot be compared beforehand."""
    on_its_way("plain-root", **SHARED)(copy, look)
    asked: dict[str, t.Any] = {**SHARED, **EVERYTHING}
    predicted = copy("plain-root", **asked, check=True, diff=True)
    assert "what AWS does not show of it yet is compared" in predicted["image"]["reason"]
    look.emulator.clear_calls()
    done = copy("plain-root", **asked)
    more = collections.Counter(look.mutations()) - collections.Counter(promised(predicted))
    assert (done["image"]["action"], more) == ("adopted", {"CreateTags": 1, "ModifySnapshotAttribute": 1})


@pytest.mark.parametrize("source", ["plain-root", "database", "mixed", "ephemeral"])
def test_a_copy_with_everything_that_is_changed_and_removed(doing: Doing, source: str) -> None:
    doing.compare(source, **SHARED, **EVERYTHING)
    doing.compare(source, **SHARED, **EVERYTHING)
    doing.compare(source, **SHARED, **CHANGED)
    doing.compare(source, **SHARED, **CHANGED)
    removed = doing.compare(source, **SHARED, state="absent")
    assert removed.actions == ["removed"]
    doing.compare(source, **SHARED, state="absent")


def test_each_snapshot_is_shared_in_a_line_of_its_own(copy: Copy) -> None:
    predicted = copy("database", **SHARED, launch_permissions={"user_ids": [PARTNER]}, check=True, diff=True)
    lines = predicted["diff"][0]["after"].splitlines()
    devices = [line.split()[4] for line in lines if line.startswith("share the snapshot of ")]
    assert devices == ["/dev/sdf", "/dev/sdg", "/dev/xvda"]
    assert not [line for line in lines if line[:1].isupper()]


def test_an_empty_volume_has_no_snapshot_to_share(doing: Doing) -> None:
    doing.compare("blank-volume", encrypted=False, launch_permissions={"user_ids": [PARTNER]})


def test_organizations_share_no_snapshot(doing: Doing) -> None:
    done = doing.compare("database", **SHARED, launch_permissions=ORGANIZATION)
    doing.compare("database", **SHARED, launch_permissions={"user_ids": []})
    assert done["image"]["action"] == "copied"


def test_a_protected_copy_is_unprotected_first(doing: Doing) -> None:
    doing.compare("plain-root", **KEY, deregistration_protection="enabled")
    doing.compare("plain-root", **KEY, deregistration_protection="disabled", state="absent")


def test_a_copy_that_replaces_another(doing: Doing) -> None:
    doing.compare("database", **OLD)
    done = doing.compare("database", **SHARED, **EVERYTHING, superseded="deregister")
    assert done["image"]["action"] == "replaced"


def test_what_was_shared_before_a_refusal_counts_as_changed(copy: Copy, look: Looking) -> None:
    """AWS takes one kind of change of a snapshot's permissions in a call, and may refuse the second."""
    made = copy("plain-root", **SHARED, launch_permissions={"user_ids": [PARTNER]})
    permissions = {"Add": [{"UserId": OTHER}], "Remove": [{"UserId": PARTNER}]}
    look.ec2(AWAY).modify_image_attribute(ImageId=made["image_id"], LaunchPermission=permissions)
    refusal = {"code": "InvalidRequest", "status": 400, "message": "no"}
    look.emulator.faults.add("error", action="ModifySnapshotAttribute", nth=2, **refusal)
    look.emulator.clear_calls()
    refused = copy("plain-root", **SHARED, launch_permissions={"user_ids": [OTHER]})
    assert (refused.failed, refused["changed"]) == (True, True)
    assert look.mutations(error=[None]) == ["ModifySnapshotAttribute"]


def test_a_fleet(doing: Doing) -> None:
    everything = {**EVERYTHING, "launch_permissions": {"user_ids": [PARTNER]}}
    fleet = {"source_image_id": None, "source_image_ids": [SOURCES["plain-root"], SOURCES["mixed"]]}
    regions = {"destinations": [{"region": AWAY}, {"region": HOME, "name": "{source_name}-x"}]}
    for _time in range(2):
        doing.compare("plain-root", **fleet, **regions, **SHARED, **everything)
