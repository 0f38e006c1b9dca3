# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read the use of images of many regions at once. Nothing in this file changes anything."""

from __future__ import annotations

from ..._aws.audit import list_images
from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.images import hides_foreign_images
from ..._image.source import hidden_images
from ..._image.usage.request import UsageRequest
from ..._image.usage.result import RegionUsage
from ..parallel import for_each
from ..regions import require_known_regions
from ..use import read_use


def read_usage(connection: Connection, request: UsageRequest) -> list[RegionUsage]:
    """Return what each region shows, in the order asked for; the trouble of one stands in its place."""
    require_known_regions(connection, request.regions)
    answers = for_each(request.regions, lambda name: _read_region(connection.region(name), request))
    return [
        RegionUsage(name, error=str(answer)) if isinstance(answer, AwsError) else answer
        for name, answer in answers.items()
    ]


def _read_region(region: Region, request: UsageRequest) -> RegionUsage:
    images = list_images(region, image_ids=request.image_ids, owners=request.owners, filters=request.filters)
    warnings: tuple[str, ...] = ()
    if {image.image_id for image in images} < set(request.image_ids) and hides_foreign_images(region):
        warnings = (hidden_images(region.name),)
    return RegionUsage(region.name, tuple(images), read_use(region, images, request.use), warnings)
