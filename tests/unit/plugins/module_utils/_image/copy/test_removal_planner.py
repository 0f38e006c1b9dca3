# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What state=absent removes: this copy and what it left behind, and never anything that is not provably this copy."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import PRESERVED
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.removal import plan_removal
from ansible_collections.sealed.ami.plugins.module_utils._image.descriptions import COPIED_VOLUME
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    COPY_TAG,
    KEY_TAG,
    PLACE_TAG,
    SOURCE_TAG,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import tags_are_true
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    DeleteSnapshot,
    DeregisterImage,
    Plan,
    SetDeregistrationProtection,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    KEY_A,
    KEY_B,
    LINEAGE,
    SOURCE_ID,
    a_copy,
    a_requirement,
    a_snapshot,
    an_image,
    fresh,
    required,
)

MADE_BY_COPY = (
    f"Copied for DestinationAmi {COPY_ID} from SourceAmi {SOURCE_ID} for SourceSnapshot snap-1. "
    "Task created on 1,764,142,000,000."
)
OTHER_SOURCE = "ami-00000000000000002"
GOLDEN = required(KEY_A, reference="alias/golden")


def plan(
    *images: Image,
    orphans: tuple[Snapshot, ...] = (),
    living: tuple[str, ...] = (),
    key: RequiredKey | None = GOLDEN,
    unprotect: bool = False,
) -> Plan:
    """Return the plan for the copies of the source, which itself may be gone."""
    facts = Facts(LINEAGE, None, a_requirement(key), images, loose=orphans, living=frozenset(living))
    return plan_removal(facts, region=AWAY, unprotect=unprotect)


def left_behind(source: str = LINEAGE.tag, key: str = KEY_A, **fields: t.Any) -> Snapshot:
    """Return a snapshot of a copy whose image is gone."""
    tags = {SOURCE_TAG: source, KEY_TAG: key, COPY_TAG: "sealed-ami-0"}
    shown = {"encrypted": True, "kms_key_arn": KEY_A, "volume_id": COPIED_VOLUME, "description": MADE_BY_COPY}
    return a_snapshot("snap-1", **{**shown, "tags": tags, **fields})


@pytest.mark.parametrize(
    ("image", "removed", "warnings"),
    [
        pytest.param(a_copy(sda1=KEY_A), True, 0, id="the copy"),
        pytest.param(a_copy(state="pending"), True, 0, id="on its way"),
        pytest.param(a_copy(state="failed"), True, 0, id="failed"),
        pytest.param(a_copy(sda1=KEY_A, key_tag=KEY_B), False, 1, id="under the key, its tags name another"),
        pytest.param(a_copy(sda1=KEY_A, source_instance_id="i-1"), False, 0, id="an image of an instance"),
        pytest.param(a_copy(sda1=KEY_A, tags={"aws:backup:source-resource": "x"}), False, 1, id="made by a service"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), False, 1, id="under another key"),
        pytest.param(a_copy(sda1=KEY_B), False, 1, id="tagged for this key, under another"),
        pytest.param(a_copy(sda1=None), False, 1, id="tagged for this key, plain"),
        pytest.param(a_copy(state="pending", key_tag=KEY_B), False, 1, id="on its way under another key"),
        pytest.param(a_copy(sda1=KEY_A, key_tag=None), False, 1, id="made by other means"),
        pytest.param(a_copy(sda1=KEY_A, source_image_id=None), False, 0, id="our tags alone"),
        pytest.param(a_copy(sda1=KEY_A, source_image_id=OTHER_SOURCE), False, 0, id="tags copied to another image"),
        pytest.param(an_image(COPY_ID, region=AWAY, sda1=KEY_A), False, 0, id="no lineage at all"),
    ],
)
def test_images(image: Image, removed: bool, warnings: int) -> None:
    found = plan(image)
    (step,) = found.steps or (None,)
    assert (step is not None, len(found.warnings)) == (removed, warnings)
    if isinstance(step, DeregisterImage):
        assert (step.image_id, step.snapshot_ids, step.reason) == (COPY_ID, image.snapshot_ids, "state is absent")
        assert step.all_snapshots is not None and step.all_snapshots.resource_id == COPY_ID
    assert (found.action, found.image) == (("removed", image) if removed else ("unchanged", None))
    assert [warning for warning in found.warnings if COPY_ID not in warning] == []


