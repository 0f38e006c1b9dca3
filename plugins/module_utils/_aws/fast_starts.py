# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What people switch on for an image so that it starts sooner; it only informs, and is read where that is allowed.

Fast snapshot restore is for a snapshot in some zones, fast launch for a Windows image (aws_rules §1.4).
"""

from __future__ import annotations

import typing as t

from .connection import Region
from .errors import AwsError, call
from .paging import read_all

_ON: t.Final = ("enabling", "optimizing", "enabled")


def fast_restores(region: Region, snapshot_ids: t.Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the zones in which volumes of a snapshot are ready at once, as far as AWS says."""
    if not snapshot_ids:
        return {}
    filters = [{"Name": "snapshot-id", "Values": sorted(snapshot_ids)}]
    what = f"read fast snapshot restores in {region.name}"
    try:
        entries = read_all(region.ec2, "describe_fast_snapshot_restores", what, filters=filters)
    except AwsError:
        return {}
    zones: dict[str, list[str]] = {}
    for one in entries:
        if one.get("State") in _ON:
            zones.setdefault(str(one.get("SnapshotId")), []).append(str(one.get("AvailabilityZone")))
    return {snapshot_id: tuple(sorted(found)) for snapshot_id, found in zones.items()}


def fast_launches(region: Region, image_ids: t.Collection[str]) -> frozenset[str]:
    """Return the Windows images of which snapshots are kept ready, as far as AWS says."""
    if not image_ids:
        return frozenset()
    what = f"read fast launches in {region.name}"
    try:
        answer = call(what, region.ec2.describe_fast_launch_images, ImageIds=sorted(image_ids))
    except AwsError:
        return frozenset()
    return frozenset(str(one.get("ImageId")) for one in answer.get("FastLaunchImages") or () if _is_on(one))


def _is_on(entry: t.Mapping[str, t.Any]) -> bool:
    return str(entry.get("State")) in ("enabling", "enabled", "enabled-failed")
