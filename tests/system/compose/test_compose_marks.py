# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A composed image keeps its source's watermarks and instance types, or says which it has lost (aws_rules §16)."""

from __future__ import annotations

import typing as t

import pytest
from faults.holdings import backend

from emulated_aws.client import Emulator
from system.compose.asking import HOME, METHODS, SOURCES, THREE_KEYS, Compose
from system.looking import Looking
from system.promises import promised

OWN, THEIRS = "123456789012:golden", "210987654321:vendor approved"
TYPES = {"SupportedInstanceTypes": ["t3.*"]}
ASKED: dict[str, t.Any] = {"device_mapping": THREE_KEYS, "name": "kept"}


@pytest.fixture
def source(look: Looking) -> str:
    """Return a source with a watermark of ours, and a limit of instance types."""
    ec2, image_id = look.ec2(HOME), SOURCES["database"]
    ec2.attach_image_watermark(ImageId=image_id, WatermarkName="golden")
    ec2.replace_image_instance_type_specification(ImageId=image_id, InstanceTypeSpecification=TYPES)
    look.emulator.clear_calls()
    return image_id


@pytest.fixture
def of_another(source: str) -> str:
    """Give it another account's watermark, too, as copies of a vendor's image carry one."""
    image = backend(HOME).amis[source]
    image.watermarks = {**image.watermarks, THEIRS: next(iter(image.watermarks.values()))._replace(key=THEIRS)}
    return source


def marks(look: Looking, image_id: str) -> tuple[list[str], t.Any]:
    """Return what AWS shows of an image's watermarks and instance types."""
    image = look.image(HOME, image_id) or {}
    types = image.get("InstanceTypeSpecification") or {}
    shown = {name: [one["InstanceType"] for one in found] for name, found in types.items()}
    return sorted(one["WatermarkKey"] for one in image.get("ImageWatermarks") or ()), shown


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("method", METHODS)
def test_the_source_s_own_marks_are_kept(compose: Compose, look: Looking, method: str) -> None:
    asked = {**ASKED, "method": method, "watermarks": ["team db"]}
    planned = compose("database", check=True, diff=True, **asked)
    made = compose("database", **asked)
    assert made.msg == "" and "lost" not in made["image"]
    assert promised(planned).count("AttachImageWatermark") == (2 if method == "snapshots" else 1)
    assert len(look.mutations(action="AttachImageWatermark", error=[None])) == (2 if method == "snapshots" else 1)
    assert marks(look, made["image_id"]) == ([OWN, "123456789012:team db"], TYPES)
    again = compose("database", **asked)
    assert (again["changed"], again.warnings) == (False, [])


@pytest.mark.usefixtures("source")
def test_what_is_asked_for_comes_before_what_is_kept(compose: Compose, look: Looking) -> None:
    made = compose("database", **ASKED, instance_type_specification={"unsupported_instance_types": ["m5.metal"]})
    assert marks(look, made["image_id"]) == ([OWN], {"UnsupportedInstanceTypes": ["m5.metal"]})
    lifted = compose("database", **ASKED, instance_type_specification={})
    assert lifted["changed"] and marks(look, made["image_id"]) == ([OWN], {})


@pytest.mark.usefixtures("of_another")
def test_another_account_s_watermark_takes_the_way_by_an_instance(compose: Compose, look: Looking) -> None:
    made = compose("database", **ASKED)
    assert made.msg == "" and made["image"]["method"] == "instance" and THEIRS in made["image"]["method_reason"]
    assert marks(look, made["image_id"])[0] == [OWN, THEIRS]
    again = compose("database", **ASKED)
    assert (again["changed"], again.warnings, "lost" in again["image"]) == (False, [], False)


@pytest.mark.usefixtures("of_another")
@pytest.mark.parametrize(
    ("options", "advice"),
    [
        pytest.param({"method": "snapshots"}, "use method=instance", id="by hand"),
        pytest.param({"region": "eu-west-1"}, "ec2_ami_encrypted_copy first", id="another region"),
    ],
)
def test_what_is_lost_is_told(compose: Compose, options: dict[str, t.Any], advice: str) -> None:
    for check in (True, False, False):
        made = compose("database", check=check, **ASKED, **options)
        assert made.msg == "" and made["image"]["method"] == "snapshots"
        assert made["image"]["lost"] == [f"watermark {THEIRS}"]
        assert [one for one in made.warnings if THEIRS in one and advice in one], made
    assert made["changed"] is False


@pytest.mark.usefixtures("source")
def test_a_watermark_that_is_denied_is_attached_by_the_next_run(
    compose: Compose, look: Looking, emulator: Emulator
) -> None:
    emulator.faults.add("access_denied", action="AttachImageWatermark")
    failed = compose("database", **ASKED)
    assert failed.failed and "ec2:AttachImageWatermark" in failed.msg
    image_id = failed["image_id"]
    assert marks(look, image_id)[0] == []
    emulator.faults.clear()
    made = compose("database", **ASKED)
    assert (made.msg, made["image_id"], marks(look, image_id)) == ("", image_id, ([OWN], TYPES))


def test_nothing_is_attached_to_what_is_not_sealed(compose: Compose, look: Looking, emulator: Emulator) -> None:
    """A watermark says that somebody has approved the image, so it comes after the keys are seen."""
    changes = [{"path": "Images.*.BlockDeviceMappings", "keep": 1}]
    # The first looks are at the source and at images of the name.
    emulator.faults.add("mutate", action="DescribeImages", skip=2, changes=changes)
    made = compose("database", **ASKED, watermarks=["golden"])
    assert "is not sealed" in made.msg
    assert look.mutations(action="AttachImageWatermark") == []
