# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done for a composed image: which snapshots are copied, taken over or deleted, and which image is the one."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.compose.draft import Material, draft_recipe
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.facts import sort_leftovers
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.method import billing_loss, choose_method
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.ours import image_proof
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.planner import plan_compose
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.removal import (
    RemovalFacts,
    plan_compose_removal,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import ComposePlan
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image, Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeleteSnapshot
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    HOME,
    KEY_A,
    KEY_B,
    a_snapshot,
    fresh,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    NAME,
    a_compose_request,
    a_disk,
    a_recipe,
    a_source,
    an_image_of,
    facts_of,
    material_of,
    snapshots_for,
    without,
)

TWO_KEYS = [{"device_name": "/dev/xvda", "kms_key_id": KEY_A}, {"device_name": "/dev/sdf", "kms_key_id": KEY_B}]
EMPTY = {"device_name": "/dev/sdh", "kms_key_id": KEY_B, "volume_size": 5}


def actions(plan: ComposePlan) -> list[str]:
    """Return the steps in short."""
    return [
        " ".join(
            filter(None, (type(step).__name__, getattr(step, "device_name", ""), getattr(step, "snapshot_id", "")))
        )
        for step in plan.steps
    ]


def planned(
    source: Image, given: dict[str, t.Any], *, owned: bool = True, added: dict[str, Snapshot] | None = None,
    **facts: t.Any,
) -> ComposePlan:  # fmt: skip
    """Return the plan for a request."""
    request, material = a_compose_request(**given), material_of(source, owned=owned, added=added)
    return plan_compose(request, facts_of(request, material, a_recipe(request, material), **facts))


HERE = {"source_region": AWAY}


@pytest.mark.parametrize(
    ("source", "given", "owned", "expected", "gib"),
    [
        pytest.param(
            a_source(),
            {"device_mapping": TWO_KEYS},
            True,
            ["CopySnapshot /dev/sdf", "CopySnapshot /dev/xvda", "RegisterImage"],
            16,
            id="every device is copied to its key",
        ),
        pytest.param(
            a_source(a_disk("xvda", KEY_A), a_disk("sdf", KEY_A), region=AWAY),
            {**HERE, "device_mapping": TWO_KEYS},
            True,
            ["CopySnapshot /dev/sdf", "RegisterImage"],
            8,
            id="a snapshot under its key is used",
        ),
        pytest.param(
            a_source(a_disk("xvda", KEY_A), a_disk("sdf", KEY_B), region=AWAY),
            {**HERE, "device_mapping": TWO_KEYS},
            True,
            ["RegisterImage"],
            0,
            id="nothing to copy",
        ),
        pytest.param(
            a_source(a_disk("xvda", KEY_A), region=AWAY),
            {**HERE, "kms_key_id": KEY_A},
            False,
            ["CopySnapshot /dev/xvda", "RegisterImage"],
            8,
            id="another account's snapshot is copied all the same",
        ),
        pytest.param(
            a_source(a_disk("xvda", KEY_B), a_disk("sdf", KEY_B), region=AWAY),
            {**HERE, "device_mapping": [TWO_KEYS[0]]},
            True,
            ["CopySnapshot /dev/xvda", "RegisterImage"],
            8,
            id="what is not listed keeps its key",
        ),
        pytest.param(
            a_source(),
            {"kms_key_id": KEY_A, "device_mapping": [EMPTY]},
            True,
            [
                "CopySnapshot /dev/sdf",
                "CreateVolume /dev/sdh",
                "SnapshotVolume /dev/sdh",
                "DeleteVolume /dev/sdh",
                "CopySnapshot /dev/xvda",
                "RegisterImage",
            ],
            21,
            id="an empty volume is added",
        ),
        pytest.param(
            a_source(),
            {"kms_key_id": KEY_A, "device_mapping": [{"device_name": "/dev/sdf", "no_device": True}]},
            True,
            ["CopySnapshot /dev/xvda", "RegisterImage"],
            8,
            id="a device is dropped",
        ),
        pytest.param(
            a_source(a_disk("xvda"), a_disk("sdf", snapshot_id=None)),
            {"kms_key_id": KEY_A},
            True,
            [
                "CreateVolume /dev/sdf",
                "SnapshotVolume /dev/sdf",
                "DeleteVolume /dev/sdf",
                "CopySnapshot /dev/xvda",
                "RegisterImage",
            ],
            16,
            id="the source has an empty one",
        ),
        pytest.param(
            a_source(a_disk("xvda"), BlockDevice("/dev/sdb", virtual_name="ephemeral0")),
            {"kms_key_id": KEY_A},
            True,
            ["CopySnapshot /dev/xvda", "RegisterImage"],
            8,
            id="ephemeral disks need nothing",
        ),
        pytest.param(
            a_source(region=AWAY),
            {**HERE, "method": "instance", "device_mapping": [*TWO_KEYS, EMPTY]},
            True,
            [
                "LaunchInstance",
                "CreateVolume /dev/sdh",
                "StopInstance",
                "AttachVolume /dev/sdh",
                "CreateImage",
                "TerminateInstance",
                "DeleteVolume /dev/sdh",
                "TagSnapshot /dev/sdf",
                "TagSnapshot /dev/sdh",
                "TagSnapshot /dev/xvda",
            ],
            21,
            id="by way of an instance",
        ),
    ],
)
def test_what_is_made(source: Image, given: dict[str, t.Any], owned: bool, expected: list[str], gib: int) -> None:
    plan = planned(source, given, owned=owned)
    assert (plan.action, actions(plan), plan.new_storage_gib) == ("composed", expected, gib)


