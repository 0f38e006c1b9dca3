# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say what a copy will look like, and what it will add to the bill. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses

from ..model import BlockDevice, Image
from ..places import places_of
from ..steps import CopyImage
from .identity import Requirement
from .request import Destination


def predicted_image(source: Image, destination: Destination, step: CopyImage, requirement: Requirement) -> Image:
    """Return the image as it will be once copied; ids are empty, for only AWS can give them."""
    return dataclasses.replace(
        source,
        image_id="",
        region=destination.region,
        name=step.name,
        description=step.description,
        state="available",
        source_image_id=source.image_id,
        source_region=source.region,
        devices=tuple(_predicted_device(device, requirement) for device in source.devices),
        tags=step.tags,
        is_public=False,
    )


def _predicted_device(device: BlockDevice, requirement: Requirement) -> BlockDevice:
    if not device.snapshot_id:
        return device
    new = dataclasses.replace(device, snapshot_id=None, associated_keys=(), place=requirement.place.name)
    if requirement.key is not None:
        return dataclasses.replace(new, encrypted=True, kms_key_arn=requirement.key.arn)
    encrypted = bool(device.encrypted) or requirement.encryption_by_default
    return dataclasses.replace(new, encrypted=encrypted, kms_key_arn=None)


def new_storage_gib(source: Image, region: str, requirement: Requirement) -> int:
    """Return the GiB that the copy is billed for at most.

    A copy is full when region, place, status or key change, and incremental (nothing new) otherwise ("How Amazon EC2
    AMI copy works").
    """
    if source.region != region or any(one != requirement.place.name for one in places_of(source.devices)):
        return sum(device.volume_size for device in source.snapshot_devices)
    return sum(device.volume_size for device in source.snapshot_devices if _is_full_copy(device, requirement))


def _is_full_copy(device: BlockDevice, requirement: Requirement) -> bool:
    if requirement.key is not None:
        return not requirement.key.is_on(device)
    return requirement.encryption_by_default and not device.encrypted
