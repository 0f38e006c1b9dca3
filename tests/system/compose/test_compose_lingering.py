# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Composed images that AWS still lists after they were deregistered are gone, whether it does so or not (§25.5)."""

from __future__ import annotations

import typing as t

import pytest

from system.compose.asking import HOME, METHODS, THREE_KEYS, Compose
from system.looking import Looking


@pytest.fixture(params=[0, 3600], ids=["gone at once", "listed for an hour"], autouse=True)
def lingering(request: pytest.FixtureRequest, look: Looking) -> bool:
    """Let AWS list deregistered images for a while, or not at all; tell whether it does."""
    look.emulator.configure(deregistered_image_listed_seconds=request.param)
    return bool(request.param)


def living(look: Looking) -> dict[str, str]:
    """Return the images of the account by id, without those that are merely listed yet."""
    return {image["ImageId"]: image["Name"] for image in look.images(HOME) if image["State"] != "deregistered"}


@pytest.mark.parametrize("method", METHODS)
def test_absent_is_absent_once_and_can_be_made_again(compose: Compose, look: Looking, method: str) -> None:
    images, snapshots = living(look), set(look.snapshots(HOME))
    asked: dict[str, t.Any] = {"method": method, "device_mapping": THREE_KEYS}
    first = compose("database", **asked)
    gone = compose("database", **asked, state="absent")
    assert (first.msg, gone.msg, gone["changed"], living(look)) == ("", "", True, images)
    assert first["image_id"] in gone["image"]["removed"] and set(look.snapshots(HOME)) == snapshots
    look.emulator.clear_calls()
    again = compose("database", **asked, state="absent")
    assert (again.msg, again["changed"], look.mutations()) == ("", False, [])
    second = compose("database", **asked)
    assert (second.msg, second["changed"]) == ("", True) and second["image_id"] != first["image_id"]


@pytest.mark.parametrize("method", METHODS)
def test_an_image_that_cannot_be_shared_is_rolled_back_wholly(
    compose: Compose, look: Looking, method: str, lingering: bool
) -> None:
    images, snapshots = living(look), set(look.snapshots(HOME))
    look.emulator.faults.add("access_denied", action="ModifyImageAttribute")
    shared: dict[str, t.Any] = {"device_mapping": THREE_KEYS, "launch_permissions": {"user_ids": ["210987654321"]}}
    for _ in range(2):
        failed = compose("database", method=method, on_failure="rollback", **shared)
        assert failed.failed and (failed["image_id"], failed["image"]["state"]) == (None, "absent")
        assert failed["image"]["created"] == [] and len(failed["image"]["removed"]) >= 4
        assert living(look) == images and set(look.snapshots(HOME)) == snapshots
    assert len(look.images(HOME)) == len(images) + (2 if lingering else 0)
    look.emulator.faults.clear()
    made = compose("database", method=method, **shared)
    assert (made.msg, set(living(look)) - set(images)) == ("", {made["image_id"]})
