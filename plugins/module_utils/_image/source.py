# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge whether an image can be copied at all. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import typing as t

from .aws_facts import USABLE_KEY_STATES
from .errors import PreflightError
from .keys import STATE_REMEDIES
from .model import Image, KmsKey, Snapshot
from .timestamps import parse_timestamp

_DAY: t.Final = 24 * 3600


def require_found(image: Image | None, *, image_id: str, region: str, hidden: bool | None = False) -> Image:
    """Return the image, or say why AWS may not show it.

    ``hidden`` tells whether the account's setting Allowed AMIs hides images of other accounts, None where that is not
    known.
    """
    if image is not None:
        return image
    message = (
        f"source image {image_id} is not found in {region}; check the id and source_region, and that its owner has "
        "given this account launch permission"
    )
    why = why_hidden(hidden, region=region)
    raise PreflightError(f"{message}. {why}" if why else message)


def why_hidden(hidden: bool | None, *, region: str) -> str:
    """Say whether Allowed AMIs may hide an image that is not found; empty where it does not."""
    if hidden is None:
        return "The setting Allowed AMIs may hide it as well, which could not be read (ec2:GetAllowedImagesSettings)"
    return hidden_images(region) if hidden else ""


def hidden_images(region: str) -> str:
    """Say that AWS may hide images, and what to do."""
    return (
        f"Allowed AMIs is enabled for this account in {region}, which hides every image of another account that meets "
        "none of its criteria; add the image's owner or name to the criteria, in the organization's declarative policy "
        "if that sets them"
    )


def require_image(image: Image) -> None:
    """Refuse an image that nothing can be copied of."""
    name = f"source image {image.image_id} in {image.region}"
    if image.state != "available":
        raise PreflightError(f"{name} is {image.state}, not available; wait for it or choose another image")
    if image.root_device_type != "ebs":
        raise PreflightError(
            f"{name} is backed by instance store; only EBS-backed images have snapshots to encrypt. "
            "Launch it, install onto an EBS root, and make an image of that"
        )


def require_copyable(image: Image, snapshots: t.Mapping[str, Snapshot], *, now: float) -> None:
    """Refuse what CopyImage or CopySnapshot would refuse, now or after hours.

    ``now`` is in seconds since the epoch. A temporarily restored snapshot is refused when it returns to the archive
    within a day, for a large encrypted copy takes hours.
    """
    require_image(image)
    name = f"source image {image.image_id} in {image.region}"
    missing = [snapshot_id for snapshot_id in image.snapshot_ids if snapshot_id not in snapshots]
    if missing:
        raise PreflightError(
            f"{name}: snapshots {', '.join(missing)} cannot be read. Either they are deleted, or account "
            f"{image.owner_id} has "
            "given launch permission on the image but not create-volume permission on its snapshots; copying needs both"
        )
    for device in image.snapshot_devices:
        _require_readable(name, device.device_name, snapshots[device.snapshot_id or ""], now=now)


def require_decryptable(image: Image, keys: t.Mapping[str, KmsKey | None]) -> None:
    """Refuse a source whose own key EBS cannot use: the copy would fail later, and seem to be the other key's fault.

    ``keys`` holds those that could be described, by ARN; None stands for a key that does not exist any more.
    """
    for device in image.snapshot_devices:
        arn = device.kms_key_arn or ""
        if arn not in keys:
            continue
        key = keys[arn]
        state = key.state if key else "gone"
        if state not in USABLE_KEY_STATES:
            remedy = STATE_REMEDIES.get(state, "make the key usable").partition(" or pass")[0]
            raise PreflightError(
                f"source image {image.image_id} in {image.region} cannot be decrypted: snapshot {device.snapshot_id} "
                f"of {device.device_name} is under KMS key {arn}, which is {state}; {remedy}"
            )


def _require_readable(name: str, device_name: str, snapshot: Snapshot, *, now: float) -> None:
    what = f"{name}: snapshot {snapshot.snapshot_id} of {device_name}"
    if snapshot.storage_tier == "archive":
        raise PreflightError(f"{what} is archived; restore it first (ec2:RestoreSnapshotTier)")
    if snapshot.state != "completed":
        raise PreflightError(f"{what} is {snapshot.state}, not completed {snapshot.state_message}".rstrip())
    expiry = parse_timestamp(snapshot.restore_expiry_time or "")
    if expiry is not None and expiry - now < _DAY:
        raise PreflightError(
            f"{what} returns to the archive at {snapshot.restore_expiry_time}, perhaps before the copy is done; "
            "restore it permanently or for longer (ec2:RestoreSnapshotTier)"
        )
