# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Where snapshots lie: in a region, in one of its Local Zones or on an Outpost (aws_rules §21). No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .errors import PreflightError, RequestError
from .model import BlockDevice, Image

Options = t.Mapping[str, t.Any]

PLACE_OPTIONS: t.Final = ("availability_zone", "availability_zone_id", "outpost_arn")
_ZONE: t.Final = re.compile(r"[a-z0-9-]{3,64}")
_OUTPOST: t.Final = re.compile(r"arn:aws[a-z-]*:outposts:([a-z0-9-]+):\d{12}:outpost/op-[0-9a-f]{17}")


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a copy shall lie; the region itself where nothing is named.

    Snapshots show the name of their zone, so an id is looked up first. ``group`` is the zone's, empty where not known.
    """

    zone: str = ""
    zone_id: str = ""
    outpost_arn: str = ""
    group: str = dataclasses.field(default="", compare=False)

    @property
    def name(self) -> str:
        """Return what AWS shows on snapshots there; empty for the region."""
        return self.outpost_arn or self.zone

    @property
    def is_local(self) -> bool:
        """Tell whether it is not the region itself."""
        return bool(self.zone or self.zone_id or self.outpost_arn)

    @property
    def label(self) -> str:
        """Return a short name of it, without colons and slashes; empty for the region."""
        return (self.name or self.zone_id).rpartition("/")[2]

    @property
    def shown(self) -> str:
        """Name it in a sentence."""
        return shown_place(self.outpost_arn or self.zone or self.zone_id)

    def shown_in(self, region: str) -> str:
        """Name the region, and the place in it if it is another than the region itself."""
        return f"{region} ({self.shown})" if self.is_local else region


REGIONAL: t.Final = Place()


def place_named(name: str) -> Place:
    """Return the place that AWS shows by this name on snapshots; empty is the region."""
    return Place(outpost_arn=name) if name.startswith("arn:") else Place(zone=name)


def shown_place(name: str | None) -> str:
    """Return words for what AWS shows on snapshots."""
    if name is None:
        return "a place that AWS does not show"
    kind = "Outpost" if name.startswith("arn:") else "Local Zone"
    return f"{kind} {name}" if name else "the region itself"


def parse_place(options: Options, *, region: str) -> Place:
    """Return the place that a destination names, or say why it cannot be."""
    given = [name for name in PLACE_OPTIONS if options.get(name)]
    if len(given) > 1:
        raise RequestError(f"{' and '.join(given)} of {region} are mutually exclusive; keep one of them")
    zone, zone_id, arn = (str(options.get(name) or "") for name in PLACE_OPTIONS)
    for option, value in (("availability_zone", zone), ("availability_zone_id", zone_id)):
        if value and not _ZONE.fullmatch(value):
            raise RequestError(f"{option} {value!r} of {region} is not the name or id of a zone")
    found = _OUTPOST.fullmatch(arn)
    if arn and not found:
        raise RequestError(f"outpost_arn {arn!r} of {region} is not the ARN of an Outpost")
    if found and found[1] != region:
        raise RequestError(f"the Outpost {arn} belongs to {found[1]}, not to {region}; name it for {found[1]}")
    return Place(zone=zone, zone_id=zone_id, outpost_arn=arn)


@dataclasses.dataclass(frozen=True)
class Zone:
    """A zone as DescribeAvailabilityZones shows it, to the account that has not enabled it too."""

    name: str
    zone_id: str
    kind: str
    group: str
    is_enabled: bool


def resolve_place(place: Place, zones: t.Sequence[Zone], *, region: str) -> Place:
    """Return the place with the name and the group of its zone; refuse a zone that takes no snapshots."""
    zone = next((one for one in zones if place.zone == one.name or place.zone_id == one.zone_id), None)
    local = sorted(one.name for one in zones if one.kind == "local-zone")
    if zone is None:
        listed = f"its Local Zones are {', '.join(local)}" if local else "it has no Local Zones"
        raise PreflightError(f"{region} has no zone {place.zone or place.zone_id}; {listed}")
    if zone.kind != "local-zone":
        raise PreflightError(
            f"{zone.name} is no Local Zone but of type {zone.kind}, and copies lie in a region, in a "
            "Local Zone or on an Outpost; leave the zone out: a copy in the region serves all of its availability zones"
        )
    if not zone.is_enabled:
        raise PreflightError(
            f"the account has not enabled the Local Zone {zone.name}; enable its group first: aws ec2 "
            f"modify-availability-zone-group --region {region} --group-name {zone.group} --opt-in-status opted-in"
        )
    return Place(zone=zone.name, zone_id=zone.zone_id, group=zone.group)


def require_own_region(place: Place, source_region: str, region: str) -> None:
    """Refuse what comes to a Local Zone or an Outpost from another region."""
    if place.is_local and source_region != region:
        raise RequestError(
            f"images come to {place.shown} from its own region alone, and the source is in {source_region}; copy it to "
            f"{region} first, and that copy to {place.shown}"
        )


def places_of(devices: t.Iterable[BlockDevice]) -> tuple[str, ...]:
    """Return where the snapshots lie that AWS shows, as far as it says so."""
    return tuple(sorted({one.place for one in devices if one.snapshot_id and one.place is not None}))


def place_of(image: Image) -> str | None:
    """Return where the snapshots of an image lie; None where AWS does not say so of all, or names several places."""
    found = {device.place for device in image.snapshot_devices}
    return next(iter(found)) if len(found) == 1 else None


def require_reachable(source: Image, place: Place, *, region: str, minutes: int | None) -> None:
    """Refuse a copy of an image that AWS makes from nowhere to there (the table of aws_rules §21)."""
    for local in (name for name in places_of(source.devices) if name):
        what = f"source image {source.image_id} in {source.region} lies in {shown_place(local)}"
        if local.startswith("arn:"):
            raise PreflightError(
                f"{what}, whose snapshots AWS copies nowhere; launch it on the Outpost and make an image of that, or "
                "copy the image that it was made from"
            )
        if source.region != region or place.outpost_arn:
            raise PreflightError(
                f"{what}, whose snapshots AWS copies to its own region and to Local Zones of that alone, not to "
                f"{place.shown if place.outpost_arn else region}; copy it to {source.region} first"
            )
        if local == place.name:
            raise PreflightError(
                f"{what} already, and AWS copies no image within a Local Zone; copy it to {region}, and that copy to "
                f"{local}"
            )
        if minutes is not None:
            raise PreflightError(
                f"snapshot_copy_completion_duration_minutes cannot be kept: {what}, and a copy from there has no "
                "duration; leave it out"
            )


def require_launchable(source: Image) -> None:
    """Refuse to change the keys of a local image by launching it: they are final there."""
    require_reachable(source, REGIONAL, region=source.region, minutes=None)
    for local in (name for name in places_of(source.devices) if name):
        raise PreflightError(
            f"source image {source.image_id} in {source.region} lies in {shown_place(local)}, where it is launched "
            "under the keys that it has; copy it to the region with sealed.ami.ec2_ami_encrypted_copy, and compose "
            "from that"
        )


def doubt_of_reach(source: Image, place: Place) -> str:
    """Say that AWS may refuse a copy between Local Zones: which of them exchange images it does not document."""
    local = [name for name in places_of(source.devices) if name]
    if not place.zone or not local:
        return ""
    return (
        f"AWS copies images between certain Local Zones only; should it refuse to copy from {local[0]} to {place.zone},"
        f" copy {source.image_id} to {source.region} first, and that copy to {place.zone}"
    )
