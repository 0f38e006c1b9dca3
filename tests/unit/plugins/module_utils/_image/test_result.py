# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users get back: one shape whether a copy was made, found, predicted or failed."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image import sentences, steps
from ansible_collections.sealed.ami.plugins.module_utils._image.compose import steps as compose_steps
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import CreateVolume
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeleteSnapshot, MayDeregister
from ansible_collections.sealed.ami.plugins.module_utils._image.result import (
    failure_message,
    summary,
    to_diff,
    to_result,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.sentences import describe_step
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    DeregisterImage,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    Plan,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetTags,
    SetValue,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.vocabulary import Action
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    COPY_ID,
    HOME,
    KEY_A,
    KEY_B,
    SOURCE_ID,
    a_copy,
)

KEYS = {
    "image_id", "name", "state", "region", "source_image_id", "source_region", "action", "reason", "snapshots", "tags",
    "new_storage_gib", "availability_zone", "outpost_arn",
}  # fmt: skip
COPY = a_copy(sda1=KEY_A)


def an_outcome(action: Action = "copied", *, region: str = AWAY, **fields: t.Any) -> Outcome:
    """Return an outcome that changed something, unless told otherwise."""
    image = fields.pop("image", COPY)
    plan = fields.pop("plan", Plan(action, "why", image, new_storage_gib=8))
    found = {"changed": True, "reason": "why", **fields}
    return Outcome(Target(SOURCE_ID, HOME, region), plan, image, action, **found)


@pytest.mark.parametrize(
    ("outcome", "more", "expected"),
    [
        pytest.param(an_outcome(), set(), {"image_id": COPY_ID, "state": "available", "action": "copied"}, id="made"),
        pytest.param(
            an_outcome("unchanged", changed=False), set(), {"image_id": COPY_ID, "action": "unchanged"}, id="found"
        ),
        pytest.param(
            an_outcome(image=a_copy("", sda1=KEY_A)),
            set(),
            {"image_id": None, "state": "available", "new_storage_gib": 8},
            id="predicted",
        ),
        pytest.param(
            an_outcome("removed", removed=[COPY_ID]),
            {"removed"},
            {"image_id": COPY_ID, "state": "absent", "removed": [COPY_ID]},
            id="removed",
        ),
        pytest.param(
            an_outcome("unchanged", image=None, changed=False),
            set(),
            {"image_id": None, "name": None, "state": "absent", "snapshots": [], "tags": {}},
            id="nothing to remove",
        ),
        pytest.param(
            an_outcome(error="it broke", created=[COPY_ID]),
            {"error", "created"},
            {"image_id": COPY_ID, "action": "failed", "error": "it broke", "created": [COPY_ID]},
            id="failed",
        ),
        pytest.param(
            an_outcome(plan=None, image=None, error="no answer", changed=False),
            {"error", "created"},
            {"image_id": None, "action": "failed", "new_storage_gib": 0, "created": []},
            id="failed before it was planned",
        ),
    ],
)
def test_entries_have_one_shape(outcome: Outcome, more: set[str], expected: dict[str, t.Any]) -> None:
    (entry,) = to_result([outcome], single=False)["images"]
    assert set(entry) == KEYS | more
    assert {name: entry[name] for name in expected} == expected
    assert (entry["source_image_id"], entry["source_region"], entry["region"]) == (SOURCE_ID, HOME, AWAY)
    assert json.loads(json.dumps(entry)) == entry


def test_snapshots_are_listed_without_disks_that_have_none() -> None:
    image = a_copy(sda1=KEY_A, extra=(BlockDevice("/dev/sdb", virtual_name="ephemeral0"),))
    (entry,) = to_result([an_outcome(image=image)], single=False)["images"]
    assert entry["snapshots"] == [
        {
            "device_name": "/dev/sda1",
            "snapshot_id": f"snap-sda1-of-{COPY_ID}",
            "encrypted": True,
            "kms_key_arn": KEY_A,
            "kms_key_alias": None,
            "associated_kms_key_arns": None,
            "volume_size": 8,
        }
    ]