@pytest.mark.parametrize(
    ("snapshot", "removed"),
    [
        pytest.param(left_behind(), True, id="of this copy"),
        pytest.param(left_behind(source=f"us-east-1:{OTHER_SOURCE}"), False, id="of another source"),
        pytest.param(left_behind(key=KEY_B, kms_key_arn=KEY_B), False, id="of a copy under another key"),
        pytest.param(left_behind(kms_key_arn=KEY_B), False, id="tagged as ours, under another key"),
        pytest.param(left_behind(key=KEY_B), False, id="under our key, tagged for another"),
        pytest.param(left_behind(state="error", kms_key_arn=None), True, id="in error, no key shown"),
        pytest.param(left_behind(tags={}), False, id="no tags"),
        pytest.param(left_behind(volume_id="vol-0123456789abcdef0"), False, id="a backup of a volume"),
        pytest.param(left_behind(description="nightly"), False, id="described by a person"),
        pytest.param(left_behind(description=""), False, id="no description"),
        pytest.param(
            left_behind(description=MADE_BY_COPY.replace(SOURCE_ID, OTHER_SOURCE)), False, id="copied of another image"
        ),
        pytest.param(left_behind(tags={SOURCE_TAG: LINEAGE.tag}), False, id="no key tag"),
    ],
)
def test_orphans(snapshot: Snapshot, removed: bool) -> None:
    found = plan(orphans=(snapshot,))
    assert [step.snapshot_id for step in found.steps if isinstance(step, DeleteSnapshot)] == ["snap-1"] * removed
    assert found.action == ("removed" if removed else "unchanged")


def test_every_twin_goes_and_the_snapshots_with_them() -> None:
    twin = a_copy("ami-000000000000000c1", sda1=KEY_A)
    found = plan(a_copy(sda1=KEY_A), twin, orphans=(left_behind(),), living=(COPY_ID,))
    first, second = found.steps
    assert isinstance(first, DeregisterImage) and isinstance(second, DeregisterImage)
    assert (first.image_id, second.image_id) == (COPY_ID, twin.image_id)
    # A snapshot beside those of a complete mapping is somebody's copy of one, with tags and description.
    assert (first.snapshot_ids, second.snapshot_ids) == (a_copy(sda1=KEY_A).snapshot_ids, twin.snapshot_ids)


@pytest.mark.parametrize(
    ("state", "shows", "goes"),
    [
        pytest.param("available", True, False, id="a complete mapping"),
        pytest.param("disabled", True, False, id="a disabled image has it too"),
        pytest.param("failed", True, True, id="a failed image may show some"),
        pytest.param("failed", False, True, id="or none"),
    ],
)
def test_a_loose_snapshot_goes_only_with_an_image_that_may_hide_it(state: str, shows: bool, goes: bool) -> None:
    image = a_copy(sda1=KEY_A, state=state)
    image = image if shows else dataclasses.replace(image, devices=())
    (step,) = plan(image, orphans=(left_behind(),), living=(COPY_ID,)).steps
    assert isinstance(step, DeregisterImage)
    assert ("snap-1" in step.snapshot_ids) is goes


@pytest.mark.parametrize("other", ["ami-000000000000000b0", "ami-000000000000000c1", "ami-000000000000000d0"])
def test_the_snapshots_of_another_image_do_not_go_with_a_failed_one(other: str) -> None:
    theirs = left_behind(description=MADE_BY_COPY.replace(COPY_ID, other))
    (step,) = plan(a_copy(state="failed"), orphans=(theirs,), living=(COPY_ID, other)).steps
    assert isinstance(step, DeregisterImage) and step.snapshot_ids == ()


def test_a_failed_image_takes_each_proven_snapshot_along_once() -> None:
    image = a_copy(state="failed", sda1=KEY_A)
    shown = dataclasses.replace(left_behind(), snapshot_id=image.snapshot_ids[0])
    untagged = dataclasses.replace(left_behind(tags={}), snapshot_id="snap-2")
    other = MADE_BY_COPY.replace("snap-1", "snap-3")
    hidden = dataclasses.replace(left_behind(description=other), snapshot_id="snap-4")
    (step,) = plan(image, orphans=(shown, untagged, hidden), living=(COPY_ID,)).steps
    assert isinstance(step, DeregisterImage) and step.snapshot_ids == (*image.snapshot_ids, "snap-4")


