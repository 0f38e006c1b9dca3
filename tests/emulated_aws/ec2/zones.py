# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones, and where snapshots lie: in a region, in one of its Local Zones or on an Outpost (aws_rules §21)."""

from __future__ import annotations

import re
import typing as t

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend, Zone

from emulated_aws.ec2 import errors
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import Location, Snapshot, View
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

# Some of AWS's, by region: name and id; the name without its last letter is the group.
LOCAL_ZONES = {
    "us-east-1": {"us-east-1-bos-1a": "use1-bos1-az1", "us-east-1-chi-2a": "use1-chi2-az1"},
    "us-west-2": {
        "us-west-2-lax-1a": "usw2-lax1-az1",
        "us-west-2-lax-1b": "usw2-lax1-az2",
        "us-west-2-las-1a": "usw2-las1-az1",
    },
    "eu-central-1": {"eu-central-1-ham-1a": "euc1-ham1-az1"},
}
OUTPOST = re.compile(r"arn:aws[a-z-]*:outposts:(?P<region>[a-z0-9-]+):\d{12}:outpost/op-[0-9a-f]+")
DURATIONS = ("SnapshotCopyCompletionDurationMinutes", "CompletionDurationMinutes")
DESTINATIONS = ("DestinationOutpostArn", "DestinationAvailabilityZone", "DestinationAvailabilityZoneId")


def _local_zones(region_name: str) -> list[Zone]:
    found = LOCAL_ZONES.get(region_name, {}).items()
    return [Zone(name, region_name, zone_id, zone_type="local-zone") for name, zone_id in found]


def install() -> None:
    """Let subnets be made in Local Zones; moto looks for their zones in every region, under whatever name."""
    for name in LOCAL_ZONES:
        RegionsAndZonesBackend.zones[f"Local Zones of {name}"] = _local_zones(name)


def all_zones(region: Ec2Region) -> list[Zone]:
    """Return the zones of a region, Local Zones last."""
    return [*region.describe_availability_zones(), *_local_zones(region.region_name)]


def group_of(zone: Zone | str) -> str:
    """Return the group that an account opts in to."""
    if isinstance(zone, Zone) and zone.zone_type == "availability-zone":
        return f"{zone.region_name}-zg-1"
    return (zone.name if isinstance(zone, Zone) else zone)[:-1]


def _is_open(region: Ec2Region, zone: Zone) -> bool:
    return zone.zone_type == "availability-zone" or group_of(zone) in region.zone_groups


def usable(region: Ec2Region, name: str | None, zone_id: str | None = None) -> Zone | None:
    """Return the zone of this name or id, if the account can use it."""
    for zone in all_zones(region):
        if zone.name == name or zone.zone_id == zone_id:
            return zone if _is_open(region, zone) else None
    return None


def is_local(region: Ec2Region, name: str) -> bool:
    """Tell whether a zone is a Local Zone."""
    return name in LOCAL_ZONES.get(region.region_name, {})


@action("DescribeAvailabilityZones")
def describe_availability_zones(call: Call) -> Params:
    """List the zones that the account can use, or all of them."""
    names, ids, everything = call.get("ZoneNames", []), call.get("ZoneIds", []), call.get("AllAvailabilityZones")
    zones = [zone for zone in all_zones(call.region) if everything or _is_open(call.region, zone)]
    unknown = [one for one in names if one not in [zone.name for zone in zones]]
    unknown += [one for one in ids if one not in [zone.zone_id for zone in zones]]
    if unknown:
        raise errors.AwsError("InvalidParameterValue", f"Invalid availability zone: [{', '.join(unknown)}]")
    call.stop_if_dry_run()
    wanted = [one for one in zones if (not names or one.name in names) and (not ids or one.zone_id in ids)]
    shown = [_view(call.region, zone) for zone in wanted]
    return {"AvailabilityZones": _FACTS.select(shown, call.get("Filters", []))}


def _view(region: Ec2Region, zone: Zone) -> View:
    local = zone.zone_type == "local-zone"
    group, parent = group_of(zone), region.describe_availability_zones()[0]
    shown: View = {
        "State": "available",
        "OptInStatus": ("opted-in" if _is_open(region, zone) else "not-opted-in") if local else "opt-in-not-required",
        "Messages": [],
        "RegionName": zone.region_name,
        "ZoneName": zone.name,
        "ZoneId": zone.zone_id,
        "GroupName": group,
        "NetworkBorderGroup": group if local else zone.region_name,
        "ZoneType": zone.zone_type,
    }
    return shown | ({"ParentZoneName": parent.name, "ParentZoneId": parent.zone_id} if local else {})


_FACTS: Facts[View] = Facts(
    {
        "group-name": lambda shown: shown["GroupName"],
        "message": lambda shown: [],
        "opt-in-status": lambda shown: shown["OptInStatus"],
        "parent-zone-id": lambda shown: shown.get("ParentZoneId"),
        "parent-zone-name": lambda shown: shown.get("ParentZoneName"),
        "region-name": lambda shown: shown["RegionName"],
        "state": lambda shown: shown["State"],
        "zone-id": lambda shown: shown["ZoneId"],
        "zone-name": lambda shown: shown["ZoneName"],
        "zone-type": lambda shown: shown["ZoneType"],
    },
    tags=lambda _shown: {},
)


