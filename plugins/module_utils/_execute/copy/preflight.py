# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge sources and keys before the first change; what is impossible is said now, not after hours of copying."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import find_images
from ..._aws.keys import Warn, default_key, describe_for_sharing
from ..._aws.snapshots import find_snapshots
from ..._image.attributes import require_future
from ..._image.copy.preflight import Case, require_possible, takes_chosen_key
from ..._image.copy.request import Destination
from ..._image.errors import PreflightError
from ..._image.keys import RequiredKey
from ..._image.model import Image, KmsKey
from ..._image.places import doubt_of_reach
from ..._image.source import require_copyable, require_decryptable
from ..public_access import public_blocks
from ..source_keys import describe_source_keys
from .job import Job
from .read import RegionFacts


def require_distinct_keys(held: t.Mapping[str, RegionFacts | AwsError], destinations: t.Iterable[Destination]) -> None:
    """Refuse two destinations that turn out to be one: the same place and, by another name, one key."""
    seen: dict[tuple[str, str], str] = {}
    for shown, region, reference in dict.fromkeys((one.shown, one.region, one.kms_key_id) for one in destinations):
        facts = held[region]
        key = None if isinstance(facts, AwsError) else facts.keys[reference]
        if key is None or key.arn is None:
            continue
        if (shown, key.arn) in seen:
            raise PreflightError(
                f"destinations: {shown} is listed twice: {seen[shown, key.arn]} and {key.reference} are the same key; "
                "remove one"
            )
        seen[shown, key.arn] = key.reference


def require_copyable_sources(
    region: Region, sources: t.Sequence[Image], *, now: float, warn: Warn
) -> tuple[dict[str, Image], dict[str, KmsKey | None]]:
    """Return the sources by id with the keys of their snapshots, and these keys; refuse what cannot be copied."""
    snapshots = find_snapshots(region, [snapshot_id for source in sources for snapshot_id in source.snapshot_ids])
    for source in sources:
        require_copyable(source, snapshots, now=now)
    keyed = {source.image_id: source.with_snapshots(snapshots) for source in sources}
    keys = describe_source_keys(region, keyed.values(), warn=warn)
    for source in keyed.values():
        require_decryptable(source, keys)
    return keyed, keys


def require_possible_plans(
    regions: t.Mapping[str, Region],
    planned: t.Sequence[tuple[Destination, Job]],
    sources: t.Mapping[str, Image],
    *,
    now: float,
    warn: Warn,
) -> None:
    """Refuse what AWS is bound to refuse half-way; what each rule needs is read here, once for each region."""
    foreign = _foreign_sources(regions, planned, sources)
    blocks: dict[str, tuple[str, ...]] = {}
    for destination, job in planned:
        if job.outcome.error:
            continue
        # Refuses a deprecation that AWS would refuse once the copy is made (EnableImageDeprecation, DeprecateAt).
        require_future(job.plan.after, now=now)
        region, permissions = regions[destination.region], destination.attributes.launch_permissions
        if permissions and permissions.group_names and region.name not in blocks:
            blocks[region.name] = public_blocks(region, warn=warn)
        source_id = job.lineage.source_image_id
        case = Case(
            region=region.name,
            plan=job.plan,
            requirement=job.requirement,
            source=sources.get(source_id),
            permissions=permissions,
            public_blocks=blocks.get(region.name, ()),
            foreign=source_id in foreign,
        )
        require_possible(dataclasses.replace(case, chosen_keys=_chosen_keys(region, case, warn=warn)))
        doubt = doubt_of_reach(case.source, destination.place) if case.source and job.plan.create else ""
        if doubt:
            warn(doubt)


def _foreign_sources(
    regions: t.Mapping[str, Region], planned: t.Sequence[tuple[Destination, Job]], sources: t.Mapping[str, Image]
) -> set[str]:
    """Return the sources that are not the caller's own, of those for which that makes a difference."""
    by_region: dict[str, set[str]] = {}
    for _destination, job in planned:
        source = sources.get(job.lineage.source_image_id)
        if source is None or job.plan.create is None:
            continue
        is_preserved = job.requirement.key is None and any(one.encrypted for one in source.snapshot_devices)
        if source.billing.get("ProductCodes") or is_preserved:
            by_region.setdefault(source.region, set()).add(source.image_id)
    return {
        image_id
        for name, image_ids in by_region.items()
        for image_id in image_ids - set(find_images(regions[name], image_ids, owners=("self",)))
    }


def _chosen_keys(region: Region, case: Case, *, warn: Warn) -> tuple[RequiredKey, ...]:
    """Return the keys that preserved snapshots are under, or will come under, each judged as far as it may be seen."""
    if takes_chosen_key(case):
        default = default_key(region, warn=warn)
        return (default,) if default else ()
    image = case.plan.image
    if case.requirement.key is not None or case.plan.create is not None or image is None or not case.permissions:
        return ()
    return tuple(describe_for_sharing(region, arn) for arn in sorted(image.kms_key_arns))
