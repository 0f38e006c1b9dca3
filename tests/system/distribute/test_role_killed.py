# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role, killed after each change that it makes: the next run finds what there is, and leaves nothing."""

from __future__ import annotations

import pytest

from system.compose.test_compose_killed import Killed, Scythe
from system.distribute.scene import DIRECT, FIRST, HOME, LOCKED, NOTHING, ONE, SMALL, Stage

SLOW = {"copy_seconds_minimum": 100.0, "not_found_lag": 20.0, "tag_filter_lag": 60.0}
# By way of an intermediate copy, which is all that the other way does and more.
CHANGES = [
    "CopyImage", "CreateTags", "CreateTags", "CreateTags", "ModifySnapshotAttribute", "ModifyImageAttribute",
    "CreateGrant", "CopyImage", "RevokeGrant", "ModifyImageAttribute", "ModifySnapshotAttribute", "DeleteTags",
    "DeleteTags", "DeregisterImage",
]  # fmt: skip
THROUGH = SMALL.replace(DIRECT, LOCKED)


@pytest.fixture
def scythe(monkeypatch: pytest.MonkeyPatch) -> Scythe:
    """Return what kills; it lets everybody live at first."""
    return Scythe(monkeypatch)


def assert_ended(stage: Stage) -> None:
    """Demand that the consumer has one copy of each image under its key, and the owner nothing on the way."""
    stage.emulator.advance(120)
    assert stage.left() == NOTHING
    look = stage.consumers[FIRST]
    (copy,) = stage.copies(FIRST, HOME)
    assert set(look.keys(HOME, copy["ImageId"]).values()) == {look.key_arn("alias/golden", HOME)}


def test_every_change_has_its_trial(stage: Stage) -> None:
    stage.emulator.configure(**SLOW)
    stage.emulator.clear_calls()
    assert stage.role(THROUGH).play() == ""
    assert stage.owner.mutations() == CHANGES
    assert_ended(stage)


@pytest.mark.parametrize("number", range(1, len(CHANGES) + 1))
def test_killed_after_a_change(stage: Stage, scythe: Scythe, number: int) -> None:
    stage.emulator.configure(**SLOW)
    scythe.after(number)
    with pytest.raises(Killed):
        stage.role(THROUGH).play()
    scythe.after(None)
    assert stage.role(THROUGH).play() == ""
    assert_ended(stage)
    copies = [one for one in stage.emulator.calls(action="CopyImage") if one["parameters"]["SourceImageId"] == LOCKED]
    images = {made for one in copies for made in one["made"] if made.startswith("ami-")}
    assert len(images) == 1, "the intermediate was made twice"
    stage.emulator.clear_calls()
    again = stage.role(THROUGH)
    assert (again.play(), again.changed, stage.owner.mutations()) == ("", [], [])


def test_killed_between_two_images(stage: Stage, scythe: Scythe) -> None:
    """One image is taken back, and one is not: what belongs to it is still found."""
    stage.emulator.configure(**SLOW)
    scythe.after(19)
    with pytest.raises(Killed):
        stage.role(ONE).play()
    scythe.after(None)
    assert stage.role(ONE).play() == ""
    stage.emulator.advance(120)
    assert stage.left() == NOTHING
    assert len(stage.copies(FIRST, HOME)) == 2
