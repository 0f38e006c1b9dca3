# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell what a composed image loses that somebody has switched on by hand for its source."""

from __future__ import annotations

import dataclasses

from ..._aws.connection import Region
from ..._image.compose.facts import ComposeFacts
from ..._image.compose.steps import ComposePlan
from ..._image.lost import lost_of, lost_warning
from ..fast_starts import read_fast_starts


def with_lost(source_region: Region, plan: ComposePlan, facts: ComposeFacts) -> ComposePlan:
    """Return the plan with what an image that is to be made will not have; snapshots that it shares lose nothing."""
    source, image = facts.source, plan.image
    if not plan.work or image is None or not source.image_id:
        return plan
    names = {device.device_name for device in image.devices}
    gone = [one for one in source.devices if one.device_name in names and one.snapshot_id not in image.snapshot_ids]
    lost = lost_of(gone, read_fast_starts(source_region, [source]), image_id=source.image_id)
    if not lost:
        return plan
    what = f"the image {image.name!r} of {source.image_id} in {image.region}"
    return dataclasses.replace(
        plan,
        details={**plan.details, "lost": [*plan.details.get("lost", ()), *lost]},
        warnings=(*plan.warnings, lost_warning(what, lost, into="another image")),
    )
