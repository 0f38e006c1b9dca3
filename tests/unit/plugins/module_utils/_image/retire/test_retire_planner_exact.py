# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of retiring to the second, for each state and last step, and at each limit."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.groups import Sorted
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.model import Decision
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.planner import (
    NOT_LOOKED_AT,
    decide,
    decide_early,
    deprecated_at,
    deregistration_due,
    needs_permissions,
    over_limit,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.request import Replacement, RetireRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import SetDeprecation, SetTags
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import to_text
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import fresh

from .test_retire_planner import DAY, NOW, OTHER, a_request, a_use, an_id, an_image

BEFORE = "2030-01-01T00:00:00.000Z"
STATES = ("a", "available", "b", "disabled", "failed", "pending")


def early(image: Image, *, last_step: str = "deregister", now: float = NOW, **options: t.Any) -> Decision | None:
    """Return the decision that needs no evidence."""
    request = dataclasses.replace(a_request(**options), last_step=fresh(last_step))
    return decide_early(Sorted(image, "web", None), request, now=now)


def deprecating(image: Image, *, now: float = NOW, replacement: Replacement | None = None) -> Decision:
    """Return the decision on an image that is due for the first step."""
    request = dataclasses.replace(a_request(), replacement=replacement)
    return decide(Sorted(image, "web", None, an_id(9)), a_use(image), NOBODY, request, now=now)


@pytest.mark.parametrize("second", [0, 1, 30, 59.9])
def test_deprecation_is_six_minutes_ahead_of_the_minute(second: float) -> None:
    """AWS rounds to the minute and takes no time of the past (aws_rules §18), and other images may come first."""
    (step,) = deprecating(an_image(1, age=30), now=NOW + second).steps
    assert step == SetDeprecation(to_text(NOW + 360))


def test_an_earlier_deprecation_is_noted_before_it_is_replaced() -> None:
    found = deprecating(an_image(1, age=30, deprecation_time=BEFORE))
    note, step = found.steps
    assert isinstance(note, SetTags)
    assert isinstance(step, SetDeprecation)
    assert note.add == {"sealed.ami:deprecation-before": BEFORE}
    assert (found.undo and found.undo.deprecation_time) == BEFORE


@pytest.mark.parametrize("present", ["", "ami-0", an_id(9), "b"])
@pytest.mark.parametrize("wanted", ["newest", an_id(9), an_id(8), "z"])
def test_the_pointer_is_written_where_the_image_has_another_or_none(wanted: str, present: str) -> None:
    target = an_id(9) if wanted == "newest" else wanted
    tags = {"next": fresh(present)} if present else {}
    steps = deprecating(an_image(1, age=30, tags=tags), replacement=Replacement("next", fresh(wanted))).steps
    added = [dict(one.add) for one in steps if isinstance(one, SetTags)]
    assert added == ([] if present == target else [{"next": target}])


def test_where_nothing_replaces_an_image_its_pointer_stays() -> None:
    image = an_image(1, age=30, tags={"next": an_id(8)})
    request = dataclasses.replace(a_request(), replacement=Replacement("next", "newest"))
    found = decide(Sorted(image, "web", None, None), a_use(image), NOBODY, request, now=NOW)
    assert [type(one) for one in found.steps] == [SetDeprecation]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("deprecated", [None, to_text(NOW - DAY)])
@pytest.mark.parametrize("state", STATES)
def test_permissions_are_read_where_a_decision_needs_them(state: str, deprecated: str | None, shared: bool) -> None:
    """Disabling takes them, and keep.shared asks for them; of what cannot be launched, AWS shows none."""
    image = an_image(1, age=30, state=fresh(state), deprecation_time=deprecated)
    request = a_request(keep={"shared": shared})
    expected = state == "available" and (shared or deprecated is not None)
    assert needs_permissions(Sorted(image, "web", None), request, now=NOW) is expected


@pytest.mark.parametrize("last_step", ["deprecate", "disable", "deregister"])
@pytest.mark.parametrize("state", STATES)
def test_what_cannot_be_launched_waits_for_the_last_step_alone(state: str, last_step: str) -> None:
    notes = {"sealed.ami:disabled-at": to_text(NOW - 90 * DAY), "sealed.ami:launch-permissions-1": f"{an_id(1)} 0"}
    found = early(an_image(1, age=400, state=fresh(state), tags=notes), last_step=last_step)
    if state == "available":
        assert found is not None
        assert "enabled it again" in found.reason
    elif last_step != "deregister":
        assert found is not None
        assert (found.action, state in found.reason) == ("unchanged" if state == "disabled" else "kept", True)
        assert ("last step asked for" in found.reason) is (state == "disabled")
    else:
        assert (found is None) is (state in ("disabled", "failed"))


@pytest.mark.parametrize("last_step", ["deprecate", "disable", "deregister"])
def test_a_deprecated_image_rests_where_that_is_the_last_step(last_step: str) -> None:
    found = early(an_image(1, age=30, deprecation_time=to_text(NOW - 14 * DAY)), last_step=last_step)
    assert (found is not None) is (last_step == "deprecate")


@pytest.mark.parametrize("state", ["disabled", "failed"])
@pytest.mark.parametrize(("days", "due"), [(61, True), (60, True), (59, False)])
def test_an_image_is_due_from_the_very_second_on(state: str, days: int, due: bool) -> None:
    notes = {"sealed.ami:disabled-at": to_text(NOW - days * DAY), "sealed.ami:launch-permissions-1": f"{an_id(1)} 0"}
    image = an_image(1, age=days, state=state, tags=notes)
    found = early(image, deregister_after_days=60)
    assert (found is None) is due
    assert found is None or found.due == to_text(NOW + DAY)


@pytest.mark.parametrize(("ahead", "counts"), [(-1, True), (0, True), (300, True), (600, True), (601, False)])
def test_what_is_ten_minutes_ahead_counts_as_now(ahead: float, counts: bool) -> None:
    """Deprecation is asked for some minutes ahead, and clocks differ."""
    moment = to_text(NOW + ahead)
    assert (deprecated_at(an_image(1, age=30, deprecation_time=moment), NOW) is not None) is counts
    notes = {"sealed.ami:disabled-at": moment, "sealed.ami:launch-permissions-1": f"{an_id(1)} 0"}
    image = an_image(1, age=30, state="disabled", tags=notes)
    assert (deregistration_due(image, a_request(), NOW) is not None) is counts


def test_a_shared_image_waits_two_days_after_it_was_deprecated() -> None:
    """AWS shows another account's launch a day late (aws_rules §17.2)."""
    image = an_image(1, age=30, deprecation_time=to_text(NOW - DAY))
    request: RetireRequest = a_request(disable_after_days=0)
    found = decide(Sorted(image, "web", None), a_use(image), OTHER, request, now=NOW)
    assert (found.action, found.due) == ("waiting", to_text(NOW + DAY))


@pytest.mark.parametrize("state", ["available", "disabled"])
def test_undo_knows_the_deprecation_that_was_noted(state: str) -> None:
    """Of an image that is disabled now, and of one that an interrupted run has disabled."""
    notes = {"sealed.ami:deprecation-before": BEFORE}
    past = to_text(NOW - 30 * DAY)
    if state == "available":
        image = an_image(1, age=90, deprecation_time=past, tags=notes)
        found = decide(Sorted(image, "web", None), a_use(image), NOBODY, a_request(), now=NOW)
    else:
        record = {"sealed.ami:disabled-at": "being disabled", "sealed.ami:launch-permissions-1": f"{an_id(1)} 0"}
        done = early(an_image(1, age=90, state=state, deprecation_time=past, tags={**notes, **record}))
        assert done is not None
        found = done
    assert (found.action, found.undo and found.undo.deprecation_time) == ("disabled", BEFORE)


@pytest.mark.parametrize(("due", "refused"), [(0, False), (1, False), (2, False), (3, True), (9, True)])
@pytest.mark.parametrize("reason", ["a", NOT_LOOKED_AT, "z"])
def test_the_limit_is_how_many_may_change(due: int, refused: bool, reason: str) -> None:
    image = an_image(1, age=30)
    changing = [Decision(image, "deprecated", "b", (SetDeprecation(BEFORE),)) for _number in range(due)]
    found = over_limit([*changing, Decision(image, "kept", fresh(reason))], a_request(limit=2))
    assert (found is not None) is refused
    assert found is None or found.startswith(f"{'at least ' if reason == NOT_LOOKED_AT else ''}{due} images are due")
