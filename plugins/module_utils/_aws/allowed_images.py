# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The setting Allowed AMIs of one region: read it, set its criteria and its state (aws_rules §14.5)."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict, snake_dict_to_camel_dict

from .._image.allowed.criteria import Criteria, canonical
from .._image.allowed.planner import ReplaceCriteria, SetState, Setting
from .connection import Region
from .errors import AwsError, call, required
from .image_use import require_operation

_REPLACE: t.Final = "ReplaceImageCriteriaInAllowedImagesSettings"
_CONDITIONS: t.Final = {"image_watermarks": "ImageWatermarks", "scan_result_condition": "ScanResultCondition"}


def read_setting(region: Region) -> Setting:
    """Return the setting of the account in the region."""
    require_operation(region.ec2, "GetAllowedImagesSettings", method="get_allowed_images_settings")
    answer = call(f"read Allowed AMIs of {region.name}", region.ec2.get_allowed_images_settings)
    return Setting(
        state=required(answer, "State", of="Allowed AMIs"),
        criteria=canonical(camel_dict_to_snake_dict(one) for one in answer.get("ImageCriteria") or ()),
        managed_by=answer.get("ManagedBy") or "account",
    )


def unseen_conditions(region: Region) -> list[str]:
    """Return the conditions that the installed botocore neither shows nor takes."""
    known = _members(region)
    return [option for option, member in _CONDITIONS.items() if member not in known]


def require_conditions(region: Region, criteria: Criteria) -> None:
    """Refuse criteria that the installed botocore cannot send."""
    known = _members(region)
    for criterion in criteria:
        unknown = [name for name, member in _CONDITIONS.items() if name in criterion and member not in known]
        if unknown:
            raise AwsError(
                message=f"the installed botocore does not know {', '.join(unknown)} of image_criteria; update boto3 "
                "and botocore where the module runs"
            )


def replace_criteria(region: Region, step: ReplaceCriteria) -> None:
    """Put the criteria in place of those that are there."""
    wanted = [snake_dict_to_camel_dict(dict(one), capitalize_first=True) for one in step.criteria]
    what = f"replace the image criteria of Allowed AMIs in {region.name}"
    answer = call(what, region.ec2.replace_image_criteria_in_allowed_images_settings, ImageCriteria=wanted)
    if not required(answer, "ReturnValue", of=what):
        raise AwsError(message=f"Failed to {what}: AWS answers that it did not")


def set_state(region: Region, step: SetState) -> None:
    """Turn the setting to a state, and see that AWS says so."""
    what = f"turn Allowed AMIs to {step.state} in {region.name}"
    if step.state == "disabled":
        answer = call(what, region.ec2.disable_allowed_images_settings)
    else:
        answer = call(what, region.ec2.enable_allowed_images_settings, AllowedImagesSettingsState=step.state)
    shown = required(answer, "AllowedImagesSettingsState", of=what)
    if shown != step.state:
        raise AwsError(message=f"Failed to {what}: AWS answers that it is {shown}")


def _members(region: Region) -> t.Container[str]:
    shape = region.ec2.meta.service_model.operation_model(_REPLACE).input_shape
    members: t.Container[str] = shape.members["ImageCriteria"].member.members
    return members
