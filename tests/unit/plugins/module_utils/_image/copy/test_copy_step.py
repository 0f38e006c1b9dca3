# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the copying call carries, and what is predicted of the copy."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import Lineage, Requirement
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.planner import client_token
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.prediction import new_storage_gib
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.places import Place
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import CopyImage, Plan
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
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
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    BLANK,
    SECOND_ID,
    SOURCE,
    plan,
)


def step_of(found: Plan) -> CopyImage:
    """Return the copying step of a plan that must have one."""
    assert found.create is not None
    return found.create


def test_the_copy_is_tagged_from_birth() -> None:
    step = step_of(plan(tags={"Team": "db"}, description="Golden", name="db-{region}"))
    own = {
        "sealed.ami:source": f"{HOME}:{SOURCE_ID}",
        "sealed.ami:kms_key": KEY_A,
        "sealed.ami:copy": step.client_token,
    }
    assert step.tags == step.snapshot_tags == {"Team": "db", **own}
    assert (step.name, step.description, step.kms_key_id) == (f"db-{AWAY}", "Golden", KEY_A)
    assert (step.source_image_id, step.source_region) == (SOURCE_ID, HOME)
    assert (step.snapshot_count, step.size_gib) == (2, 16)


@pytest.mark.parametrize(
    ("given", "image_tags", "snapshot_tags"),
    [
        pytest.param({}, {}, {}, id="none"),
        pytest.param({"tags": {"a": 1}}, {"a": "1"}, {"a": "1"}, id="tags for both"),
        pytest.param({"tags": {"a": 1}, "snapshot_tags": {}}, {"a": "1"}, {}, id="none for snapshots"),
        pytest.param({"snapshot_tags": {"b": 2}}, {}, {"b": "2"}, id="snapshots only"),
        pytest.param({"copy_tags": True}, {"Team": "os", "Stage": "x"}, {"Team": "os", "Stage": "x"}, id="copied"),
        pytest.param(
            {"copy_tags": True, "tags": {"Team": "db"}},
            {"Team": "db", "Stage": "x"},
            {"Team": "db", "Stage": "x"},
            id="asked tags win over copied ones",
        ),
        pytest.param(
            {"copy_tags": True, "tags": {"Team": "db"}, "snapshot_tags": {"b": 2}},
            {"Team": "db", "Stage": "x"},
            {"b": "2"},
            id="copied, snapshots apart",
        ),
    ],
)
def test_tags(given: dict[str, t.Any], image_tags: dict[str, str], snapshot_tags: dict[str, str]) -> None:
    tags = {"Team": "os", "Stage": "x", "aws:cloudformation:stack": "s", "sealed.ami:source": "us-east-1:ami-0"}
    step = step_of(plan(source=dataclasses.replace(SOURCE, tags=tags), **given))
    assert {key: value for key, value in step.tags.items() if not key.startswith("sealed.ami:")} == image_tags
    assert {key: value for key, value in step.snapshot_tags.items() if not key.startswith("sealed.ami:")} == (
        snapshot_tags
    )
    assert step.tags["sealed.ami:source"] == LINEAGE.tag


def test_a_failed_copy_changes_the_token_but_attributes_do_not() -> None:
    fresh = step_of(plan()).client_token
    assert step_of(plan(description="x", tags={"a": "b"}, name="other")).client_token == fresh
    assert step_of(plan(a_copy(state="failed", key_tag=KEY_B))).client_token == fresh
    tokens = {
        fresh,
        step_of(plan(a_copy(state="failed"))).client_token,
        step_of(plan(a_copy(SECOND_ID, state="failed"))).client_token,
        step_of(plan(a_copy(state="failed"), a_copy(SECOND_ID, state="failed"))).client_token,
        step_of(plan(key=required(KEY_B))).client_token,
        step_of(plan(preserve=True)).client_token,
    }
    assert len(tokens) == 6
    assert all(len(token) <= 64 and token.isascii() for token in tokens)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"lineage": Lineage(COPY_ID, HOME)}, id="source"),
        pytest.param({"lineage": Lineage(SOURCE_ID, AWAY)}, id="source region"),
        pytest.param({"region": HOME}, id="destination"),
        pytest.param({"requirement": a_requirement(required(KEY_B))}, id="key"),
        pytest.param({"requirement": a_requirement(required(KEY_A), place=Place("us-east-1-bos-1a"))}, id="place"),
        pytest.param({"attempt": ["ami-1"]}, id="attempt"),
    ],
)
def test_the_token_names_the_identity(change: dict[str, t.Any]) -> None:
    key = a_requirement(required(KEY_A))
    identity: dict[str, t.Any] = {"lineage": LINEAGE, "requirement": key, "region": AWAY, "attempt": []}

    def token(lineage: Lineage, requirement: Requirement, **rest: t.Any) -> str:
        return client_token(lineage, requirement, **rest)

    assert token(**identity) == token(**identity) != token(**{**identity, **change})


@pytest.mark.parametrize(
    ("region", "source", "key", "by_default", "expected"),
    [
        pytest.param(AWAY, an_image(sda1=None, sdf=KEY_A), required(KEY_A), False, 16, id="another region is full"),
        pytest.param(AWAY, an_image(sda1=None), None, False, 8, id="another region, preserved"),
        pytest.param(HOME, an_image(sda1=None, sdf=KEY_B), required(KEY_A), False, 16, id="other key and plain"),
        pytest.param(HOME, an_image(sda1=KEY_A, sdf=KEY_B), required(KEY_A), False, 8, id="one has the key already"),
        pytest.param(HOME, an_image(sda1=None, sdf=KEY_B), None, False, 0, id="preserved is incremental"),
        pytest.param(HOME, an_image(sda1=None, sdf=KEY_B), None, True, 8, id="preserved, encrypted by default"),
        pytest.param(AWAY, an_image(sda1=None, extra=(BLANK,)), required(KEY_A), False, 8, id="blank costs nothing"),
    ],
)
def test_new_storage(region: str, source: Image, key: RequiredKey | None, by_default: bool, expected: int) -> None:
    requirement = a_requirement(key, source, encryption_by_default=by_default)
    assert new_storage_gib(source, region, requirement) == expected


@pytest.mark.parametrize(
    ("preserve", "by_default", "expected"),
    [
        pytest.param(False, False, [(True, KEY_A), (True, KEY_A)], id="under the key"),
        pytest.param(True, False, [(False, None), (True, None)], id="preserved"),
        pytest.param(True, True, [(True, None), (True, None)], id="preserved, encrypted by default"),
    ],
)
def test_the_image_is_predicted(preserve: bool, by_default: bool, expected: list[tuple[bool, str | None]]) -> None:
    blank = dataclasses.replace(BLANK, encrypted=True)
    source = an_image(sda1=None, sdf=KEY_B, extra=(BlockDevice("/dev/sdb", virtual_name="ephemeral0"), blank))
    found = plan(source=source, preserve=preserve, encryption_by_default=by_default, description="d")
    image = found.image
    assert image is not None
    assert [(device.encrypted, device.kms_key_arn) for device in image.devices[:2]] == expected
    assert not any(device.snapshot_id for device in image.devices)
    assert image.devices[2:] == source.devices[2:]
    assert (image.image_id, image.region, image.name, image.description) == ("", AWAY, "golden", "d")
    assert (image.source_image_id, image.source_region) == (SOURCE_ID, HOME)
    assert found.devices_before == ()
