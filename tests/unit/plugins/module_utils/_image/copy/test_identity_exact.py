# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image is the copy is told by equal values: neither lesser nor greater ones, nor only the very same object."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import (
    PRESERVED,
    Lineage,
    Requirement,
    classify,
    require_decidable,
    require_keys_shown,
    require_places_shown,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    KEY_TAG,
    PLACE_TAG,
    RECIPE_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.places import Place
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    HOME,
    KEY_A,
    KEY_B,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_requirement,
    an_image,
    fresh,
    required,
)

ZONE = "eu-west-1-ham-1b"
ZONES = ("eu-west-1-ham-1a", "eu-west-1-ham-1c")
IN_ZONE = Requirement(required(KEY_A), None, place=Place(zone=ZONE))
STATES = ("available", "aborted", "disabled", "pending", "transient", "failed", "error", "invalid", "deregistered")


def placed(place: str | None, **parts: t.Any) -> Image:
    """Return a copy whose snapshots lie in a place."""
    image = a_copy(**{"sda1": KEY_A, **parts})
    devices = tuple(dataclasses.replace(one, place=place) for one in image.devices)
    return dataclasses.replace(image, devices=devices)


@pytest.mark.parametrize("source", [SOURCE_ID[:-1] + "0", SOURCE_ID[:-1] + "2"])
def test_the_lineage_is_of_this_source(source: str) -> None:
    assert Lineage(fresh(SOURCE_ID), HOME).is_of(a_copy(sda1=KEY_A))
    assert not LINEAGE.is_of(a_copy(sda1=KEY_A, source_image_id=source))


@pytest.mark.parametrize("tag", [None, f"{HOME}:ami-00000000000000000", f"{HOME}:ami-00000000000000002", LINEAGE.tag])
def test_an_image_without_lineage_comes_from_where_its_tag_says(tag: str | None) -> None:
    tags = {SOURCE_TAG: tag} if tag else {}
    pending = a_copy(state="pending", source_image_id=None, source_region=None, key_tag=None, tags=tags)
    assert LINEAGE.is_of(pending) is (tag == LINEAGE.tag)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("shown", [True, False])
def test_what_was_composed_is_no_copy_while_aws_may_hide_its_instance(state: str, shown: bool) -> None:
    image = a_copy(sda1=KEY_A, state=fresh(state), source_image_id=SOURCE_ID if shown else None, tags={RECIPE_TAG: "0"})
    assert LINEAGE.is_of(image) is (shown and state != "pending")


@pytest.mark.parametrize("place", [*ZONES, "", None])
def test_a_copy_lies_in_the_place(place: str | None) -> None:
    assert IN_ZONE.is_met_by(placed(fresh(ZONE))) and not IN_ZONE.is_elsewhere(placed(fresh(ZONE)))
    assert not IN_ZONE.is_met_by(placed(place))
    assert IN_ZONE.is_elsewhere(placed(place)) is (place is not None)


@pytest.mark.parametrize("tag", [ZONE, *ZONES, None])
@pytest.mark.parametrize("state", STATES)
def test_our_tag_names_the_place_where_no_snapshot_is_shown(state: str, tag: str | None) -> None:
    hidden = a_copy(state=state, tags={PLACE_TAG: fresh(tag)} if tag else {})
    assert IN_ZONE.is_elsewhere(hidden) is (tag != ZONE and state not in ("available", "disabled"))
    assert not IN_ZONE.is_elsewhere(a_copy(state=state, key_tag=None))


@pytest.mark.parametrize("tag", [PRESERVED, "sourcd", "sourcf", KEY_A])
def test_statuses_were_preserved_where_the_tag_says_so(tag: str) -> None:
    image = a_copy(sda1=None, tags={KEY_TAG: fresh(tag)})
    assert bool(Requirement(None, None).mismatches(image)) is (tag != PRESERVED)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("key", [KEY_A, KEY_B])
