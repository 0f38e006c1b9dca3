# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what planning needs: the sources, the keys, and the images in each destination that came from the sources."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.images import find_copies, find_images, find_tagged_copies, images_using
from ..._aws.keys import Warn, encryption_by_default, find_key, require_key
from ..._aws.snapshots import find_snapshots, find_snapshots_by_tag
from ..._image.aws_facts import FAILED_STATES, WHOLE_STATES
from ..._image.copy.cleanup import predecessors
from ..._image.copy.facts import Facts
from ..._image.copy.identity import Lineage, Requirement, classify
from ..._image.copy.request import CopyRequest, Destination, expected_name
from ..._image.descriptions import COPIED_VOLUME, destination_of
from ..._image.keys import RequiredKey
from ..._image.model import SOURCE_TAG, Image, Snapshot
from ..._image.permissions import Sharing
from ..attributes import account_for_marks, sharing_of
from ..pace import Pace
from ..sightings import Sightings, living_images
from .places import with_places
from .superseding import read_launchable

Keys = t.Mapping[t.Optional[str], t.Optional[RequiredKey]]
# Images with their keys, and all their snapshots by id.
Held = tuple[list[Image], dict[str, Snapshot]]
# Seconds until an image is looked at again that does not show its keys.
_SECOND_LOOK: t.Final = 2.0


@dataclasses.dataclass(frozen=True)
class RegionFacts:
    """What one destination region holds for all sources and all destinations in it.

    ``keys`` has the required key by ``kms_key_id``, None where statuses are preserved. ``loose`` are snapshots of
    copies that no image shows, and ``living`` the images that they were made for and that are there; they are read
    where something is removed.
    """

    keys: Keys
    images: tuple[Image, ...]
    snapshots: t.Mapping[str, Snapshot]
    encryption_by_default: bool = False
    loose: tuple[Snapshot, ...] = ()
    living: frozenset[str] = frozenset()
    account: str = ""


def read_sources(region: Region, request: CopyRequest) -> dict[str, Image]:
    """Return the source images that AWS shows, by id."""
    return find_images(region, request.source_image_ids)


def read_keys(region: Region, request: CopyRequest, destinations: t.Sequence[Destination], *, warn: Warn) -> Keys:
    """Return the required key of each destination of one region by ``kms_key_id``, in a call for each."""
    resolve = require_key if request.present else find_key
    return {
        reference: resolve(region, reference, warn=warn) if request.encrypted else None
        for reference in dict.fromkeys(destination.kms_key_id for destination in destinations)
    }


def read_images(region: Region, request: CopyRequest, pace: Pace) -> Held:
    """Return what AWS says came from the sources, in two calls.

    Another run may remove an image between the two, so that AWS shows none of its keys. One that does not show them is
    looked at again, and is gone once AWS has not listed it for longer than it may hide what it has shown.
    """
    sightings, hidden, is_first = Sightings(pace.now), set[str](), True
    while True:
        found = find_copies(region, source_image_ids=request.source_image_ids, source_region=request.source_region)
        held = _with_keys(region, _of_same_purpose(request, found))
        hidden |= {image.image_id for image in held[0] if image.state in WHOLE_STATES and not image.shows_keys}
        sightings.note(hidden, {image.image_id for image in held[0]})
        missing = hidden - {image.image_id for image in held[0]}
        if not (hidden if is_first else [one for one in missing if not sightings.is_gone(one)]):
            return held
        is_first = False
        pace.sleep(_SECOND_LOOK)


def read_region(region: Region, request: CopyRequest, keys: Keys, held: Held, *, pace: Pace, warn: Warn) -> RegionFacts:
    """Return the facts of one region, with no further call where AWS's lineage has led to a copy of every source."""
    wanted = [
        Requirement(keys[one.kms_key_id], None, place=one.place)
        for one in request.destinations
        if one.region == region.name and one.kms_key_id in keys
    ]
    images, snapshots = _with_tagged(region, request, wanted, held)
    removes = not request.present or request.deregister_superseded or any(one.state in FAILED_STATES for one in images)
    loose, living = _read_loose(region, request, pace) if removes else ((), frozenset[str]())
    if living - {image.image_id for image in images}:
        # AWS did not show all at the first look.
        images, snapshots = _with_tagged(region, request, wanted, read_images(region, request, pace))
    attributes = [one.attributes for one in request.destinations if one.region == region.name]
    return RegionFacts(
        keys=keys,
        images=tuple(images),
        snapshots=snapshots,
        encryption_by_default=False if request.encrypted else encryption_by_default(region, warn=warn),
        loose=loose,
        living=living,
        account=account_for_marks(region, attributes) if request.present else "",
    )


