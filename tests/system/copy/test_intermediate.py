# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that others are made of goes soon: it never stands for a copy that is to stay, nor the other way round."""

from __future__ import annotations

import typing as t

import pytest

from system.copy.asking import AWAY, SOURCES, Copy
from system.looking import Looking, tags
from system.running import RunModule

UNTIL = "2026-12-31T00:00:00Z"
KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
SOON: dict[str, t.Any] = {**KEY, "intermediate": True, "expires_at": UNTIL, "name": "on-its-way"}


def marks(look: Looking, image_id: str) -> tuple[str | None, str | None]:
    """Return what the tags of an image say of its purpose and its end."""
    own = tags(look.image(AWAY, image_id) or {})
    return own.get("sealed.ami:purpose"), own.get("sealed.ami:expires")


@pytest.mark.parametrize("first", [KEY, SOON], ids=["stays first", "goes first"])
def test_both_stand_beside_each_other(copy: Copy, look: Looking, first: dict[str, t.Any]) -> None:
    second = SOON if first is KEY else KEY
    made = {id(one): copy("plain-root", **one) for one in (first, second)}
    assert [one.actions for one in made.values()] == [["copied"]] * 2
    assert [copy("plain-root", **one).actions for one in (first, second)] == [["unchanged"]] * 2
    stays, goes = made[id(KEY)]["image_id"], made[id(SOON)]["image_id"]
    assert (marks(look, stays), marks(look, goes)) == ((None, None), ("intermediate", UNTIL))
    snapshots = {one["SnapshotId"]: tags(one) for one in look.snapshots(AWAY).values()}
    of_goes = [device["Ebs"]["SnapshotId"] for device in (look.image(AWAY, goes) or {})["BlockDeviceMappings"]]
    assert [snapshots[one]["sealed.ami:purpose"] for one in of_goes] == ["intermediate"] * len(of_goes)


@pytest.mark.parametrize(("removed", "left"), [(SOON, KEY), (KEY, SOON)], ids=["goes", "stays"])
def test_each_is_removed_alone(copy: Copy, look: Looking, removed: dict[str, t.Any], left: dict[str, t.Any]) -> None:
    ids = {id(one): copy("plain-root", **one)["image_id"] for one in (KEY, SOON)}
    gone = copy("plain-root", **{**removed, "state": "absent", "expires_at": None})
    assert gone.actions == ["removed"]
    assert {one["ImageId"] for one in look.images(AWAY, source=SOURCES["plain-root"])} == {ids[id(left)]}
    assert copy("plain-root", **left).actions == ["unchanged"]
    again = copy("plain-root", **removed)
    assert again.actions == ["copied"] and again["image_id"] not in ids.values()


def test_a_change_of_key_leaves_it(copy: Copy, look: Looking) -> None:
    soon = copy("plain-root", **SOON)["image_id"]
    copy("plain-root", **{**KEY, "superseded": "deregister", "kms_key_id": "alias/os"})
    copy("plain-root", **{**KEY, "superseded": "deregister", "kms_key_id": "alias/data"})
    assert soon in {one["ImageId"] for one in look.images(AWAY, source=SOURCES["plain-root"])}


@pytest.mark.parametrize(
    ("until", "told"), [("2020-01-01T00:00:00Z", True), ("2999-01-01T00:00:00Z", False), (None, False)]
)
def test_the_audit_names_what_should_be_gone(
    copy: Copy, look: Looking, run_module: RunModule, until: str | None, told: bool
) -> None:
    soon = copy("plain-root", **{**SOON, "expires_at": until})["image_id"]
    stays = copy("plain-root", **KEY)["image_id"]
    warnings = run_module("ec2_ami_encryption_info", region=AWAY, owners=["self"]).warnings
    named = [one for one in warnings if "should be gone" in one]
    ids = {one.split()[0] for one in named}
    # What only has its tags has not its source, by AWS's word.
    copies = {
        one["ImageId"] for one in look.images(AWAY, source=SOURCES["plain-root"]) if "SourceInstanceId" not in one
    }
    assert (soon in ids) == told and ids <= copies - {stays}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"intermediate": True}, "kms_key_id is required"),
        ({**KEY, "expires_at": UNTIL}, "pass intermediate=true"),
        ({**SOON, "expires_at": "tomorrow"}, "'tomorrow' is not a time"),
    ],
)
def test_what_cannot_be(copy: Copy, look: Looking, options: dict[str, t.Any], words: str) -> None:
    result = copy("plain-root", **options)
    assert result.failed and words in result.msg and look.mutations() == []
