# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell what new copies lose that somebody has switched on by hand; what may not be read is not known, and not told."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.fast_starts import fast_restores
from ..._aws.keys import Warn
from ..._image.lost import FastStarts, lost_of, lost_warning
from ..._image.model import Image
from ..fast_starts import read_fast_starts
from .job import Job


def tell_lost(
    source: Region,
    regions: t.Mapping[str, Region],
    jobs: t.Sequence[Job],
    sources: t.Mapping[str, Image],
    *,
    warn: Warn,
) -> None:
    """Add to each plan that starts a copy what its source has, and what the copy before it has, and warn of it."""
    making = [job for job in jobs if job.plan.create is not None and not job.outcome.error]
    if not making:
        return
    found = read_fast_starts(source, [sources[job.lineage.source_image_id] for job in making])
    earlier = {name: _read_earlier(regions[name], making) for name in {job.outcome.target.region for job in making}}
    for job in making:
        region = job.outcome.target.region
        image = sources[job.lineage.source_image_id]
        lost = (
            *lost_of(image.devices, found, image_id=image.image_id),
            *lost_of(job.plan.devices_before, earlier[region]),
        )
        if lost:
            details = {**job.plan.details, "lost": list(lost)}
            job.plan = job.outcome.plan = dataclasses.replace(job.plan, details=details)
            warn(lost_warning(f"the copy of {image.image_id} in {region}", lost))


def _read_earlier(region: Region, making: t.Iterable[Job]) -> FastStarts:
    devices = [one for job in making if job.outcome.target.region == region.name for one in job.plan.devices_before]
    return FastStarts(fast_restores(region, {one.snapshot_id for one in devices if one.snapshot_id}))
