# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where snapshots lie decides which image is the copy, whatever its tags say (aws_rules §21)."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import classify
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG, PLACE_TAG, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.places import (
    REGIONAL,
    Place,
    Zone,
    require_reachable,
    resolve_place,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    HOME,
    KEY_A,
    KEY_B,
    LINEAGE,
    a_copy,
    a_requirement,
    an_image,
    required,
)

ZONE, OTHER = Place("us-east-1-bos-1a", group="us-east-1-bos-1"), Place("us-east-1-chi-2a", group="us-east-1-chi-2")
OUTPOST = Place(outpost_arn="arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0")
SOURCE = an_image(sda1=None, sdf=None)


def lying(image: Image, *places: str | None) -> Image:
    """Return the image with its snapshots in these places, the last of them for all further ones."""
    devices = tuple(
        dataclasses.replace(one, place=places[min(number, len(places) - 1)]) for number, one in enumerate(image.devices)
    )
    return dataclasses.replace(image, devices=devices)


def group_of(image: Image, place: Place) -> str:
    """Return what the image is to a copy under key A that shall lie in the place; empty for none of its business."""
    found = classify([image], LINEAGE, a_requirement(required(KEY_A), SOURCE, place=place))
    return next((name for name, images in vars(found).items() if images), "")


COPY = a_copy(sda1=KEY_A, sdf=KEY_A)
HIDDEN = a_copy(state="failed")
LOCAL_TAGS = {PLACE_TAG: ZONE.name}


@pytest.mark.parametrize(
    ("image", "regional", "in_zone"),
    [
        pytest.param(lying(COPY, ""), "met", "", id="in the region"),
        pytest.param(lying(COPY, ZONE.name), "", "met", id="in the zone, with no tag of it"),
        pytest.param(lying(a_copy(sda1=KEY_A, sdf=KEY_A, key_tag=None), ZONE.name), "", "met", id="another tool's"),
        pytest.param(lying(COPY, OTHER.name), "", "", id="in another zone"),
        pytest.param(lying(COPY, "", ZONE.name), "", "", id="in several places"),
        pytest.param(lying(COPY, None), "other", "other", id="not shown where"),
        pytest.param(lying(a_copy(sda1=KEY_B, sdf=KEY_B, key_tag=KEY_B), ZONE.name), "", "other", id="other key"),
        pytest.param(lying(dataclasses.replace(COPY, state="disabled"), ZONE.name), "", "retired", id="disabled"),
        pytest.param(lying(dataclasses.replace(COPY, state="pending"), ZONE.name), "", "pending", id="on its way"),
        pytest.param(HIDDEN, "failed", "", id="failed, shows nothing"),
        pytest.param(a_copy(state="failed", tags=LOCAL_TAGS), "", "failed", id="failed, started for the zone"),
        pytest.param(a_copy(state="pending", tags=LOCAL_TAGS), "", "pending", id="pending, started for the zone"),
        pytest.param(a_copy(state="failed", key_tag=None), "failed", "failed", id="failed, another tool's"),
        pytest.param(
            lying(a_copy(sda1=KEY_A, sdf=KEY_A, tags=LOCAL_TAGS), ""), "met", "", id="tags that have travelled"
        ),
    ],
)
def test_the_place_is_part_of_the_identity(image: Image, regional: str, in_zone: str) -> None:
    assert (group_of(image, REGIONAL), group_of(image, ZONE)) == (regional, in_zone)


@pytest.mark.parametrize("shown", ["", OTHER.name, ZONE.name, None])
@pytest.mark.parametrize("tagged", ["", ZONE.name])
def test_an_image_whose_place_is_not_that_of_its_tags_is_not_ours(shown: str | None, tagged: str) -> None:
    tags = {PLACE_TAG: tagged, COPY_TAG: "sealed-ami-1"} if tagged else {}
    image = lying(a_copy(sda1=KEY_A, tags=tags), shown)
    assert (LINEAGE.proof(image) is None) is (shown not in (tagged, None))


@pytest.mark.parametrize("source", ["", ZONE.name, OTHER.name, OUTPOST.outpost_arn])
@pytest.mark.parametrize("place", [REGIONAL, ZONE, OTHER, OUTPOST], ids=lambda place: place.shown)
@pytest.mark.parametrize("region", [HOME, "eu-west-1"])
def test_ways_that_aws_documents(source: str, place: Place, region: str) -> None:
    """The table of aws_rules §21, of which the columns for CopyImage are written down here once more."""
    ways = {"": "*", ZONE.name: f"{HOME} {HOME}/{OTHER.name}", OTHER.name: f"{HOME} {HOME}/{ZONE.name}"}
    allowed = ways.get(source, "")
    way = f"{region}/{place.name}" if place.is_local else region
    try:
        require_reachable(lying(SOURCE, source), place, region=region, minutes=None)
    except PreflightError as error:
        assert allowed != "*" and way not in allowed.split(), way
        assert SOURCE.image_id in str(error) and source in str(error)
    else:
        assert allowed == "*" or way in allowed.split(), way


ZONES = (
    Zone("us-east-1a", "use1-az1", "availability-zone", "us-east-1-zg-1", True),
    Zone("us-east-1-bos-1a", "use1-bos1-az1", "local-zone", "us-east-1-bos-1", True),
    Zone("us-east-1-chi-2a", "use1-chi2-az1", "local-zone", "us-east-1-chi-2", False),
    Zone("us-east-1-wl1-bos-wlz-1", "use1-wl1-bos-wlz1", "wavelength-zone", "us-east-1-wl1", True),
)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        pytest.param({"zone": "us-east-1-bos-1a"}, "", id="by name"),
        pytest.param({"zone_id": "use1-bos1-az1"}, "", id="by id"),
        pytest.param({"zone": "us-east-1-nyc-1a"}, "has no zone us-east-1-nyc-1a; its Local Zones are", id="unknown"),
        pytest.param({"zone_id": "use1-az1"}, "us-east-1a is no Local Zone", id="a zone of the region"),
        pytest.param({"zone_id": "use1-wl1-bos-wlz1"}, "of type wavelength-zone", id="a Wavelength Zone"),
        pytest.param({"zone": "us-east-1-chi-2a"}, "--group-name us-east-1-chi-2", id="not enabled"),
    ],
)
def test_zones_are_looked_up(asked: dict[str, t.Any], words: str) -> None:
    if words:
        with pytest.raises(PreflightError, match=words):
            resolve_place(Place(**asked), ZONES, region=HOME)
    else:
        found = resolve_place(Place(**asked), ZONES, region=HOME)
        assert (found.name, found.group) == ("us-east-1-bos-1a", "us-east-1-bos-1")
