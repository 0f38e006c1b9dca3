# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is waited for, retired or left behind is told by equal values: neither lesser nor greater ones pass."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.cleanup import (
    plan_orphans,
    plan_superseded,
    predecessors,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import Candidates, Requirement
from ansible_collections.sealed.ami.plugins.module_utils._image.descriptions import COPIED_VOLUME
from ansible_collections.sealed.ami.plugins.module_utils._image.disabling import BEING_DISABLED
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    COPY_TAG,
    DISABLED_TAG,
    KEY_TAG,
    PERMISSIONS_TAG,
    SOURCE_TAG,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.places import Place
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeleteSnapshot, NoteDisabled
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    KEY_A,
    KEY_B,
    LINEAGE,
    OTHER_ACCOUNT,
    SOURCE_ID,
    a_copy,
    a_request,
    a_requirement,
    a_snapshot,
    required,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.planning import SECOND_ID, SHOWN, kinds, plan

ZONE = "eu-west-1-ham-1b"
TEXT = f"Copied for DestinationAmi {COPY_ID} from SourceAmi {SOURCE_ID} for SourceSnapshot snap-1. Task on 1."


def left_behind(key: str, **fields: t.Any) -> Snapshot:
    """Return a snapshot of a copy under the key whose image is gone."""
    tags = {SOURCE_TAG: LINEAGE.tag, KEY_TAG: "".join(list(key)), COPY_TAG: "sealed-ami-0"}
    shown = {"encrypted": True, "kms_key_arn": key, "volume_id": COPIED_VOLUME, "description": TEXT, "tags": tags}
    return a_snapshot("snap-1", **{**shown, **fields})


@pytest.mark.parametrize("wanted", [KEY_A, KEY_B])
@pytest.mark.parametrize("left", [KEY_A, KEY_B])
@pytest.mark.parametrize("other_keys", [True, False])
@pytest.mark.parametrize("state", ["completed", "error", "pending", "recovering"])
def test_orphans(wanted: str, left: str, other_keys: bool, state: str) -> None:
    orphan = left_behind(left, state=state)
    facts = Facts(LINEAGE, None, a_requirement(required(wanted)), loose=(orphan,))
    goes = (left != wanted) is other_keys and state != "pending"
    steps = plan_orphans(facts, other_keys=other_keys)
    assert [step.snapshot_id for step in steps if isinstance(step, DeleteSnapshot)] == ["snap-1"] * goes
    assert len(steps) == goes


@pytest.mark.parametrize("place", [ZONE, "eu-west-1-ham-1a", "eu-west-1-ham-1c", "", None])
def test_orphans_go_in_the_place_alone(place: str | None) -> None:
    there = Requirement(required(KEY_A), None, place=Place(zone=ZONE))
    facts = Facts(LINEAGE, None, there, loose=(left_behind(KEY_A, availability_zone=place),))
    assert len(plan_orphans(facts, other_keys=False)) == (place == ZONE)


@pytest.mark.parametrize("superseded", ["keep", "retire", "deregister"])
@pytest.mark.parametrize("left", [KEY_A, KEY_B])
def test_what_former_copies_have_left_goes_where_they_are_deregistered(superseded: str, left: str) -> None:
    found = plan(a_copy(**SHOWN), orphans=(left_behind(left),), superseded=superseded)
    assert ("DeleteSnapshot" in kinds(found)) is (superseded == "deregister" and left == KEY_B)


@pytest.mark.parametrize(
    ("image", "counts"),
    [
        *((a_copy(sda1=KEY_B, key_tag=KEY_B, state=state), state == "available") for state in (
            "available", "aborted", "deregistered", "disabled", "pending", "failed",
        )),
        (a_copy(sda1=KEY_B, key_tag=None), False),
    ],
)  # fmt: skip
def test_only_proven_copies_that_can_be_launched_are_retired(image: Image, counts: bool) -> None:
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (image,))
    assert predecessors(facts, Candidates(other=(image,))) == ((image,) if counts else ())


STEPS = {"available": ["RecordPermissions", "DisableImage", "NoteDisabled"], "disabled": ["NoteDisabled"]}


