# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of each device: what is given is taken, odd root names, ephemeral disks that an instance hides."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.compose.draft import Material, draft_recipe
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.identity import device_differences
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import (
    IMAGE_TAGS,
    SNAPSHOT_TAGS,
    TEMPORARY_TAGS,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import DEVICE_TAG, BlockDevice, Image
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import AWAY, KEY_A
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_disk,
    a_recipe,
    a_source,
    an_image_of,
    material_of,
)

INSTANCE: dict[str, t.Any] = {"source_image_id": None, "source_region": None, "instance_id": "i-00000000000000001"}


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("volume_size", "volume_size is 0 GiB"),
        ("iops", "iops is 0, but gp3 volumes take 3000"),
        ("throughput", "throughput is 0 MiB/s"),
    ],
)
@pytest.mark.parametrize("name", ["/dev/sdf", "/dev/sdz"])
def test_zero_is_given(option: str, word: str, name: str) -> None:
    """Of an existing and of an added device: 0 is a value, and none that AWS takes."""
    wanted = {"device_name": name, "volume_size": 8, option: 0}
    with pytest.raises(SealedError, match=word):
        draft_recipe(a_compose_request(device_mapping=[wanted]), material_of(a_source()))


@pytest.mark.parametrize("where", ["device", "image"])
def test_an_empty_key_is_no_key(where: str) -> None:
    given: dict[str, t.Any] = {"kms_key_id": ""}
    if where == "device":
        given = {"kms_key_id": KEY_A, "device_mapping": [{"device_name": "/dev/sdf", "kms_key_id": ""}]}
    with pytest.raises(SealedError, match="kms_key_id ''"):
        a_compose_request(**given)


def odd_source(*names: str, root: str = "/dev/sda1", **fields: t.Any) -> Image:
    """Return a source with such devices whose root is called so."""
    return a_source(*(a_disk(name) for name in names), root_device_name=root, **fields)


@pytest.mark.parametrize(
    ("names", "root", "expected"),
    [
        pytest.param(("sda", "sdf"), "/dev/sda1", "/dev/sda", id="said to be sda1, mapped as sda"),
        pytest.param(("sda1", "sdf"), "/dev/sda", "/dev/sda1", id="the other way round"),
        pytest.param(("sda1", "sda"), "/dev/sda1", "/dev/sda1", id="both are there"),
        pytest.param(("xvda",), "/dev/xvda", "/dev/xvda", id="as usual"),
    ],
)
def test_the_root_is_called_as_the_mapping_has_it(names: tuple[str, ...], root: str, expected: str) -> None:
    assert draft_recipe(a_compose_request(), material_of(odd_source(*names, root=root))).root_device_name == expected


def test_either_name_of_the_root_is_understood() -> None:
    request = a_compose_request(device_mapping=[{"device_name": "/dev/sda1", "volume_size": 9}])
    recipe = draft_recipe(request, material_of(odd_source("sda", "sdf")))
    assert [(one.device_name, one.size) for one in recipe.devices] == [("/dev/sda", 9), ("/dev/sdf", 8)]


@pytest.mark.parametrize(
    ("source", "devices", "word"),
    [
        pytest.param(
            odd_source("sda"), [{"device_name": "/dev/sda", "no_device": True}], "root device", id="dropped as mapped"
        ),
        pytest.param(
            odd_source("sda"), [{"device_name": "/dev/sda1", "no_device": True}], "root device", id="dropped as called"
        ),
        pytest.param(
            odd_source("sda"), [{"device_name": "/dev/sda"}, {"device_name": "/dev/sda1"}], "one device", id="both"
        ),
        pytest.param(odd_source("sdf"), [], "root device is /dev/sda1, but has only /dev/sdf", id="no root"),
        pytest.param(odd_source("sdf", root="/dev/xvda"), [], "root device is /dev/xvda", id="another root"),
    ],
)
def test_roots_that_cannot_be(source: Image, devices: list[dict[str, t.Any]], word: str) -> None:
    with pytest.raises(SealedError, match=word):
        draft_recipe(a_compose_request(device_mapping=devices), material_of(source))


EPHEMERAL = BlockDevice("/dev/sdb", virtual_name="ephemeral0")


def of_instance(*ephemeral: BlockDevice, is_complete: bool = True) -> Material:
    """Return an instance with one volume; AWS shows its ephemeral disks only in the image that it came from."""
    root = a_disk("xvda", KEY_A, snapshot_id=None)
    source = Image("", AWAY, root_device_name="/dev/xvda", devices=(root, *ephemeral))
    return Material(source, volume_ids={"/dev/xvda": "vol-1"}, is_complete=is_complete)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("kept", [True, False])
def test_ephemeral_disks_of_an_instance_are_as_aws_has_it(known: bool, kept: bool) -> None:
    """Whether its image was there to look at, and whether AWS keeps them: neither makes another image of it."""
    material = of_instance(EPHEMERAL) if known else of_instance(is_complete=False)
    recipe = a_recipe(a_compose_request(**INSTANCE), material)
    image = an_image_of(recipe)
    others = tuple(one for one in image.devices if one.is_ebs)
    assert (
        device_differences(recipe, dataclasses.replace(image, devices=(*others, EPHEMERAL) if kept else others)) == ()
    )
    assert recipe.digest == a_recipe(a_compose_request(**INSTANCE), of_instance()).digest


@pytest.mark.parametrize("known", [True, False])
def test_an_ephemeral_disk_of_an_instance_can_be_dropped(known: bool) -> None:
    material = of_instance(EPHEMERAL) if known else of_instance(is_complete=False)
    request = a_compose_request(**INSTANCE, device_mapping=[{"device_name": "/dev/sdb", "no_device": True}])
    recipe = a_recipe(request, material)
    assert (recipe.dropped, [one.device_name for one in recipe.devices]) == (("/dev/sdb",), ["/dev/xvda"])
    image = an_image_of(recipe)
    kept = dataclasses.replace(image, devices=(*image.devices, EPHEMERAL))
    assert device_differences(recipe, image) == ()
    assert device_differences(recipe, kept) == ("/dev/sdb is not wanted",)


def test_only_ephemeral_disks_are_let_pass() -> None:
    recipe = a_recipe(a_compose_request(**INSTANCE), of_instance(EPHEMERAL))
    image = an_image_of(recipe)
    volume = dataclasses.replace(a_disk("sdb", KEY_A))
    more = dataclasses.replace(image, devices=(image.devices[-1], volume))
    assert [line.partition(" ")[0] for line in device_differences(recipe, more)] == ["/dev/sdb"]
    of_image = a_recipe(a_compose_request(), material_of(a_source(a_disk("xvda"))))
    found = an_image_of(of_image)
    assert device_differences(of_image, dataclasses.replace(found, devices=(*found.devices, EPHEMERAL))) == (
        "/dev/sdb is not wanted",
    )


def test_the_tags_of_this_collection_are_counted_as_they_are() -> None:
    recipe = a_recipe(a_compose_request(), material_of(a_source()))
    assert set(recipe.image_tags) == set(IMAGE_TAGS)
    assert set(recipe.snapshot_tags(recipe.devices[0])) == set(SNAPSHOT_TAGS)
    assert {*recipe.work_tags, DEVICE_TAG} == set(TEMPORARY_TAGS)
