# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say why a copy failed: AWS spreads the cause over the image, its snapshots and the key."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.keys import describe_key
from .._aws.snapshots import find_snapshots
from .._image.errors import SealedError
from .._image.keys import RequiredKey, beside_own_key, require_usable
from .._image.model import BlockDevice, Image
from .._image.places import Place, places_of, shown_place

_KEY_ACTIONS: t.Final = (
    "kms:DescribeKey, kms:CreateGrant, kms:GenerateDataKeyWithoutPlaintext, kms:ReEncrypt* and kms:Decrypt"
)


def explain_failure(
    region: Region, image: Image, key: RequiredKey | None, *, source_key_arns: t.Collection[str] = ()
) -> str:
    """Return one sentence or more: the image's reason, each snapshot's message, and what is wrong with the keys."""
    reason = image.state_reason or "AWS gives no reason"
    parts = [f"the copy {image.image_id}{_devices(image)} in {region.name} is {image.state}: {reason}"]
    parts += _snapshot_messages(region, image)
    if key is not None:
        parts.append(key_verdict(region, key))
    if source_key_arns:
        parts.append(
            f"The source is encrypted under {', '.join(sorted(source_key_arns))}, which must allow this principal "
            "kms:DescribeKey, kms:Decrypt and kms:ReEncryptFrom"
        )
    parts.append("Once the cause is removed, run the task again: it removes the failed copy and makes another")
    return ". ".join(part for part in parts if part)


def explain_loss(region: Region, image: Image, key: RequiredKey | None) -> str:
    """Return the sentences for a copy that AWS has shown and shows no more."""
    verdict = f". {key_verdict(region, key)}" if key is not None else ""
    return (
        f"image {image.image_id}{_devices(image)} in {region.name} was visible and is now gone: somebody deregistered "
        "it, or AWS gave the copy up, as it may do when EBS cannot use the key; run the task again to copy it again"
        f"{verdict}"
    )


def explain_no_show(region: Region, image: Image, key: RequiredKey | None) -> str:
    """Return the sentences for a copy that AWS has named and never shown."""
    verdict = f". {key_verdict(region, key)}" if key is not None else ""
    return (
        f"image {image.image_id}{_devices(image)} in {region.name} never appeared, although AWS named it; this happens "
        "when EBS cannot use the key. Check its policy for this principal (kms:CreateGrant, kms:DescribeKey), then run "
        f"the task again{verdict}"
    )


def _devices(image: Image) -> str:
    names = ", ".join(device.device_name for device in image.ebs_devices)
    return f" ({names})" if names else ""


def explain_mismatch(image: Image, wrong: t.Sequence[BlockDevice], key: RequiredKey | None) -> str:
    """Return the sentence for a copy that is available but not under the key that was asked for."""
    wanted = f"key {key.shown}" if key else "the encryption status of the source"
    found = "; ".join(f"{device.device_name} has {_found(device)}" for device in wrong)
    return (
        f"image {image.image_id} in {image.region} is not encrypted as requested: {found}; wanted {wanted}. "
        "Do not use the image; deregister it and report which region and key this was"
    )


def explain_misplaced(image: Image, place: Place) -> str:
    """Return the sentence for a copy that is available but does not lie where it was asked to."""
    where = " and ".join(map(shown_place, places_of(image.devices)))
    return (
        f"the snapshots of image {image.image_id} in {image.region} lie in {where}; wanted {place.shown}. Do not use "
        "the image; deregister it and report which region and place this was"
    )


def explain_difference(image: Image, device_names: t.Sequence[str], source_image_id: str) -> str:
    """Return the sentence for a copy that is available but does not have the devices of its source."""
    return (
        f"image {image.image_id} in {image.region} does not have the devices of its source {source_image_id}: they "
        f"differ in {', '.join(device_names)}. Do not use the image; deregister it and run the task again"
    )


def _found(device: BlockDevice) -> str:
    if not device.encrypted:
        return f"an unencrypted snapshot ({device.snapshot_id})"
    return f"key {device.kms_key_arn or 'unknown'} ({device.snapshot_id}){beside_own_key(device)}"


def _snapshot_messages(region: Region, image: Image) -> list[str]:
    try:
        snapshots = find_snapshots(region, image.snapshot_ids)
    except AwsError as error:
        return [str(error)]
    names = {device.snapshot_id: device.device_name for device in image.ebs_devices}
    return [
        f"snapshot {snapshot.snapshot_id} of {names[snapshot.snapshot_id]} is {snapshot.state}: "
        f"{snapshot.state_message}"
        for snapshot in snapshots.values()
        if snapshot.state != "completed" and snapshot.state_message
    ]


def key_verdict(region: Region, key: RequiredKey) -> str:
    """Return what is wrong with the key now, or, where nothing is to be seen, the usual cause."""
    try:
        require_usable(describe_key(region, key.arn or key.reference), reference=key.reference, region=region.name)
    except (SealedError, AwsError) as error:
        return str(error)
    return f"The usual cause is a policy of the key {key.shown} that does not allow this principal {_KEY_ACTIONS}"
