# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for one image in one destination: every row of the truth table."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy_planner import (
    Facts,
    client_token,
    new_storage_gib,
    plan_copy,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.identity import PRESERVED, Lineage
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import CopyImage, DeregisterImage, Plan
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    GLOBAL_AWAY,
    GLOBAL_HOME,
    HOME,
    KEY_A,
    KEY_B,
    LINEAGE,
    OTHER_ACCOUNT,
    SOURCE_ID,
    a_copy,
    a_request,
    a_requirement,
    an_image,
    required,
)

SOURCE = an_image(sda1=None, sdf=KEY_B)
SECOND_ID = "ami-000000000000000c1"
PENDING: dict[str, t.Any] = {"state": "pending"}
PROTECTED: dict[str, t.Any] = {"deregistration_protection": "enabled-without-cooldown"}
SHOWN: dict[str, t.Any] = {"sda1": KEY_A, "sdf": KEY_A}
OTHER_KEY: dict[str, t.Any] = {"sda1": KEY_B, "sdf": KEY_B, "key_tag": KEY_B}
ALIAS_DENIED = required(None, reference="alias/golden")
HELD = {"sharing": "sharing", "present_snapshot_tags": "snapshot_tags"}
BLANK = BlockDevice("/dev/sdz", encrypted=False, volume_size=100)


def plan(
    *images: Image, key: RequiredKey | None = None, source: Image = SOURCE, preserve: bool = False, **given: t.Any
) -> Plan:
    """Return the plan for the source, under key A unless told otherwise, with these images in the destination."""
    by_default = given.pop("encryption_by_default", False)
    facts = {name: given.pop(given_as) for given_as, name in HELD.items() if given_as in given}
    request = a_request(encrypted=not preserve, **given)
    wanted = None if preserve else key or required(KEY_A, reference="alias/golden")
    requirement = a_requirement(wanted, source, encryption_by_default=by_default)
    return plan_copy(request, request.destinations[0], Facts(LINEAGE, source, requirement, images, **facts))


def kinds(found: Plan) -> list[str]:
    """Return the names of the steps in order."""
    return [type(step).__name__ for step in found.steps]


COPY, DEREGISTER = "CopyImage", "DeregisterImage"
ROWS = [
    pytest.param([], "copied", [COPY], 0, id="absent"),
    pytest.param([a_copy(**SHOWN)], "unchanged", [], 0, id="met"),
    pytest.param([a_copy(**SHOWN, key_tag=None)], "unchanged", [], 0, id="met, made by other means"),
    pytest.param([a_copy(**SHOWN, source_image_id=None)], "unchanged", [], 0, id="met by tag only"),
    pytest.param([a_copy(**SHOWN, key_tag=KEY_B)], "unchanged", [], 0, id="met, whatever our key tag says"),
    pytest.param([a_copy(**SHOWN, source_image_id=SECOND_ID)], "copied", [COPY], 0, id="aws contradicts our tag"),
    pytest.param([a_copy(**SHOWN, source_region=AWAY)], "copied", [COPY], 0, id="same id from another region"),
    pytest.param([an_image(COPY_ID, region=AWAY, **SHOWN)], "copied", [COPY], 0, id="same name and keys, no lineage"),
    pytest.param([a_copy(**OTHER_KEY)], "copied", [COPY], 0, id="other key"),
    pytest.param([a_copy(sda1=KEY_A, sdf=KEY_B)], "copied", [COPY], 0, id="other key on one device"),
    pytest.param([a_copy(sda1=None, sdf=KEY_A)], "copied", [COPY], 0, id="one device plain"),
    pytest.param([a_copy(sda1=KEY_A)], "copied", [COPY], 0, id="one device missing"),
    pytest.param([a_copy(sda1=True, sdf=KEY_A)], "copied", [COPY], 0, id="key of one device not seen"),
    pytest.param([a_copy(**PENDING)], "adopted", [], 0, id="pending, ours"),
    pytest.param([a_copy(**PENDING, **SHOWN)], "adopted", [], 0, id="pending, ours, keys seen"),
    pytest.param([a_copy(**PENDING, key_tag=None)], "adopted", [], 0, id="pending, somebody else's"),
    pytest.param([a_copy(**PENDING, source_image_id=None)], "adopted", [], 0, id="pending, by tag only"),
    pytest.param([a_copy(**PENDING, key_tag=KEY_B)], "copied", [COPY], 0, id="pending, other key"),
    pytest.param([a_copy(**PENDING, key_tag=None, sda1=KEY_B)], "copied", [COPY], 0, id="pending, other key seen"),
    pytest.param([a_copy(**PENDING), a_copy(SECOND_ID, **SHOWN)], "unchanged", [], 0, id="pending, and one is met"),
    pytest.param([a_copy(state="failed")], "copied", [DEREGISTER, COPY], 0, id="failed, ours"),
    pytest.param([a_copy(state="failed", key_tag=None)], "copied", [COPY], 1, id="failed, somebody else's"),
    pytest.param([a_copy(state="failed", source_image_id=None)], "copied", [COPY], 1, id="failed, by tag only"),
    pytest.param([a_copy(state="failed", key_tag=KEY_B)], "copied", [COPY], 0, id="failed, other key"),
    pytest.param([a_copy(state="failed"), a_copy(SECOND_ID, **SHOWN)], "unchanged", [], 0, id="failed, one is met"),
    pytest.param([a_copy(state="failed"), a_copy(SECOND_ID, **PENDING)], "adopted", [], 0, id="failed, one pending"),
    pytest.param([a_copy(**SHOWN), a_copy(SECOND_ID, **SHOWN)], "unchanged", [], 1, id="two are met"),
    pytest.param([a_copy(**SHOWN), a_copy(SECOND_ID, **OTHER_KEY)], "unchanged", [], 0, id="met and other key"),
]


