# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which image has a name by right is told by equal values: not by lesser, greater or the same ones."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.compose.draft import Material
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.identity import (
    device_differences,
    found_key,
    is_of_recipe,
    key_differences,
    sort_namesakes,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.planner import (
    plan_compose,
    plan_convergence,
    shared_snapshots_warning,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import work_token
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.removal import (
    RemovalFacts,
    plan_compose_removal,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import ComposeRequest
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import ComposePlan
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    COPY_TAG,
    DEVICE_TAG,
    KEY_TAG,
    RECIPE_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions, Sharing
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import (
    MayDeleteVolume,
    MayTerminate,
    returned_by_creating_call,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeleteSnapshot, SetTags
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    HOME,
    KEY_A,
    KEY_B,
    SOURCE_ID,
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

REQUEST = a_compose_request(kms_key_id=KEY_A)
MATERIAL = material_of(a_source())
RECIPE = a_recipe(REQUEST, MATERIAL)
IMAGE = an_image_of(RECIPE)
SNAPSHOTS = snapshots_for(RECIPE, IMAGE)
ROOT, DATA = "snap-made-xvda", "snap-made-sdf"
FRIEND, STRANGER = "1" * 12, "2" * 12
# AWS's states of an image, and what each makes of one that carries our tags (DescribeImages, "state").
STATES = {
    "available": "met", "pending": "pending", "failed": "failed", "error": "failed", "invalid": "failed",
    "deregistered": "ignored", "transient": "refused", "disabled": "refused", "aborted": "refused",
}  # fmt: skip


def of_other_recipe(digest: str, **fields: t.Any) -> Image:
    """Return an image of the same name and devices that was composed by the recipe with this digest."""
    tags = {**RECIPE.image_tags, RECIPE_TAG: digest, COPY_TAG: work_token(NAME, digest)}
    return fresh(dataclasses.replace(IMAGE, tags=tags, **fields))


def with_device(name: str, **changes: t.Any) -> Image:
    """Return the image with one device changed."""
    return fresh(dataclasses.replace(IMAGE, devices=without(IMAGE.devices, name, **changes)))


@pytest.mark.parametrize("state", STATES)
def test_what_each_state_makes_of_our_image(state: str) -> None:
    image = fresh(dataclasses.replace(IMAGE, state=state))
    if STATES[state] == "refused":
        with pytest.raises(PreflightError, match=f"differs: it is {state}\\. "):
            sort_namesakes([image], RECIPE)
        return
    found = sort_namesakes([image], RECIPE)
    kinds = {"met": found.met, "pending": found.pending, "failed": found.failed}
    assert [kind for kind, images in kinds.items() if images] == [kind for kind in kinds if kind == STATES[state]]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("digest", ["0" * 32, "f" * 32], ids=["before", "behind"])
def test_another_recipe_has_taken_the_name_in_every_state(state: str, digest: str) -> None:
    image = of_other_recipe(digest, state=state)
    assert not is_of_recipe(image, RECIPE)
    if state == "deregistered":
        assert sort_namesakes([image], RECIPE).met == ()
        return
    with pytest.raises(PreflightError, match="it was composed by another recipe") as caught:
        sort_namesakes([image], RECIPE)
    assert (f"it is {state}" in str(caught.value)) is (state != "available")


@pytest.mark.parametrize("name", [NAME[:-1] + "c", NAME[:-1] + "e"])
def test_the_name_is_part_of_it(name: str) -> None:
    other = dataclasses.replace(RECIPE, name=name)
    assert other.digest == RECIPE.digest
    assert not is_of_recipe(fresh(an_image_of(other)), RECIPE)
    assert is_of_recipe(fresh(an_image_of(other)), other)


@pytest.mark.parametrize("origin", [f"{HOME}:{SOURCE_ID[:-1]}0", f"{HOME}:{SOURCE_ID[:-1]}2", f"{AWAY}:{SOURCE_ID}"])
def test_of_what_it_was_composed_is_said(origin: str) -> None:
    image = of_other_recipe("0" * 32)
    image = dataclasses.replace(image, tags={**image.tags, SOURCE_TAG: origin})
    with pytest.raises(PreflightError, match=f"it was composed of {origin}, not of {HOME}:{SOURCE_ID}\\. "):
        sort_namesakes([image], RECIPE)


def test_the_oldest_is_the_one() -> None:
    """AWS may have two images of one name (aws_rules §1): every run has to pick the same."""
    older, newer = (
        dataclasses.replace(IMAGE, image_id=one, creation_date=date)
        for one, date in (("ami-9", "2026-01-01"), ("ami-1", "2026-01-02"))
    )
    same = dataclasses.replace(older, image_id="ami-8")
    for state in ("available", "pending"):
        images = [dataclasses.replace(one, state=state) for one in (newer, older, same)]
        plan = plan_compose(REQUEST, facts_of(REQUEST, MATERIAL, RECIPE, images=tuple(images), snapshots=SNAPSHOTS))
        assert plan.image is not None and plan.image.image_id == "ami-8"
    smaller = dataclasses.replace(newer, devices=without(IMAGE.devices, "/dev/sdf"))
    removal = plan_compose_removal(REQUEST, RemovalFacts([smaller, older], SNAPSHOTS))
    assert removal.image is not None and removal.image.image_id == "ami-1"
    assert removal.devices_before == smaller.devices


DIFFERENCES: list[tuple[str, dict[str, t.Any], str | None]] = [
    ("/dev/sdf", {"volume_size": 7}, "has 7 GiB, wanted 8"),
    ("/dev/sdf", {"volume_size": 9}, "has 9 GiB, wanted 8"),
    ("/dev/sdf", {"volume_size": 8}, None),
    ("/dev/sdf", {"volume_type": "gp2"}, "has type gp2, wanted gp3"),
    ("/dev/sdf", {"volume_type": "io1"}, "has type io1, wanted gp3"),
    ("/dev/sdf", {"kms_key_arn": KEY_B}, f"has key {KEY_B}, wanted key {KEY_A}"),
    ("/dev/sdf", {"kms_key_arn": None}, f"has key unknown, wanted key {KEY_A}"),
    ("/dev/sdf", {"encrypted": False}, f"has no encryption, wanted key {KEY_A}"),
    ("/dev/sdf", {"encrypted": None}, f"has no encryption, wanted key {KEY_A}"),
    ("/dev/sdf", {"virtual_name": "ephemeral0"}, "has ephemeral0, wanted a volume"),
    ("/dev/sdb", {"virtual_name": "ephemeral1"}, None),
    ("/dev/sdb", {"virtual_name": "ephemeral0"}, "has ephemeral0, wanted ephemeral1"),
    ("/dev/sdb", {"virtual_name": "ephemeral2"}, "has ephemeral2, wanted ephemeral1"),
    ("/dev/sdb", {"virtual_name": None}, "has a volume, wanted ephemeral1"),
    ("/dev/sdb", {"no_device": True}, "is missing"),
    ("/dev/sdb", {}, "is missing"),
]


@pytest.mark.parametrize(("name", "changes", "said"), DIFFERENCES)
def test_every_difference_of_a_device_is_said(name: str, changes: dict[str, t.Any], said: str | None) -> None:
    source = a_source(a_disk("xvda"), a_disk("sdf"), BlockDevice("/dev/sdb", virtual_name="ephemeral1"))
    recipe = a_recipe(REQUEST, material_of(source))
    image = an_image_of(recipe)
    changed = fresh(dataclasses.replace(image, devices=without(image.devices, name, **changes)))
    assert device_differences(recipe, changed) == ((f"{name} {said}",) if said else ())


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("eu-west-1-ham-1b", ""),
        ("eu-west-1-ham-1a", "Local Zone eu-west-1-ham-1a"),
        ("eu-west-1-ham-1c", "Local Zone eu-west-1-ham-1c"),
        ("", "the region itself"),
        (None, ""),
    ],
)
def test_a_snapshot_lies_where_it_should(place: str | None, said: str) -> None:
    """An ephemeral disk lies nowhere, and what AWS does not show is no difference."""
    source = a_source(a_disk("xvda"), BlockDevice("/dev/sdb", virtual_name="ephemeral0"))
    recipe = fresh(dataclasses.replace(a_recipe(REQUEST, material_of(source)), place="eu-west-1-ham-1b"))
    image = an_image_of(recipe)
    placed = dataclasses.replace(image, devices=without(image.devices, "/dev/xvda", place=place))
    words = f"/dev/xvda lies in {said}, wanted Local Zone eu-west-1-ham-1b"
    assert device_differences(recipe, fresh(placed)) == ((words,) if said else ())


def test_large_volumes_are_compared_by_value() -> None:
    recipe = a_recipe(REQUEST, material_of(a_source(a_disk("xvda", volume_size=1000))))
    assert device_differences(recipe, fresh(an_image_of(recipe))) == ()


def test_what_aws_decides_about_hides_nothing_behind_it() -> None:
    """An instance does not show its ephemeral disks, and AWS may keep them in its image."""
    given: dict[str, t.Any] = {"source_image_id": None, "source_region": None, "instance_id": "i-00000000000000001"}
    root = a_disk("xvda", KEY_A, snapshot_id=None)
    source = Image("", AWAY, root_device_name="/dev/xvda", devices=(root,))
    recipe = a_recipe(a_compose_request(**given), Material(source, volume_ids={"/dev/xvda": "vol-1"}))
    ephemeral = BlockDevice("/dev/sdb", virtual_name="ephemeral0")
    image = an_image_of(recipe, devices=(ephemeral, a_disk("xvda", KEY_B)))
    assert device_differences(recipe, image) == (f"/dev/xvda has key {KEY_B}, wanted key {KEY_A}",)


def test_all_that_differs_is_said_the_state_first() -> None:
    image = dataclasses.replace(IMAGE, state="disabled", devices=())
    with pytest.raises(PreflightError, match="differs: it is disabled; /dev/sdf is missing; /dev/xvda is missing\\. "):
        sort_namesakes([image], RECIPE)


def test_what_is_suppressed_is_no_device() -> None:
    more = dataclasses.replace(IMAGE, devices=(*IMAGE.devices, BlockDevice("/dev/sdz", no_device=True)))
    assert device_differences(RECIPE, more) == ()


def test_an_image_takes_the_keys_of_the_volumes() -> None:
    """Only devices of the recipe are judged, by their keys alone."""
    others = (a_disk("sdz", KEY_B), BlockDevice("/dev/sdb", virtual_name="ephemeral0"))
    image = fresh(dataclasses.replace(with_device("/dev/sdf", volume_size=9), devices=(*IMAGE.devices, *others)))
    assert key_differences(RECIPE, image) == ()
    wrong = fresh(dataclasses.replace(image, devices=without(image.devices, "/dev/sdf", kms_key_arn=KEY_B)))
    assert key_differences(RECIPE, wrong) == (f"/dev/sdf has key {KEY_B}, wanted key {KEY_A}",)


def test_a_key_that_opens_it_too_is_named() -> None:
    opened = a_disk("sdf", KEY_A, associated_keys=(KEY_B,))
    assert found_key(opened).startswith(f"key {KEY_A}, and the associated key {KEY_B} opens it too")


def planned(request: ComposeRequest = REQUEST, state: str = "available", **facts: t.Any) -> ComposePlan:
    """Return the plan for a request whose image is there, in this state."""
    known: dict[str, t.Any] = {"images": (dataclasses.replace(IMAGE, state=state),), "snapshots": SNAPSHOTS, **facts}
    return plan_compose(request, facts_of(request, MATERIAL, RECIPE, **known))


def test_what_was_made_twice_goes_and_what_the_image_has_stays() -> None:
    twice = dataclasses.replace(SNAPSHOTS[DATA], snapshot_id="snap-twice")
    other = dataclasses.replace(twice, snapshot_id="snap-other", tags={**twice.tags, RECIPE_TAG: "0" * 32})
    backup = dataclasses.replace(twice, snapshot_id="snap-backup", description="a backup")
    plan = planned(leftovers=(SNAPSHOTS[ROOT], twice, other, backup))
    assert [(type(one), one.removes) for one in plan.steps] == [(DeleteSnapshot, ("snap-twice",))]
    assert plan.action == "updated"


@pytest.mark.parametrize("kind", [MayTerminate, MayDeleteVolume])
def test_what_is_left_beside_the_image_is_removed(kind: type[MayTerminate | MayDeleteVolume]) -> None:
    plan = planned(remains=(returned_by_creating_call(kind, "left"),))
    assert (plan.action, plan.after, [one.removes for one in plan.teardown]) == ("updated", (), [("left",)])


@pytest.mark.parametrize(
    ("wait", "remains", "tagged"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_an_image_on_its_way_is_tagged_where_it_is_awaited(wait: bool, remains: bool, tagged: bool) -> None:
    """What is left of a run before, its instance above all, has to last until the image is there."""
    request = a_compose_request(kms_key_id=KEY_A, tags={"A": "b"}, wait=wait)
    left = (returned_by_creating_call(MayTerminate, "i-left"),) if remains else ()
    plan = planned(request, "pending", remains=left)
    assert (plan.action, plan.awaits, bool(plan.after)) == ("adopted", True, tagged)
    assert plan.image is not None and plan.image.tags.get("A") == ("b" if tagged else None)


def test_only_our_tags_that_differ_are_set_again() -> None:
    changed = {**SNAPSHOTS[DATA].tags, KEY_TAG: KEY_B, "Theirs": "1"}
    snapshots = {**SNAPSHOTS, DATA: dataclasses.replace(SNAPSHOTS[DATA], tags=changed)}
    (step,) = planned(snapshots=snapshots).after
    assert isinstance(step, SetTags)
    assert (step.resource_ids, step.add) == ((DATA,), {KEY_TAG: KEY_A})


def test_a_device_that_the_recipe_does_not_have_gets_no_tag() -> None:
    """A pending image does not show its devices yet, so that it may turn out to have another one."""
    born = Snapshot(
        "snap-more", "completed", True, KEY_A, 8, volume_id="vol-1", tags={**RECIPE.work_tags, DEVICE_TAG: "/dev/sdz"},
        description=f"Created by CreateImage(i-0123456789abcdef0) for {IMAGE.image_id}",
    )  # fmt: skip
    more = dataclasses.replace(IMAGE, devices=(*IMAGE.devices, a_disk("sdz", KEY_A, snapshot_id="snap-more")))
    facts = facts_of(REQUEST, MATERIAL, RECIPE, snapshots={**SNAPSHOTS, "snap-more": born})
    assert plan_convergence(REQUEST, facts, more) == ()


def who(*user_ids: str) -> LaunchPermissions:
    """Return permissions of these accounts."""
    return LaunchPermissions(frozenset(user_ids))


@pytest.mark.parametrize(
    ("asked", "held", "said"),
    [
        pytest.param(None, who(STRANGER), [], id="nothing is asked for"),
        pytest.param([FRIEND], who(FRIEND), [], id="as asked"),
        pytest.param([FRIEND], who(), ["not copied"], id="closed"),
        pytest.param([], who(STRANGER), ["stay so"], id="open"),
        pytest.param([FRIEND], who(STRANGER), ["not copied", "stay so"], id="closed to one, open to another"),
        pytest.param([FRIEND], None, [], id="not read"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_what_a_snapshot_of_the_source_is_open_to_is_said(
    asked: list[str] | None, held: LaunchPermissions | None, said: list[str], own: bool
) -> None:
    """Opening and closing the image leaves it alone; snapshots of its own are opened and closed without a word."""
    given = {} if asked is None else {"launch_permissions": {"user_ids": asked}}
    request = a_compose_request(kms_key_id=KEY_A, **given)
    found = SNAPSHOTS if own else {one: a_snapshot(one) for one in SNAPSHOTS}
    sharing = Sharing(who(), {} if held is None else dict.fromkeys(SNAPSHOTS, held))
    facts = facts_of(request, MATERIAL, RECIPE, snapshots=found, sharing=sharing)
    warnings = shared_snapshots_warning(request, facts, IMAGE)
    for warning, words in zip(warnings, [] if own else said, strict=True):
        assert words in warning and f"{DATA}, {ROOT}" in warning and IMAGE.image_id in warning


def test_sharing_that_was_not_read_says_nothing() -> None:
    request = a_compose_request(kms_key_id=KEY_A, launch_permissions={"user_ids": [FRIEND]})
    assert shared_snapshots_warning(request, facts_of(request, MATERIAL, RECIPE, snapshots={}), IMAGE) == ()


@pytest.mark.parametrize("source", [SOURCE_ID, f"{SOURCE_ID[:-1]}0", f"{SOURCE_ID[:-1]}2", None])
def test_an_image_of_another_source_is_kept(source: str | None) -> None:
    """Whose task names no source removes whatever was composed under the name."""
    request = a_compose_request(source_image_id=source, state="absent")
    plan = plan_compose_removal(request, fresh(RemovalFacts([IMAGE], SNAPSHOTS)))
    goes = source in (None, SOURCE_ID)
    assert (plan.action, bool(plan.warnings)) == (("removed", False) if goes else ("unchanged", True))
    assert (plan.image is None) is not goes and plan.devices_before == (IMAGE.devices if goes else ())
    assert goes or f"composed of {HOME}:{SOURCE_ID}, not of {HOME}:{source}" in plan.warnings[0]
