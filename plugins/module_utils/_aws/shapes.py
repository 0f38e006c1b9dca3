# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The shape of a volume as EC2's calls take it."""

from __future__ import annotations

import typing as t

from .._image.compose.volumes import VolumeShape


def performance_of(shape: VolumeShape) -> dict[str, t.Any]:
    """Return the type, and IOPS and throughput where they are chosen."""
    chosen = {"VolumeType": shape.volume_type, "Iops": shape.iops, "Throughput": shape.throughput}
    return {name: value for name, value in chosen.items() if value is not None}


def ebs_of(shape: VolumeShape) -> dict[str, t.Any]:
    """Return size and performance as a block device mapping has them."""
    return {"VolumeSize": shape.volume_size, **performance_of(shape)}
