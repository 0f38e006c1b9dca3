# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Demand that a source image is shown, and find out why where it is not."""

from __future__ import annotations

from .._aws.connection import Region
from .._aws.images import hides_foreign_images
from .._image.model import Image
from .._image.source import require_found


def require_shown(region: Region, image: Image | None, *, image_id: str) -> Image:
    """Return the image, or say why AWS may not show it; only then is asked whether Allowed AMIs hides it."""
    hidden = hides_foreign_images(region) if image is None else False
    return require_found(image, image_id=image_id, region=region.name, hidden=hidden)