def test_an_added_snapshot_here_is_used_and_one_abroad_copied() -> None:
    added = {"snap-00000000000000001": a_snapshot("snap-00000000000000001", encrypted=True, kms_key_arn=KEY_B,
                                                  volume_size=3)}  # fmt: skip
    wanted = {"device_name": "/dev/sdh", "snapshot_id": "snap-00000000000000001", "kms_key_id": KEY_B}
    given = {"kms_key_id": KEY_A, "device_mapping": [wanted]}
    here = planned(a_source(region=AWAY), {**given, **HERE}, added=added)
    abroad = planned(a_source(), given, added=added)
    assert "CopySnapshot /dev/sdh" not in actions(here) and "CopySnapshot /dev/sdh" in actions(abroad)
    assert (abroad.new_storage_gib - here.new_storage_gib) == 3


def test_both_methods_have_the_same_recipe() -> None:
    source = a_source(region=AWAY)
    recipes = []
    for method in ("snapshots", "instance"):
        request = a_compose_request(**HERE, method=method, device_mapping=[*TWO_KEYS, EMPTY], name=f"by-{method}")
        recipes.append(a_recipe(request, material_of(source)))
    assert recipes[0].digest == recipes[1].digest
    assert recipes[0].work != recipes[1].work


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"device_mapping": [{**TWO_KEYS[0], "volume_size": 9}, TWO_KEYS[1]]}, id="size"),
        pytest.param({"device_mapping": [{**TWO_KEYS[0], "volume_type": "gp2"}, TWO_KEYS[1]]}, id="type"),
        pytest.param({"device_mapping": [{**TWO_KEYS[0], "delete_on_termination": False}, TWO_KEYS[1]]}, id="ending"),
        pytest.param({"device_mapping": [*TWO_KEYS, EMPTY]}, id="device"),
        pytest.param({"device_mapping": TWO_KEYS, "source_image_id": "ami-00000000000000002"}, id="source"),
    ],
)
def test_another_recipe_has_another_word(given: dict[str, t.Any]) -> None:
    first, second = (
        a_recipe(request, material_of(a_source()))
        for request in (a_compose_request(device_mapping=TWO_KEYS), a_compose_request(**given))
    )
    assert first.digest != second.digest


