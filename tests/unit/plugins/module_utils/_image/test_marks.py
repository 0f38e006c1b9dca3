# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watermarks and instance types: what AWS takes, what is missing on an image, and what a composed one keeps."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.attributes import (
    Attributes,
    plan_attributes,
    plan_new_attributes,
    require_markable,
    require_typed,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.method import suitable_type
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError
from ansible_collections.sealed.ami.plugins.module_utils._image.marks import (
    ALL_TYPES,
    Carried,
    InstanceTypes,
    parse_instance_types,
    parse_watermarks,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image
from ansible_collections.sealed.ami.plugins.module_utils._image.permissions import LaunchPermissions
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeregister
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    AddWatermark,
    ModifyLaunchPermissions,
    SetInstanceTypes,
    Step,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import COPY_ID, KEY_A, a_copy

ME, OTHER = "123456789012", "210987654321"
OURS = MayDeregister(COPY_ID, "for a test")
SMALL, LARGE = InstanceTypes(("t3.*",)), InstanceTypes(("m5.large",), ("m5.metal",))
EVERYBODY = LaunchPermissions(group_names=frozenset({"all"}))


def steps(desired: Attributes, *, ours: MayDeregister | None = OURS, **present: t.Any) -> tuple[Step, ...]:
    """Return the steps for a copy that has these marks."""
    image = dataclasses.replace(a_copy(sda1=KEY_A), owner_id=ME, **present)
    return plan_attributes(image, desired, snapshot_tags={}, sharing=None, ours=ours)


@pytest.mark.parametrize(
    ("wanted", "present", "missing"),
    [
        pytest.param(("golden",), (), ["golden"], id="none there"),
        pytest.param(("golden", "team db"), (f"{ME}:golden",), ["team db"], id="one there"),
        pytest.param(("golden",), (f"{OTHER}:golden",), ["golden"], id="another account's"),
        pytest.param(("golden",), (f"{ME}:Golden", f"{ME}:golden 2"), ["golden"], id="others with alike names"),
        pytest.param((), (f"{ME}:golden",), [], id="not listed and kept"),
        pytest.param(("golden",), tuple(f"{ME}:m{n}" for n in range(4)), ["golden"], id="the fifth"),
    ],
)
def test_watermarks_are_added(wanted: tuple[str, ...], present: tuple[str, ...], missing: list[str]) -> None:
    desired = Attributes(watermarks=wanted)
    expected = tuple(AddWatermark(one) for one in missing)
    assert steps(desired, watermarks=present) == expected
    assert steps(desired, watermarks=present, ours=None) == expected
    assert plan_new_attributes(desired, ["/dev/sda1"], carried=Carried(ME, present)) == expected


def test_a_sixth_watermark_is_refused_before_anything_is_made() -> None:
    five = tuple(f"{OTHER}:m{n}" for n in range(5))
    for plan in (
        lambda: steps(Attributes(watermarks=("golden",)), watermarks=five),
        lambda: plan_new_attributes(Attributes(watermarks=("golden",)), [], carried=Carried(ME, five)),
    ):
        with pytest.raises(PreflightError, match="more than 5"):
            plan()
    assert steps(Attributes(), watermarks=five) == ()


def test_without_an_account_no_watermark_is_known() -> None:
    with pytest.raises(PreflightError, match="STS does not say"):
        plan_new_attributes(Attributes(watermarks=("golden",)), [], carried=Carried("", (f"{ME}:golden",)))


@pytest.mark.parametrize(
    ("wanted", "present", "ours", "changes"),
    [
        pytest.param(SMALL, ALL_TYPES, OURS, True, id="not limited yet"),
        pytest.param(SMALL, SMALL, OURS, False, id="limited alike"),
        pytest.param(SMALL, LARGE, OURS, True, id="limited otherwise"),
        pytest.param(ALL_TYPES, LARGE, OURS, True, id="lifted"),
        pytest.param(None, LARGE, OURS, False, id="not asked"),
        pytest.param(SMALL, ALL_TYPES, None, True, id="not ours and not limited"),
        pytest.param(SMALL, LARGE, None, False, id="not ours and limited otherwise"),
        pytest.param(ALL_TYPES, LARGE, None, False, id="not ours and to be lifted"),
    ],
)
def test_instance_types(
    wanted: InstanceTypes | None, present: InstanceTypes, ours: MayDeregister | None, changes: bool
) -> None:
    expected = (SetInstanceTypes(wanted),) if changes and wanted is not None else ()
    assert steps(Attributes(instance_type_specification=wanted), ours=ours, instance_types=present) == expected


def test_a_new_image_is_limited_whatever_it_may_carry() -> None:
    assert plan_new_attributes(Attributes(instance_type_specification=SMALL), []) == (SetInstanceTypes(SMALL),)
    assert plan_new_attributes(Attributes(), []) == ()


@pytest.mark.parametrize(
    ("image", "planned", "refused"),
    [
        pytest.param({"is_public": True}, (AddWatermark("golden"),), True, id="public"),
        pytest.param({}, (ModifyLaunchPermissions(add=EVERYBODY), AddWatermark("golden")), True, id="made public"),
        pytest.param({"watermarks": (f"{ME}:x",)}, (ModifyLaunchPermissions(add=EVERYBODY),), True, id="carried"),
        pytest.param(
            {"is_public": True}, (ModifyLaunchPermissions(remove=EVERYBODY), AddWatermark("golden")), False, id="closed"
        ),
        pytest.param({"is_public": True}, (), False, id="public and nothing is asked"),
        pytest.param({}, (AddWatermark("golden"),), False, id="private"),
        pytest.param({}, (ModifyLaunchPermissions(add=EVERYBODY),), False, id="public without watermarks"),
    ],
)
def test_public_images_have_no_watermarks(image: dict[str, t.Any], planned: tuple[Step, ...], refused: bool) -> None:
    found = dataclasses.replace(a_copy(sda1=KEY_A), **image)
    if not refused:
        require_markable(found, planned, region="eu-west-1")
        return
    with pytest.raises(PreflightError, match="would be public with watermarks"):
        require_markable(found, planned, region="eu-west-1")


def test_images_from_marketplace_are_not_limited() -> None:
    sold = dataclasses.replace(a_copy(sda1=KEY_A), billing={"ProductCodes": [{"ProductCodeId": "x"}]})
    with pytest.raises(PreflightError, match="Marketplace"):
        require_typed(sold, [SetInstanceTypes(SMALL)], region="eu-west-1")
    require_typed(sold, [AddWatermark("golden")], region="eu-west-1")
    require_typed(a_copy(sda1=KEY_A), [SetInstanceTypes(SMALL)], region="eu-west-1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"supported_instance_types": ["m5.**"]}, "is not an instance type", id="two stars"),
        pytest.param({"supported_instance_types": ["a" * 25]}, "is not an instance type", id="too long"),
        pytest.param({"supported_instance_types": [""]}, "is not an instance type", id="empty"),
        pytest.param({"unsupported_instance_types": ["m5 large"]}, "is not an instance type", id="a blank"),
        pytest.param({"unsupported_instance_types": ["m5.large"] * 2}, "listed twice", id="twice"),
        pytest.param(
            {"supported_instance_types": ["m5.large"], "unsupported_instance_types": ["m5.large"]},
            "listed twice", id="in both",
        ),
        pytest.param({"supported_instance_types": [f"m{n}.large" for n in range(101)]}, "101 entries", id="too many"),
        pytest.param({"supported": ["m5.large"]}, "it takes supported_instance_types", id="another name"),
    ],
)  # fmt: skip
def test_instance_types_that_aws_does_not_take(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_instance_types(options)


def test_what_is_parsed_is_compared_whatever_the_order() -> None:
    found = parse_instance_types({"supported_instance_types": ["t3.*", "m5.large"], "unsupported_instance_types": None})
    assert found == InstanceTypes(("m5.large", "t3.*"))
    assert (parse_instance_types(None), parse_instance_types({})) == (None, ALL_TYPES)
    assert parse_watermarks(["a b", "golden", "a b"]) == ("a b", "golden") and parse_watermarks(None) == ()


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        pytest.param(ALL_TYPES, "t3.small", id="any"),
        pytest.param(InstanceTypes(("t3.*", "m5.large")), "t3.small", id="a pattern"),
        pytest.param(InstanceTypes(("m5.*", "m5.large")), "m5.large", id="a name"),
        pytest.param(InstanceTypes(("m5.*",)), None, id="a pattern of others"),
        pytest.param(InstanceTypes((), ("t3.*",)), None, id="barred"),
        pytest.param(InstanceTypes(("m5.large", "m6i.large"), ("m5.*", "t3.nano")), "m6i.large", id="partly barred"),
    ],
)
def test_the_builder_is_of_a_type_that_the_image_is_for(types: InstanceTypes, expected: str | None) -> None:
    boot = {"Architecture": "x86_64", "EnaSupport": True}
    source = Image("ami-1", "us-east-1", boot=boot, instance_types=types)
    if expected is not None:
        assert suitable_type(source) == expected
        return
    with pytest.raises(PreflightError, match="instance types are limited"):
        suitable_type(source)