def test_the_groups(state: str, key: str) -> None:
    image = a_copy(sda1=key, key_tag=key, state=fresh(state))
    found = classify([image], LINEAGE, a_requirement(required(KEY_A)))
    groups = {"available": "met", "disabled": "retired", "pending": "pending"} if key == KEY_A else {}
    failed = "failed" if key == KEY_A else "failed_before"
    groups.update(dict.fromkeys(("failed", "error", "invalid"), failed))
    (group,) = (name for name, images in dataclasses.asdict(found).items() if images)
    assert group == groups.get(state, "other")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("key_tag", [KEY_A, KEY_B])
def test_what_is_answered_without_the_source(state: str, key_tag: str) -> None:
    image = a_copy(sda1=KEY_A, key_tag=key_tag, state=fresh(state))
    answered = state in ("available", "disabled") or (state == "pending" and key_tag == KEY_A)
    assert a_requirement(required(KEY_A)).is_answered_by(image) is answered
    preserved = a_copy(sda1=None, key_tag=PRESERVED, state=fresh(state))
    assert Requirement(None, None).is_answered_by(preserved) is (state in ("available", "disabled", "pending"))
    assert not Requirement(None, None, place=Place(zone=ZONE)).is_answered_by(
        dataclasses.replace(placed(""), tags=preserved.tags)
    )


@pytest.mark.parametrize(
    ("state", "keys", "reference", "refused"),
    [
        ("available", (KEY_A, KEY_A), None, True),
        ("disabled", (KEY_A, KEY_A), None, True),
        ("pending", (KEY_A, KEY_A), None, False),
        ("available", (KEY_A, KEY_B), None, False),
        ("available", (KEY_A, True), None, False),
        ("available", (KEY_A, KEY_A), KEY_A, False),
    ],
)
def test_an_alias_that_does_not_tell_its_key(
    state: str, keys: tuple[t.Any, t.Any], reference: str | None, refused: bool
) -> None:
    key = required(KEY_A) if reference else required(None, reference="alias/golden")
    image = a_copy(sda1=keys[0], sdf=keys[1], state=state)
    requirement = a_requirement(key)
    assert requirement.is_undecided(image) is refused
    if refused:
        with pytest.raises(PreflightError, match="whether that is alias/golden cannot be told"):
            require_decidable([image], LINEAGE, requirement)
    else:
        require_decidable([image], LINEAGE, requirement)
    if reference is None:
        assert bool(requirement.unsealed(image)) is (len(set(keys)) > 1)


@pytest.mark.parametrize(
    ("key", "image", "wrong"),
    [
        (KEY_A, a_copy(sda1=KEY_A, sdf=KEY_A), []),
        (KEY_A, a_copy(sda1=KEY_B, sdf=KEY_B), ["/dev/sda1", "/dev/sdf"]),
        (KEY_A, a_copy(sda1=KEY_A, sdf=KEY_B), ["/dev/sdf"]),
        (KEY_A, a_copy(sda1=KEY_A, sdf=None), ["/dev/sdf"]),
        (None, a_copy(sda1=None, sdf=KEY_A), []),
        (None, a_copy(sda1=KEY_A, sdf=KEY_A), ["/dev/sda1"]),
    ],
)
def test_a_new_copy_is_held_to_the_key_or_to_the_source(key: str | None, image: Image, wrong: list[str]) -> None:
    requirement = a_requirement(required(key) if key else None, an_image(sda1=None, sdf=KEY_B))
    assert [one.device_name for one in requirement.unsealed(image)] == wrong


def opened(image: Image, *names: str) -> Image:
    """Return the image with key B associated with the snapshots of some devices."""
    devices = [dataclasses.replace(one, associated_keys=(KEY_B,) * (one.device_name in names)) for one in image.devices]
    return dataclasses.replace(image, devices=tuple(devices))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (opened(a_copy(sda1=KEY_A, sdf=KEY_A), "/dev/sdf"), True),
        (opened(a_copy(sda1=KEY_A, sdf=KEY_A)), False),
        (opened(a_copy(sda1=KEY_B, sdf=KEY_A), "/dev/sdf"), False),
        (opened(a_copy(sda1=KEY_A, sdh=KEY_A), "/dev/sdh"), False),
    ],
)
def test_the_copy_but_for_another_key_that_opens_it(image: Image, expected: bool) -> None:
    source = an_image(sda1=None, sdf=None)
    assert a_requirement(required(KEY_A), source).is_opened_by_another_key(image) is expected
    assert not a_requirement(None, source).is_opened_by_another_key(image)