@pytest.mark.parametrize("state", [*STEPS, "aborted", "deregistered", "error", "pending", "transient"])
def test_what_a_run_was_disabling_when_it_ended_is_gone_on_with_by_its_state(state: str) -> None:
    unnoted = {f"{PERMISSIONS_TAG}1": f"{COPY_ID} 0", DISABLED_TAG: BEING_DISABLED}
    image = a_copy(sda1=KEY_B, key_tag=KEY_B, state=state, tags=unnoted)
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (image,), launchable={COPY_ID: NOBODY})
    steps, warnings = plan_superseded(a_request(superseded="retire"), facts, Candidates(other=(image,)))
    assert ([type(step).__name__ for step in steps], warnings) == (STEPS.get(state, []), ())


def test_who_could_launch_what_was_disabled_is_taken_from_its_record() -> None:
    unnoted = {f"{PERMISSIONS_TAG}1": f"{COPY_ID} 1 {OTHER_ACCOUNT}", DISABLED_TAG: BEING_DISABLED}
    image = a_copy(sda1=KEY_B, key_tag=KEY_B, state="disabled", tags=unnoted)
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (image,))
    (step,), _warnings = plan_superseded(a_request(superseded="retire"), facts, Candidates(other=(image,)))
    assert isinstance(step, NoteDisabled) and step.permissions.user_ids == {OTHER_ACCOUNT}


@pytest.mark.parametrize(("superseded", "step"), [("retire", "DisableImage"), ("deregister", "DeregisterImage")])
def test_each_superseded_copy_is_looked_at(superseded: str, step: str) -> None:
    first = a_copy(SECOND_ID, state="pending", key_tag=KEY_B)
    image = a_copy(sda1=KEY_B, key_tag=KEY_B)
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (first, image), launchable={COPY_ID: NOBODY})
    steps, _warnings = plan_superseded(a_request(superseded=superseded), facts, Candidates(other=(first, image)))
    assert [type(one).__name__ for one in steps].count(step) == 1


CROWD = LaunchPermissions(user_ids=frozenset(f"{number:012}" for number in range(2000)))


@pytest.mark.parametrize(
    ("image", "known", "reason"),
    [
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), CROWD, "shared with so many", id="tags cannot hold them"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=KEY_B), None, "has changed while", id="nobody knows them"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=None), NOBODY, "collection's tags", id="not ours"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=None), None, "collection's tags", id="not ours, nobody knows them"),
        pytest.param(a_copy(sda1=KEY_B, key_tag=None), CROWD, "collection's tags", id="not ours, with too many"),
    ],
)
def test_what_is_not_retired_is_named_with_its_reason(
    image: Image, known: LaunchPermissions | None, reason: str
) -> None:
    launchable = {} if known is None else {COPY_ID: known}
    facts = Facts(LINEAGE, None, a_requirement(required(KEY_A)), (image,), launchable=launchable)
    steps, (warning,) = plan_superseded(a_request(superseded="retire"), facts, Candidates(other=(image,)))
    assert (steps, COPY_ID in warning, reason in warning) == ((), True, True)


@pytest.mark.parametrize(
    ("tags", "adopted"),
    [
        ({}, True),
        ({SOURCE_TAG: LINEAGE.tag[:-1] + "0"}, False),
        ({SOURCE_TAG: LINEAGE.tag[:-1] + "f"}, False),
        ({KEY_TAG: KEY_A[:-1] + "/"}, False),
        ({KEY_TAG: KEY_A[:-1] + "1"}, False),
        ({KEY_TAG: None}, False),
        ({COPY_TAG: None}, False),
    ],
    ids=str,
)
def test_what_nobody_will_verify_is_handed_out_if_it_was_started_for_this(
    tags: dict[str, t.Any], adopted: bool
) -> None:
    plain = a_copy(state="pending").tags
    shown = {key: "".join(list(value)) for key, value in {**plain, **tags}.items() if value is not None}
    found = plan(a_copy(state="pending", tags=shown, key_tag=None), wait=False)
    assert (found.action == "adopted") is adopted
