# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge whether the image may be published at all. Nothing in this file talks to AWS, to Ansible or to a clock."""

from __future__ import annotations

import typing as t

from ..errors import PreflightError
from ..model import BlockDevice, Image
from .request import PublishRequest


def require_publishable(image: Image | None, request: PublishRequest, key_arns: t.Collection[str]) -> Image:
    """Return the image when it is what ``require`` demands; ``key_arns`` are those of the allowed keys."""
    if image is None:
        raise PreflightError(
            f"image {request.image_id} is not found in {request.region}; images, parameters and launch templates are "
            "those of one region: check the id and the region, and that its owner has shared it with this account, or "
            "copy it there (ec2_ami_encrypted_copy)"
        )
    if request.require == "none":
        return image
    if image.state != "available":
        raise PreflightError(
            f"image {image.image_id} in {image.region} is {image.state}, not available; nothing was published"
        )
    if request.require in ("encrypted", "verified"):
        reasons = _reasons(image, request, key_arns)
        if reasons:
            raise PreflightError(
                f"image {image.image_id} in {image.region} is not {request.require}: {'; '.join(reasons)}. Nothing was "
                "published; make a copy under the right keys (ec2_ami_encrypted_copy) and publish that"
            )
    return image


def _reasons(image: Image, request: PublishRequest, key_arns: t.Collection[str]) -> list[str]:
    if image.root_device_type != "ebs":
        return ["it is backed by instance store, which has no snapshots to encrypt"]
    if not image.ebs_devices:
        return ["AWS shows no EBS device of it"]
    verified = request.require == "verified"
    found = [_reason(device, key_arns if verified else None) for device in image.ebs_devices]
    return [reason for reason in found if reason]


def _reason(device: BlockDevice, key_arns: t.Collection[str] | None) -> str:
    """Say what is wrong with a device; a volume that starts empty has no key before it is launched."""
    what = f"{device.device_name} (snapshot {device.snapshot_id})" if device.snapshot_id else device.device_name
    if device.encrypted is None:
        return f"AWS does not say whether {what} is encrypted"
    if not device.encrypted:
        return f"{what} is not encrypted"
    if key_arns is None or not device.snapshot_id:
        return ""
    if device.kms_key_arn is None:
        return f"AWS does not show under which key {what} is"
    if device.kms_key_arn not in key_arns:
        return f"{what} is under {device.kms_key_arn}, which is not allowed"
    others = [key for key in device.associated_keys or () if key not in key_arns]
    return f"{what} is opened by the associated key {', '.join(others)} too, which is not allowed" if others else ""


def hides_associated_keys(image: Image) -> bool:
    """Tell whether the answers cannot say which keys beside their own open the snapshots."""
    return any(device.associated_keys is None for device in image.snapshot_devices)