def test_a_snapshot_of_an_image_that_is_there_is_no_orphan() -> None:
    """A pending image shows no snapshots, of which some may be complete already."""
    of_another = dataclasses.replace(left_behind(), description=MADE_BY_COPY.replace(COPY_ID, "ami-0000000000000000a"))
    assert plan(orphans=(of_another,)).action == "removed"
    assert plan(orphans=(of_another,), living=("ami-0000000000000000a",)).action == "unchanged"
    assert plan(orphans=(dataclasses.replace(of_another, state="pending"),)).action == "unchanged"


def test_a_removal_shows_the_snapshots_that_a_pending_image_hides() -> None:
    hidden = dataclasses.replace(left_behind(), state="pending", kms_key_arn=None)
    (step,) = plan(a_copy(state="pending"), orphans=(hidden,), living=(COPY_ID,)).steps
    assert isinstance(step, DeregisterImage) and step.snapshot_ids == ("snap-1",)


def test_protection_is_respected() -> None:
    protected = a_copy(sda1=KEY_A, deregistration_protection="enabled-without-cooldown")
    with pytest.raises(PreflightError, match=f"{COPY_ID} in {AWAY}.*enabled-without-cooldown.*pass"):
        plan(protected)
    unprotect, remove = plan(protected, unprotect=True).steps
    assert unprotect == SetDeregistrationProtection("disabled", COPY_ID)
    assert isinstance(remove, DeregisterImage)
    with pytest.raises(PreflightError, match="24 hours"):
        plan(a_copy(sda1=KEY_A, deregistration_protection="enabled-with-cooldown"), unprotect=True)


def test_a_disabled_copy_goes_and_one_under_another_key_is_named() -> None:
    disabled = a_copy(sda1=KEY_A, state="disabled")
    other = a_copy("ami-000000000000000c1", sda1=KEY_B, key_tag=KEY_B)
    found = plan(disabled, other)
    assert [step.image_id for step in found.steps if isinstance(step, DeregisterImage)] == [COPY_ID]
    assert len(found.warnings) == 1
    assert other.image_id in found.warnings[0] and KEY_B in found.warnings[0]
    assert plan(other).reason == f"{AWAY} has no copy under key {GOLDEN.shown}"


def test_a_copy_with_statuses_preserved() -> None:
    mine = a_copy(sda1=None, key_tag=PRESERVED)
    assert plan(mine, key=None).action == "removed"
    assert plan(a_copy(sda1=KEY_A), key=None).action == "unchanged"
    assert plan(mine).action == "unchanged"


ZONE, OTHER_ZONE = "eu-west-1-ham-1a", "eu-west-1-lon-1a"


def placed(image: Image, *places: str | None) -> Image:
    """Return the image with each of its snapshots in a place."""
    devices = [dataclasses.replace(one, place=place) for one, place in zip(image.devices, places, strict=True)]
    return dataclasses.replace(image, devices=tuple(devices))


@pytest.mark.parametrize(
    ("image", "where"),
    [
        pytest.param(
            placed(a_copy(sda1=KEY_A, tags={PLACE_TAG: ZONE}), ZONE), f"Local Zone {ZONE}", id="in a Local Zone"
        ),
        pytest.param(
            placed(a_copy(sda1=KEY_A, sdf=KEY_A, tags={PLACE_TAG: ZONE}), ZONE, None), f"Local Zone {ZONE}",
            id="as far as AWS says",
        ),
        pytest.param(
            a_copy(state="failed", tags={PLACE_TAG: OTHER_ZONE}), f"Local Zone {OTHER_ZONE}", id="by our tag alone"
        ),
    ],
)  # fmt: skip
def test_a_copy_of_ours_elsewhere_is_kept_and_named_with_its_place(image: Image, where: str) -> None:
    found = plan(image)
    assert (found.action, found.steps) == ("unchanged", ())
    (warning,) = found.warnings
    assert f"{COPY_ID}, a copy of the same source in {where}, is kept" in warning


