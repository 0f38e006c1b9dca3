# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowed AMIs: what can be asked for, and in which order it comes to be."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.allowed.criteria import canonical
from ansible_collections.sealed.ami.plugins.module_utils._image.allowed.planner import (
    ReplaceCriteria,
    SetState,
    Setting,
    plan_allowed,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.allowed.request import parse_allowed_request
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import PreflightError, RequestError

AMAZON, NONE = {"image_providers": ["amazon"]}, {"image_providers": ["none"]}
OLD, NEW = canonical([AMAZON]), canonical([NONE])


def asked(**options: t.Any) -> t.Any:
    """Return the request behind options."""
    return parse_allowed_request({"state": "enabled", **options}, default_region="us-east-1")


@pytest.mark.parametrize(
    ("state", "criteria", "found", "steps"),
    [
        pytest.param("enabled", None, Setting("enabled", OLD), (), id="as asked for"),
        pytest.param("enabled", [AMAZON], Setting("enabled", OLD), (), id="with the criteria"),
        pytest.param("enabled", [NONE], Setting("enabled", OLD), (ReplaceCriteria(NEW, 1),), id="other criteria"),
        pytest.param(
            "enabled", [NONE], Setting("audit-mode", OLD), (ReplaceCriteria(NEW, 1), SetState("enabled")),
            id="criteria before they are applied",
        ),
        pytest.param(
            "disabled", [NONE], Setting("enabled", OLD), (SetState("disabled"), ReplaceCriteria(NEW, 1)),
            id="criteria once they are no longer applied",
        ),
        pytest.param(
            "audit-mode", [], Setting("enabled", OLD), (SetState("audit-mode"), ReplaceCriteria((), 1)), id="none left"
        ),
        pytest.param("disabled", None, Setting("enabled", OLD), (SetState("disabled"),), id="criteria stay"),
        pytest.param("disabled", None, Setting("disabled", (), "declarative-policy"), (), id="managed, as asked for"),
    ],
)  # fmt: skip
def test_plans(state: str, criteria: t.Any, found: Setting, steps: tuple[t.Any, ...]) -> None:
    assert plan_allowed(asked(state=state, image_criteria=criteria), "us-east-1", found) == steps


@pytest.mark.parametrize(
    ("found", "options", "words"),
    [
        pytest.param(Setting("disabled", OLD, "declarative-policy"), {}, "declarative-policy", id="managed"),
        pytest.param(Setting("disabled"), {}, "without any criterion", id="no criteria there"),
        pytest.param(Setting("enabled", OLD), {"image_criteria": []}, "without any criterion", id="none asked for"),
    ],
)
def test_what_cannot_be_changed(found: Setting, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(PreflightError, match=words):
        plan_allowed(asked(**options), "us-east-1", found)


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        pytest.param({}, "is empty, so that every image", id="nothing"),
        pytest.param({"image_names": None, "creation_date_condition": {}}, "every image", id="nothing said"),
        pytest.param({"image_names": []}, "every image", id="no names"),
        pytest.param({**AMAZON, "image_names": []}, "no image could meet", id="no names beside providers"),
        pytest.param({**AMAZON, "creation_date_condition": {}}, "is empty; say", id="no days beside providers"),
        pytest.param({"image_providers": ["none", "amazon"]}, "none beside others", id="none and one"),
        pytest.param({"image_providers": ["Amazon"]}, "'Amazon' is not allowed", id="case"),
        pytest.param({"image_providers": ["12345678901"]}, "not allowed", id="11 digits"),
        pytest.param({"image_names": ["a:b"]}, "not allowed", id="name"),
        pytest.param({"marketplace_product_codes": ["a-b"]}, "not allowed", id="code"),
        pytest.param({"image_names": ["x"] * 51}, "has 51 values; AWS takes 50", id="names too many"),
        pytest.param({"image_watermarks": [{}]}, "an empty entry", id="watermark"),
        pytest.param({**AMAZON, "image_watermarks": [{"watermark_key": None}]}, "an empty entry", id="empty watermark"),
        pytest.param({"creation_date_condition": {"maximum_days_since_created": -1}}, "0 or more", id="days"),
        pytest.param(
            {"image_watermarks": [{"maximum_days_since_watermark_created": -1}]}, "0 or more", id="days of a watermark"
        ),
    ],
)
def test_criteria_that_cannot_be(criterion: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        asked(image_criteria=[AMAZON, criterion])


def test_limits_and_regions() -> None:
    with pytest.raises(RequestError, match="11 entries"):
        asked(image_criteria=[{"image_names": [f"a{n}"]} for n in range(11)])
    with pytest.raises(RequestError, match="no region"):
        parse_allowed_request({"state": "enabled"}, default_region=None)
    assert asked(regions=["eu-west-1", "eu-west-1"]).regions == ("eu-west-1",)


def test_order_means_nothing_and_zero_means_something() -> None:
    one = {"image_providers": ["amazon", "123456789012"], "image_names": None}
    other = {"image_providers": ["123456789012", "amazon"]}
    zero = {"deprecation_time_condition": {"maximum_days_since_deprecated": 0}}
    assert canonical([one, zero]) == canonical([zero, other, one])
    assert zero in canonical([zero]) and canonical([{"image_names": []}]) == ({},)