def test_an_alias_stands_beside_the_key_that_was_asked_for_by_it() -> None:
    image = a_copy(sda1=KEY_A, sdf=KEY_B, sdg=None)
    outcome = an_outcome(image=image, key_aliases={KEY_A: "alias/a"})
    (entry,) = to_result([outcome], single=False)["images"]
    shown = {one["device_name"]: (one["kms_key_arn"], one["kms_key_alias"]) for one in entry["snapshots"]}
    assert shown == {"/dev/sda1": (KEY_A, "alias/a"), "/dev/sdf": (KEY_B, None), "/dev/sdg": (None, None)}
    (diff,) = to_diff([outcome])
    assert f"alias/a ({KEY_A})\n" in diff["after"]
    assert f"  {KEY_B}\n" in diff["after"]


@pytest.mark.parametrize(
    ("outcomes", "is_predicted", "expected"),
    [
        pytest.param(
            [an_outcome("unchanged", changed=False, key_aliases={KEY_A: "alias/a"}, reason="the copy exists")],
            False,
            f"unchanged: {COPY.name} {COPY_ID} in {AWAY} under alias/a (the copy exists)",
            id="found",
        ),
        pytest.param(
            [an_outcome()], False, f"copied: {COPY.name} {COPY_ID} in {AWAY} under {KEY_A}", id="a key without an alias"
        ),
        pytest.param(
            [an_outcome(image=a_copy("", sda1=KEY_A, sdf=None), key_aliases={KEY_A: "alias/a"})],
            True,
            f"would be copied: {COPY.name} in {AWAY} under alias/a, partly unencrypted",
            id="predicted",
        ),
        pytest.param(
            [an_outcome(image=a_copy(sda1=None))],
            False,
            f"copied: {COPY.name} {COPY_ID} in {AWAY} unencrypted",
            id="unencrypted",
        ),
        pytest.param(
            [an_outcome("unchanged", image=None, changed=False, reason="nothing to remove")],
            True,
            f"unchanged: {SOURCE_ID} in {AWAY} (nothing to remove)",
            id="nothing there",
        ),
        pytest.param(
            [an_outcome("removed")], False, f"removed: {COPY.name} {COPY_ID} in {AWAY}", id="what is gone has no key"
        ),
        pytest.param(
            [an_outcome("unchanged", changed=False, region=f"r{number}", image=None) for number in range(6)]
            + [an_outcome(image=None)],
            False,
            f"6 unchanged: {'; '.join(f'{SOURCE_ID} in r{number}' for number in range(4))}; 2 more (why). "
            f"copied: {SOURCE_ID} in {AWAY}",
            id="many",
        ),
        pytest.param(
            [an_outcome(image=dataclasses.replace(COPY, name="two\nlines", devices=()))],
            False,
            f"copied: 'two\\nlines {COPY_ID}' in {AWAY}",
            id="one line whatever the name, and no key that was not seen",
        ),
    ],
)  # fmt: skip
def test_one_line_says_what_became_of_it(outcomes: list[Outcome], is_predicted: bool, expected: str) -> None:
    assert summary(outcomes, is_predicted=is_predicted) == expected


def test_a_single_copy_stands_at_the_top_too() -> None:
    single, many = (to_result([an_outcome()], single=single) for single in (True, False))
    assert single["image"] == single["images"][0]
    assert single["image_id"] == COPY_ID
    assert {"image", "image_id"}.isdisjoint(many)


def test_one_change_makes_the_task_changed() -> None:
    idle = an_outcome("unchanged", changed=False)
    assert to_result([idle, an_outcome()], single=False)["changed"] is True
    assert to_result([idle, idle], single=False)["changed"] is False


def test_failures_are_all_named() -> None:
    bad = [an_outcome(error="no key", region=where, created=[COPY_ID]) for where in ("eu-west-2", "eu-west-3")]
    message = failure_message([an_outcome(), *bad])
    assert message is not None
    assert message.startswith("2 of 3 copies failed")
    assert [word for word in ("eu-west-2: no key", "eu-west-3: no key", COPY_ID) if word not in message] == []
    assert failure_message([an_outcome()]) is None
    assert failure_message([bad[0]]) == f"{SOURCE_ID} to eu-west-2: no key [still there: {COPY_ID}]"


