# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look up where an instance is, to judge where its image's snapshots can lie before anything is made."""

from __future__ import annotations

import dataclasses

from ..._aws.connection import Region
from ..._aws.instances import find_instance, find_subnet
from ..._aws.places import find_zones, require_known
from ..._image.compose.location import Host, place_of_snapshots, require_instance, subnet_of
from ..._image.compose.method import Method
from ..._image.compose.recipe import Recipe
from ..._image.compose.request import ComposeRequest
from ..._image.errors import PreflightError


def located(region: Region, request: ComposeRequest, method: Method, recipe: Recipe) -> Recipe:
    """Return the recipe with the place of its snapshots; nothing is looked up where none is asked for."""
    if request.snapshot_location is None:
        return recipe
    require_known(region, "CreateImage", "SnapshotLocation", what=f"snapshot_location={request.snapshot_location}")
    require_instance(request, method)
    host = _host(region, request)
    zones = () if host.outpost_arn else find_zones(region)
    return dataclasses.replace(recipe, place=place_of_snapshots(request, host, zones))


def _host(region: Region, request: ComposeRequest) -> Host:
    if request.instance_id is not None:
        instance = find_instance(region, request.instance_id)
        if instance is None:
            raise PreflightError(f"instance {request.instance_id} is not found in {region.name} any more; run again")
        return Host(f"instance {instance.instance_id}", instance.zone, instance.outpost_arn)
    subnet_id = subnet_of(request)
    zone, outpost_arn = find_subnet(region, subnet_id)
    return Host(f"subnet {subnet_id}", zone, outpost_arn)