@pytest.mark.parametrize("place", ["", ZONE])
@pytest.mark.parametrize(
    ("image", "refused"),
    [
        (placed(None), True),
        (placed(""), False),
        (placed(ZONE), False),
        (placed(None, sda1=KEY_B), False),
        (placed(None, source_image_id=SOURCE_ID[:-1] + "2"), False),
        (placed(None, sda1=True), False),
    ],
)
def test_where_a_copy_lies_is_not_guessed(image: Image, place: str, refused: bool) -> None:
    requirement = Requirement(required(KEY_A), None, place=Place(zone=place))
    if refused:
        with pytest.raises(PreflightError, match=f"{COPY_ID}.*Local Zones"):
            require_places_shown([a_copy("ami-000000000000000c2"), image], LINEAGE, requirement)
    else:
        require_places_shown([image], LINEAGE, requirement)


@pytest.mark.parametrize("tag", ["", ZONE])
@pytest.mark.parametrize("place", ["", ZONE, ZONES[0], None])
@pytest.mark.parametrize("state", ["available", "disabled", "pending", "failed"])
def test_a_copy_that_lies_elsewhere_than_its_tags_say_is_doubted(state: str, place: str | None, tag: str) -> None:
    image = placed(place, state=state, tags={PLACE_TAG: tag} if tag else {})
    elsewhere = state in ("available", "disabled") and place not in (None, tag)
    assert ("AWS shows its snapshots elsewhere" in LINEAGE.doubt(image)) is bool(LINEAGE.doubt(image)) is elsewhere


def test_no_snapshot_is_not_one_key() -> None:
    requirement = a_requirement(required(None, reference="alias/golden"))
    empty = BlockDevice("/dev/sdf", encrypted=True, volume_size=8)
    assert not requirement.is_undecided(a_copy())
    assert requirement.unsealed(a_copy(extra=(empty,))) == (empty,)


@pytest.mark.parametrize(
    ("source", "copy", "by_default", "preserved"),
    [
        (None, None, False, True), (None, KEY_A, False, False), (None, KEY_A, True, True), (KEY_A, KEY_A, False, True),
        (KEY_A, None, False, False), (KEY_A, None, True, False),
    ],
)  # fmt: skip
def test_statuses(source: t.Any, copy: t.Any, by_default: bool, preserved: bool) -> None:
    requirement = a_requirement(None, an_image(sda1=source), encryption_by_default=by_default)
    assert bool(requirement.mismatches(a_copy(sda1=copy))) is not preserved
    unknown = a_copy(sda1=copy)
    devices = tuple(dataclasses.replace(one, encrypted=None) for one in unknown.devices)
    assert requirement.mismatches(dataclasses.replace(unknown, devices=devices))


def test_what_aws_does_not_show_is_named() -> None:
    image = a_copy(sda1=KEY_A, sdf=True)
    devices = tuple(
        dataclasses.replace(one, encrypted=None) if one.device_name == "/dev/sdf" else one for one in image.devices
    )
    half = dataclasses.replace(image, devices=devices)
    with pytest.raises(PreflightError) as caught:
        require_keys_shown([half], LINEAGE, a_requirement(required(KEY_A)))
    assert f"snap-sdf-of-{COPY_ID}" in str(caught.value) and "snap-sda1" not in str(caught.value)
    with pytest.raises(PreflightError, match="encryption and key of any snapshot of it"):
        require_keys_shown([a_copy()], LINEAGE, a_requirement(required(KEY_A)))
