# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image is the copy that was asked for: every row of the truth table."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import (
    PRESERVED,
    Candidates,
    Lineage,
    classify,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    KEY_TAG,
    RECIPE_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    GLOBAL_AWAY,
    GLOBAL_HOME,
    HOME,
    KEY_A,
    KEY_B,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_requirement,
    an_image,
    required,
)

BLANK = BlockDevice("/dev/sdz", snapshot_id=None, encrypted=False, volume_size=100)
SEALED_BLANK = dataclasses.replace(BLANK, encrypted=True)
EPHEMERAL = BlockDevice("/dev/sdb", virtual_name="ephemeral0")
SUPPRESSED = BlockDevice("/dev/sdc", no_device=True)
PLAIN = an_image(sda1=None)
MIXED = an_image(sda1=None, sdf=KEY_B)
BY_ALIAS_DENIED = required(None, reference="alias/golden")


def told(image: Image, *, of: str = COPY_ID, source: str = SOURCE_ID) -> Image:
    """Return the image with AWS's description of a copy on each snapshot."""
    text = f"Copied for DestinationAmi {of} from SourceAmi {source} for SourceSnapshot snap-1. Task created on 1,7."
    return dataclasses.replace(
        image, devices=tuple(dataclasses.replace(device, snapshot_description=text) for device in image.devices)
    )


def created(image: Image) -> Image:
    """Return the image with AWS's description of CreateImage on each snapshot."""
    text = f"Created by CreateImage(i-1) for {image.image_id}"
    return dataclasses.replace(
        image, devices=tuple(dataclasses.replace(device, snapshot_description=text) for device in image.devices)
    )


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(a_copy(), True, id="aws says so"),
        pytest.param(a_copy(key_tag=None), True, id="aws says so, no tags of ours"),
        pytest.param(a_copy(source_image_id=None, sda1=KEY_A), False, id="our tags alone: anybody can register it"),
        pytest.param(
            told(a_copy(source_image_id=None, sda1=KEY_A)), True, id="no lineage, aws describes its snapshots"
        ),
        pytest.param(
            told(a_copy(source_image_id=None, sda1=KEY_A), of=COPY_ID.replace("c0", "c1")),
            False,
            id="aws describes them as another copy's",
        ),
        pytest.param(
            told(a_copy(source_image_id=None, sda1=KEY_A), source="ami-2"), False, id="aws names another source"
        ),
        pytest.param(a_copy(source_image_id=None, state="pending"), True, id="pending, aws is silent yet"),
        pytest.param(
            told(a_copy(sda1=KEY_A), of=COPY_ID.replace("c0", "c1")), False, id="lineage, but copied for another image"
        ),
        pytest.param(created(a_copy(sda1=KEY_A)), False, id="its instance is not shown, its snapshots tell"),
        pytest.param(a_copy(source_region=None), True, id="aws names the image but not its region"),
        pytest.param(a_copy(source_image_id="ami-00000000000000002"), False, id="aws contradicts our tag"),
        pytest.param(a_copy(source_region=AWAY), False, id="same id, another region"),
        pytest.param(a_copy(source_instance_id="i-1"), False, id="an image of an instance that was launched from it"),
        pytest.param(
            a_copy(source_instance_id="i-1", key_tag=None), False, id="an image of an instance, without our tags"
        ),
        pytest.param(a_copy(tags={RECIPE_TAG: "x"}), True, id="a copy with the tags of a composed image"),
        pytest.param(a_copy(tags={RECIPE_TAG: "x"}, state="pending"), False, id="perhaps an image of an instance"),
        pytest.param(a_copy(source_image_id=None, key_tag=None), False, id="nothing says so"),
        pytest.param(
            an_image(COPY_ID, tags={SOURCE_TAG: f"{AWAY}:{SOURCE_ID}"}), False, id="our tag names another region"
        ),
        pytest.param(an_image(COPY_ID, name="golden", tags={"Name": "golden"}), False, id="same name and user tags"),
    ],
)
def test_lineage(image: Image, expected: bool) -> None:
    assert LINEAGE.is_of(image) is expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(a_copy(sda1=KEY_A), True, id="aws and our tag agree"),
        pytest.param(a_copy(key_tag=None), False, id="no tag of ours"),
        pytest.param(a_copy(source_image_id=None, source_region=None), False, id="aws is silent"),
        pytest.param(a_copy(source_image_id="ami-00000000000000002"), False, id="aws contradicts our tag"),
        pytest.param(a_copy(tags={SOURCE_TAG: "us-east-1:ami-00000000000000002"}), False, id="our tag contradicts aws"),
    ],
)
def test_proof_for_removal(image: Image, expected: bool) -> None:
    assert bool(LINEAGE.proof(image)) is expected
    assert bool(LINEAGE.doubt(image)) is not expected


