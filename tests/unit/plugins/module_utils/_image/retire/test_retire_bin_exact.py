# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rule of the Recycle Bin counts for the very kind, key and value that it names, and for the days that it says."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.model import Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.recycle_bin import (
    IMAGES,
    SNAPSHOTS,
    Retention,
    Rule,
    retention_of,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import fresh


def a_rule(kind: str = IMAGES, days: int = 7, **changes: t.Any) -> Rule:
    """Return a rule that is in force."""
    return Rule("rule", fresh(kind), days, **{"is_available": True, **changes})


def a_snapshot(**tags: str) -> Snapshot:
    """Return a snapshot in the region itself."""
    return Snapshot("snap-1", "completed", True, tags=tags)


@pytest.mark.parametrize("kind", ["A", IMAGES, "EBS_VOLUME", SNAPSHOTS, "Z"])
@pytest.mark.parametrize("wanted", [(), (("Bin", "yes"),)])
def test_a_rule_is_for_its_kind(kind: str, wanted: tuple[tuple[str, str], ...]) -> None:
    tags = {"Bin": fresh("yes")}
    rule = a_rule(kind, wanted=wanted)
    for asked in (IMAGES, SNAPSHOTS):
        assert (rule.surely_retains(asked, tags), rule.may_retain(asked, tags)) == (kind == asked, kind == asked)


@pytest.mark.parametrize(("days", "available"), [(1, True), (365, True), (0, True), (-1, True), (7, False)])
def test_a_rule_retains_for_a_day_at_least_once_it_is_available(days: int, available: bool) -> None:
    rule = a_rule(days=days, is_available=available)
    assert rule.surely_retains(IMAGES, {}) is rule.may_retain(IMAGES, {}) is (available and days > 0)


# Values that sort before and after the one named, and a key alone, which AWS may read as any value or as an empty one.
@pytest.mark.parametrize(
    ("value", "tags", "sure", "may"),
    [
        ("m", {"Bin": "m"}, True, True),
        ("m", {"Bin": "a"}, False, False),
        ("m", {"Bin": "z"}, False, False),
        ("m", {"Bin": ""}, False, False),
        ("m", {"Ban": "m"}, False, False),
        ("m", {}, False, False),
        (None, {"Bin": "a"}, False, True),
        (None, {"Bin": ""}, True, True),
        (None, {"Ban": ""}, False, False),
        ("", {"Bin": "a"}, False, True),
        ("", {"Bin": ""}, True, True),
        ("", {}, False, False),
    ],
)
def test_a_pair_fits_its_own_value(value: str | None, tags: dict[str, str], sure: bool, may: bool) -> None:
    """What surely fits what is wanted surely excludes what is excluded, and what may fit may exclude."""
    shown = {key: fresh(one) for key, one in tags.items()}
    pairs = (("Bin", value),)
    wanting, excluding = a_rule(wanted=pairs), a_rule(excluded=pairs)
    assert (wanting.surely_retains(IMAGES, shown), wanting.may_retain(IMAGES, shown)) == (sure, may)
    assert (excluding.surely_retains(IMAGES, shown), excluding.may_retain(IMAGES, shown)) == (not may, not sure)


def test_any_pair_of_a_rule_will_do() -> None:
    pairs = (("Bin", "m"), ("Team", "web"))
    assert a_rule(wanted=pairs).surely_retains(IMAGES, {"Bin": "m", "Team": "db"})
    assert a_rule(wanted=pairs).may_retain(IMAGES, {"Bin": "a", "Team": "web"})
    assert not a_rule(excluded=pairs).surely_retains(IMAGES, {"Bin": "m", "Team": "db"})
    assert not a_rule(excluded=pairs).may_retain(IMAGES, {"Bin": "a", "Team": "web"})


@pytest.mark.parametrize(
    ("images", "snapshots", "expected"),
    [
        ([7], [7], Retention(7, 7)),
        ([7], [8], Retention(7, 8)),
        ([7], [6], None),
        ([1], [1], Retention(1, 1)),
        ([7, 3], [3, 7], Retention(7, 7)),
        ([3, 7], [9, 2], Retention(7, 9)),
        ([3, 9], [8, 2], None),
        ([7], [], None),
        ([], [7], None),
        ([0], [7], None),
    ],
)
def test_of_several_rules_the_longest_holds(
    images: list[int], snapshots: list[int], expected: Retention | None
) -> None:
    rules = [*(a_rule(IMAGES, one) for one in images), *(a_rule(SNAPSHOTS, one) for one in snapshots)]
    found = retention_of({}, [a_snapshot()], rules)
    assert found == expected if expected else isinstance(found, str)


def test_what_is_billed_last_is_the_snapshot_that_stays_longest() -> None:
    rules = [a_rule(days=5), a_rule(SNAPSHOTS, 6), a_rule(SNAPSHOTS, 30, wanted=(("Keep", "long"),))]
    snapshots = [a_snapshot(), a_snapshot(Keep="long"), a_snapshot()]
    assert retention_of({}, snapshots, rules) == Retention(5, 30)
    assert retention_of({}, [], rules) == Retention(5, 0)


def test_an_image_that_a_rule_may_retain_for_longer_needs_its_snapshots_for_as_long() -> None:
    """Whether a key alone stands for any value AWS does not say; retained for longer, it may outlive its snapshots."""
    rules = [a_rule(days=5), a_rule(days=9, wanted=(("Bin", None),)), a_rule(SNAPSHOTS, 8)]
    assert isinstance(retention_of({"Bin": "a"}, [a_snapshot()], rules), str)
    assert retention_of({"Ban": "a"}, [a_snapshot()], rules) == Retention(5, 8)
    assert retention_of({"Bin": "a"}, [a_snapshot()], [*rules, a_rule(SNAPSHOTS, 9)]) == Retention(5, 9)


def test_the_reason_counts_the_rules_of_the_kind() -> None:
    """A rule that is not available yet is why an image is kept that tomorrow is not."""
    rules = [a_rule(is_available=False), a_rule(days=0), a_rule(SNAPSHOTS, is_available=False), a_rule("EBS_VOLUME")]
    assert "2 rules for EC2_IMAGE, 1 of them not available yet" in str(retention_of({}, [], rules))
    found = retention_of({}, [a_snapshot()], [a_rule(), *rules])
    assert "1 rules for EBS_SNAPSHOT, 1 of them not available yet" in str(found)