class Standing:
    """A request whose image is there already."""

    def __init__(self, **given: t.Any):
        self.request = a_compose_request(device_mapping=TWO_KEYS, **given)
        self.material = material_of(a_source())
        self.recipe = a_recipe(self.request, self.material)
        self.image = an_image_of(self.recipe)
        self.snapshots = snapshots_for(self.recipe, self.image)

    def plan(self, *images: Image, **facts: t.Any) -> ComposePlan:
        """Return the plan with these images, or the one that is wanted."""
        known = {"images": images or (self.image,), "snapshots": self.snapshots, **facts}
        return plan_compose(self.request, facts_of(self.request, self.material, self.recipe, **known))


def test_the_image_is_there() -> None:
    plan = Standing().plan()
    assert (plan.action, plan.steps, plan.image and plan.image.image_id) == ("unchanged", (), "ami-000000000000000d0")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"tags": {"A": "b"}}, ["SetTags", "SetTags"], id="tags of image and snapshots"),
        pytest.param({"snapshot_tags": {"A": "b"}}, ["SetTags"], id="tags of snapshots alike are one step"),
        pytest.param({"description": "x"}, ["SetDescription"], id="description"),
        pytest.param({"deregistration_protection": "enabled"}, ["SetDeregistrationProtection"], id="protection"),
    ],
)
def test_attributes_converge(given: dict[str, t.Any], expected: list[str]) -> None:
    standing = Standing(**given)
    plain = {name: dataclasses.replace(one, tags={**one.tags, "B": "c"} if "tags" in given else one.tags)
             for name, one in standing.snapshots.items()}  # fmt: skip
    kinds = [type(step).__name__ for step in standing.plan(snapshots=plain).steps]
    assert sorted(set(kinds)) == sorted(set(expected)) and standing.plan(snapshots=plain).action == "updated"


def test_snapshots_get_their_own_tags_where_create_image_could_not_give_them() -> None:
    standing = Standing()
    born = f"Created by CreateImage(i-0123456789abcdef0) for {standing.image.image_id}"
    bare = {name: dataclasses.replace(one, tags=standing.recipe.work_tags, description=born, volume_id="vol-1")
            for name, one in standing.snapshots.items()}  # fmt: skip
    added = {step.resource_ids[0]: step.add for step in standing.plan(snapshots=bare).steps}
    assert added["snap-made-sdf"] == {"sealed.ami:device": "/dev/sdf", "sealed.ami:kms_key": KEY_B}


def test_shared_snapshots_keep_tags_and_permissions() -> None:
    """A snapshot that the image shares with its source is not ours to strip, nor to open with the image."""
    source = a_source(a_disk("xvda", KEY_A), region=AWAY)
    request = a_compose_request(**HERE, kms_key_id=KEY_A, tags={"A": "b"}, launch_permissions={"user_ids": ["1" * 12]})
    material = material_of(source)
    recipe = a_recipe(request, material)
    image = an_image_of(
        recipe, devices=(recipe.devices[0].predicted("snap-xvda"),), tags={**recipe.image_tags, "A": "b"}
    )
    held = Sharing(LaunchPermissions(frozenset({"1" * 12})), {"snap-xvda": LaunchPermissions(frozenset({"2" * 12}))})
    snapshot = a_snapshot("snap-xvda", encrypted=True, kms_key_arn=KEY_A, tags={"Theirs": "yes"})
    facts = facts_of(request, material, recipe, images=(image,), snapshots={"snap-xvda": snapshot}, sharing=held)
    plan = plan_compose(request, facts)
    assert (plan.action, plan.steps) == ("unchanged", ())
    assert ["not copied" in plan.warnings[0], "stay so" in plan.warnings[1]] == [True, True]