@pytest.mark.parametrize(
    ("source", "image", "expected"),
    [
        pytest.param(PLAIN, a_copy(sda1=KEY_A), True, id="under the key"),
        pytest.param(PLAIN, a_copy(sda1=KEY_B), False, id="under another key"),
        pytest.param(PLAIN, a_copy(sda1=None), False, id="plain"),
        pytest.param(PLAIN, a_copy(sda1=True), False, id="key not seen"),
        pytest.param(MIXED, a_copy(sda1=KEY_A, sdf=KEY_A), True, id="both devices"),
        pytest.param(MIXED, a_copy(sda1=KEY_A, sdf=KEY_B), False, id="one device under another key"),
        pytest.param(MIXED, a_copy(sda1=KEY_A), False, id="a device is missing"),
        pytest.param(PLAIN, a_copy(sda1=KEY_A, sdf=KEY_A), False, id="a device too many"),
        pytest.param(PLAIN, a_copy(), False, id="no device at all"),
        pytest.param(None, a_copy(sda1=KEY_A), True, id="source is gone"),
        pytest.param(
            an_image(sda1=None, extra=(EPHEMERAL, SUPPRESSED)),
            a_copy(sda1=KEY_A, extra=(EPHEMERAL, SUPPRESSED)),
            True,
            id="ephemeral devices have no key",
        ),
        pytest.param(
            an_image(sda1=None, extra=(BLANK,)), a_copy(sda1=KEY_A, extra=(BLANK,)), False, id="blank volume is plain"
        ),
        pytest.param(
            an_image(sda1=None, extra=(SEALED_BLANK,)),
            a_copy(sda1=KEY_A, extra=(SEALED_BLANK,)),
            True,
            id="blank volume is encrypted",
        ),
    ],
)
def test_copy_under_a_key(source: Image | None, image: Image, expected: bool) -> None:
    requirement = a_requirement(required(KEY_A), source)
    assert requirement.is_met_by(image) is expected


def test_devices_that_are_not_sealed_are_named() -> None:
    image = a_copy(sda1=KEY_A, sdf=KEY_B, sdg=None, sdh=True, extra=(BLANK, EPHEMERAL))
    wrong = a_requirement(required(KEY_A), PLAIN).mismatches(image)
    assert [device.device_name for device in wrong] == ["/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/sdz"]


@pytest.mark.parametrize(
    ("wanted", "found", "expected"),
    [
        pytest.param(GLOBAL_AWAY, GLOBAL_AWAY, True, id="replica of the destination"),
        pytest.param(GLOBAL_AWAY, GLOBAL_HOME, False, id="same key id, other region"),
        pytest.param(GLOBAL_HOME, GLOBAL_AWAY, False, id="the other way round"),
    ],
)
def test_multi_region_keys_are_told_apart(wanted: str, found: str, expected: bool) -> None:
    assert a_requirement(required(wanted), PLAIN).is_met_by(a_copy(sda1=found)) is expected


