# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What a new image does not have of the one that it is made from, or takes the place of. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .model import BlockDevice

WINDOWS: t.Final = "windows"


@dataclasses.dataclass(frozen=True)
class FastStarts:
    """What is switched on in a region, as far as AWS says: zones by snapshot, and images."""

    restores: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    launches: frozenset[str] = frozenset()


def lost_of(devices: t.Iterable[BlockDevice], found: FastStarts, *, image_id: str = "") -> tuple[str, ...]:
    """Return in words what is switched on for an image, or for the snapshots of its devices."""
    restores = [
        f"fast snapshot restore of {device.device_name} ({device.snapshot_id}) in {', '.join(zones)}"
        for device in devices
        if (zones := found.restores.get(device.snapshot_id or ""))
    ]
    return (*restores, *((f"fast launch of {image_id}",) if image_id in found.launches else ()))


def lost_warning(what: str, lost: t.Sequence[str], *, into: str = "a copy") -> str:
    """Say what is lost, and how it comes back; ``what`` names the new image, ``into`` its kind."""
    return (
        f"{what} does not have {'; '.join(lost)}: AWS carries none of it into {into}. Switch it on there once it is "
        "available (ec2:EnableFastSnapshotRestores, ec2:EnableFastLaunch)"
    )
