# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan that check mode shows is what is done: one line for each call that changes something, in their order."""

from __future__ import annotations

import collections
import typing as t

import pytest
from faults.holdings import backend

from emulated_aws.client import Emulator
from system.compose.asking import EMPTY_VOLUME, HOME, METHODS, SOURCES, THREE_KEYS, Compose, instance_of
from system.looking import Looking
from system.promises import promised
from system.running import Result

MAPPING = [*THREE_KEYS, EMPTY_VOLUME]
PARTNER, OTHER = "210987654321", "111122223333"
EVERYTHING: dict[str, t.Any] = {
    "tags": {"Team": "db"}, "snapshot_tags": {"Tier": "gold"}, "description": "three keys",
    "launch_permissions": {"user_ids": [PARTNER]}, "deprecate_at": "2030-01-31T00:00:00Z",
    "deregistration_protection": "enabled", "imds_support": "v2.0", "watermarks": ["golden", "team db"],
    "instance_type_specification": {"supported_instance_types": ["t3.*", "m5.large"]},
}  # fmt: skip


class Doing:
    """Check, do, and compare."""

    def __init__(self, compose: Compose, look: Looking):
        self._compose, self._look = compose, look

    def compare(self, source: str | None, **options: t.Any) -> Result:
        """Run a task in check mode and for real, and hold the second to the words of the first."""
        predicted = self._compose(source, check=True, diff=True, **options)
        # What AWS refused has changed nothing: a client token of an instance that has ended, and the like.
        before = len(self._look.mutations(error=[None]))
        done = self._compose(source, diff=True, **options)
        assert done.msg == ""
        made = self._look.mutations(error=[None])[before:]
        assert collections.Counter(promised(predicted)) == collections.Counter(made)
        if options.get("method") == "instance":
            assert promised(predicted) == made
        assert (predicted["changed"], predicted["diff"] == []) == (bool(made), not made)
        assert predicted["image"].get("removed") == done["image"].get("removed")
        return done


@pytest.fixture
def doing(compose: Compose, look: Looking) -> Doing:
    """Return what holds tasks to their plans."""
    return Doing(compose, look)


@pytest.mark.parametrize("attributes", [{}, EVERYTHING], ids=["plain", "everything"])
@pytest.mark.parametrize("method", METHODS)
def test_a_new_image(doing: Doing, method: str, attributes: dict[str, t.Any]) -> None:
    doing.compare("database", method=method, device_mapping=MAPPING, **attributes)
    doing.compare("database", method=method, device_mapping=MAPPING, **attributes)


@pytest.mark.parametrize("attributes", [{}, EVERYTHING], ids=["plain", "everything"])
def test_an_image_of_an_instance(doing: Doing, look: Looking, attributes: dict[str, t.Any]) -> None:
    doing.compare(None, instance_id=instance_of(look), device_mapping=THREE_KEYS, **attributes)


def test_snapshots_that_are_used_as_they_are(doing: Doing) -> None:
    mapping = [{**THREE_KEYS[2], "kms_key_id": "alias/golden"}, EMPTY_VOLUME]
    doing.compare("database-sealed", device_mapping=mapping)
    doing.compare("database-sealed", device_mapping=mapping, state="absent")


@pytest.mark.parametrize("method", METHODS)
def test_an_image_that_is_changed_and_removed(doing: Doing, method: str) -> None:
    asked: dict[str, t.Any] = {"method": method, "device_mapping": MAPPING}
    doing.compare("database", **asked, **EVERYTHING)
    changed: dict[str, t.Any] = {
        "tags": {"Team": "web"}, "snapshot_tags": {"Kind": "new"}, "description": "another", "deprecate_at": "",
        "launch_permissions": {"user_ids": []}, "deregistration_protection": "disabled",
    }  # fmt: skip
    doing.compare("database", **asked, **changed)
    removed = doing.compare("database", **asked, state="absent")
    assert len(removed["image"]["removed"]) == 5
    doing.compare("database", **asked, state="absent")


def test_what_an_earlier_run_has_made_is_not_made_again(doing: Doing, compose: Compose, emulator: Emulator) -> None:
    emulator.faults.add("error", action="RegisterImage", code="InvalidBlockDeviceMapping", status=400, message="No.")
    assert compose("database", device_mapping=MAPPING).failed
    emulator.faults.clear()
    doing.compare("database", device_mapping=MAPPING, snapshot_tags={"Tier": "gold"})


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_image_makes_room(doing: Doing, compose: Compose, look: Looking, method: str) -> None:
    made = compose("database", method=method, device_mapping=THREE_KEYS)
    backend(HOME).amis[made["image_id"]].fail("Client.InternalError", "Create image failed with an internal error")
    again = doing.compare("database", method=method, device_mapping=THREE_KEYS)
    assert again["image_id"] != made["image_id"]
    assert set(again["image"]["removed"]) == {
        made["image_id"],
        *(one["snapshot_id"] for one in made["image"]["snapshots"]),
    }
    assert look.image(HOME, made["image_id"]) is None


def test_no_line_names_a_class(compose: Compose) -> None:
    for method in METHODS:
        predicted = compose("database", check=True, diff=True, method=method, device_mapping=MAPPING, **EVERYTHING)
        lines = predicted["diff"][0]["after"].splitlines()
        assert not [line for line in lines if line[:1].isupper()]
    assert SOURCES["database"] in predicted["diff"][0]["after"]