def test_somebody_else_s_copy_elsewhere_is_not_named() -> None:
    assert plan(placed(a_copy(sda1=KEY_A, key_tag=None), ZONE)).warnings == ()


@pytest.mark.parametrize(
    ("image", "keys"),
    [
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), KEY_B, id="the key that AWS shows"),
        pytest.param(a_copy(state="pending", key_tag=KEY_B), KEY_B, id="the key of our tag"),
        pytest.param(a_copy(sda1=KEY_A, sdf=KEY_B, key_tag="alias/old"), f"{KEY_A}, {KEY_B}", id="two keys"),
    ],
)
def test_a_copy_of_ours_under_another_key_is_named_with_it(image: Image, keys: str) -> None:
    (warning,) = plan(image).warnings
    assert f"a copy of the same source under {keys}, is kept" in warning


def test_a_deregistered_copy_is_passed_over() -> None:
    gone = a_copy("ami-000000000000000c1", sda1=KEY_A, state="deregistered")
    found = plan(gone, a_copy(sda1=KEY_A))
    assert [step.image_id for step in found.steps if isinstance(step, DeregisterImage)] == [COPY_ID]


def test_an_alias_that_kms_does_not_tell() -> None:
    key = required(None, reference="alias/golden")
    for copy in (a_copy(sda1=KEY_A), a_copy(sda1=KEY_A, key_tag="alias/golden")):
        with pytest.raises(PreflightError, match="Allow kms:DescribeKey, or pass the ARN"):
            plan(copy, key=key)


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        pytest.param(left_behind(), True, id="under the key that it names"),
        pytest.param(left_behind(kms_key_arn=KEY_B), False, id="under another"),
        pytest.param(left_behind(encrypted=False, kms_key_arn=None), False, id="plain"),
        pytest.param(left_behind(state="error", kms_key_arn=None), True, id="in error"),
        pytest.param(left_behind(key="alias/golden"), True, id="tagged with an alias"),
        pytest.param(left_behind(key=PRESERVED, encrypted=False, kms_key_arn=None), True, id="preserved"),
    ],
)
def test_tags_are_checked_against_the_key(snapshot: Snapshot, expected: bool) -> None:
    assert tags_are_true(snapshot) is expected


@pytest.mark.parametrize(
    ("dates", "removed"),
    [
        (("2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"), {0}),
        (("2026-01-03T00:00:00.000Z", "2026-01-02T00:00:00.000Z"), {1}),
        (("2026-01-02T00:00:00.000Z", "2026-01-02T00:00:00.000Z"), set()),
        (("", ""), set()),
    ],
)
def test_one_token_makes_one_image(dates: tuple[str, str], removed: set[int]) -> None:
    ids = ("ami-000000000000000a1", "ami-000000000000000a2")
    images = [
        dataclasses.replace(a_copy(sda1=KEY_A), image_id=image_id, creation_date=date)
        for image_id, date in zip(ids, dates, strict=True)
    ]
    twins = [dataclasses.replace(one, tags={**one.tags, COPY_TAG: fresh("sealed-ami-1")}) for one in images]
    done = plan(*twins)
    gone = {step.image_id for step in done.after if isinstance(step, DeregisterImage)}
    assert gone == {ids[number] for number in removed}
    assert len(done.warnings) == 2 - len(removed)


@pytest.mark.parametrize(
    ("description", "later", "removed"),
    [
        (MADE_BY_COPY, "2026-01-03T00:00:00Z", {"snap-1"}),
        (MADE_BY_COPY, "2026-01-02T00:00:00Z", set()),
        (MADE_BY_COPY.replace("snap-1", "snap-2"), "2026-01-03T00:00:00Z", {"snap-1", "snap-9"}),
        (MADE_BY_COPY.partition(" for SourceSnapshot")[0], "2026-01-03T00:00:00Z", {"snap-1", "snap-9"}),
    ],
)
def test_copyimage_makes_one_snapshot_of_each(description: str, later: str, removed: set[str]) -> None:
    first = left_behind(start_time="2026-01-02T00:00:00Z")
    other = dataclasses.replace(left_behind(description=description, start_time=later), snapshot_id="snap-9")
    steps = plan(orphans=(other, first)).after
    assert {step.snapshot_id for step in steps if isinstance(step, DeleteSnapshot)} == removed
