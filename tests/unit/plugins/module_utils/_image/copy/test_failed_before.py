# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of copies that failed under a key that the alias or the default no longer stands for."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG, SOURCE_TAG, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeregisterImage, Plan
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    KEY_A,
    KEY_B,
    a_copy,
    an_image,
    key_arn,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import SECOND_ID, SHOWN, plan

KEY_C = key_arn("cccccccc-0000-4000-8000-000000000000")
FORMER: dict[str, t.Any] = {"state": "failed", "key_tag": KEY_B}
FAILED = a_copy(**FORMER)
GOLDEN, BESIDE = (KEY_A, "golden"), (KEY_B, "beside")


def removed(found: Plan) -> list[str]:
    """Return the ids of the images that a plan removes."""
    return [step.image_id for step in found.steps if isinstance(step, DeregisterImage)]


@pytest.mark.parametrize(
    ("images", "options", "action"),
    [
        pytest.param([FAILED], {}, "copied", id="alone"),
        pytest.param([FAILED], {"key": required(KEY_A, is_default=True)}, "copied", id="the default key changed"),
        pytest.param([FAILED], {"wait": False}, "copied", id="not waited for"),
        pytest.param([FAILED], {"preserve": True}, "copied", id="statuses are preserved now"),
        pytest.param([a_copy(state="failed")], {"key": required(KEY_B)}, "copied", id="the alias moved back"),
        pytest.param([FAILED, a_copy(SECOND_ID, **SHOWN)], {}, "updated", id="beside the copy"),
        pytest.param([FAILED, a_copy(SECOND_ID, state="pending")], {}, "adopted", id="beside one on its way"),
        pytest.param([a_copy(**FORMER, name="old")], {"superseded": "deregister"}, "copied", id="all others are to go"),
    ],
)
def test_ours_goes(images: list[Image], options: dict[str, t.Any], action: str) -> None:
    found = plan(*images, **options)
    assert (found.action, removed(found), found.warnings) == (action, [COPY_ID], ())
    if found.create is not None:
        assert found.before and found.seen == {COPY_ID}
        assert COPY_ID in found.reason


@pytest.mark.parametrize(
    ("image", "others", "doubt"),
    [
        pytest.param(a_copy(**FORMER, name="other"), (), "another name", id="under another name"),
        pytest.param(a_copy(**FORMER, name=""), (), "another name", id="no name shown"),
        pytest.param(a_copy(**FORMER, source_image_id=None), (), "no lineage", id="our tags alone"),
        pytest.param(a_copy(**FORMER, tags={"aws:backup:x": ""}), (), "AWS service", id="made by a service"),
        pytest.param(a_copy(**FORMER, tags={SOURCE_TAG: "x"}), (), "tags", id="our tag of another source"),
        pytest.param(
            a_copy(**FORMER, tags={COPY_TAG: "sealed-ami-1"}), (a_copy(SECOND_ID, **SHOWN),), SECOND_ID,
            id="with the tags of our copy",
        ),
        pytest.param(
            a_copy(state="failed", tags={COPY_TAG: "sealed-ami-1"}), (a_copy(SECOND_ID, **SHOWN),), SECOND_ID,
            id="with the tags of our copy under the same key",
        ),
        pytest.param(
            a_copy(state="failed", tags={COPY_TAG: "sealed-ami-1"}, creation_date="2025-12-31"),
            (a_copy(SECOND_ID, **SHOWN),), SECOND_ID, id="older than a copy with the same tags",
        ),
    ],
)  # fmt: skip
def test_what_is_not_proven_is_left_and_named(image: Image, others: tuple[Image, ...], doubt: str) -> None:
    found = plan(image, *others)
    assert removed(found) == []
    (warning,) = found.warnings
    assert COPY_ID in warning and doubt in warning and "by hand" in warning


@pytest.mark.parametrize(("failed", "other"), [(COPY_ID, SECOND_ID), (SECOND_ID, COPY_ID)])
def test_a_copy_with_another_token_is_no_twin(failed: str, other: str) -> None:
    assert removed(plan(a_copy(failed, state="failed"), a_copy(other, **SHOWN))) == [failed]


@pytest.mark.parametrize("state", ["pending", "available", "disabled", "deregistered"])
def test_only_failed_ones_go(state: str) -> None:
    image = a_copy(state=state, key_tag=KEY_B, sda1=KEY_B, sdf=KEY_B)
    assert (removed(plan(image)), plan(image).warnings) == ([], ())


@pytest.mark.parametrize(
    ("image", "asked", "first", "second"),
    [
        pytest.param(FAILED, (GOLDEN, BESIDE), False, True, id="started by the second"),
        pytest.param(a_copy(state="failed"), (GOLDEN, BESIDE), True, False, id="started by the first"),
        pytest.param(
            a_copy(state="failed", key_tag=KEY_C), (GOLDEN, BESIDE), True, False, id="former key of the first"
        ),
        pytest.param(
            a_copy(state="failed", key_tag=KEY_C, name="beside"), (GOLDEN, BESIDE), False, True,
            id="former key of the second",
        ),
        pytest.param(
            a_copy(state="failed", key_tag=KEY_C), (GOLDEN, (KEY_B, "golden")), True, False, id="both have one name"
        ),
        pytest.param(
            a_copy(state="failed", key_tag=KEY_C), ((KEY_B, "another"), GOLDEN), False, True,
            id="former key of the second, the name of the first comes before",
        ),
    ],
)  # fmt: skip
def test_of_two_destinations_in_a_region_one_removes_it(
    image: Image, asked: tuple[tuple[str, str], ...], first: bool, second: bool
) -> None:
    plans = [plan(image, key=required(key), name=name, asked=asked) for key, name in asked]
    assert [removed(found) for found in plans] == [[COPY_ID] * first, [COPY_ID] * second]
    assert [found.warnings for found in plans] == [(), ()]


def test_of_two_destinations_in_a_region_one_names_it() -> None:
    image = a_copy(state="failed", key_tag=KEY_C, name="another")
    plans = [plan(image, key=required(key), name=name, asked=(GOLDEN, BESIDE)) for key, name in (GOLDEN, BESIDE)]
    assert [(removed(found), len(found.warnings)) for found in plans] == [([], 1), ([], 0)]


def test_the_token_is_that_of_the_new_key_whoever_saw_the_failed_copy() -> None:
    """Two runs at once, of which one has removed it already, have to make one copy."""
    before, after = plan(FAILED).create, plan().create
    assert before is not None and after is not None
    assert before.client_token == after.client_token
    again = plan(a_copy(state="failed")).create
    assert again is not None and again.client_token != after.client_token


def test_nothing_is_changed_beside_a_disabled_copy() -> None:
    for failed in (FAILED, a_copy(state="failed")):
        found = plan(failed, a_copy(SECOND_ID, **SHOWN, state="disabled"))
        assert (found.action, found.steps) == ("retired", ())
        assert COPY_ID in found.warnings[1] and "disabled" in found.warnings[1]


def test_without_the_source_it_is_named() -> None:
    found = plan(FAILED, a_copy(SECOND_ID, **SHOWN), source=None)
    assert (removed(found), len(found.warnings)) == ([], 1)
    assert removed(plan(a_copy(**FORMER, name=""), a_copy(SECOND_ID, **SHOWN), source=None)) == []
    assert plan(FAILED, a_copy(SECOND_ID, **SHOWN), source=an_image(name="", sda1=None, sdf=KEY_B)).warnings