def test_an_image_to_be_shared_has_snapshots_of_its_own() -> None:
    source = a_source(a_disk("xvda", KEY_A), region=AWAY)
    shared = {"launch_permissions": {"user_ids": ["1" * 12]}}
    organization = {"launch_permissions": {"org_arns": ["arn:aws:organizations::123456789012:organization/o-1"]}}
    assert actions(planned(source, {**HERE, "kms_key_id": KEY_A})) == ["RegisterImage"]
    assert actions(planned(source, {**HERE, "kms_key_id": KEY_A, **shared})) == [
        "CopySnapshot /dev/xvda", "RegisterImage", "ModifyLaunchPermissions", "ShareSnapshot /dev/xvda"
    ]  # fmt: skip
    # Snapshots cannot be shared with an organization, so nothing is opened.
    assert actions(planned(source, {**HERE, "kms_key_id": KEY_A, **organization})) == [
        "RegisterImage", "ModifyLaunchPermissions"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"tags": {}}, ["does not carry", "recipe tag"], id="no tags"),
        pytest.param({"state": "disabled"}, ["it is disabled"], id="disabled"),
        pytest.param({"state": "failed", "tags": {}}, ["it is failed", "recipe tag"], id="failed, no tags"),
        pytest.param({"state": "invalid", "name": "else"}, ["it is invalid"], id="failed, under another name"),
        pytest.param({"/dev/sdf": {"kms_key_arn": KEY_A}}, [f"/dev/sdf has key {KEY_A}", KEY_B], id="other key"),
        pytest.param({"/dev/sdf": {"encrypted": False}}, ["/dev/sdf has no encryption"], id="plain"),
        pytest.param({"/dev/sdf": {"volume_size": 9}}, ["/dev/sdf has 9 GiB, wanted 8"], id="other size"),
        pytest.param({"/dev/sdf": {"volume_type": "gp2"}}, ["type gp2, wanted gp3"], id="other type"),
        pytest.param({"/dev/sdf": {}}, ["/dev/sdf is missing"], id="device missing"),
        pytest.param(
            {"source_image_id": "ami-00000000000000009"}, ["does not carry", "differs"], id="a copy with its tags"
        ),
    ],
)
def test_a_taken_name_is_refused(changes: dict[str, t.Any], words: list[str]) -> None:
    standing = Standing()
    image = standing.image
    for name, value in changes.items():
        if name.startswith("/dev/"):
            image = dataclasses.replace(image, devices=without(image.devices, name, **value))
        else:
            image = dataclasses.replace(image, **{name: value})
    with pytest.raises(SealedError) as caught:
        standing.plan(image)
    if changes.get("source_image_id"):
        words = [image.image_id, "differs"]
    assert not [word for word in ["is taken by image", *words] if word not in str(caught.value)], str(caught.value)


FOREIGN = f"arn:aws:kms:{AWAY}:210987654321:alias/os"


@pytest.mark.parametrize("alias", ["alias/os", FOREIGN, "alias/aws/ebs"])
def test_an_alias_that_does_not_tell_its_key_is_refused(alias: str) -> None:
    """Whatever is encrypted would pass for it, and our tags of the snapshots may be true of another time."""
    with pytest.raises(SealedError, match=f"/dev/xvda: which key {alias} is cannot be told"):
        a_recipe(
            a_compose_request(kms_key_id=alias),
            material_of(a_source(a_disk("xvda"))),
            **{alias.replace("/", "_"): None},
        )


@pytest.mark.parametrize(("held", "is_it"), [(KEY_A, True), (KEY_B, False), (None, False)])
def test_a_key_id_that_may_not_be_described_is_that_key(held: str | None, is_it: bool) -> None:
    key_id = KEY_A.rpartition("/")[2]
    request, material = a_compose_request(kms_key_id=key_id), material_of(a_source(a_disk("xvda")))
    recipe = a_recipe(request, material, **{key_id: None})
    image = an_image_of(recipe)
    shown = dataclasses.replace(image, devices=without(image.devices, "/dev/xvda", kms_key_arn=held))
    (left,) = (dataclasses.replace(one, kms_key_arn=held) for one in snapshots_for(recipe, image).values())
    good, useless = sort_leftovers(recipe, [left])
    assert (bool(good), bool(useless)) == (is_it, not is_it)
    facts = facts_of(request, material, recipe, images=(shown,), snapshots={left.snapshot_id: left})
    if is_it:
        assert plan_compose(request, facts).action == "unchanged"
        return
    with pytest.raises(SealedError, match="is taken by"):
        plan_compose(request, facts)


