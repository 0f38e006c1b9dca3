# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions that do not exist, or lie in another partition, are refused; botocore's list is asked before AWS is."""

from __future__ import annotations

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.regions import require_known_regions, require_regions
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError

from .fakes import FakeRegions

LISTED = ("us-east-1", "eu-west-1", "cn-north-1")


def test_listed_regions_cost_no_call() -> None:
    regions = FakeRegions(LISTED)
    require_regions(regions, ["us-east-1", "eu-west-1"], source_region="us-east-1")
    assert regions.asked == []


def test_a_region_newer_than_botocore_is_asked_for() -> None:
    regions = FakeRegions(LISTED, described=["us-east-1", "xy-new-1"])
    require_known_regions(regions, ["eu-west-1", "xy-new-1"])
    assert regions.asked == ["eu-west-1"]


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        pytest.param(["us-east-9", "eu-west-1"], "eu-west-1", id="through a region that is known"),
        pytest.param(["us-east-9"], "us-east-1", id="through the oldest region where none is"),
    ],
)
def test_an_unknown_region_is_refused_with_the_likely_one(names: list[str], asked: str) -> None:
    regions = FakeRegions(LISTED, described=["us-east-1", "eu-west-1"])
    with pytest.raises(PreflightError, match=r"us-east-9 does not exist or is not enabled.*did you mean us-east-1\?"):
        require_known_regions(regions, names)
    assert regions.asked == [asked]


def test_a_region_like_no_other_gets_no_hint() -> None:
    with pytest.raises(PreflightError, match=r"qq-xx-7 does not exist or is not enabled for this account$"):
        require_known_regions(FakeRegions(LISTED, described=["us-east-1"]), ["qq-xx-7"])


@pytest.mark.parametrize(("source", "destination"), [("us-east-1", "cn-north-1"), ("cn-north-1", "eu-west-1")])
def test_images_are_not_copied_between_partitions(source: str, destination: str) -> None:
    regions = FakeRegions(LISTED)
    with pytest.raises(PreflightError, match=f"{destination} is in partition .*CreateStoreImageTask"):
        require_regions(regions, [source, destination], source_region=source)
    assert regions.asked == []
