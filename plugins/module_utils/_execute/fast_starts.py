# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what makes images of a region start sooner; what may not be read is not known, and not told."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.fast_starts import fast_launches, fast_restores
from .._image.lost import WINDOWS, FastStarts
from .._image.model import Image


def read_fast_starts(region: Region, images: t.Sequence[Image]) -> FastStarts:
    """Return what is switched on for the images and their snapshots."""
    snapshot_ids = {one for image in images for one in image.snapshot_ids}
    windows = {image.image_id for image in images if image.billing.get("Platform") == WINDOWS}
    return FastStarts(fast_restores(region, snapshot_ids), fast_launches(region, windows))