def test_a_pending_image_is_adopted_and_a_failed_one_removed() -> None:
    standing = Standing()
    pending = standing.plan(dataclasses.replace(standing.image, state="pending", devices=()))
    assert (pending.action, pending.awaits, pending.steps) == ("adopted", True, ())
    failed = standing.plan(dataclasses.replace(standing.image, state="failed"))
    assert (failed.action, type(failed.before[0]).__name__) == ("composed", "DeregisterImage")


@pytest.mark.parametrize(
    ("spoiled", "named"),
    [
        pytest.param({}, False, id="all are proven"),
        pytest.param({"description": "a backup"}, True, id="another description"),
        pytest.param({"tags": {}}, True, id="no tags"),
        pytest.param(None, True, id="AWS does not show it"),
    ],
)
def test_what_stays_of_a_failed_image_is_named(spoiled: dict[str, t.Any] | None, named: bool) -> None:
    standing = Standing()
    one = standing.image.snapshot_ids[0]
    snapshots = {name: each for name, each in standing.snapshots.items() if name != one or spoiled is not None}
    if spoiled is not None:
        snapshots[one] = dataclasses.replace(snapshots[one], **spoiled)
    plan = standing.plan(dataclasses.replace(standing.image, state="failed"), snapshots=snapshots)
    assert [one in warning and "by hand" in warning for warning in plan.warnings] == ([True] if named else [])
    deleted = {proof.resource_id for step in plan.before for proof in getattr(step, "snapshots", ())}
    deleted |= {step.snapshot.resource_id for step in plan.before if isinstance(step, DeleteSnapshot)}
    assert (one in deleted) is not named


def test_leftovers_are_taken_over_if_good_and_deleted_if_not() -> None:
    standing = Standing()
    data, root = standing.recipe.ebs_devices

    def left(snapshot_id: str, device: t.Any, **fields: t.Any) -> Snapshot:
        plain = {
            "state": "completed", "encrypted": True, "kms_key_arn": device.kms_key_id, "volume_size": 8,
            "description": standing.recipe.snapshot_description(device), "volume_id": "vol-ffffffff",
        }  # fmt: skip
        return Snapshot(snapshot_id, **{**plain, "tags": standing.recipe.snapshot_tags(device), **fields})

    leftovers = (
        left("snap-3", data), left("snap-1", data, state="pending"), left("snap-2", data),
        left("snap-4", root, kms_key_arn=KEY_B), left("snap-5", root, state="error"),
        left("snap-6", root, encrypted=False, kms_key_arn=None), left("snap-7", root, tags={}),
        left("snap-8", root, state="pending", kms_key_arn=None),
    )  # fmt: skip
    for order in (leftovers, leftovers[::-1]):
        good, useless = sort_leftovers(standing.recipe, order)
        assert {name: one.snapshot_id for name, one in good.items()} == {"/dev/sdf": "snap-2", "/dev/xvda": "snap-8"}
        assert {one.snapshot_id for one in useless} == {"snap-4", "snap-5", "snap-6"}
    plan = plan_compose(
        standing.request, facts_of(standing.request, standing.material, standing.recipe, leftovers=leftovers)
    )
    assert [type(step).__name__ for step in plan.work] == ["RegisterImage"]
    assert len(plan.before) == 3


BILLED = {"PlatformDetails": "Windows", "UsageOperation": "RunInstances:0002", "Platform": "windows"}
PLAIN = {"PlatformDetails": "Linux/UNIX", "UsageOperation": "RunInstances"}
CODES = {"ProductCodes": [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}]}


@pytest.mark.parametrize(
    ("billing", "asked", "method"),
    [
        pytest.param({}, "auto", "snapshots", id="nothing shown"),
        pytest.param(PLAIN, "auto", "snapshots", id="plain Linux"),
        pytest.param(BILLED, "auto", "instance", id="Windows"),
        pytest.param({**PLAIN, "UsageOperation": "RunInstances:0010"}, "auto", "instance", id="Red Hat"),
        pytest.param({**PLAIN, **CODES}, "auto", "instance", id="Marketplace"),
        pytest.param(BILLED, "snapshots", "snapshots", id="snapshots all the same"),
        pytest.param(PLAIN, "instance", "instance", id="an instance all the same"),
    ],
)
def test_methods(billing: dict[str, t.Any], asked: str, method: str) -> None:
    chosen = choose_method(a_compose_request(method=asked), a_source(billing=billing))
    assert chosen.name == method
    assert ("billing information" in chosen.reason) == (asked == "auto")


