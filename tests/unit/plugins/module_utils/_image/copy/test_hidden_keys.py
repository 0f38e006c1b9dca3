# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer that lacks keys proves nothing: the image is neither the copy nor none, and nothing is done on its word."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import PRESERVED
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.removal import plan_removal
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    KEY_A,
    KEY_B,
    LINEAGE,
    a_copy,
    a_requirement,
    an_image,
    required,
    snapshots_of,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    ALIAS_DENIED,
    SECOND_ID,
    SHOWN,
    SOURCE,
    kinds,
    plan,
)

SHARED: dict[str, t.Any] = {"launch_permissions": {"user_ids": ["210987654321"]}, "tags": {"a": "1"}}
UNSEEN = BlockDevice("/dev/sdf", snapshot_id="snap-f")
PART: dict[str, t.Any] = {"sda1": KEY_A, "sdf": True}
HIDDEN = [
    pytest.param(a_copy(sda1=True, sdf=True), id="no key shown"),
    pytest.param(a_copy(**PART), id="one of two keys shown"),
    pytest.param(a_copy(**PART, state="disabled"), id="disabled"),
    pytest.param(a_copy(**PART, key_tag=None), id="another tool's"),
    pytest.param(a_copy(**PART, key_tag=KEY_B), id="tags of another key"),
    pytest.param(a_copy(sda1=KEY_A, extra=(UNSEEN,)), id="encryption not shown"),
    pytest.param(a_copy(), id="no snapshot in the answer"),
]


@pytest.mark.parametrize("image", HIDDEN)
@pytest.mark.parametrize("superseded", ["keep", "deregister"])
def test_nothing_is_done_on_the_word_of_such_an_answer(image: Image, superseded: str) -> None:
    with pytest.raises(PreflightError, match=rf"{COPY_ID}.*not known.*does not show"):
        plan(image, **SHARED, superseded=superseded)


@pytest.mark.parametrize("image", HIDDEN)
def test_nothing_is_removed_or_called_absent(image: Image) -> None:
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (image,))
    with pytest.raises(PreflightError, match=rf"{COPY_ID}.*not known"):
        plan_removal(facts, region=AWAY, unprotect=False)


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(a_copy(key_tag=PRESERVED, sda1=None, sdf=True), id="key not shown"),
        pytest.param(a_copy(key_tag=PRESERVED, sda1=None, extra=(UNSEEN,)), id="encryption not shown"),
        pytest.param(a_copy(key_tag=PRESERVED, state="disabled", sda1=None, sdf=True), id="disabled"),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, None], ids=["source there", "source gone"])
def test_preserved_statuses_are_not_known_either(image: Image, source: Image | None) -> None:
    with pytest.raises(PreflightError, match="not known"):
        plan(image, preserve=True, source=source, **SHARED)


@pytest.mark.parametrize(
    ("image", "options"),
    [
        pytest.param(a_copy(sda1=KEY_B, sdf=True), {}, id="another key on the other device"),
        pytest.param(a_copy(sda1=None, sdf=True), {}, id="the other device is plain"),
        pytest.param(a_copy(sda1=True), {}, id="a device is missing"),
        pytest.param(
            a_copy(sda1=KEY_A, sdf=True), {"preserve": True, "source": SOURCE}, id="encrypted, where it was plain"
        ),
    ],
)
def test_what_is_shown_may_speak_against_it(image: Image, options: dict[str, t.Any]) -> None:
    """Such an image cannot be the copy; as it is not proven to be ours, it stays and is named."""
    found = plan(image, **options)
    assert (found.action, kinds(found)) == ("copied", ["CopyImage"])
    found = plan(image, **options, superseded="deregister")
    assert kinds(found) == ["CopyImage"] and COPY_ID in found.warnings[0]


def test_an_alias_that_is_not_told_does_not_hide_it() -> None:
    for image in (a_copy(**PART), a_copy(sda1=True, sdf=True)):
        with pytest.raises(PreflightError, match="not known"):
            plan(image, key=ALIAS_DENIED)
    assert plan(a_copy(sda1=KEY_A, sdf=KEY_B, extra=(UNSEEN,)), key=ALIAS_DENIED).action == "copied"


def test_an_image_of_another_source_is_of_no_concern() -> None:
    for image in (an_image(COPY_ID, region=AWAY, **PART), a_copy(**PART, source_image_id="ami-00000000000000002")):
        assert plan(image).action == "copied"


def test_a_copy_that_is_known_is_enough() -> None:
    found = plan(a_copy(**PART), a_copy(SECOND_ID, **SHOWN), superseded="deregister")
    assert found.image is not None
    assert (found.action, found.image.image_id) == ("unchanged", SECOND_ID)
    assert COPY_ID in found.warnings[0] and "does not show" in found.warnings[0]


@pytest.mark.parametrize("lost", [{"kms_key_arn": None}, {"encrypted": None}, None], ids=["key", "status", "snapshot"])
def test_a_snapshot_that_lacks_something_makes_its_device_unknown(lost: dict[str, t.Any] | None) -> None:
    image = an_image(COPY_ID, sda1=KEY_A, sdf=KEY_A)
    found = snapshots_of(image)
    assert image.with_snapshots(found).shows_keys
    last = image.snapshot_ids[-1]
    changed = (
        {**found, last: dataclasses.replace(found[last], **lost)}
        if lost
        else {image.snapshot_ids[0]: found[image.snapshot_ids[0]]}
    )
    assert not image.with_snapshots(changed).shows_keys