@pytest.mark.parametrize(("images", "action", "steps", "warnings"), ROWS)
def test_plan(images: list[Image], action: str, steps: list[str], warnings: int) -> None:
    found = plan(*images)
    assert (found.action, kinds(found), len(found.warnings)) == (action, steps, warnings)
    assert found.changed is bool(steps)
    assert found.awaits is (action in ("copied", "adopted"))
    assert (found.create is not None) is (action == "copied")


@pytest.mark.parametrize(
    ("images", "action", "steps", "warnings"),
    [
        pytest.param([], "copied", [COPY], 0, id="absent"),
        pytest.param([a_copy(**SHOWN)], "unchanged", [], 0, id="met"),
        pytest.param([a_copy(**OTHER_KEY)], "replaced", [COPY, DEREGISTER], 0, id="other key"),
        pytest.param([a_copy(sda1=None, sdf=None)], "replaced", [COPY, DEREGISTER], 0, id="plain"),
        pytest.param([a_copy(**OTHER_KEY, source_image_id=None)], "copied", [COPY], 1, id="other key, by tag only"),
        pytest.param([a_copy(sda1=KEY_B, sdf=KEY_B, key_tag=None)], "copied", [COPY], 1, id="other key, no tags"),
        pytest.param([a_copy(**OTHER_KEY, **PROTECTED)], "copied", [COPY], 1, id="other key, protected"),
        pytest.param([a_copy(**PENDING, key_tag=KEY_B)], "copied", [COPY], 0, id="other key, pending"),
        pytest.param([a_copy(state="failed", key_tag=KEY_B)], "copied", [COPY], 0, id="other key, failed"),
        pytest.param([a_copy(sda1=True, sdf=KEY_A)], "copied", [COPY], 1, id="a key not seen may be the right one"),
        pytest.param(
            [a_copy(**SHOWN), a_copy(SECOND_ID, **OTHER_KEY)], "updated", [DEREGISTER], 0, id="met and other key"
        ),
        pytest.param([a_copy(**SHOWN), a_copy(SECOND_ID, **SHOWN)], "unchanged", [], 1, id="a twin is no predecessor"),
        pytest.param([an_image(COPY_ID, region=AWAY, **OTHER_KEY)], "copied", [COPY], 0, id="decoy without lineage"),
    ],
)
def test_superseded_copies_go_last(images: list[Image], action: str, steps: list[str], warnings: int) -> None:
    found = plan(*images, superseded="deregister")
    assert (found.action, kinds(found), len(found.warnings)) == (action, steps, warnings)
    assert not [step for step in found.before if isinstance(step, DeregisterImage)]


@pytest.mark.parametrize(
    ("source", "images", "by_default", "action"),
    [
        pytest.param(SOURCE, [], False, "copied", id="absent"),
        pytest.param(SOURCE, [a_copy(sda1=None, sdf=KEY_A)], False, "unchanged", id="mixed"),
        pytest.param(SOURCE, [a_copy(**SHOWN)], False, "copied", id="mixed, copy all encrypted"),
        pytest.param(SOURCE, [a_copy(**SHOWN)], True, "unchanged", id="mixed, encryption by default"),
        pytest.param(an_image(sda1=KEY_B), [a_copy(sda1=KEY_A)], False, "unchanged", id="encrypted root"),
        pytest.param(an_image(sda1=KEY_B), [a_copy(sda1=None)], False, "copied", id="encrypted root, copy plain"),
        pytest.param(
            SOURCE, [a_copy(**PENDING, key_tag=PRESERVED)], False, "adopted", id="pending, preserving as well"
        ),
        pytest.param(SOURCE, [a_copy(**PENDING, key_tag=KEY_A)], False, "copied", id="pending, under a key"),
    ],
)
def test_statuses_preserved(source: Image, images: list[Image], by_default: bool, action: str) -> None:
    found = plan(*images, source=source, preserve=True, encryption_by_default=by_default)
    assert found.action == action
    if found.create is not None:
        assert found.create.kms_key_id is None
        assert found.create.tags["sealed.ami:kms_key"] == PRESERVED