@pytest.mark.parametrize(
    ("before", "after", "loss"),
    [
        pytest.param(PLAIN, PLAIN, None, id="the same"),
        pytest.param({}, PLAIN, None, id="plain by default"),
        pytest.param(BILLED, BILLED, None, id="kept"),
        pytest.param(BILLED, PLAIN, "UsageOperation is RunInstances instead of RunInstances:0002", id="lost"),
        pytest.param(BILLED, {**BILLED, "PlatformDetails": ""}, "PlatformDetails is Linux/UNIX", id="empty"),
        pytest.param({**PLAIN, **CODES}, PLAIN, "product code abc is missing", id="code lost"),
        pytest.param(PLAIN, {**PLAIN, **CODES}, None, id="code gained"),
    ],
)
def test_billing_losses(before: dict[str, t.Any], after: dict[str, t.Any], loss: str | None) -> None:
    found = billing_loss(a_source(billing=before), a_source(billing=after))
    assert (found is None) == (loss is None) and (loss or "") in (found or "")


def absent(*images: Image, given: dict[str, t.Any] | None = None, **facts: t.Any) -> ComposePlan:
    """Return the plan that removes the image."""
    request = a_compose_request(**{"source_image_id": None, "state": "absent", **(given or {})})
    return plan_compose_removal(request, fresh(RemovalFacts(images, **facts)))


def test_removal_takes_only_what_was_made_for_the_name() -> None:
    standing = Standing()
    mine = standing.snapshots["snap-made-xvda"]
    snapshots = {**standing.snapshots, "snap-made-sdf": a_snapshot("snap-made-sdf")}
    orphan = dataclasses.replace(mine, snapshot_id="snap-orphan")
    foreign = dataclasses.replace(orphan, snapshot_id="snap-foreign", tags={**mine.tags, "sealed.ami:copy": "x"})
    backup = dataclasses.replace(orphan, snapshot_id="snap-backup", description="a database", volume_id="vol-1")
    stranger = dataclasses.replace(standing.image, image_id="ami-000000000000000e0", tags={})
    removal = absent(standing.image, stranger, snapshots=snapshots, leftovers=[orphan, foreign, backup])
    assert [step.removes for step in removal.steps] == [
        (standing.image.image_id,), ("snap-made-xvda",), ("snap-orphan",)
    ]  # fmt: skip
    assert removal.steps[0].all_snapshots is None
    assert len(removal.warnings) == 1 and "ami-000000000000000e0 is kept" in removal.warnings[0]


def test_removal_leaves_what_another_image_uses() -> None:
    standing = Standing()
    (whole,) = absent(standing.image, snapshots=standing.snapshots).steps
    assert set(whole.removes) == {standing.image.image_id, *standing.image.snapshot_ids}
    assert whole.all_snapshots is not None
    first, second = absent(standing.image, snapshots=standing.snapshots, used={"snap-made-sdf"}).steps
    assert first.all_snapshots is None and second.removes == ("snap-made-xvda",)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        pytest.param(
            {"deregistration_protection": "enabled-with-cooldown"}, "deregistration protection", id="protected"
        ),
    ],
)
def test_removal_is_refused(fields: dict[str, t.Any], word: str) -> None:
    with pytest.raises(SealedError, match=word):
        absent(dataclasses.replace(Standing().image, **fields), snapshots=Standing().snapshots)


