# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Disable images, and enable them again."""

from __future__ import annotations

import typing as t

from .._image.model import SOURCE_TAG
from .._image.proofs import MayDisable
from .connection import Region
from .errors import AwsError, call
from .images import describe_images, find_images

_GONE: t.Final = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")
_SNAPSHOT_GONE: t.Final = "InvalidSnapshot.NotFound"


def disable_image(region: Region, proof: MayDisable) -> None:
    """Disable an image, unless that is done already."""
    _switch(region, proof.resource_id, "disable", region.ec2.disable_image, wanted="disabled")


def enable_image(region: Region, image_id: str) -> None:
    """Enable a disabled image, unless that is done already."""
    _switch(region, image_id, "enable", region.ec2.enable_image, wanted="available")


def is_overtaken(error: AwsError) -> bool:
    """Tell whether the image or a snapshot of it is gone, or in another state, by somebody else's act."""
    return error.code in (*_GONE, _SNAPSHOT_GONE)


def sources_of_pending(region: Region) -> set[tuple[str, str]]:
    """Return region and id of the images that copies of this account are being made of in the region.

    Whether AWS shows the source while a copy is pending is not documented; the tag of this collection's copies does.
    """
    pending = describe_images(region, [{"Name": "state", "Values": ["pending"]}])
    tagged = [one.tags.get(SOURCE_TAG, "").partition(":") for one in pending]
    shown = {(one.source_region or "", one.source_image_id) for one in pending if one.source_image_id}
    return shown | {(where, image_id) for where, _colon, image_id in tagged if image_id}


def _switch(region: Region, image_id: str, what: str, operation: t.Callable[..., t.Any], *, wanted: str) -> None:
    """Change the state; AWS refuses what another run, or an attempt of ours whose answer was lost, has done before."""
    try:
        call(f"{what} image {image_id} in {region.name}", operation, ImageId=image_id)
    except AwsError as error:
        shown = find_images(region, [image_id], owners=["self"]).get(image_id) if is_overtaken(error) else None
        if shown is None or shown.state != wanted:
            raise
