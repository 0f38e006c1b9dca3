# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast snapshot restore and Windows fast launch: switched on for a snapshot or an image, and not carried by a copy."""

from __future__ import annotations

import typing as t

from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.request import Call, Params, action


@action("EnableFastSnapshotRestores")
def enable_fast_snapshot_restores(call: Call) -> Params:
    """Have volumes of snapshots ready at once in some zones."""
    snapshots = [lookup.snapshot(call.region, one) for one in call.get("SourceSnapshotIds", [])]
    zones = call.get("AvailabilityZones", [])
    call.stop_if_dry_run()
    made = [(snapshot.id, zone) for snapshot in snapshots for zone in zones]
    call.region.fast_restores.update(made)
    shown = [{"SnapshotId": one, "AvailabilityZone": zone, "State": "enabling"} for one, zone in made]
    return {"Successful": shown, "Unsuccessful": []}


@action("DescribeFastSnapshotRestores")
def describe_fast_snapshot_restores(call: Call) -> Params:
    """Show where it is on."""
    call.stop_if_dry_run()
    shown = [
        {"SnapshotId": one, "AvailabilityZone": zone, "State": "enabled", "OwnerId": call.account}
        for one, zone in sorted(call.region.fast_restores)
        if one in call.region.snapshots
    ]
    names = {"snapshot-id": "SnapshotId", "availability-zone": "AvailabilityZone", "state": "State"}
    return {"FastSnapshotRestores": _filtered(call, shown, names)}


@action("EnableFastLaunch")
def enable_fast_launch(call: Call) -> Params:
    """Keep snapshots of a Windows image ready from which it starts sooner."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    if image.billing.platform != "windows":
        raise errors.AwsError("InvalidParameter", f"The image {image.id} is not a Windows image.")
    call.stop_if_dry_run()
    call.region.fast_launches.add(image.id)
    return {"ImageId": image.id, "State": "enabling"}


@action("DescribeFastLaunchImages")
def describe_fast_launch_images(call: Call) -> Params:
    """Show the images for which it is on."""
    call.stop_if_dry_run()
    wanted = call.get("ImageIds", [])
    shown = [
        {"ImageId": one, "State": "enabled", "ResourceType": "snapshot"}
        for one in sorted(call.region.fast_launches)
        if not wanted or one in wanted
    ]
    return {"FastLaunchImages": _filtered(call, shown, {"state": "State"})}


def _filtered(call: Call, shown: list[dict[str, t.Any]], names: dict[str, str]) -> list[dict[str, t.Any]]:
    for one in call.get("Filters", []):
        if one["Name"] not in names:
            raise errors.invalid_value(one["Name"], "filter")
        shown = [entry for entry in shown if entry.get(names[one["Name"]]) in one["Values"]]
    return shown
