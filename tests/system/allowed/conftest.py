# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of ec2_allowed_images share: an account whose setting may be changed, and looks at it."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result, RunModule

MODULE, HOME, AWAY = "ec2_allowed_images", "us-east-1", "eu-west-1"
ACTIONS = (
    "EnableAllowedImagesSettings", "DisableAllowedImagesSettings", "ReplaceImageCriteriaInAllowedImagesSettings"
)  # fmt: skip
Criterion = dict[str, t.Any]
EVERYTHING: list[Criterion] = [
    {
        "image_providers": ["amazon", "210987654321"],
        "image_names": ["golden-*", "al2023 ?"],
        "creation_date_condition": {"maximum_days_since_created": 180},
        "deprecation_time_condition": {"maximum_days_since_deprecated": 0},
    },
    {
        "image_watermarks": [
            {"watermark_key": "123456789012:golden-*", "source_image_region": "us-*"},
            {"maximum_days_since_source_image_created": 90, "maximum_days_since_watermark_created": 30},
        ],
        "scan_result_condition": {"maximum_severity_label": "medium", "max_days_since_last_finding_scan": 7},
        "marketplace_product_codes": ["abc123"],
    },
]


class Allow(t.Protocol):
    """``allow(state="enabled", image_criteria=[…])`` in both regions, unless the options say otherwise."""

    def __call__(
        self, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any
    ) -> Result: ...


@pytest.fixture
def allow(run_module: RunModule, oracle: Guard) -> Allow:
    """Hand the setting over, and return what runs the module."""
    oracle.given(*(f"allowed images of {region}" for region in (HOME, AWAY)), to=ACTIONS)

    def run(*, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any) -> Result:
        return run_module(MODULE, check=check, diff=diff, as_=as_, **{"regions": [HOME, AWAY], **options})

    return run


def shown(look: Looking, region: str = HOME) -> tuple[str, list[dict[str, t.Any]]]:
    """Return state and criteria as AWS shows them."""
    found = look.ec2(region).get_allowed_images_settings()
    return found["State"], found.get("ImageCriteria") or []


def sees(emulator: Emulator, image_id: str, region: str = HOME) -> bool:
    """Tell whether the account finds an image."""
    ec2: t.Any = emulator.session(region=region).client("ec2")
    found = ec2.describe_images(Filters=[{"Name": "image-id", "Values": [image_id]}])
    return bool(found["Images"])