def facts_for(
    region: Region,
    request: CopyRequest,
    destination: Destination,
    source: Image | None,
    lineage: Lineage,
    held: RegionFacts,
    *,
    keys: Keys,
) -> Facts:
    """Return the facts for one source in one destination, with the permissions of its copy where they are asked for.

    ``keys`` are those of all destinations of the task in the region.
    """
    devices = source.devices if source else None
    key = held.keys[destination.kms_key_id]
    requirement = Requirement(key, devices, held.encryption_by_default, destination.place)
    images = tuple(image for image in held.images if lineage.is_of(image))
    facts = Facts(
        lineage=lineage,
        source=source,
        requirement=requirement,
        images=images,
        snapshot_tags={snapshot_id: snapshot.tags for snapshot_id, snapshot in held.snapshots.items()},
        sharing=_read_sharing(region, destination, images, lineage, requirement) if request.present else {},
        loose=held.loose,
        living=held.living,
        account=held.account,
        asked=tuple(
            (Requirement(keys[one.kms_key_id], None).key_tag, expected_name(request, one, source))
            for one in request.destinations
            if one.region == destination.region and one.place == destination.place
        ),
    )
    if request.superseded != "retire" or not request.present:
        return facts
    old = predecessors(facts, classify(images, lineage, requirement))
    return dataclasses.replace(facts, launchable=read_launchable(region, old))


def _with_tagged(region: Region, request: CopyRequest, wanted: t.Sequence[Requirement], held: Held) -> Held:
    """Return the images that came from the sources, with their keys, and their snapshots.

    Where AWS's lineage does not lead to the copy, our tags may: AWS may not tell where a pending image comes from.
    """
    images, snapshots = held
    lineages = [Lineage(source_image_id, request.source_region) for source_image_id in request.source_image_ids]
    unseen = [lineage.tag for lineage in lineages if not _is_answered(lineage, wanted, images)]
    if not unseen:
        return held
    known = {image.image_id for image in images}
    tagged = _of_same_purpose(request, find_tagged_copies(region, unseen))
    tagged = [image for image in tagged if image.image_id not in known]
    more, more_snapshots = _with_keys(region, tagged)
    return [*images, *more], {**snapshots, **more_snapshots}


def _of_same_purpose(request: CopyRequest, images: t.Iterable[Image]) -> list[Image]:
    """Leave out what is there for another purpose: an intermediate goes soon, and nothing goes with it."""
    return [image for image in images if image.is_intermediate == request.intermediate]


def _with_keys(region: Region, images: t.Sequence[Image]) -> Held:
    ids = [snapshot_id for image in images for snapshot_id in image.snapshot_ids]
    snapshots = with_places(region, find_snapshots(region, ids))
    return [image.with_snapshots(snapshots) for image in images], snapshots


def _is_answered(lineage: Lineage, wanted: t.Sequence[Requirement], images: t.Sequence[Image]) -> bool:
    copies = [image for image in images if lineage.is_of(image)]
    return all(any(requirement.is_answered_by(image) for image in copies) for requirement in wanted)


def _read_loose(region: Region, request: CopyRequest, pace: Pace) -> tuple[tuple[Snapshot, ...], frozenset[str]]:
    """Return the snapshots of copies that no image shows, and the images that they were made for and that are there.

    Only for the images of snapshots that are proven to be ours it is waited: others stay in any case.
    """
    lineages = [Lineage(source_image_id, request.source_region) for source_image_id in request.source_image_ids]
    tags = [lineage.tag for lineage in lineages]
    found = find_snapshots_by_tag(region, SOURCE_TAG, tags, volume_id=COPIED_VOLUME)
    snapshots = list(with_places(region, {one.snapshot_id: one for one in found}).values())
    used = images_using(region, [snapshot.snapshot_id for snapshot in snapshots]) if snapshots else set()
    loose = tuple(snapshot for snapshot in snapshots if snapshot.snapshot_id not in used)
    ours = {one.snapshot_id for one in loose if any(lineage.proof_of(one) for lineage in lineages)}
    return loose, living_images(region, loose, destination_of, pace, awaited=ours)


def _read_sharing(
    region: Region,
    destination: Destination,
    images: tuple[Image, ...],
    lineage: Lineage,
    requirement: Requirement,
) -> dict[str, Sharing]:
    if destination.attributes.launch_permissions is None:
        return {}
    met = classify(images, lineage, requirement).met[:1]
    return {image.image_id: sharing_of(region, image) for image in met}
