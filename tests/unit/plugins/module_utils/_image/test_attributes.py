# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drift of attributes: one step for each that differs, none for those that do not."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.attributes import (
    Attributes,
    plan_attributes,
    plan_new_attributes,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import NOBODY, LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeregister
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetTags,
    SetValue,
    ShareSnapshot,
    Step,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.vocabulary import Protection
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    COPY_ID,
    KEY_A,
    a_copy,
)

ROOT, DATA = f"snap-sda1-of-{COPY_ID}", f"snap-sdf-of-{COPY_ID}"
FRIEND, STRANGER = "210987654321", "111122223333"
ORGANIZATION = "arn:aws:organizations::123456789012:organization/o-exampleorgid"
OURS = MayDeregister(COPY_ID, "for a test")
UNIT = "arn:aws:organizations::123456789012:ou/o-exampleorgid/ou-root-unit"
OWN_TAGS = a_copy().tags


def who(*user_ids: str, **groups: t.Iterable[str]) -> LaunchPermissions:
    """Return permissions of these accounts and groups."""
    return LaunchPermissions(user_ids=frozenset(user_ids), **{name: frozenset(them) for name, them in groups.items()})


def steps(desired: Attributes, **present: t.Any) -> tuple[Step, ...]:
    """Return the steps for a copy with a root and a data snapshot; ``present`` are its fields and what is around it."""
    sharing = present.pop("sharing", None)
    snapshot_tags = present.pop("snapshot_tags", {ROOT: OWN_TAGS, DATA: OWN_TAGS})
    image = a_copy(sda1=KEY_A, sdf=KEY_A, **present)
    return plan_attributes(image, desired, snapshot_tags=snapshot_tags, sharing=sharing, ours=OURS)


def without_proofs(found: t.Iterable[Step]) -> tuple[Step, ...]:
    """Return what the steps do, without the proofs and counts that go with it."""
    blank: dict[type, dict[str, t.Any]] = {
        SetTags: {"purges": (), "present": 0},
        ModifyLaunchPermissions: {"proof": None},
        ModifySnapshotPermissions: {"proof": None},
    }
    return tuple(dataclasses.replace(step, **blank.get(type(step), {})) for step in found)


@pytest.mark.parametrize(
    ("desired", "present", "expected"),
    [
        pytest.param({}, {"description": "x", "tags": {"a": "1"}}, (), id="nothing asked, nothing changed"),
        pytest.param({"description": "x"}, {"description": "x"}, (), id="description same"),
        pytest.param({"description": "x"}, {}, (SetDescription("x"),), id="description differs"),
        pytest.param({"description": ""}, {"description": "x"}, (SetDescription(""),), id="description emptied"),
        pytest.param(
            {"deprecate_at": "2030-01-01T00:00:00Z"},
            {"deprecation_time": "2030-01-01T00:00:00.000Z"},
            (),
            id="deprecation same",
        ),
        pytest.param(
            {"deprecate_at": "2030-01-01T01:00:20+01:00"},
            {"deprecation_time": "2030-01-01T00:00:00.000Z"},
            (),
            id="deprecation same minute, other zone",
        ),
        pytest.param(
            {"deprecate_at": "2030-01-01T00:00:00Z"},
            {},
            (SetDeprecation("2030-01-01T00:00:00Z"),),
            id="deprecation absent",
        ),
        pytest.param(
            {"deprecate_at": "2031-01-01T00:00:00Z"},
            {"deprecation_time": "2030-01-01T00:00:00.000Z"},
            (SetDeprecation("2031-01-01T00:00:00Z"),),
            id="deprecation moved",
        ),
        pytest.param(
            {"deprecate_at": ""},
            {"deprecation_time": "2030-01-01T00:00:00.000Z"},
            (SetDeprecation(""),),
            id="deprecation removed",
        ),
        pytest.param({"deprecate_at": ""}, {}, (), id="deprecation absent as asked"),
    ],
)
def test_texts_and_times(desired: dict[str, t.Any], present: dict[str, t.Any], expected: tuple[Step, ...]) -> None:
    assert steps(Attributes(**desired), **present) == expected


@pytest.mark.parametrize(
    ("wanted", "present", "changes"),
    [
        pytest.param({"imds_support": "v2.0"}, {}, True, id="not set yet"),
        pytest.param({"imds_support": "v2.0"}, {"ImdsSupport": "v2.0", "EnaSupport": True}, False, id="set"),
        pytest.param({"imds_support": "v2.0"}, {"EnaSupport": True}, True, id="another field is set"),
        pytest.param({}, {"ImdsSupport": "v2.0"}, False, id="set, and nothing is asked"),
    ],
)
def test_values(wanted: dict[str, str], present: dict[str, t.Any], changes: bool) -> None:
    expected = (SetValue("imds_support", "v2.0"),) if changes else ()
    assert steps(Attributes(values=wanted), boot=present) == expected


