# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Where CreateImage puts the snapshots of an instance (aws_rules §21). No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import PreflightError
from ..places import Zone, shown_place
from .method import INSTANCE, Method
from .request import ComposeRequest


@dataclasses.dataclass(frozen=True)
class Host:
    """What an instance runs in, or will: the zone of its subnet, and the Outpost where it is on one."""

    what: str
    zone: str
    outpost_arn: str = ""


def place_of_snapshots(request: ComposeRequest, host: Host, zones: t.Iterable[Zone]) -> str:
    """Return the Local Zone or Outpost that the snapshots will lie in, empty for the region, or say why they cannot."""
    location = request.snapshot_location
    kind = next((zone.kind for zone in zones if zone.name == host.zone), "")
    if not host.outpost_arn and kind != "local-zone":
        where = f"in {host.zone}, which is no Local Zone" if host.zone else "in no Local Zone that AWS names"
        raise PreflightError(
            f"snapshot_location is {location}, but {host.what} is {where}: AWS takes it for instances in Local Zones "
            "and on Outposts only. Leave it out; the snapshots lie in the region by themselves"
        )
    place = (host.outpost_arn or host.zone) if location == "local" else ""
    if place.startswith("arn:") and request.attributes.launch_permissions:
        raise PreflightError(
            f"launch_permissions: snapshots on {shown_place(place)} cannot be shared; make the image with "
            "snapshot_location=regional to share it"
        )
    return place


def require_instance(request: ComposeRequest, method: Method) -> None:
    """Refuse to say where snapshots lie that no instance has."""
    if method.name != INSTANCE:
        raise PreflightError(
            f"snapshot_location is {request.snapshot_location}, but method {method.name} makes the image without an "
            f"instance, of snapshots in the region ({method.reason}). Leave it out, or pass method=instance"
        )


def subnet_of(request: ComposeRequest) -> str:
    """Return the subnet that says where the temporary instance runs, or ask for it."""
    if not request.instance.subnet_id:
        raise PreflightError(
            f"snapshot_location is {request.snapshot_location}, which AWS takes for instances in Local Zones and on "
            "Outposts only; pass instance.subnet_id, a subnet there"
        )
    return request.instance.subnet_id


def finality(place: str) -> str:
    """Say where snapshots will lie and what that means; nothing for the region itself."""
    return f", with its snapshots in {shown_place(place)}, where their keys are final" if place else ""
