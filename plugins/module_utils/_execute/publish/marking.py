# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Attach watermarks to the image, before anybody is led to it."""

from __future__ import annotations

from ..._aws.connection import Region
from ..._aws.marks import attach_watermark
from ..._image.publish.outcome import PublishedImage
from ..._image.publish.steps import AttachWatermark
from .each import doing


def attach_watermarks(region: Region, item: PublishedImage) -> None:
    """Attach each watermark that is missing."""
    for step in item.plan.steps:
        if isinstance(step, AttachWatermark):
            with doing(item, step):
                item.watermarks.append(attach_watermark(region, step.image_id, step.watermark))