def test_the_diff_shows_devices_before_and_after() -> None:
    old = a_copy(sda1=KEY_B, sdf=None)
    plan = Plan(
        "replaced",
        "why",
        COPY,
        after=(DeregisterImage(MayDeregister(COPY_ID, "ours"), (), "old"),),
        devices_before=old.devices,
    )
    idle = an_outcome("unchanged", changed=False)
    (diff,) = to_diff([idle, an_outcome("replaced", plan=plan)])
    assert diff["before_header"] == f"{SOURCE_ID} ({HOME}) in {AWAY}"
    assert diff["after_header"].endswith(": replaced")
    before, after = (diff[side].splitlines() for side in ("before", "after"))
    assert [line.split() for line in before] == [
        ["device", "snapshot", "GiB", "encrypted", "key"],
        ["/dev/sda1", f"snap-sda1-of-{COPY_ID}", "8", "yes", KEY_B],
        ["/dev/sdf", f"snap-sdf-of-{COPY_ID}", "8", "no", "-"],
    ]
    assert after[1].split() == ["/dev/sda1", f"snap-sda1-of-{COPY_ID}", "8", "yes", KEY_A]
    assert after[2] == f"deregister image {COPY_ID} (old)"


def test_the_diff_of_a_removal_ends_with_its_steps_alone() -> None:
    plan = Plan("removed", "why", COPY, devices_before=COPY.devices)
    (diff,) = to_diff([an_outcome("removed", plan=plan)])
    assert KEY_A in diff["before"]
    assert diff["after"] == ""
    step = DeregisterImage(MayDeregister(COPY_ID, "ours"), (MayDeleteSnapshot("snap-1", "ours"),), "state is absent")
    (diff,) = to_diff([an_outcome("removed", plan=dataclasses.replace(plan, after=(step,)))])
    assert diff["after"] == f"deregister image {COPY_ID} and delete its snapshots snap-1 (state is absent)\n"


FRIEND = LaunchPermissions(user_ids=frozenset({"210987654321"}))


@pytest.mark.parametrize(
    ("step", "line"),
    [
        pytest.param(SetDescription("new"), "set the image's description to 'new'", id="text"),
        pytest.param(
            SetTags((COPY_ID,), "image", {"a": "1"}, {"b": "2"}),
            f"change the tags of image {COPY_ID}: set a=1, remove b=2",
            id="tags",
        ),
        pytest.param(
            ModifyLaunchPermissions(add=FRIEND),
            "change who may launch the image: allow 210987654321",
            id="nobody is not listed",
        ),
        pytest.param(
            ModifySnapshotPermissions("snap-1", remove=FRIEND),
            "change who may create volumes from snapshot snap-1: no longer allow 210987654321",
            id="closed",
        ),
        pytest.param(SetDeprecation(""), "remove the image's deprecation", id="no deprecation"),
        pytest.param(SetValue("imds_support", "v2.0"), "have instances of the image require IMDSv2", id="value"),
        pytest.param(SetDeprecation("2030-01-01T00:00:00Z"), "deprecate the image from 2030-01-01T00:00:00Z", id="one"),
        pytest.param(SetDeregistrationProtection("enabled"), "turn deregistration protection to enabled", id="kept"),
        pytest.param(CreateVolume("/dev/sdh", 5, KEY_A), "create a temporary volume of 5 GiB that is empty for "
                     f"/dev/sdh under key {KEY_A}", id="of composing"),
    ],
)  # fmt: skip
def test_steps_in_words(step: t.Any, line: str) -> None:
    assert describe_step(step) == line


def test_every_step_has_words() -> None:
    """No step is shown by the name of its class."""
    kinds = [kind for module in (steps, compose_steps) for kind in vars(module).values() if _is_step(kind)]
    assert len(kinds) > 15
    for kind in kinds:
        assert kind in sentences._SENTENCES or isinstance(kind.sentence, property), kind


def _is_step(kind: t.Any) -> bool:
    return isinstance(kind, type) and kind.__module__.endswith("steps") and not issubclass(kind, Plan)
