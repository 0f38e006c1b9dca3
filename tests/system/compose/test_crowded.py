# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What looks like remains of a composition is there before the first of them; the oracle sees whether it stays."""

from __future__ import annotations

import typing as t

import pytest

from system.compose.asking import EMPTY_VOLUME, METHODS, THREE_KEYS, Compose
from system.looking import Looking

pytestmark = pytest.mark.crowded
ASKED: dict[str, t.Any] = {"name": "composed", "device_mapping": [*THREE_KEYS, EMPTY_VOLUME]}


@pytest.mark.parametrize("method", METHODS)
def test_a_first_image_and_its_end(compose: Compose, look: Looking, method: str) -> None:
    made = compose("database", **ASKED, method=method)
    assert (made.msg, made["image"]["action"]) == ("", "composed")
    assert look.emulator.impostors()["ids"]
    gone = compose("database", **ASKED, method=method, state="absent")
    snapshots = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert (gone.msg, set(gone["image"]["removed"])) == ("", {made["image_id"], *snapshots})


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_removed_where_there_is_no_image(compose: Compose, look: Looking, method: str) -> None:
    gone = compose("database", **ASKED, method=method, state="absent")
    assert (gone.msg, gone["changed"], gone["image"].get("removed", [])) == ("", False, [])
    assert look.emulator.impostors()["ids"]
