# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like copies is there before the first of them; the oracle sees whether it stays as it was."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, SOURCES, Copy
from system.copy.lookalikes import copied_snapshots, ids
from system.looking import Looking

pytestmark = pytest.mark.crowded
KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}


@pytest.mark.parametrize("source", ["plain-root", "database", "mixed"])
def test_a_first_copy_its_change_and_its_end(copy: Copy, look: Looking, source: str) -> None:
    predicted = copy(source, **KEY, check=True)
    before = set(look.emulator.impostors()["ids"])
    assert before and predicted["image"]["action"] == "copied"
    made = copy(source, **KEY, tags={"Team": "a"}, launch_permissions={"user_ids": ["210987654321"]})
    assert (made.msg, made["image"]["action"], ids(look)) == ("", "copied", {made["image_id"]})
    changed = copy(source, **KEY, tags={"Team": "b"}, launch_permissions={"user_ids": []})
    assert (changed.msg, changed["image_id"]) == ("", made["image_id"])
    gone = copy(source, **KEY, state="absent")
    assert (gone.msg, gone["image"]["removed"][0]) == ("", made["image_id"])
    assert (ids(look), copied_snapshots(look)) == (set(), set())
    assert len(look.emulator.impostors()["ids"]) > len(before)


def test_nothing_is_removed_where_there_is_no_copy(copy: Copy, look: Looking) -> None:
    gone = copy("plain-root", **KEY, state="absent")
    assert (gone.msg, gone["changed"], gone["image"].get("removed", [])) == ("", False, [])
    assert look.emulator.impostors()["ids"]


def test_a_key_is_replaced(copy: Copy, look: Looking) -> None:
    old = copy("database", kms_key_id="alias/os")
    new = copy("database", **KEY, superseded="deregister")
    assert (new.msg, new["image"]["action"], ids(look)) == ("", "replaced", {new["image_id"]})
    snapshots = {one["snapshot_id"] for one in old["image"]["snapshots"]}
    assert set(new["image"]["removed"]) == {old["image_id"], *snapshots}


def test_a_failed_copy_is_rolled_back(copy: Copy, look: Looking) -> None:
    failed = copy("vendor-encrypted-keyless", **KEY, on_failure="rollback")
    assert failed.failed and "Rolled back" in failed.msg
    assert (ids(look), copied_snapshots(look)) == (set(), set())
    assert SOURCES["plain-root"] and look.calls(action="CopyImage", region=AWAY)