@action("ModifyAvailabilityZoneGroup")
def modify_availability_zone_group(call: Call) -> Params:
    """Opt in to a group of Local Zones; only AWS's support can opt out."""
    name = call.get("GroupName")
    if name not in [group_of(zone) for zone in all_zones(call.region)]:
        raise errors.invalid_value(name, "groupName")
    if call.get("OptInStatus") != "opted-in":
        raise errors.invalid_value(call.get("OptInStatus"), "optInStatus", "Expected: opted-in.")
    call.stop_if_dry_run()
    call.region.zone_groups.add(name)
    return {"Return": True}


def destination(call: Call) -> Location:
    """Return where a copy is to lie, or raise EC2's error for a place that there is not."""
    given = [name for name in DESTINATIONS if call.get(name)]
    if len(given) > 1:
        raise errors.invalid_combination(f"Only one of these parameters may be given: {', '.join(given)}")
    minutes = [name for name in DURATIONS if call.get(name)]
    if given and minutes:
        raise errors.invalid_combination(f"{minutes[0]} is not supported together with {given[0]}")
    if not given:
        return Location()
    if call.get("DestinationOutpostArn"):
        return Location(outpost_arn=_outpost(call))
    zone = usable(call.region, call.get("DestinationAvailabilityZone"), call.get("DestinationAvailabilityZoneId"))
    if zone is None or zone.zone_type != "local-zone":
        raise errors.invalid_value(call.get(given[0]), given[0], "Specify a Local Zone that your account has enabled.")
    return Location(zone=zone.name)


def _outpost(call: Call) -> str:
    arn = str(call.get("DestinationOutpostArn"))
    found = OUTPOST.fullmatch(arn)
    if found is None or found["region"] != call.region.region_name:
        raise errors.invalid_value(arn, "destinationOutpostArn", "Specify the ARN of an Outpost of this Region.")
    return arn


def judge(call: Call, sources: t.Iterable[Snapshot], wanted: Location, *, alone: bool) -> None:
    """Raise EC2's error for a copy that is not supported from where the sources lie; its code is an assumption."""
    same_region = call.get("SourceRegion") == call.region.region_name
    if wanted.local and not same_region:
        raise _unsupported("The source has to be in the Region of the Local Zone or Outpost.")
    for location in {source.location for source in sources if source.location.local}:
        if location.outpost_arn or wanted.outpost_arn:
            raise _unsupported("Local snapshots are not copied from an Outpost, or from a Local Zone to an Outpost.")
        if not same_region:
            raise _unsupported("Local snapshots are copied to the parent Region of their Local Zone only.")
        if any(call.get(name) for name in DURATIONS):
            raise errors.invalid_combination("A completion duration is not supported for local snapshots.")
        if wanted.zone and not _between(str(location.zone), wanted.zone, alone=alone):
            raise _unsupported(f"Copies from {location.zone} to {wanted.zone} are not supported.")


def _between(source: str, wanted: str, *, alone: bool) -> bool:
    """Tell whether Local Zones of one region exchange snapshots, be they alone or of an image."""
    same_group = group_of(source) == group_of(wanted)
    if alone or source == wanted:
        return same_group and alone
    return settings.local_zone_copies_between == "parent" or (
        settings.local_zone_copies_between == "group" and same_group
    )


def _unsupported(message: str) -> errors.AwsError:
    return errors.AwsError("UnsupportedOperation", message)


def encrypted_there(wanted: Location) -> bool:
    """Tell whether copies are encrypted whatever the account's settings: on Outposts, in some Local Zones."""
    return bool(wanted.outpost_arn) or bool(wanted.zone and settings.local_zone_requires_encryption)


def check_volume(snapshot: Snapshot | None, zone: str) -> None:
    """Raise EC2's error for a volume of a local snapshot elsewhere; the code is an assumption."""
    if snapshot and snapshot.location.local and snapshot.location.zone != zone:
        place = snapshot.location.zone or snapshot.location.outpost_arn
        raise errors.AwsError(
            "InvalidParameterCombination", f"{snapshot.id} is a local snapshot: volumes of it are made in {place} only."
        )


def of_snapshot(call: Call, zone: str, before: Location | None) -> Location:
    """Return where a snapshot of a volume in this zone is to lie: local and regional ones do not mix (EBS-lz)."""
    asked = call.get("Location") or call.get("SnapshotLocation")
    if call.get("OutpostArn") or (asked and not is_local(call.region, zone)):
        raise errors.invalid_value(asked, "location", "The source is in no Local Zone and on no Outpost.")
    found = Location(zone=zone) if asked == "local" else Location()
    if before is not None and before != found:
        raise _unsupported("Successive snapshots of a volume are all local, or all in the Region.")
    return found


def of_launch(call: Call) -> str:
    """Return the zone that a launch asks for, if it does."""
    subnet_id = call.get("SubnetId")
    if subnet_id:
        return str(call.region.get_subnet(subnet_id).availability_zone)
    return str(call.get("Placement", {}).get("AvailabilityZone") or "")
