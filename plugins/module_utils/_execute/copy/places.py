# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look up the zones that destinations name, and whether snapshots can lie in any where AWS's answer does not say so."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.keys import Warn
from ..._aws.places import find_zones, has_local_zones, require_places
from ..._image.copy.request import CopyRequest, Destination, require_distinct_destinations
from ..._image.model import Snapshot
from ..._image.places import Zone, resolve_place


def resolve_places(regions: t.Mapping[str, Region], request: CopyRequest, *, warn: Warn) -> CopyRequest:
    """Return the request with the zones of its destinations as AWS names them; a call for each region with zones."""
    local = [one for one in request.destinations if one.place.is_local]
    if not local:
        return request
    zones: dict[str, tuple[Zone, ...] | None] = {}
    for destination in local:
        require_places(regions[destination.region], "CopyImage", destination.place)
        if destination.region not in zones and not destination.place.outpost_arn:
            zones[destination.region] = _zones_of(regions[destination.region], local, warn=warn)
    destinations = tuple(_resolved(one, zones.get(one.region)) for one in request.destinations)
    resolved = dataclasses.replace(request, destinations=destinations)
    require_distinct_destinations(resolved)
    return resolved


def with_places(region: Region, snapshots: dict[str, Snapshot]) -> dict[str, Snapshot]:
    """Return snapshots that say where they lie, as far as it is known, where the installed botocore drops their zones.

    Nothing lies in a Local Zone of an account that has enabled none.
    """
    if all(one.availability_zone is not None for one in snapshots.values()) or has_local_zones(region) is not False:
        return snapshots
    return {snapshot_id: dataclasses.replace(one, availability_zone="") for snapshot_id, one in snapshots.items()}


def _zones_of(region: Region, local: t.Sequence[Destination], *, warn: Warn) -> tuple[Zone, ...] | None:
    """Return the zones of a region; None where they may not be read and no id has to be looked up."""
    try:
        return find_zones(region)
    except AwsError as error:
        if not error.is_denied or any(one.place.zone_id for one in local if one.region == region.name):
            raise
        warn(f"{error}. Whether the Local Zones are there and enabled will be seen when the copy is started")
        return None


def _resolved(destination: Destination, zones: tuple[Zone, ...] | None) -> Destination:
    place = destination.place
    if not (place.zone or place.zone_id) or zones is None:
        return destination
    return dataclasses.replace(destination, place=resolve_place(place, zones, region=destination.region))
