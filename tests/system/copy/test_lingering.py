# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that AWS lists for a while after they were deregistered are gone, whether it does so or not (§25.5)."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import copied_snapshots, ids
from system.looking import Looking

GOLDEN: dict[str, t.Any] = {"kms_key_id": "alias/golden"}


@pytest.fixture(params=[0, 3600], ids=["gone at once", "listed for an hour"], autouse=True)
def lingering(request: pytest.FixtureRequest, look: Looking) -> bool:
    """Let AWS list deregistered images for a while, or not at all; tell whether it does."""
    look.emulator.configure(deregistered_image_listed_seconds=request.param)
    return bool(request.param)


def living(look: Looking) -> set[str]:
    """Return the ids of the copies that are not merely listed yet."""
    states = {image["ImageId"]: image["State"] for image in look.images(AWAY)}
    return {image_id for image_id in ids(look) if states[image_id] != "deregistered"}


def test_absent_is_absent_once(copy: Copy, look: Looking, lingering: bool) -> None:
    made = copy("database", **GOLDEN)
    gone = copy("database", **GOLDEN, state="absent")
    snapshots = [one["snapshot_id"] for one in made["image"]["snapshots"]]
    assert (gone.msg, sorted(gone["image"]["removed"])) == ("", sorted([made["image_id"], *snapshots]))
    assert (living(look), copied_snapshots(look), bool(ids(look))) == (set(), set(), lingering)
    look.emulator.clear_calls()
    again = copy("database", **GOLDEN, state="absent")
    assert (again.msg, again["changed"], look.mutations()) == ("", False, [])


def test_what_is_removed_can_be_made_again(copy: Copy, look: Looking) -> None:
    first = copy("database", **GOLDEN)
    copy("database", **GOLDEN, state="absent")
    second = copy("database", **GOLDEN)
    assert (second.msg, second["image"]["action"], second["changed"]) == ("", "copied", True)
    assert second["image_id"] != first["image_id"] and living(look) == {second["image_id"]}
    assert not copy("database", **GOLDEN)["changed"]


def test_a_copy_that_failed_is_rolled_back_wholly(copy: Copy, look: Looking) -> None:
    for _ in range(2):
        failed = copy("vendor-encrypted-keyless", **GOLDEN, on_failure="rollback")
        (entry,) = failed["images"]
        assert failed.failed and "Rolled back" in failed.msg
        assert (entry["image_id"], entry["state"], entry["created"]) == (None, "absent", [])
        assert (living(look), copied_snapshots(look)) == (set(), set())


def test_what_is_superseded_goes_once(copy: Copy, look: Looking) -> None:
    old = copy("database", kms_key_id="alias/os")
    new = copy("database", **GOLDEN, superseded="deregister")
    assert (new.msg, new["image"]["action"], living(look)) == ("", "replaced", {new["image_id"]})
    assert old["image_id"] in new["image"]["removed"]
    look.emulator.clear_calls()
    again = copy("database", **GOLDEN, superseded="deregister")
    assert (again.msg, again["changed"], again.warnings, look.mutations()) == ("", False, [], [])
