# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan of a copy says: which of several is meant, what differs, what stays and why."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.marks import ALL_TYPES
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.places import Place
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    KEY_B,
    a_copy,
    an_image,
    fresh,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    OTHER_KEY,
    PENDING,
    SECOND_ID,
    SHOWN,
    plan,
)

THIRD_ID = "ami-000000000000000c2"
ZONES = ("eu-west-1-ham-1a", "eu-west-1-ham-1b")
FAILED = a_copy("ami-000000000000000f3", state="failed")
LARGE, SMALL = ("m7i.large",), ("t3.small",)


@pytest.mark.parametrize(
    ("images", "options", "reason"),
    [
        ([a_copy(**SHOWN)], {}, "the copy exists"),
        ([a_copy(**SHOWN)], {"description": "new"}, "the copy exists; some attributes differ"),
        ([FAILED, a_copy(**SHOWN)], {}, "the copy exists; a copy that failed is removed"),
        ([FAILED, a_copy(**SHOWN)], {"description": "new"}, "the copy exists; some attributes differ"),
        ([a_copy(**PENDING, **SHOWN)], {}, "a copy is on its way already"),
        (
            [a_copy(**PENDING)], {},
            "a copy is on its way already; what AWS does not show of it yet is compared once it is available",
        ),
    ],
)  # fmt: skip
def test_what_differs(images: list[Image], options: dict[str, t.Any], reason: str) -> None:
    assert plan(*images, **options).reason == reason


def test_of_several_copies_the_oldest_is_meant_and_the_others_are_named() -> None:
    days = {COPY_ID: "2026-01-01", SECOND_ID: "2026-01-02", THIRD_ID: "2026-01-03"}
    images = [a_copy(one, **SHOWN, creation_date=day) for one, day in days.items()]
    (warning,) = plan(*images).warnings
    assert warning.endswith(f": {SECOND_ID}, {THIRD_ID} are further copies under the same key; {COPY_ID} is used")
    disabled = [dataclasses.replace(one, state="disabled") for one in images]
    found = plan(*disabled)
    assert found.image is not None and found.image.image_id == COPY_ID
    assert f"the copy {COPY_ID} is disabled" in plan(*disabled, retired="recopy").reason
    failed = [dataclasses.replace(one, state="failed", devices=()) for one in images]
    assert f"the earlier copy {THIRD_ID} failed" in plan(*failed).reason


def test_a_copy_that_another_key_opens_is_named_once() -> None:
    image = a_copy(**SHOWN)
    devices = tuple(dataclasses.replace(one, associated_keys=(KEY_B,)) for one in image.devices)
    opened = dataclasses.replace(image, devices=devices)
    for others in ([], [a_copy(SECOND_ID, **OTHER_KEY)]):
        reason = plan(opened, *others).reason
        assert reason.count("is under that key") == reason.count(KEY_B) == 1
        assert f"{COPY_ID} is under that key" in reason


@pytest.mark.parametrize("zone", ["", *ZONES])
def test_a_place_is_named_where_it_is_not_the_region(zone: str) -> None:
    found = plan(key=required(reference="alias/golden"), place=Place(zone=zone))
    assert found.reason.startswith(f"{AWAY} has no copy under key alias/golden")
    assert (f"in Local Zone {zone}" in found.reason) is bool(zone)
    assert ("the region itself" in found.reason, "are final there" in found.reason) == (False, bool(zone))


def test_each_place_has_a_token_of_its_own() -> None:
    steps = [plan(place=Place(zone=zone)).create for zone in ("", *ZONES)]
    assert len({step.client_token for step in steps if step is not None}) == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"tags": {"Team": "b", "New": "1"}}, ["the tags dlm:managed, zone are not purged, for "]),
        ({"tags": {"Team": "b"}, "purge_tags": False}, []),
        ({"tags": {"Team": "b", "dlm:managed": "", "zone": ""}}, []),
        ({}, []),
    ],
)
def test_tags_that_stay_on_what_is_not_ours(asked: dict[str, t.Any], words: list[str]) -> None:
    theirs = a_copy(**SHOWN, key_tag=None, tags={"Team": "a", "zone": "b", "dlm:managed": "true"})
    warnings = plan(theirs, **asked).warnings
    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))


@pytest.mark.parametrize(
    ("asked", "present", "stays"),
    [
        (LARGE, SMALL, True),
        (LARGE, LARGE, False),
        (LARGE, None, False),
        (None, SMALL, False),
        (None, None, False),
    ],
)
def test_instance_types_that_stay_on_what_is_not_ours(
    asked: tuple[str, ...] | None, present: tuple[str, ...] | None, stays: bool
) -> None:
    types = dataclasses.replace(ALL_TYPES, supported=fresh(present)) if present else ALL_TYPES
    theirs = a_copy(**SHOWN, key_tag=None, instance_types=types)
    options: dict[str, t.Any] = (
        {"instance_type_specification": {"supported_instance_types": list(asked)}} if asked else {}
    )
    warnings = plan(theirs, **options).warnings
    assert [one for one in warnings if "instance_type_specification stays" in one] == list(warnings)
    assert bool(warnings) is stays


@pytest.mark.parametrize(
    ("asked", "on_snapshots"),
    [
        ({"tags": {"a": "1"}}, {"a": "1", "Team": "os"}),
        ({"tags": {"a": "1"}, "snapshot_tags": {"a": "1"}}, {"a": "1"}),
        ({"tags": {"a": "1"}, "snapshot_tags": {"b": "2"}}, {"b": "2"}),
        ({}, {"Team": "os"}),
    ],
)
def test_the_source_s_tags_go_on_snapshots_that_get_none_of_their_own(
    asked: dict[str, t.Any], on_snapshots: dict[str, str]
) -> None:
    step = plan(source=an_image(sda1=None, tags={"Team": "os"}), copy_tags=True, **asked).create
    assert step is not None
    assert {key: tag for key, tag in step.snapshot_tags.items() if not key.startswith("sealed.ami:")} == on_snapshots
