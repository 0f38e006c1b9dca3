# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Apply the steps that change attributes of an existing image."""

from __future__ import annotations

import typing as t

from .._aws import attributes as aws
from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.grants import caller_account
from .._aws.marks import (
    attach_watermark,
    replace_instance_types,
    require_instance_types,
    require_watermarks,
)
from .._image.attribute_table import VALUE_ROWS
from .._image.attributes import Attributes
from .._image.errors import SealedError
from .._image.model import Image
from .._image.permissions import NOBODY, LaunchPermissions, Sharing
from .._image.steps import (
    AddWatermark,
    AttributeStep,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetInstanceTypes,
    SetTags,
    SetValue,
    ShareSnapshot,
)

# AWS takes this many tags on a resource.
MOST_TAGS: t.Final = 50
# Called after each call that has changed something.
Done = t.Callable[[], None]


def apply_attribute(region: Region, image: Image, step: AttributeStep, *, done: Done) -> None:
    """Carry out one step on the image; ``done`` is called after each call that has changed something."""
    _HANDLERS[type(step)](region, image, step, done)


def snapshot_of(image: Image, device_name: str) -> str:
    """Return the snapshot of a device of a new image; a plan names the device, for it has no snapshot then."""
    for device in image.ebs_devices:
        if device.device_name == device_name and device.snapshot_id:
            return device.snapshot_id
    raise SealedError(
        f"image {image.image_id} in {image.region} shows no snapshot of {device_name}; run the task again"
    )


def _set_tags(region: Region, _image: Image, step: SetTags, done: Done) -> None:
    """Add before removing, so that a refusal loses nothing; where there is no room for both, put back what went."""
    adds_first = step.present + len(step.add) - step.replaced <= MOST_TAGS
    if step.add and adds_first:
        aws.add_tags(region, step.resource_ids, step.add)
        done()
    if step.remove:
        aws.remove_tags(region, step.purges, step.remove)
        done()
    if step.add and not adds_first:
        _add_or_put_back(region, step)
        done()


def _add_or_put_back(region: Region, step: SetTags) -> None:
    """Add the tags; where AWS refuses, put back what went, and say so of what cannot be put back."""
    try:
        aws.add_tags(region, step.resource_ids, step.add)
    except AwsError as refusal:
        try:
            if step.remove:
                aws.add_tags(region, step.resource_ids, step.remove)
        except AwsError as error:
            refusal.args = (f"{refusal}. Putting back {', '.join(sorted(step.remove))} failed too: {error}",)
        raise


def _share_snapshot(region: Region, image: Image, step: ShareSnapshot, done: Done) -> None:
    aws.modify_snapshot_permissions(
        region, snapshot_of(image, step.device_name), add=step.add, remove=NOBODY, proof=None
    )
    done()


def _modify_snapshot(region: Region, _image: Image, step: ModifySnapshotPermissions, done: Done) -> None:
    aws.modify_snapshot_permissions(region, step.snapshot_id, add=step.add, remove=step.remove, proof=step.proof)
    done()


def _modify_image(region: Region, image: Image, step: ModifyLaunchPermissions, done: Done) -> None:
    aws.modify_launch_permissions(region, image.image_id, add=step.add, remove=step.remove, proof=step.proof)
    done()


def _set_description(region: Region, image: Image, step: SetDescription, done: Done) -> None:
    aws.set_description(region, image.image_id, step.description)
    done()


def _set_deprecation(region: Region, image: Image, step: SetDeprecation, done: Done) -> None:
    aws.set_deprecation(region, image.image_id, step.deprecate_at)
    done()


def _set_protection(region: Region, image: Image, step: SetDeregistrationProtection, done: Done) -> None:
    aws.set_deregistration_protection(region, step.image_id or image.image_id, step.protection)
    done()


def _set_value(region: Region, image: Image, step: SetValue, done: Done) -> None:
    aws.set_value(region, image.image_id, VALUE_ROWS[step.attribute].shown, step.value)
    done()


def _add_watermark(region: Region, image: Image, step: AddWatermark, done: Done) -> None:
    if f"{image.owner_id}:{step.watermark}" in image.watermarks:
        return  # AWS has brought it along; what a second call would do is not documented (aws_rules §16).
    attach_watermark(region, image.image_id, step.watermark)
    done()


def _set_types(region: Region, image: Image, step: SetInstanceTypes, done: Done) -> None:
    replace_instance_types(region, image.image_id, step.types)
    done()


# One handler for each class of step: what a plan shows is what is done.
_HANDLERS: t.Final[dict[type, t.Callable[[Region, Image, t.Any, Done], None]]] = {
    SetTags: _set_tags,
    ModifySnapshotPermissions: _modify_snapshot,
    ShareSnapshot: _share_snapshot,
    ModifyLaunchPermissions: _modify_image,
    SetDescription: _set_description,
    SetDeprecation: _set_deprecation,
    SetDeregistrationProtection: _set_protection,
    SetValue: _set_value,
    AddWatermark: _add_watermark,
    SetInstanceTypes: _set_types,
}


def read_sharing(region: Region, image: Image, desired: LaunchPermissions | None) -> Sharing | None:
    """Return the permissions on an image and its snapshots where they are asked for; each is a call of its own."""
    return None if desired is None else sharing_of(region, image)


def sharing_of(region: Region, image: Image) -> Sharing:
    """Return the permissions on an image and its snapshots."""
    return Sharing(
        image=aws.launch_permissions(region, image.image_id),
        snapshots={snapshot_id: aws.snapshot_permissions(region, snapshot_id) for snapshot_id in image.snapshot_ids},
    )


def account_for_marks(region: Region, wanted: t.Sequence[Attributes], *, kept: bool = False) -> str:
    """Return the caller's account where watermarks are asked for or kept, for it is a part of each; else empty.

    What the installed botocore does not know is refused: it would not show what is there either.
    """
    if any(one.instance_type_specification is not None for one in wanted):
        require_instance_types(region)
    if any(one.watermarks for one in wanted):
        require_watermarks(region)
        kept = True
    return caller_account(region) if kept else ""
