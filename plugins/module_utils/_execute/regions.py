# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Refuse regions that do not exist before anything is read or changed in the others."""

from __future__ import annotations

import difflib
import typing as t

from .._aws.connection import Regions
from .._aws.errors import call
from .._image.errors import PreflightError


def require_regions(connection: Regions, names: t.Sequence[str], *, source_region: str) -> None:
    """Refuse unknown regions and copies between partitions."""
    partition = connection.partition(source_region)
    for name in names:
        if connection.partition(name) != partition:
            raise PreflightError(
                f"{name} is in partition {connection.partition(name)}, the source region {source_region} in "
                f"{partition}; AWS "
                "copies images within a partition only. Store and restore the image through S3 instead "
                "(CreateStoreImageTask)"
            )
    require_known_regions(connection, names)


def require_known_regions(connection: Regions, names: t.Sequence[str]) -> None:
    """Refuse regions that do not exist.

    botocore's list decides for free; a region that is not on it may be newer than botocore, so AWS is asked.
    """
    unlisted = [name for name in names if not connection.is_listed(name)]
    if not unlisted:
        return
    known = _described_regions(connection, next((name for name in names if name not in unlisted), "us-east-1"))
    for name in unlisted:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise PreflightError(f"region {name} does not exist or is not enabled for this account{hint}")


def _described_regions(connection: Regions, region: str) -> list[str]:
    client = connection.region(region).ec2
    answer = call(f"describe regions in {region}", client.describe_regions)
    return [entry["RegionName"] for entry in answer.get("Regions") or ()]
