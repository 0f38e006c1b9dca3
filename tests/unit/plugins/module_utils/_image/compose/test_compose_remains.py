# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What interrupted runs have left on the way to an image: what is proven goes, what only looks like ours is named."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.compose import ours
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.planner import plan_compose
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import launch_token
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.removal import (
    RemovalFacts,
    plan_compose_removal,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.machines import Instance, Volume
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    BUILDER_TAG,
    COPY_TAG,
    DEVICE_TAG,
    RECIPE_TAG,
    Snapshot,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import DeleteSnapshot
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    KEY_A,
    KEY_B,
    SOURCE_ID,
    a_snapshot,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    NAME,
    a_compose_request,
    a_recipe,
    a_source,
    an_image_of,
    facts_of,
    material_of,
    snapshots_for,
)

REQUEST = a_compose_request(
    kms_key_id=KEY_A, method="instance", source_region="eu-west-1",
    device_mapping=[{"device_name": "/dev/sdh", "volume_size": 5}],
)  # fmt: skip
MATERIAL = material_of(a_source(region="eu-west-1"))
RECIPE = a_recipe(REQUEST, MATERIAL)
TOKEN = launch_token(RECIPE.work, SOURCE_ID)


def created(instance: str = "i-9", builder: str = "i-9", **fields: t.Any) -> Snapshot:
    """Return a snapshot that AWS describes as CreateImage's, with the tags of one of ours."""
    tags = {**RECIPE.work_tags, BUILDER_TAG: builder, **fields.pop("tags", {})}
    description = f"Created by CreateImage({instance}) for ami-1"
    return a_snapshot(f"snap-{instance}", description=description, volume_id="vol-1", tags=tags, **fields)


def an_instance(state: str, token: str = f"{TOKEN}1") -> Instance:
    """Return the instance i-9 as AWS lists it."""
    return Instance("i-9", state, image_id=SOURCE_ID, client_token=token, zone="a", tags=RECIPE.work_tags)


def an_empty_volume(**fields: t.Any) -> Volume:
    """Return a volume that looks as if it was made for the device that is added."""
    plain: dict[str, t.Any] = {
        "state": "available", "encrypted": True, "kms_key_arn": KEY_A, "volume_size": 5, "volume_type": "gp3",
        "zone": "a", "tags": {**RECIPE.work_tags, DEVICE_TAG: "/dev/sdh"},
    }  # fmt: skip
    return Volume("vol-1", **{**plain, **fields})


@pytest.mark.parametrize(
    ("snapshot", "candidate"),
    [
        pytest.param(created(), True, id="ours"),
        pytest.param(created(instance="i-8"), True, id="of another instance, to be judged and named"),
        pytest.param(created(tags={COPY_TAG: "other"}), False, id="for another name"),
        pytest.param(created(tags={RECIPE_TAG: "other"}), False, id="of another recipe"),
        pytest.param(a_snapshot("snap-1", tags=created().tags, description="daily"), False, id="a backup of a volume"),
        pytest.param(
            a_snapshot("snap-1", tags=RECIPE.work_tags, description=created().description), False, id="without the tag"
        ),
    ],
)
def test_which_snapshots_are_looked_at(snapshot: Snapshot, candidate: bool) -> None:
    assert ours.may_be_of_builder(snapshot, NAME, digest=RECIPE.digest) is candidate


@pytest.mark.parametrize(
    ("snapshot", "instance", "proven", "named"),
    [
        pytest.param(created(), None, True, False, id="its instance is listed no more"),
        pytest.param(created(), an_instance("terminated"), True, False, id="its instance has ended"),
        pytest.param(created(), an_instance("stopped"), False, False, id="under way"),
        pytest.param(created(), an_instance("running", token="x"), False, True, id="of a production instance"),
        pytest.param(created(), an_instance("terminated", token="x"), False, True, id="of one that has ended"),
        pytest.param(created(builder="i-8"), None, False, True, id="the tag was copied"),
    ],
)
def test_snapshots_of_images_that_are_gone(
    snapshot: Snapshot, instance: Instance | None, proven: bool, named: bool
) -> None:
    instances = {"i-9": instance} if instance else {}
    proofs, unproven = ours.builder_snapshots(NAME, [snapshot], instances)
    assert [one.resource_id for one in proofs] == (["snap-i-9"] if proven else [])
    assert unproven == (("snap-i-9",) if named else ())


@pytest.mark.parametrize(
    ("fields", "state", "imaged", "proven"),
    [
        pytest.param({}, "stopped", False, False, id="beside our instance, which proves nothing"),
        pytest.param({}, "terminated", False, False, id="our instance has ended"),
        pytest.param({}, "terminated", True, True, id="our snapshot was taken of it"),
        pytest.param({"kms_key_arn": KEY_B}, "stopped", True, False, id="under another key"),
        pytest.param({"volume_type": "st1"}, "stopped", True, False, id="of another type"),
        pytest.param({"attached_to": ("i-1",)}, "stopped", True, False, id="attached elsewhere"),
    ],
)
def test_empty_volumes(fields: dict[str, t.Any], state: str, imaged: bool, proven: bool) -> None:
    volume = an_empty_volume(**fields)
    found = ours.remains_of(
        NAME, [an_instance(state)], [volume], ours.added_devices(RECIPE), imaged={"vol-1"} if imaged else ()
    )
    ids = [one.resource_id for one in found.proofs if one.resource_id.startswith("vol-")]
    assert ids == (["vol-1"] if proven else [])
    assert ("vol-1" in found.unproven) is not proven


def test_the_volumes_of_our_snapshots_are_known_by_what_aws_says_of_these() -> None:
    image = an_image_of(RECIPE)
    snapshots = list(snapshots_for(RECIPE, image).values())
    assert ours.volumes_imaged(NAME, [image], snapshots) == {"vol-ffffffff"}
    assert ours.volumes_imaged("other", [image], snapshots) == set()
    assert ours.volumes_imaged(NAME, [], [created()]) == set()


@pytest.mark.parametrize("exists", [False, True], ids=["a new image", "the image exists"])
def test_what_is_left_of_an_image_that_is_gone_goes(exists: bool) -> None:
    proofs, _unproven = ours.builder_snapshots(NAME, [created()], {})
    image = an_image_of(RECIPE)
    snapshots = snapshots_for(RECIPE, image)
    fields: dict[str, t.Any] = {"images": (image,), "snapshots": snapshots} if exists else {}
    facts = facts_of(REQUEST, MATERIAL, RECIPE, remains=tuple(proofs), **fields)
    plan = plan_compose(REQUEST, facts)
    deleted = [one.snapshot.resource_id for one in (*plan.before, *plan.after) if isinstance(one, DeleteSnapshot)]
    assert deleted == ["snap-i-9"] and plan.action == ("updated" if exists else "composed")


def test_absent_does_the_same_and_names_what_is_not_proven() -> None:
    proofs, _unproven = ours.builder_snapshots(NAME, [created()], {})
    plan = plan_compose_removal(REQUEST, RemovalFacts(remains=tuple(proofs), unproven=("vol-7",)))
    assert [one.snapshot.resource_id for one in plan.after if isinstance(one, DeleteSnapshot)] == ["snap-i-9"]
    assert plan.action == "removed" and [one for one in plan.warnings if "vol-7" in one]
