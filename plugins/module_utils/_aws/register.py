# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make images of snapshots and of instances. Neither call takes a client token; the image name stands for one."""

from __future__ import annotations

import typing as t

from .._image.aws_facts import BOOT_FIELDS
from .._image.compose.recipe import Recipe, RecipeDevice
from .connection import Region
from .errors import AwsError, call, required
from .shapes import ebs_of
from .tags import tag_specifications

_FOREIGN: t.Final = ("AuthFailure", "OperationNotPermitted", "InvalidAMIID.NotFound", "InvalidRequest")
Tags = t.Mapping[str, str]


def register_image(
    region: Region,
    recipe: Recipe,
    snapshot_ids: t.Mapping[str, str],
    *,
    description: str,
    boot: t.Mapping[str, t.Any],
    tags: Tags,
) -> str:
    """Register an image of snapshots, one for each EBS device, and return its id.

    The snapshots decide about encryption and key; AWS refuses a mapping that names either.
    """
    params: dict[str, t.Any] = {
        "Name": recipe.name,
        "RootDeviceName": recipe.root_device_name,
        "BlockDeviceMappings": [_mapping(device, snapshot_ids) for device in recipe.devices],
        "TagSpecifications": tag_specifications(image=tags),
    }
    if description:
        params["Description"] = description
    carried = [*BOOT_FIELDS, "UefiData"]
    params.update((name, boot[name]) for name in carried if boot.get(name) and region.knows("RegisterImage", name))
    what = f"register image {recipe.name!r} in {region.name}"
    answer = call(what, region.ec2.register_image, retry=False, **params)
    return str(required(answer, "ImageId", of=f"the new image {recipe.name!r}"))


def create_image(
    region: Region,
    recipe: Recipe,
    instance_id: str,
    *,
    description: str,
    no_reboot: bool,
    location: str | None = None,
    image_tags: Tags,
    snapshot_tags: Tags,
) -> str:
    """Start an image of an instance and return its id; each snapshot takes the key of its volume."""
    params: dict[str, t.Any] = {
        "InstanceId": instance_id,
        "Name": recipe.name,
        "NoReboot": no_reboot,
        "BlockDeviceMappings": [
            *(_kept(device) for device in recipe.devices),
            *({"DeviceName": name, "NoDevice": ""} for name in recipe.dropped),
        ],
        "TagSpecifications": tag_specifications(image=image_tags, snapshot=snapshot_tags),
    }
    if description:
        params["Description"] = description
    if location is not None:
        params["SnapshotLocation"] = location
    what = f"create image {recipe.name!r} of {instance_id} in {region.name}"
    answer = call(what, region.ec2.create_image, retry=False, **params)
    return str(required(answer, "ImageId", of=f"the new image {recipe.name!r}"))


def uefi_data(region: Region, image_id: str) -> str | None:
    """Return the UEFI variables of an image, Secure Boot keys among them; None where it has none.

    AWS shows them to the owner only; an AwsError for which ``is_for_owner_only`` holds says so.
    """
    answer = call(
        f"read the UEFI data of {image_id} in {region.name}",
        region.ec2.describe_image_attribute,
        ImageId=image_id,
        Attribute="uefiData",
    )
    return (answer.get("UefiData") or {}).get("Value")


def is_for_owner_only(error: AwsError) -> bool:
    """Tell whether the error means that the image is another account's; a policy that denies the call is another."""
    return error.code in _FOREIGN


def _mapping(device: RecipeDevice, snapshot_ids: t.Mapping[str, str]) -> dict[str, t.Any]:
    if device.shape is None:
        return {"DeviceName": device.device_name, "VirtualName": device.virtual_name}
    ebs: dict[str, t.Any] = {
        "SnapshotId": snapshot_ids[device.device_name],
        "DeleteOnTermination": device.delete_on_termination,
        **ebs_of(device.shape),
    }
    return {"DeviceName": device.device_name, "Ebs": ebs}


def _kept(device: RecipeDevice) -> dict[str, t.Any]:
    # DeleteOnTermination is all that CreateImage lets us say of a volume.
    if device.shape is None:
        return {"DeviceName": device.device_name, "VirtualName": device.virtual_name}
    return {"DeviceName": device.device_name, "Ebs": {"DeleteOnTermination": device.delete_on_termination}}
