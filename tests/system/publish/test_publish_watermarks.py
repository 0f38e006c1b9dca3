# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watermarks: attached after the image is judged and before anything leads to it, and never twice."""

from __future__ import annotations

import typing as t

import pytest

from oracle.guard import Guard
from system.publish.conftest import GOLDEN, PLAIN, REGION, SEALED, Place, Publish

MARKS = ["golden-approved", "team platform"]
OURS = [f"123456789012:{name}" for name in MARKS]


@pytest.fixture
def marked(place: Place, oracle: Guard) -> Place:
    """Return the place, whose images are handed over to be marked."""
    oracle.given(SEALED, GOLDEN, PLAIN, to=["AttachImageWatermark"])
    place.opens("/golden/db")
    return place


def watermarks(place: Place, image: str = SEALED) -> list[str]:
    """Return the watermarks of an image as consumers see them."""
    found = place.look.image(REGION, image) or {}
    return sorted(one["WatermarkKey"] for one in found.get("ImageWatermarks") or ())


ASKED: dict[str, t.Any] = {"watermarks": MARKS, "ssm_parameters": [{"name": "/golden/db"}]}


def test_they_come_before_anything_leads_to_the_image(marked: Place, publish: Publish) -> None:
    planned = publish(check=True, **ASKED)
    assert planned["changed"] and not marked.mutations()
    result = publish(**ASKED)
    assert not result.failed, result.msg
    assert marked.mutations() == ["AttachImageWatermark", "AttachImageWatermark", "PutParameter"]
    assert [one["step"] for one in planned["steps"]] == [one["step"] for one in result["steps"]]
    assert watermarks(marked) == sorted(result["images"][0]["watermarks"]) == OURS
    assert not publish(**ASKED)["changed"]


def test_one_that_is_there_stays(marked: Place, publish: Publish) -> None:
    marked.ec2.attach_image_watermark(ImageId=SEALED, WatermarkName=MARKS[0])
    marked.emulator.clear_calls()
    assert publish(watermarks=MARKS)["changed"]
    assert marked.mutations() == ["AttachImageWatermark"] and watermarks(marked) == OURS


@pytest.mark.parametrize(
    ("image", "options", "words"),
    [
        pytest.param(PLAIN, {}, "is not encrypted", id="not verified"),
        pytest.param("ami-00ec2000000000031", {"require": "none"}, "its owner alone", id="of another account"),
        pytest.param(SEALED, {"watermarks": ["a"]}, "is not allowed", id="too short"),
        pytest.param(SEALED, {"watermarks": ["golden:x"]}, "is not allowed", id="colon"),
        pytest.param(SEALED, {"watermarks": [f"mark-{one}" for one in range(6)]}, "6 are named", id="six"),
        pytest.param(SEALED, {"state": "absent"}, "cannot be taken off", id="absent"),
        pytest.param(PLAIN, {"require": "none", "public": True}, "is public", id="public"),
        pytest.param(SEALED, {"others": 4}, "more than 5", id="four and two"),
    ],
)
def test_what_cannot_be_marked_is_not_published(
    marked: Place, publish: Publish, image: str, options: dict[str, t.Any], words: str
) -> None:
    if options.pop("public", False):
        marked.ec2.modify_image_attribute(ImageId=image, LaunchPermission={"Add": [{"Group": "all"}]})
    for number in range(options.pop("others", 0)):
        marked.ec2.attach_image_watermark(ImageId=image, WatermarkName=f"other-{number}")
    marked.emulator.clear_calls()
    result = publish(image, **{**ASKED, **options})
    assert result.failed and words in result.msg, result.msg
    assert not marked.mutations() and marked.value("/golden/db") is None


def test_a_denied_watermark_leads_nobody_to_the_image(marked: Place, publish: Publish) -> None:
    marked.emulator.faults.add("access_denied", action="AttachImageWatermark")
    result = publish(**ASKED)
    assert "ec2:AttachImageWatermark" in result.msg and not result["changed"]
    assert [one["status"] for one in result["steps"]] == ["failed", "not reached", "not reached"]
    assert marked.value("/golden/db") is None and result["images"][0]["error"]
