# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may launch an image: what is added, taken back and common, for each kind of receiver by itself."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions, Sharing

KINDS = ("user_ids", "group_names", "org_arns", "org_unit_arns")


def only(kind: str, *names: str) -> LaunchPermissions:
    """Return permissions of one kind."""
    return LaunchPermissions(**{kind: frozenset(names)})


def everyone(*names: str) -> LaunchPermissions:
    """Return permissions with the same names in each kind."""
    return LaunchPermissions(*(frozenset(names) for _kind in KINDS))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_counts_by_itself(kind: str) -> None:
    one, other, both = only(kind, "a"), only(kind, "b"), only(kind, "a", "b")
    assert one and both and not only(kind)
    assert (one.count, both.count, one.plus(everyone("b")).count) == (1, 2, 5)
    assert both.minus(one) == other and one.minus(both) == NOBODY and one.minus(other) == one
    assert one.plus(other) == one.plus(both) == both and NOBODY.plus(one) == one.plus(NOBODY) == one
    assert both.common(one) == one.common(both) == one and one.common(other) == NOBODY
    assert everyone("a", "b").minus(one).count == 7
    assert both.to_dict() == {**{key: [] for key in KINDS}, kind: ["a", "b"]}


@pytest.mark.parametrize("kind", KINDS)
def test_snapshots_know_accounts_and_all_alone(kind: str) -> None:
    assert only(kind, "a").for_snapshots == (only(kind, "a") if kind in ("user_ids", "group_names") else NOBODY)


def test_nobody() -> None:
    assert (bool(NOBODY), NOBODY.count, NOBODY.to_dict()) == (False, 0, {kind: [] for kind in KINDS})
    assert (Sharing().image, dict(Sharing().snapshots)) == (NOBODY, {})
    assert [field.name for field in dataclasses.fields(LaunchPermissions)] == list(KINDS)
