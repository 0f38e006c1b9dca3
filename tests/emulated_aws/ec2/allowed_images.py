# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowed AMIs: which images of others an account sees and uses at all (aws_rules §14.5)."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

from emulated_aws.ec2 import errors, timing
from emulated_aws.ec2.model import Image, Watermark
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

DAY = 86400.0
LIMITS = {"ImageProviders": 200, "ImageNames": 50, "MarketplaceProductCodes": 50, "ImageWatermarks": 50}


@dataclasses.dataclass
class Allowance:
    """The setting of one account in one region."""

    state: str = "disabled"
    criteria: list[Params] = dataclasses.field(default_factory=list)


def hidden(region: Ec2Region, image: Image) -> bool:
    """Tell whether the account cannot find or use the image for this reason."""
    return region.allowance.state == "enabled" and not allowed(region, image)


def allowed(region: Ec2Region, image: Image) -> bool:
    """Tell whether an image is the account's own or meets one of the criteria."""
    own = image.owner == region.account_id
    return own or any(_meets(image, criterion) for criterion in region.allowance.criteria)


def _meets(image: Image, criterion: Params) -> bool:
    return all(TESTS[name](image, wanted) for name, wanted in criterion.items())


def _provided(image: Image, providers: list[str]) -> bool:
    return bool({image.owner, image.owner_alias} & set(providers))


def _created_lately(image: Image, condition: Params) -> bool:
    return image.created_at >= timing.now() - condition["MaximumDaysSinceCreated"] * DAY


def _not_deprecated_long(image: Image, condition: Params) -> bool:
    oldest = timing.now() - condition["MaximumDaysSinceDeprecated"] * DAY
    return image.deprecate_at is None or image.deprecate_at >= oldest


def _watermarked(image: Image, wanted: list[Params]) -> bool:
    return any(_is(mark, one) for mark in image.watermarks.values() for one in wanted)


def _is(mark: Watermark, wanted: Params) -> bool:
    ages = {
        "MaximumDaysSinceWatermarkCreated": mark.created_at,
        "MaximumDaysSinceSourceImageCreated": mark.source_created_at,
    }
    young = all(ages[name] >= timing.now() - days * DAY for name, days in wanted.items() if name in ages)
    return (
        young
        and fnmatch.fnmatchcase(mark.key, wanted.get("WatermarkKey", "*"))
        and wanted.get("SourceImageRegion", mark.source_region) == mark.source_region
    )


TESTS: dict[str, t.Callable[[Image, t.Any], bool]] = {
    "ImageProviders": _provided,
    "ImageNames": lambda image, names: any(fnmatch.fnmatchcase(image.name, one) for one in names),
    "MarketplaceProductCodes": lambda image, codes: bool(set(image.billing.product_codes) & set(codes)),
    "CreationDateCondition": _created_lately,
    "DeprecationTimeCondition": _not_deprecated_long,
    "ImageWatermarks": _watermarked,
    "ScanResultCondition": lambda _image, _condition: False,  # Nothing is scanned here.
}


@action("GetAllowedImagesSettings")
def get_allowed_images_settings(call: Call) -> Params:
    """Show state and criteria, and who manages them."""
    call.stop_if_dry_run()
    found = call.region.allowance
    managed_by = settings.allowed_images_managed_by
    return {"State": found.state, "ImageCriteria": found.criteria, "ManagedBy": managed_by}


def _check_managed() -> None:
    if settings.allowed_images_managed_by != "account":
        raise errors.AwsError("UnauthorizedOperation", "Allowed AMIs are managed by a declarative policy.")


@action("EnableAllowedImagesSettings")
def enable_allowed_images_settings(call: Call) -> Params:
    """Apply the criteria, or only report by them."""
    _check_managed()
    call.stop_if_dry_run()
    call.region.allowance.state = call.get("AllowedImagesSettingsState")
    return {"AllowedImagesSettingsState": call.region.allowance.state}


@action("DisableAllowedImagesSettings")
def disable_allowed_images_settings(call: Call) -> Params:
    """Apply no criteria any more."""
    _check_managed()
    call.stop_if_dry_run()
    call.region.allowance.state = "disabled"
    return {"AllowedImagesSettingsState": "disabled"}


@action("ReplaceImageCriteriaInAllowedImagesSettings")
def replace_image_criteria(call: Call) -> Params:
    """Set the criteria, ten at most."""
    _check_managed()
    criteria = call.get("ImageCriteria", [])
    too_long = [name for one in criteria for name, most in LIMITS.items() if len(one.get(name, [])) > most]
    if len(criteria) > 10 or too_long:
        raise errors.invalid_value(len(criteria), "imageCriteria", "At most 10 criteria, and 50 names in each.")
    call.stop_if_dry_run()
    call.region.allowance.criteria = criteria
    return {"ReturnValue": True}
