# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read images, snapshots and keys of many regions at once. Nothing in this file changes anything."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.audit import arn_of_key, describe_audited_key, list_aliases, list_images, list_key_tags
from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.images import hides_foreign_images
from ..._aws.marks import shows_instance_types, shows_watermarks
from ..._aws.snapshots import find_snapshots, own_snapshots
from ..._image.audit.hanging import images_on_keys, is_undecided
from ..._image.audit.launchable import launchable_by
from ..._image.audit.model import DELETED, AuditedKey, RegionAudit
from ..._image.audit.request import AuditRequest
from ..._image.keys import key_arn_in
from ..._image.model import Image, Snapshot
from ..._image.source import hidden_images
from ..parallel import all_of, for_each
from ..public_access import block_states
from ..regions import require_known_regions
from .key_uses import read_uses
from .openings import Openings

# DescribeKey takes thousands of requests a second; this many at once hide most of the way there and back.
_KEYS_AT_ONCE: t.Final = 8


def read_audit(connection: Connection, request: AuditRequest) -> list[RegionAudit]:
    """Return what each region shows, in the order asked for; the trouble of one stands in its place."""
    require_known_regions(connection, request.regions)
    openings = Openings(connection, request.launchable_by, request.regions[0])

    def read(name: str) -> RegionAudit:
        region = connection.region(name)
        audit = dataclasses.replace(_read_region(region, request), shows_types=shows_instance_types(region))
        if request.public_blocks:
            audit = _with_blocks(region, audit)
        return _with_launchable(region, audit, openings) if request.launchable_by else audit

    answers = for_each(request.regions, read)
    return [
        RegionAudit(name, error=str(answer)) if isinstance(answer, AwsError) else answer
        for name, answer in answers.items()
    ]


def _with_blocks(region: Region, audit: RegionAudit) -> RegionAudit:
    warnings: list[str] = []
    states = block_states(region, warn=warnings.append)
    return dataclasses.replace(audit, public_blocks=states, warnings=(*audit.warnings, *warnings))


def _with_launchable(region: Region, audit: RegionAudit, openings: Openings) -> RegionAudit:
    opening, warnings = openings.read(region, audit.images, audit.keys)
    accounts = openings.accounts(opening)
    return dataclasses.replace(
        audit,
        warnings=(*audit.warnings, *warnings),
        launchable={
            image.image_id: [launchable_by(image, audit.devices_of(image), one, opening) for one in accounts]
            for image in audit.images
        },
    )


def _read_region(region: Region, request: AuditRequest) -> RegionAudit:
    """Return the images asked for with their snapshots and keys, or what hangs on the keys asked for."""
    asked = {one: arn for one in request.kms_key_ids if (arn := arn_of_key(region, one)) is not None}
    if request.kms_key_ids and not asked:
        return RegionAudit(region.name)
    images = list_images(region, image_ids=request.image_ids, owners=request.owners, filters=request.filters)
    own = own_snapshots(region) if asked else {}
    unread = [snapshot_id for image in images for snapshot_id in image.snapshot_ids if snapshot_id not in own]
    snapshots = {**own, **find_snapshots(region, unread)}
    if asked:
        return _on_keys(region, request, images, snapshots, asked)
    keys, warnings = _read_keys(region, _all_arns(snapshots.values()), with_tags=_needs_tags(request))
    if {image.image_id for image in images} < set(request.image_ids) and hides_foreign_images(region):
        warnings = (*warnings, hidden_images(region.name))
    shown = shows_watermarks(region)
    return RegionAudit(region.name, tuple(images), snapshots, keys, warnings=warnings, shows_watermarks=shown)


def _on_keys(
    region: Region,
    request: AuditRequest,
    images: t.Sequence[Image],
    snapshots: t.Mapping[str, Snapshot],
    asked: t.Mapping[str, str],
) -> RegionAudit:
    """Return what hangs on the keys that were asked for; what may, as far as it can be seen, is among the images."""
    arns = set(asked.values())
    kept = images_on_keys(images, snapshots, arns)
    on_keys = set(_all_arns(snapshots.values()))
    needed = {one for image in kept for one in image.snapshot_ids}
    used = [one for one in snapshots.values() if one.snapshot_id in needed]
    keys, warnings = _read_keys(region, sorted({*arns, *_all_arns(used)}), with_tags=_needs_tags(request))
    # KMS forgets a key that is deleted, and what is under it tells that there was one.
    there = {one: arn for one, arn in asked.items() if arn in on_keys or keys[arn].state != DELETED}
    if not there:
        return RegionAudit(region.name, warnings=warnings)
    undecided = [image.image_id for image in kept if is_undecided(image, snapshots, arns)]
    doubts = _doubts(region.name, undecided, snapshots)
    uses, unread = read_uses(region, dict.fromkeys(there.values()))
    shown = shows_watermarks(region)
    told = (*warnings, *unread, *doubts)
    return RegionAudit(region.name, tuple(kept), snapshots, keys, there, uses, told, shows_watermarks=shown)


def _doubts(region: str, undecided: t.Sequence[str], snapshots: t.Mapping[str, Snapshot]) -> t.Iterator[str]:
    """Say what may hang on the keys without being seen to."""
    if undecided:
        yield (
            f"whether {', '.join(undecided)} are under the keys asked for is not known: AWS does not show all of their "
            f"snapshots in {region}"
        )
    if any(one.associated_keys is None for one in snapshots.values()):
        yield (
            f"what the keys open in {region} as associated keys is not known: the installed botocore does not show "
            "these; update it (1.44.8 shows them)"
        )


def _needs_tags(request: AuditRequest) -> bool:
    return request.policy is not None and request.policy.needs_tags


def _all_arns(snapshots: t.Iterable[Snapshot]) -> list[str]:
    return sorted({arn for snapshot in snapshots for arn in _key_arns(snapshot)})


def _key_arns(snapshot: Snapshot) -> list[str]:
    """Return the keys that open a snapshot, as far as they are named by ARN: a bare id may be of any account."""
    others = [one for one in snapshot.associated_keys or () if key_arn_in(one)]
    return [*([snapshot.kms_key_arn] if snapshot.kms_key_arn else []), *others]


def _read_keys(
    region: Region, arns: t.Sequence[str], *, with_tags: bool
) -> tuple[dict[str, AuditedKey], tuple[str, ...]]:
    """Return the keys with what KMS says of them; what it refuses is not known, and warned of once."""
    if not arns:
        return {}, ()
    aliases_of, refusal = list_aliases(region)
    warnings = [_unknown("aliases", refusal)] if refusal else []
    refused: dict[tuple[str, str], AwsError] = {}

    def read(arn: str) -> AuditedKey:
        key, denied = describe_audited_key(region, arn)
        if denied:
            refused["state and manager", arn] = denied
        tags, denied = list_key_tags(region, arn) if with_tags else (None, None)
        if denied:
            refused["tags", arn] = denied
        return dataclasses.replace(key, aliases=aliases_of(arn), tags=tags)

    keys = all_of(for_each(arns, read, workers=_KEYS_AT_ONCE))
    # One warning for each kind of question that was refused, whatever the number of keys.
    first = {what: refused[what, arn] for what, arn in sorted(refused, reverse=True)}
    warnings += [_unknown(what, first[what]) for what in sorted(first)]
    return keys, tuple(warnings)


def _unknown(what: str, refusal: AwsError) -> str:
    return f"the {what} of some KMS keys could not be read and count as unknown: {refusal}"
