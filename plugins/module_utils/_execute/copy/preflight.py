# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge sources and keys before the first change; what is impossible is said now, not after hours of copying."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.keys import Warn, require_key
from ..._aws.snapshots import find_snapshots
from ..._image.attributes import require_future
from ..._image.copy.request import Destination
from ..._image.errors import PreflightError
from ..._image.keys import RequiredKey, require_private, require_shareable
from ..._image.model import Image
from ..._image.source import require_copyable, require_decryptable
from ..source_keys import describe_source_keys
from .job import Job
from .read import RegionFacts


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


def require_copyable_sources(region: Region, sources: t.Sequence[Image], *, now: float, warn: Warn) -> dict[str, Image]:
    """Return the sources by id with the keys of their snapshots, all read in one go; refuse what cannot be copied."""
    snapshots = find_snapshots(region, [snapshot_id for source in sources for snapshot_id in source.snapshot_ids])
    for source in sources:
        require_copyable(source, snapshots, now=now)
    keyed = {source.image_id: source.with_snapshots(snapshots) for source in sources}
    keys = describe_source_keys(region, keyed.values(), warn=warn)
    for source in keyed.values():
        require_decryptable(source, keys)
    return keyed


def require_future_plans(jobs: t.Sequence[Job], *, now: float) -> None:
    """Refuse a deprecation that AWS would refuse once the copy is made (EnableImageDeprecation, DeprecateAt)."""
    for job in jobs:
        require_future(job.plan.after, now=now)


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
        region = regions[destination.region]
        for key in [job.requirement.key] if job.requirement.key else _keys_chosen_by_aws(region, job, image):
            require_shareable(key, region=destination.region)


def _keys_chosen_by_aws(region: Region, job: Job, image: Image) -> list[RequiredKey]:
    """Return the keys that preserved snapshots are under, or will come under.

    AWS takes the default key for what leaves its region or its account ("How Amazon EC2 AMI copy works"); which one it
    takes for our own in the same region its guides disagree on, so nothing is refused there.
    """
    if job.plan.create is None:
        return [require_key(region, arn, warn=_say_nothing) for arn in sorted(image.kms_key_arns)]
    default = require_key(region, None, warn=_say_nothing)
    ours = default.metadata is not None and default.metadata.account_id == image.owner_id
    return [] if ours and job.lineage.source_region == region.name else [default]


def _say_nothing(_text: str) -> None:
    """Drop a warning: a key that may not be described is simply not refused."""
