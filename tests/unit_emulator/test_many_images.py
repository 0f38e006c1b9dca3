# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account with 20,000 images in five regions is answered page by page, with no call more than AWS would take."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.ec2 import seed
from emulated_aws.identity import HOME_ACCOUNT

REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2")
IMAGES, LARGEST_PAGE = 4000, 1000


@pytest.fixture(scope="module")
def crowded() -> t.Iterator[Emulator]:
    """Return an emulator with 4,000 images of a disk each in every region."""
    with Emulator.in_process(seed="none") as emulator:
        for region in REGIONS:
            place = seed.Place(HOME_ACCOUNT, region)
            for number in range(IMAGES):
                seed.image(place, name=f"image-{number:04}", disks=[seed.Disk("/dev/xvda")])
        yield emulator


def pages(emulator: Emulator, region: str, **request: t.Any) -> list[list[str]]:
    """Return the names of the images on each page."""
    paginator = emulator.session(region=region).client("ec2").get_paginator("describe_images")
    return [[str(image["Name"]) for image in page["Images"]] for page in paginator.paginate(**request)]


@pytest.mark.parametrize("region", REGIONS)
def test_every_image_is_on_one_page(crowded: Emulator, region: str) -> None:
    crowded.clear_calls()
    found = pages(crowded, region, Owners=["self"], PaginationConfig={"PageSize": LARGEST_PAGE})
    assert [len(page) for page in found] == [LARGEST_PAGE] * (IMAGES // LARGEST_PAGE)
    assert sorted(name for page in found for name in page) == [f"image-{number:04}" for number in range(IMAGES)]
    assert crowded.counts() == {"ec2:DescribeImages": IMAGES // LARGEST_PAGE}


def test_filters_come_before_pages(crowded: Emulator) -> None:
    crowded.clear_calls()
    every_hundredth = [{"Name": "name", "Values": ["image-*00"]}]
    found = pages(crowded, REGIONS[0], Filters=every_hundredth, PaginationConfig={"PageSize": 30})
    assert [len(page) for page in found] == [30, 10]
    assert sum(crowded.counts().values()) == 2


def test_pages_are_no_larger_than_asked_for_and_the_last_one_has_no_token(crowded: Emulator) -> None:
    ec2 = crowded.session(region=REGIONS[1]).client("ec2")
    first = ec2.describe_images(Owners=["self"], MaxResults=LARGEST_PAGE - 1)
    assert len(first["Images"]) == LARGEST_PAGE - 1
    tokens, token = 1, first.get("NextToken")
    while token:
        answer = ec2.describe_images(Owners=["self"], MaxResults=LARGEST_PAGE - 1, NextToken=token)
        token, tokens = answer.get("NextToken"), tokens + 1
    assert (tokens, len(answer["Images"])) == (5, 4)