@pytest.mark.parametrize(
    ("wanted", "present", "changes"),
    [
        pytest.param(None, "enabled-without-cooldown", False, id="not asked"),
        pytest.param("disabled", "disabled", False, id="off"),
        pytest.param("disabled", "disabled-after-cooldown 2026-01-01", False, id="off after cooldown"),
        pytest.param("disabled", "enabled-without-cooldown", True, id="to be switched off"),
        pytest.param("enabled", "disabled", True, id="to be switched on"),
        pytest.param("enabled", "enabled-without-cooldown", False, id="on"),
        pytest.param("enabled", "enabled-with-cooldown", False, id="more than asked"),
        pytest.param("enabled-with-cooldown", "enabled-without-cooldown", True, id="cooldown is missing"),
        pytest.param("enabled-with-cooldown", "enabled-with-cooldown", False, id="on with cooldown"),
    ],
)
def test_protection(wanted: Protection | None, present: str, changes: bool) -> None:
    expected = (SetDeregistrationProtection(wanted),) if changes and wanted else ()
    assert steps(Attributes(deregistration_protection=wanted), deregistration_protection=present) == expected


@pytest.mark.parametrize(
    ("desired", "purge", "present", "add", "remove"),
    [
        pytest.param({"a": "1"}, True, {"a": "1"}, {}, (), id="same"),
        pytest.param({"a": "1"}, True, {}, {"a": "1"}, (), id="missing"),
        pytest.param({"a": "1"}, True, {"a": "2"}, {"a": "1"}, (), id="other value"),
        pytest.param({"a": "1"}, True, {"a": "1", "b": "2"}, {}, ("b",), id="one too many"),
        pytest.param({"a": "1"}, False, {"a": "1", "b": "2"}, {}, (), id="one too many, kept"),
        pytest.param({"a": "1"}, True, {"b": "2"}, {"a": "1"}, ("b",), id="both"),
        pytest.param({}, True, {"b": "2"}, {}, ("b",), id="all purged"),
        pytest.param({}, True, {"aws:ec2:x": "y"}, {}, (), id="tags of aws and ours stay"),
        pytest.param({"a": ""}, True, {"a": ""}, {}, (), id="empty value"),
        pytest.param({"A": "1"}, True, {"a": "1"}, {"A": "1"}, ("a",), id="case matters"),
    ],
)
def test_image_tags(
    desired: dict[str, str], purge: bool, present: dict[str, str], add: dict[str, str], remove: tuple[str, ...]
) -> None:
    removed = {key: present[key] for key in remove}
    replaced = len(set(add) & set(present))
    expected = (SetTags((COPY_ID,), "image", add, removed, replaced=replaced),) if add or remove else ()
    found = steps(Attributes(tags=desired, purge_tags=purge), tags=present)
    assert without_proofs(found) == expected
    purges = [proof for step in found if isinstance(step, SetTags) for proof in step.purges]
    assert [proof.resource_id for proof in purges] == [COPY_ID] * bool(removed)


def test_without_a_proof_tags_and_permissions_are_only_added_to() -> None:
    desired = Attributes(tags={"a": "1"}, snapshot_tags={"a": "1"}, launch_permissions=who(FRIEND))
    image = a_copy(sda1=KEY_A, tags={"b": "2", "dlm:managed": "true"})
    tags = {image.snapshot_ids[0]: {"b": "2"}}
    sharing = Sharing(who(STRANGER), {image.snapshot_ids[0]: who(STRANGER)})
    found = plan_attributes(image, desired, snapshot_tags=tags, sharing=sharing, ours=None)
    assert without_proofs(found) == (
        SetTags((COPY_ID,), "image", {"a": "1"}),
        SetTags(image.snapshot_ids, "snapshot", {"a": "1"}),
        ModifyLaunchPermissions(add=who(FRIEND)),
        ModifySnapshotPermissions(image.snapshot_ids[0], add=who(FRIEND)),
    )


@pytest.mark.parametrize(
    ("root", "data", "expected"),
    [
        pytest.param({"a": "1"}, {"a": "1"}, (), id="same"),
        pytest.param({}, {}, (SetTags((ROOT, DATA), "snapshot", {"a": "1"}),), id="same drift, one step"),
        pytest.param({"a": "1"}, {}, (SetTags((DATA,), "snapshot", {"a": "1"}),), id="one has drifted"),
        pytest.param(
            {"a": "2"},
            {"a": "1", "b": "2"},
            (SetTags((ROOT,), "snapshot", {"a": "1"}, replaced=1), SetTags((DATA,), "snapshot", {}, {"b": "2"})),
            id="each has drifted its own way",
        ),
    ],
)
def test_snapshot_tags(root: dict[str, str], data: dict[str, str], expected: tuple[Step, ...]) -> None:
    present = {ROOT: {**OWN_TAGS, **root}, DATA: {**OWN_TAGS, **data}}
    assert without_proofs(steps(Attributes(snapshot_tags={"a": "1"}), snapshot_tags=present)) == expected


BOTH = {ROOT: who(FRIEND), DATA: who(FRIEND)}