@pytest.mark.parametrize(
    ("source", "image", "by_default", "expected"),
    [
        pytest.param(PLAIN, a_copy(sda1=None), False, True, id="plain stays plain"),
        pytest.param(PLAIN, a_copy(sda1=KEY_A), False, False, id="plain became encrypted"),
        pytest.param(PLAIN, a_copy(sda1=KEY_A), True, True, id="plain became encrypted by default"),
        pytest.param(PLAIN, a_copy(sda1=None), True, True, id="plain from before encryption by default"),
        pytest.param(MIXED, a_copy(sda1=None, sdf=KEY_A), False, True, id="mixed"),
        pytest.param(MIXED, a_copy(sda1=KEY_A, sdf=KEY_A), False, False, id="mixed, but all encrypted"),
        pytest.param(MIXED, a_copy(sda1=KEY_A, sdf=KEY_A), True, True, id="mixed, all encrypted by default"),
        pytest.param(MIXED, a_copy(sda1=KEY_A, sdf=None), False, False, id="mixed the wrong way round"),
        pytest.param(MIXED, a_copy(sda1=None, sdf=None), True, False, id="encrypted became plain"),
        pytest.param(an_image(sda1=KEY_B), a_copy(sda1=KEY_A), False, True, id="encrypted root, under any key"),
        pytest.param(
            an_image(sda1=None, extra=(BLANK,)), a_copy(sda1=None, extra=(BLANK,)), False, True, id="blank volume"
        ),
    ],
)
def test_copy_with_statuses_preserved(source: Image, image: Image, by_default: bool, expected: bool) -> None:
    requirement = a_requirement(None, source, encryption_by_default=by_default)
    assert requirement.is_met_by(image) is expected
    assert (requirement.mismatches(image) == ()) is expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(a_copy(key_tag="alias/golden", sda1=KEY_A), True, id="our tag names the alias"),
        pytest.param(a_copy(key_tag="alias/other", sda1=KEY_A), True, id="our tag names another alias"),
        pytest.param(a_copy(key_tag=None, sda1=KEY_A), True, id="no tag of ours"),
        pytest.param(a_copy(key_tag="alias/golden", sda1=KEY_A, sdf=KEY_B), False, id="two keys"),
        pytest.param(a_copy(key_tag="alias/golden", sda1=None), False, id="plain"),
        pytest.param(a_copy(key_tag="alias/golden", sda1=KEY_A, extra=(BLANK,)), False, id="blank volume"),
    ],
)
def test_key_behind_an_alias_that_kms_does_not_tell(image: Image, expected: bool) -> None:
    """A new copy is told by its one key; whether one that was there before is under the alias, nobody can tell."""
    requirement = a_requirement(BY_ALIAS_DENIED)
    assert (requirement.unsealed(image) == ()) is expected
    assert not requirement.is_met_by(image)


def test_a_key_arn_needs_no_telling() -> None:
    denied = a_requirement(required(KEY_A, metadata=None), PLAIN)
    assert denied.is_met_by(a_copy(sda1=KEY_A, key_tag=None))
    assert not denied.is_met_by(a_copy(sda1=KEY_B))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(required(KEY_A, reference="alias/golden"), KEY_A, id="alias is recorded as the arn"),
        pytest.param(BY_ALIAS_DENIED, "alias/golden", id="unresolved alias"),
        pytest.param(None, PRESERVED, id="preserved"),
    ],
)
def test_key_tag(key: t.Any, expected: str) -> None:
    assert a_requirement(key).key_tag == expected


PENDING = {"state": "pending"}