@pytest.mark.parametrize(
    ("described", "lent", "kept"),
    [
        pytest.param(False, (), True, id="registered by somebody else"),
        pytest.param(False, ("snap-made-xvda",), True, id="one of two is the source's"),
        pytest.param(False, ("snap-made-xvda", "snap-made-sdf"), False, id="both are the source's"),
        pytest.param(True, (), False, id="one was made for it"),
    ],
)
def test_an_image_is_not_removed_on_its_tags_alone(described: bool, lent: tuple[str, ...], kept: bool) -> None:
    """Whoever registers an image chooses name and tags, as a backup does that is restored; its snapshots tell."""
    standing = Standing()
    snapshots = {one: a_snapshot(one, tags=made.tags) for one, made in standing.snapshots.items()}
    if described:
        snapshots["snap-made-sdf"] = standing.snapshots["snap-made-sdf"]
    removal = absent(standing.image, snapshots=snapshots, lent=lent)
    assert (removal.action == "unchanged") is kept
    assert [standing.image.image_id in one and "is kept" in one for one in removal.warnings] == [True] * kept


def test_another_source_is_not_removed() -> None:
    removal = absent(Standing().image, given={"source_image_id": "ami-00000000000000002"})
    assert (removal.steps, removal.action) == ((), "unchanged") and "composed of" in removal.warnings[0]


def test_what_is_not_proven_is_kept_and_named() -> None:
    removal = absent(unproven=("i-1", "vol-1"))
    assert (removal.steps, removal.action) == ((), "unchanged")
    assert len(removal.warnings) == 1 and "i-1, vol-1" in removal.warnings[0]


def test_tags_under_another_name_prove_nothing() -> None:
    standing = Standing()
    assert image_proof(standing.image) and standing.image.name == NAME
    assert not image_proof(dataclasses.replace(standing.image, name="another"))


@pytest.mark.parametrize(
    ("devices", "given", "word"),
    [
        pytest.param(
            (), {"device_mapping": [{"device_name": "/dev/xvda", "no_device": True}]}, "root device", id="root"
        ),
        pytest.param((), {"device_mapping": [{"device_name": "/dev/sdz"}]}, "snapshot_id or volume_size", id="bare"),
        pytest.param(
            (), {"device_mapping": [{"device_name": "/dev/sdf", "volume_size": 7}]}, "cannot be smaller", id="small"
        ),
        pytest.param(
            (), {"device_mapping": [{"device_name": "/dev/sdf", "volume_type": "io1"}]}, "need iops", id="io1"
        ),
        pytest.param(
            (a_disk("xvda", volume_type="gp2", iops=100),),
            {"device_mapping": [{"device_name": "/dev/xvda", "iops": 3000}]},
            "for gp2",
            id="iops of gp2",
        ),
    ],
)
def test_devices_that_cannot_be(devices: tuple[BlockDevice, ...], given: dict[str, t.Any], word: str) -> None:
    with pytest.raises(SealedError, match=word):
        draft_recipe(a_compose_request(**given), material_of(a_source(*devices)))


def test_an_instance_is_taken_as_it_is() -> None:
    source = Image("", AWAY, root_device_name="/dev/xvda", devices=(a_disk("xvda", KEY_A, snapshot_id=None),))
    given: dict[str, t.Any] = {"source_image_id": None, "source_region": None, "instance_id": "i-00000000000000001"}
    material = Material(source, volume_ids={"/dev/xvda": "vol-1"})
    recipe = a_recipe(a_compose_request(**given), material)
    assert [(one.volume_id, one.kms_key_id) for one in recipe.devices] == [("vol-1", KEY_A)]
    plain = dataclasses.replace(source, devices=(a_disk("xvda", snapshot_id=None),))
    with pytest.raises(SealedError, match="is not encrypted"):
        draft_recipe(a_compose_request(**given), Material(plain, volume_ids={"/dev/xvda": "vol-1"}))


def test_keys_stay_where_they_can() -> None:
    for source, owned, expected in (
        (a_source(a_disk("xvda", KEY_B), region=AWAY), True, KEY_B),
        (a_source(a_disk("xvda", KEY_B), region=AWAY), False, None),
        (a_source(a_disk("xvda", KEY_B.replace(AWAY, HOME))), True, None),
        (a_source(a_disk("xvda"), region=AWAY), True, None),
    ):
        draft = draft_recipe(a_compose_request(source_region=source.region), material_of(source, owned=owned))
        assert [device.key_reference for device in draft.devices] == [expected]