@pytest.mark.parametrize(
    ("desired", "image", "snapshots", "expected"),
    [
        pytest.param(who(FRIEND), who(FRIEND), BOTH, (), id="same"),
        pytest.param(
            who(FRIEND),
            NOBODY,
            {},
            (
                ModifyLaunchPermissions(add=who(FRIEND)),
                ModifySnapshotPermissions(ROOT, add=who(FRIEND)),
                ModifySnapshotPermissions(DATA, add=who(FRIEND)),
            ),
            id="to be shared",
        ),
        pytest.param(
            who(FRIEND),
            who(FRIEND, STRANGER),
            BOTH,
            (ModifyLaunchPermissions(remove=who(STRANGER)),),
            id="one too many",
        ),
        pytest.param(
            who(FRIEND),
            who(FRIEND),
            {ROOT: who(FRIEND), DATA: who(FRIEND, STRANGER)},
            (ModifySnapshotPermissions(DATA, remove=who(STRANGER)),),
            id="one too many on a snapshot",
        ),
        pytest.param(
            who(FRIEND),
            who(FRIEND),
            {ROOT: who(FRIEND), DATA: who(STRANGER)},
            (ModifySnapshotPermissions(DATA, add=who(FRIEND)), ModifySnapshotPermissions(DATA, remove=who(STRANGER))),
            id="another one on a snapshot",
        ),
        pytest.param(
            who(group_names=["all"]),
            NOBODY,
            {},
            (
                ModifyLaunchPermissions(add=who(group_names=["all"])),
                ModifySnapshotPermissions(ROOT, add=who(group_names=["all"])),
                ModifySnapshotPermissions(DATA, add=who(group_names=["all"])),
            ),
            id="for everybody, snapshots too",
        ),
        pytest.param(
            NOBODY,
            who(group_names=["all"]),
            {ROOT: who(group_names=["all"]), DATA: NOBODY},
            (
                ModifyLaunchPermissions(remove=who(group_names=["all"])),
                ModifySnapshotPermissions(ROOT, remove=who(group_names=["all"])),
            ),
            id="for everybody no longer",
        ),
        pytest.param(
            NOBODY,
            who(FRIEND),
            BOTH,
            (
                ModifyLaunchPermissions(remove=who(FRIEND)),
                ModifySnapshotPermissions(ROOT, remove=who(FRIEND)),
                ModifySnapshotPermissions(DATA, remove=who(FRIEND)),
            ),
            id="to be unshared",
        ),
        pytest.param(
            who(org_arns=[ORGANIZATION], org_unit_arns=[UNIT]),
            who(org_arns=[ORGANIZATION]),
            {},
            (ModifyLaunchPermissions(add=who(org_unit_arns=[UNIT])),),
            id="snapshots know no organisations",
        ),
        pytest.param(
            who(FRIEND),
            who(STRANGER),
            {ROOT: who(FRIEND), DATA: who(FRIEND)},
            (ModifyLaunchPermissions(add=who(FRIEND), remove=who(STRANGER)),),
            id="exchanged in one call",
        ),
    ],
)
def test_sharing(
    desired: LaunchPermissions,
    image: LaunchPermissions,
    snapshots: dict[str, LaunchPermissions],
    expected: tuple[Step, ...],
) -> None:
    found = steps(Attributes(launch_permissions=desired), sharing=Sharing(image, snapshots))
    assert without_proofs(found) == expected
    for step in found:
        assert isinstance(step, (ModifyLaunchPermissions, ModifySnapshotPermissions))
        taken = step.proof.resource_id if step.proof else None
        assert taken == ((getattr(step, "snapshot_id", None) or COPY_ID) if step.remove else None)


@pytest.mark.parametrize(
    ("desired", "expected"),
    [
        pytest.param(
            {"description": "x", "tags": {"a": "1"}, "snapshot_tags": {"a": "1"}}, (), id="travel with the copy"
        ),
        pytest.param({"deprecate_at": "", "deregistration_protection": "disabled"}, (), id="as a new image is anyway"),
        pytest.param({"launch_permissions": NOBODY}, (), id="shared with nobody"),
        pytest.param(
            {"launch_permissions": who(FRIEND)},
            (
                ModifyLaunchPermissions(add=who(FRIEND)),
                ShareSnapshot("/dev/sda1", add=who(FRIEND)),
                ShareSnapshot("/dev/sdf", add=who(FRIEND)),
            ),
            id="shared",
        ),
        pytest.param(
            {"launch_permissions": who(org_arns=[ORGANIZATION])},
            (ModifyLaunchPermissions(add=who(org_arns=[ORGANIZATION])),),
            id="shared with an organisation",
        ),
        pytest.param(
            {"deprecate_at": "2030-01-01T00:00:00Z", "deregistration_protection": "enabled-with-cooldown"},
            (SetDeprecation("2030-01-01T00:00:00Z"), SetDeregistrationProtection("enabled-with-cooldown")),
            id="deprecated and protected",
        ),
        pytest.param({"values": {"imds_support": "v2.0"}}, (SetValue("imds_support", "v2.0"),), id="a value"),
    ],
)
def test_new_image(desired: dict[str, t.Any], expected: tuple[Step, ...]) -> None:
    assert plan_new_attributes(Attributes(**desired), ["/dev/sda1", "/dev/sdf"]) == expected
