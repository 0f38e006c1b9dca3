# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Watermarks of images, which tell where an image comes from."""

from __future__ import annotations

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
