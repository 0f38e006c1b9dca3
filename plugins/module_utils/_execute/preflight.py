# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge sources and keys before the first change; what is impossible is said now, not after hours of copying."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.keys import require_key
from .._aws.snapshots import find_snapshots
from .._image.copy_request import Destination
from .._image.errors import PreflightError
from .._image.keys import RequiredKey, require_private, require_shareable
from .._image.model import Image
from .._image.source import require_copyable
from .job import Job
from .read_copies import RegionFacts


def require_distinct_keys(held: t.Mapping[str, RegionFacts | AwsError]) -> None:
    """Refuse two destinations that turn out to be one: the same region and, by another name, one key."""
    for region, facts in held.items():
        if isinstance(facts, AwsError):
            continue
        seen: dict[str, str] = {}
        for key in facts.keys.values():
            if key is None or key.arn is None:
                continue
            if key.arn in seen:
                raise PreflightError(
                    f"destinations: {region} is listed twice: {seen[key.arn]} and {key.reference} are the same key; "
                    "remove one"
                )
            seen[key.arn] = key.reference


def require_copyable_sources(region: Region, sources: t.Sequence[Image], *, now: float) -> dict[str, Image]:
    """Return the sources by id with the keys of their snapshots, all read in one go; refuse what cannot be copied."""
    snapshots = find_snapshots(region, [snapshot_id for source in sources for snapshot_id in source.snapshot_ids])
    for source in sources:
        require_copyable(source, snapshots, now=now)
    return {source.image_id: source.with_snapshots(snapshots) for source in sources}


def require_shareable_keys(regions: t.Mapping[str, Region], planned: t.Sequence[tuple[Destination, Job]]) -> None:
    """Refuse launch permissions that the keys forbid: under an AWS managed key, or for everybody."""
    for destination, job in planned:
        permissions = destination.attributes.launch_permissions
        image = job.plan.image
        if not permissions or image is None or job.outcome.error:
            continue
        if not any(device.encrypted for device in image.ebs_devices):
            continue
        require_private(permissions.group_names, region=destination.region)
        key = job.requirement.key or _key_taken_by_aws(regions[destination.region], job)
        if key is not None:
            require_shareable(key, region=destination.region)


def _key_taken_by_aws(region: Region, job: Job) -> RequiredKey | None:
    """Return the default key where AWS will take it, since the own key of a snapshot cannot leave its region."""
    if job.plan.create is None or job.lineage.source_region == region.name:
        return None
    return require_key(region, None, warn=lambda _text: None)