@pytest.mark.parametrize(
    ("image", "group"),
    [
        pytest.param(a_copy(sda1=KEY_A), "met", id="available under the key"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), "other", id="available under another key"),
        pytest.param(a_copy(**PENDING), "pending", id="pending, ours, nothing seen yet"),
        pytest.param(a_copy(**PENDING, sda1=KEY_A), "pending", id="pending, key seen"),
        pytest.param(a_copy(**PENDING, sda1=True), "pending", id="pending, key not shown"),
        pytest.param(a_copy(**PENDING, key_tag=None), "pending", id="pending, somebody else's"),
        pytest.param(a_copy(**PENDING, key_tag=KEY_B), "other", id="pending, ours, for another key"),
        pytest.param(a_copy(**PENDING, key_tag=PRESERVED), "other", id="pending, ours, preserving"),
        pytest.param(a_copy(**PENDING, key_tag=None, sda1=KEY_B), "other", id="pending, seen under another key"),
        pytest.param(a_copy(state="failed"), "failed", id="failed, ours"),
        pytest.param(a_copy(state="error"), "failed", id="error"),
        pytest.param(a_copy(state="invalid"), "failed", id="invalid"),
        pytest.param(a_copy(state="failed", key_tag=None), "failed", id="failed, somebody else's"),
        pytest.param(a_copy(state="failed", key_tag=KEY_B), "failed_before", id="failed, ours, for another key"),
        pytest.param(a_copy(state="error", key_tag=PRESERVED), "failed_before", id="in error, preserving"),
        pytest.param(a_copy(state="deregistered"), "other", id="deregistered"),
        pytest.param(a_copy(state="disabled", sda1=KEY_A), "retired", id="disabled"),
        pytest.param(a_copy(state="disabled", sda1=KEY_B), "other", id="disabled, under another key"),
        pytest.param(an_image(COPY_ID, sda1=KEY_A), None, id="not from this source"),
    ],
)
def test_groups(image: Image, group: str | None) -> None:
    found = classify([image], LINEAGE, a_requirement(required(KEY_A), PLAIN))
    assert found == (Candidates(**{group: (image,)}) if group else Candidates())


def test_the_oldest_of_several_comes_first() -> None:
    dates = {"ami-00000000000000003": "2026-03-01", "ami-00000000000000002": "2026-01-01", COPY_ID: "2026-01-01"}
    images = [a_copy(image_id, creation_date=date, sda1=KEY_A) for image_id, date in dates.items()]
    found = classify(images, LINEAGE, a_requirement(required(KEY_A), PLAIN)).met
    assert [image.image_id for image in found] == ["ami-00000000000000002", COPY_ID, "ami-00000000000000003"]


def test_ours_comes_before_another_tool_s() -> None:
    theirs = a_copy("ami-00000000000000002", creation_date="2025-01-01", key_tag=None, sda1=KEY_A)
    found = classify([theirs, a_copy(sda1=KEY_A)], LINEAGE, a_requirement(required(KEY_A), PLAIN)).met
    assert [image.image_id for image in found] == [COPY_ID, theirs.image_id]


@pytest.mark.parametrize(
    ("image", "under_key", "preserved"),
    [
        pytest.param(a_copy(sda1=KEY_A), True, False, id="under the key"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), False, False, id="under another key"),
        pytest.param(a_copy(state="pending"), True, False, id="pending for the key"),
        pytest.param(a_copy(state="pending", key_tag=PRESERVED), False, True, id="pending, preserving"),
        pytest.param(a_copy(sda1=None, key_tag=PRESERVED), False, True, id="preserved"),
        pytest.param(a_copy(state="failed"), False, False, id="failed"),
    ],
)
def test_answers_without_the_source(image: Image, under_key: bool, preserved: bool) -> None:
    assert a_requirement(required(KEY_A)).is_answered_by(image) is under_key
    assert a_requirement(None).is_answered_by(image) is preserved


def test_the_source_tag_names_region_and_image() -> None:
    assert Lineage(SOURCE_ID, HOME).tag == f"{HOME}:{SOURCE_ID}"
    assert a_copy().tags == {SOURCE_TAG: f"{HOME}:{SOURCE_ID}", KEY_TAG: KEY_A, "sealed.ami:copy": "sealed-ami-0"}
