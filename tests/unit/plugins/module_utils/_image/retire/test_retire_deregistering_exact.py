# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step to the second: protection and its cooldown, marks of an earlier run, and what undoes it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    DeregisterImage,
    SetDeregistrationProtection,
    SetTags,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import fresh

from .test_retire_deregistering import DATA, DAY, NOW, ROOT, an_id, copied, decided, facts, retired

BEFORE = "2030-01-01T00:00:00.000Z"
COOLING, PLAIN = "enabled-with-cooldown", "enabled-without-cooldown"


# The protection goes on for 24 hours (aws_rules §18), and its end may be ten minutes late by our clock.
@pytest.mark.parametrize(("ago", "waits"), [(0, True), (DAY, True), (DAY + 599, True), (DAY + 600, False)])
@pytest.mark.parametrize("before", ["enabled-with-cooldown", "enabled"])
def test_protection_with_cooldown_goes_on_for_a_day(before: str, ago: float, waits: bool) -> None:
    note = f"{an_id(1)} {before} {to_text(NOW - ago)}"
    found = decided(retired(tags={"sealed.ami:protection-before": note}), facts())
    waits = waits and before == "enabled-with-cooldown"
    assert found.action == ("waiting" if waits else "deregistered")
    assert found.due == (to_text(NOW - ago + DAY + 600) if waits else None)
    assert not waits or to_text(NOW - ago + DAY + 600) in found.reason


@pytest.mark.parametrize("protection", [COOLING, PLAIN])
@pytest.mark.parametrize("state", ["disabled", "failed"])
def test_what_taking_protection_off_starts_is_told(protection: str, state: str) -> None:
    image = retired(state=fresh(state), deregistration_protection=fresh(protection))
    kept = decided(image, facts())
    assert (kept.action, "24 hours" in kept.reason) == ("kept", protection == COOLING)
    found = decided(image, facts(), disable_protection=True)
    assert (found.action, f"until {to_text(NOW + DAY + 600)}" in found.reason) == ("unprotected", protection == COOLING)
    note, step = found.steps
    named = "enabled-with-cooldown" if protection == COOLING else "enabled"
    assert isinstance(note, SetTags)
    assert note.add == {"sealed.ami:protection-before": f"{an_id(1)} {named} {to_text(NOW)}"}
    assert step == SetDeregistrationProtection("disabled")
    assert found.undo is not None
    assert (found.undo.image_id, found.undo.deregistration_protection) == (an_id(1), named)
    assert (found.undo.snapshot_ids, "sealed.ami:image" in found.undo.tags) == (None, False)


# A run that has ended less than twelve hours ago is gone on with; later, somebody has brought the image back.
@pytest.mark.parametrize(
    ("ago", "expected"),
    [(0, "goes on"), (43199, "goes on"), (43200, "waits"), (60 * DAY - 1, "waits"), (60 * DAY, "starts again")],
)
def test_a_mark_is_of_a_run_that_has_just_ended_or_of_an_earlier_life(ago: float, expected: str) -> None:
    mark = f"{an_id(1)} {to_text(NOW - ago)}"
    marked = [copied(one, tags={"sealed.ami:image": fresh(mark)}) for one in (ROOT, DATA)]
    found = decided(retired(), facts(*marked), deregister_after_days=60)
    assert found.action == ("waiting" if expected == "waits" else "deregistered")
    assert found.due == (to_text(NOW - ago + 60 * DAY) if expected == "waits" else None)
    marks = [dict(one.add) for one in found.steps if isinstance(one, SetTags)]
    again = [{"sealed.ami:image": f"{an_id(1)} {to_text(NOW)}"}]
    assert marks == (again if expected == "starts again" else [])
    if expected != "waits":
        assert found.undo is not None
        shown = mark if expected == "goes on" else again[0]["sealed.ami:image"]
        assert found.undo.tags["sealed.ami:image"] == shown


@pytest.mark.parametrize("other", ["", f"{an_id(1)} {to_text(NOW - 60)}", f"{an_id(2)} {to_text(NOW)}"])
def test_snapshots_that_are_marked_differently_are_all_marked_alike(other: str) -> None:
    marked = copied(ROOT, tags={"sealed.ami:image": f"{an_id(1)} {to_text(NOW - 30)}"})
    found = decided(retired(), facts(marked, copied(DATA, tags={"sealed.ami:image": other} if other else {})))
    (mark,) = (one for one in found.steps if isinstance(one, SetTags))
    assert (mark.resource_ids, mark.add) == ((ROOT, DATA), {"sealed.ami:image": f"{an_id(1)} {to_text(NOW)}"})


def test_where_no_snapshot_goes_none_is_marked() -> None:
    found = decided(retired(), facts(copied(ROOT, volume_id="vol-1")))
    assert [type(one) for one in found.steps] == [DeregisterImage]
    assert [(one.snapshot_id, one.volume_size) for one in found.snapshots] == [(ROOT, 8), (DATA, 0)]


@pytest.mark.parametrize("state", ["disabled", "failed"])
def test_undo_is_for_what_could_be_launched_once(state: str) -> None:
    image = retired(state=fresh(state), tags={"sealed.ami:deprecation-before": BEFORE})
    found = decided(image, facts())
    assert found.action == "deregistered"
    assert (found.undo is None, found.undo_until is None) == (state == "failed", state == "failed")
    assert found.undo is None or found.undo.deprecation_time == BEFORE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"locked": None, "trouble": "locks denied"}, "its lock could not be read"),
        ({"locked": frozenset({ROOT, DATA})}, "it is locked"),
        ({"rules": None, "trouble": "rules denied"}, "AWS says that it was made for"),
    ],
)
def test_what_was_not_read_is_told_beside_each_snapshot(changes: dict[str, t.Any], words: str) -> None:
    found = decided(retired(), facts(**changes))
    assert (found.action, found.unknown) == ("kept", changes.get("trouble"))
    assert all(words in one.reason for one in found.snapshots)
