# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Watermarks of images, which tell where an image comes from, and the instance types that an image is for."""

from __future__ import annotations

import typing as t

from .._image.marks import InstanceTypes
from .connection import Region
from .errors import call, required
from .image_use import require_operation


def require_watermarks(region: Region) -> None:
    """Refuse watermarks where the installed botocore knows none: it would not show those that are there either."""
    require_operation(region.ec2, "AttachImageWatermark", method="attach_image_watermark")


def attach_watermark(region: Region, image_id: str, name: str) -> str:
    """Attach a watermark and return its key, which is the caller's account and the name."""
    what = f"attach watermark {name} to {image_id} in {region.name}"
    answer = call(what, region.ec2.attach_image_watermark, ImageId=image_id, WatermarkName=name)
    return str(required(answer, "WatermarkKey", of=f"watermark {name}"))


def require_instance_types(region: Region) -> None:
    """Refuse instance types where the installed botocore knows none: it would not show those that are there either."""
    method = "replace_image_instance_type_specification"
    require_operation(region.ec2, "ReplaceImageInstanceTypeSpecification", method=method)


def replace_instance_types(region: Region, image_id: str, types: InstanceTypes) -> None:
    """Limit the instance types of an image to these; AWS takes a call without any as lifting every limit."""
    lists = {"SupportedInstanceTypes": types.supported, "UnsupportedInstanceTypes": types.unsupported}
    given = {name: list(found) for name, found in lists.items() if found}
    params: dict[str, t.Any] = {"InstanceTypeSpecification": given} if given else {}
    what = f"set the instance types of {image_id} in {region.name}"
    call(what, region.ec2.replace_image_instance_type_specification, ImageId=image_id, **params)


def shows_instance_types(region: Region) -> bool:
    """Tell whether the installed botocore shows on which instance types an image can be launched."""
    return hasattr(region.ec2, "replace_image_instance_type_specification")


def shows_watermarks(region: Region) -> bool:
    """Tell whether the installed botocore shows the watermarks of an image."""
    return hasattr(region.ec2, "attach_image_watermark")
