# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for one image in one destination: every row of the truth table."""

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import PRESERVED
from ansible_collections.sealed.ami.plugins.module_utils._image.disabling import BEING_DISABLED
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import DISABLED_TAG, PERMISSIONS_TAG, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeregisterImage
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    GLOBAL_AWAY,
    GLOBAL_HOME,
    KEY_A,
    KEY_B,
    OTHER_ACCOUNT,
    a_copy,
    an_image,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import (
    ALIAS_DENIED,
    KEY_ID_DENIED,
    OTHER_KEY,
    PENDING,
    PROTECTED,
    SECOND_ID,
    SHOWN,
    SOURCE,
    kinds,
    plan,
)

COPY, DEREGISTER = "CopyImage", "DeregisterImage"
ROWS = [
    pytest.param([], "copied", [COPY], 0, id="absent"),
    pytest.param([a_copy(**SHOWN)], "unchanged", [], 0, id="met"),
    pytest.param([a_copy(**SHOWN, key_tag=None)], "unchanged", [], 0, id="met, made by other means"),
    pytest.param([a_copy(**SHOWN, source_image_id=None)], "copied", [COPY], 0, id="our tags alone are no copy"),
    pytest.param([a_copy(**SHOWN, key_tag=KEY_B)], "unchanged", [], 0, id="met, whatever our key tag says"),
    pytest.param([a_copy(**SHOWN, source_image_id=SECOND_ID)], "copied", [COPY], 0, id="aws contradicts our tag"),
    pytest.param([a_copy(**SHOWN, source_region=AWAY)], "copied", [COPY], 0, id="same id from another region"),
    pytest.param([an_image(COPY_ID, region=AWAY, **SHOWN)], "copied", [COPY], 0, id="same name and keys, no lineage"),
    pytest.param([a_copy(**OTHER_KEY)], "copied", [COPY], 0, id="other key"),
    pytest.param([a_copy(sda1=KEY_A, sdf=KEY_B)], "copied", [COPY], 0, id="other key on one device"),
    pytest.param([a_copy(sda1=None, sdf=KEY_A)], "copied", [COPY], 0, id="one device plain"),
    pytest.param([a_copy(sda1=KEY_A)], "copied", [COPY], 0, id="one device missing"),
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
    pytest.param([a_copy(state="failed", key_tag=KEY_B)], "copied", [DEREGISTER, COPY], 0, id="failed, other key"),
    pytest.param(
        [a_copy(state="failed"), a_copy(SECOND_ID, **SHOWN)], "updated", [DEREGISTER], 0, id="failed, one is met"
    ),
    pytest.param(
        [a_copy(state="failed"), a_copy(SECOND_ID, **PENDING)], "adopted", [DEREGISTER], 0, id="failed, one pending"
    ),
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
        pytest.param(
            [a_copy(sda1=None, sdf=None, key_tag=PRESERVED)],
            "replaced",
            [COPY, DEREGISTER],
            0,
            id="plain, as asked then",
        ),
        pytest.param([a_copy(sda1=None, sdf=None)], "copied", [COPY], 1, id="plain, with the tags of a sealed one"),
        pytest.param([a_copy(**OTHER_KEY, source_image_id=None)], "copied", [COPY], 0, id="other key, by tag only"),
        pytest.param([a_copy(sda1=KEY_B, sdf=KEY_B, key_tag=None)], "copied", [COPY], 1, id="other key, no tags"),
        pytest.param([a_copy(**OTHER_KEY, **PROTECTED)], "copied", [COPY], 1, id="other key, protected"),
        pytest.param([a_copy(**PENDING, key_tag=KEY_B)], "copied", [COPY], 0, id="other key, pending"),
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


RETIRED = ["RecordPermissions", "DisableImage", "NoteDisabled"]
UNNOTED = {f"{PERMISSIONS_TAG}1": f"{COPY_ID} 0", DISABLED_TAG: BEING_DISABLED}


@pytest.mark.parametrize(
    ("images", "action", "steps", "warnings"),
    [
        pytest.param([], "copied", [COPY], 0, id="absent"),
        pytest.param([a_copy(**SHOWN)], "unchanged", [], 0, id="met"),
        pytest.param([a_copy(**OTHER_KEY)], "replaced", [COPY, *RETIRED], 0, id="other key"),
        pytest.param([a_copy(**OTHER_KEY, **PROTECTED)], "replaced", [COPY, *RETIRED], 0, id="protected from deletion"),
        pytest.param([a_copy(**OTHER_KEY, source_image_id=None)], "copied", [COPY], 0, id="other key, by tag only"),
        pytest.param([a_copy(sda1=KEY_B, sdf=KEY_B, key_tag=None)], "copied", [COPY], 1, id="other key, no tags"),
        pytest.param([a_copy(**PENDING, key_tag=KEY_B)], "copied", [COPY], 0, id="other key, pending"),
        pytest.param([a_copy(**OTHER_KEY, state="disabled")], "copied", [COPY], 0, id="other key, disabled"),
        pytest.param([a_copy(SECOND_ID, **OTHER_KEY)], "copied", [COPY], 1, id="nobody knows who may launch it"),
        pytest.param([a_copy(**SHOWN), a_copy(SECOND_ID, **SHOWN)], "unchanged", [], 1, id="a twin is no predecessor"),
        pytest.param([a_copy(SECOND_ID, **SHOWN), a_copy(**OTHER_KEY)], "updated", RETIRED, 0, id="met and other key"),
    ],
)
def test_superseded_copies_are_retired_last(images: list[Image], action: str, steps: list[str], warnings: int) -> None:
    found = plan(*images, superseded="retire", launchable={COPY_ID: NOBODY})
    assert (found.action, kinds(found), len(found.warnings)) == (action, steps, warnings)


def test_a_copy_that_an_earlier_run_disabled_is_noted_and_no_other() -> None:
    disabled = a_copy(**OTHER_KEY, state="disabled")
    noted = dataclasses.replace(disabled, tags={**disabled.tags, **UNNOTED})
    met = a_copy(SECOND_ID, **SHOWN)
    assert kinds(plan(met, noted, superseded="retire")) == ["NoteDisabled"]
    of_another = dataclasses.replace(noted, tags={**noted.tags, f"{PERMISSIONS_TAG}1": f"{SECOND_ID} 0"})
    assert kinds(plan(met, of_another, superseded="retire")) == kinds(plan(met, noted)) == []


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
        pytest.param(KEY_ID_DENIED, [a_copy(**SHOWN)], "unchanged", id="denied, but a key id"),
        pytest.param(KEY_ID_DENIED, [a_copy(**OTHER_KEY)], "copied", id="denied, another key than the id"),
        pytest.param(ALIAS_DENIED, [a_copy(**PENDING, key_tag="alias/golden")], "adopted", id="denied, pending"),
        pytest.param(required(KEY_A, metadata=None), [a_copy(**SHOWN)], "unchanged", id="denied, but an arn"),
    ],
)
def test_keys(key: RequiredKey, images: list[Image], action: str) -> None:
    assert plan(*images, key=key).action == action


def test_an_alias_that_kms_does_not_tell_makes_no_second_copy() -> None:
    """Our tag may name the alias, but the alias may stand for another key by now."""
    for copy in (a_copy(**SHOWN), a_copy(**SHOWN, key_tag="alias/golden"), a_copy(**SHOWN, state="disabled")):
        with pytest.raises(PreflightError, match="Allow kms:DescribeKey, or pass the ARN"):
            plan(copy, key=ALIAS_DENIED)


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
        "ShareSnapshot",
        "ShareSnapshot",
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
