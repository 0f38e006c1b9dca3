# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Allowed AMIs: which images of other accounts an account sees in a region (aws_rules §14.5), by provider and name."""

from __future__ import annotations

import fnmatch
import typing as t

from emulated_aws.ec2.request import Call, Params, action

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region
    from emulated_aws.ec2.model import Image


@action("GetAllowedImagesSettings")
def get_settings(call: Call) -> Params:
    """Show the setting and its criteria."""
    call.stop_if_dry_run()
    return {
        "State": call.region.allowed_images,
        "ImageCriteria": call.region.allowed_image_criteria,
        "ManagedBy": "account",
    }


@action("EnableAllowedImagesSettings")
def enable_settings(call: Call) -> Params:
    """Hide images that meet no criterion, or, in audit mode, only mark them."""
    call.stop_if_dry_run()
    call.region.allowed_images = call.get("AllowedImagesSettingsState")
    return {"AllowedImagesSettingsState": call.region.allowed_images}


@action("DisableAllowedImagesSettings")
def disable_settings(call: Call) -> Params:
    """Show all images again."""
    call.stop_if_dry_run()
    call.region.allowed_images = "disabled"
    return {"AllowedImagesSettingsState": "disabled"}


@action("ReplaceImageCriteriaInAllowedImagesSettings")
def replace_criteria(call: Call) -> Params:
    """Set the criteria."""
    call.stop_if_dry_run()
    call.region.allowed_image_criteria = call.get("ImageCriteria", [])
    return {"ReturnValue": True}


def allowed(region: Ec2Region, image: Image) -> bool:
    """Tell whether the setting lets the account see the image; its own images it always sees."""
    if region.allowed_images != "enabled" or image.owner == region.account_id:
        return True
    return any(_meets(image, criterion) for criterion in region.allowed_image_criteria)


def _meets(image: Image, criterion: dict[str, list[str]]) -> bool:
    providers, names = criterion.get("ImageProviders"), criterion.get("ImageNames")
    provided = not providers or image.owner in providers or image.owner_alias in providers
    return provided and (not names or any(fnmatch.fnmatchcase(image.name, name) for name in names))
