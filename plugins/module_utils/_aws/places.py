# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The zones of a region, and places in it as EC2's calls take them."""

from __future__ import annotations

import contextlib
import typing as t

from .._image.places import Place, Zone
from .connection import Region
from .errors import AwsError, call, required

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    import botocore


def find_zones(region: Region, **params: t.Any) -> tuple[Zone, ...]:
    """Return the zones of a region, those too that the account has not enabled."""
    what = f"list the zones of {region.name}"
    answer = call(what, region.ec2.describe_availability_zones, AllAvailabilityZones=True, **params)
    entries = required(answer, "AvailabilityZones", of=f"the zones of {region.name}")
    return tuple(
        Zone(
            name=str(one.get("ZoneName") or ""),
            zone_id=str(one.get("ZoneId") or ""),
            kind=str(one.get("ZoneType") or "availability-zone"),
            group=str(one.get("GroupName") or ""),
            is_enabled=one.get("OptInStatus") != "not-opted-in",
        )
        for one in entries
    )


def has_local_zones(region: Region) -> bool | None:
    """Tell whether the account has enabled a Local Zone, without which nothing lies in one; None where that is denied.

    There is no going back from enabling one.
    """
    local = [{"Name": "zone-type", "Values": ["local-zone"]}]
    try:
        return any(zone.is_enabled for zone in find_zones(region, Filters=local))
    except AwsError as error:
        if not error.is_denied:
            raise
        return None


def require_places(region: Region, operation: str, place: Place) -> None:
    """Refuse a botocore that cannot ask for the place: the copy would lie in the region instead."""
    missing = [name for name in destination_of_copy(place) if not region.knows(operation, name)]
    if place.zone and not region.knows("CopySnapshot", "DestinationAvailabilityZone"):
        missing = missing or ["AvailabilityZone"]
    if missing:
        raise AwsError(
            message=f"botocore {botocore.__version__} does not know {missing[0]} of {operation}, so that nothing comes "
            f"to {place.shown}; update boto3 and botocore where the module runs"
        )


def require_known(region: Region, operation: str, member: str, *, what: str) -> None:
    """Refuse a botocore that cannot ask for it, or that would not show where the snapshots came to lie."""
    if not region.knows(operation, member) or not region.knows("CopySnapshot", "DestinationAvailabilityZone"):
        raise AwsError(
            message=f"botocore {botocore.__version__} does not know {member} of {operation}, or does not show where "
            f"snapshots lie, so that {what} cannot be kept; update boto3 and botocore where the module runs"
        )


def destination_of_copy(place: Place) -> dict[str, t.Any]:
    """Return what CopyImage and CopySnapshot take to copy to a place; nothing for the region itself."""
    if place.outpost_arn:
        return {"DestinationOutpostArn": place.outpost_arn}
    return {"DestinationAvailabilityZone": place.zone} if place.zone else {}