@pytest.mark.parametrize(
    ("key", "images", "action"),
    [
        pytest.param(required(GLOBAL_AWAY), [a_copy(sda1=GLOBAL_AWAY, sdf=GLOBAL_AWAY)], "unchanged", id="replica"),
        pytest.param(
            required(GLOBAL_AWAY), [a_copy(sda1=GLOBAL_HOME, sdf=GLOBAL_HOME)], "copied", id="same id, other region"
        ),
        pytest.param(ALIAS_DENIED, [a_copy(**SHOWN, key_tag="alias/golden")], "unchanged", id="denied, our tag"),
        pytest.param(ALIAS_DENIED, [a_copy(**PENDING, key_tag="alias/golden")], "adopted", id="denied, pending"),
        pytest.param(required(KEY_A, metadata=None), [a_copy(**SHOWN)], "unchanged", id="denied, but an arn"),
    ],
)
def test_keys(key: RequiredKey, images: list[Image], action: str) -> None:
    assert plan(*images, key=key).action == action


def test_an_alias_that_kms_does_not_tell_makes_no_second_copy() -> None:
    with pytest.raises(PreflightError, match="Allow kms:DescribeKey, or pass the ARN"):
        plan(a_copy(**SHOWN), key=ALIAS_DENIED)


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
        pytest.param({"key_tag": KEY_B}, id="key"),
        pytest.param({"attempt": ["ami-1"]}, id="attempt"),
    ],
)
def test_the_token_names_the_identity(change: dict[str, t.Any]) -> None:
    identity: dict[str, t.Any] = {"lineage": LINEAGE, "region": AWAY, "key_tag": KEY_A, "attempt": []}

    def token(lineage: Lineage, **rest: t.Any) -> str:
        return client_token(lineage, **rest)

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
    source = an_image(sda1=None, sdf=KEY_B, extra=(BlockDevice("/dev/sdb", virtual_name="ephemeral0"), BLANK))
    found = plan(source=source, preserve=preserve, encryption_by_default=by_default, description="d")
    image = found.image
    assert image is not None
    assert [(device.encrypted, device.kms_key_arn) for device in image.devices[:2]] == expected
    assert not any(device.snapshot_id for device in image.devices)
    assert image.devices[2:] == source.devices[2:]
    assert (image.image_id, image.region, image.name, image.description) == ("", AWAY, "golden", "d")
    assert (image.source_image_id, image.source_region) == (SOURCE_ID, HOME)
    assert found.devices_before == ()


def test_an_existing_copy_converges_with_one_step_for_each_difference() -> None:
    image = a_copy(**SHOWN, description="old", tags={"Team": "os"})
    sharing = Sharing(LaunchPermissions(user_ids=frozenset({OTHER_ACCOUNT})), {})
    found = plan(
        image,
        description="new",
        tags={"Team": "db"},
        deprecate_at="2030-01-01T00:00:00Z",
        deregistration_protection="enabled",
        launch_permissions={"user_ids": []},
        sharing={image.image_id: sharing},
        present_snapshot_tags={snapshot_id: {"Team": "db"} for snapshot_id in image.snapshot_ids},
    )
    assert found.action == "updated"
    assert kinds(found) == [
        "SetDescription",
        "SetTags",
        "ModifyLaunchPermissions",
        "SetDeprecation",
        "SetDeregistrationProtection",
    ]
    assert found.before == () and found.create is None


def test_a_new_copy_gets_the_rest_of_its_attributes_once_available() -> None:
    found = plan(
        a_copy(**OTHER_KEY),
        launch_permissions={"user_ids": [OTHER_ACCOUNT]},
        deprecate_at="2030-01-01T00:00:00Z",
        deregistration_protection="enabled",
        superseded="deregister",
    )
    assert kinds(found) == [
        COPY,
        "ModifyLaunchPermissions",
        "ModifySnapshotPermissions",
        "SetDeprecation",
        "SetDeregistrationProtection",
        DEREGISTER,
    ]


@pytest.mark.parametrize(
    ("images", "words"),
    [
        pytest.param([], [AWAY, "no copy under key alias/golden", KEY_A], id="absent names region and key"),
        pytest.param([a_copy(**SHOWN)], ["the copy exists"], id="met"),
        pytest.param([a_copy(**OTHER_KEY)], [COPY_ID, "differ"], id="other key names the other copy"),
        pytest.param(
            [a_copy(state="failed", state_reason="Client.InternalError: x")],
            [COPY_ID, "failed", "Client.InternalError: x"],
            id="failed gives aws's reason",
        ),
    ],
)
def test_reasons(images: list[Image], words: list[str]) -> None:
    reason = plan(*images).reason
    assert [word for word in words if word not in reason] == []
