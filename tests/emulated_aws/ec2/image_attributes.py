# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attributes of images, launch permissions above all (aws_rules §5.1, §5.4)."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.ec2 import errors, lookup, timing
from emulated_aws.ec2.copy_image import check_description
from emulated_aws.ec2.keyring import aws_managed
from emulated_aws.ec2.model import Image, Permission, View
from emulated_aws.ec2.request import Call, action
from emulated_aws.settings import settings

MODIFIABLE = ("Description", "ImdsSupport", "LaunchPermission")
LISTS = {
    "UserIds": "UserId",
    "UserGroups": "Group",
    "OrganizationArns": "OrganizationArn",
    "OrganizationalUnitArns": "OrganizationalUnitArn",
}


@action("ModifyImageAttribute")
def modify_image_attribute(call: Call) -> None:
    """Change one attribute of an image."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    name, value = _asked(call)
    if image.state != "available":
        raise errors.image_unavailable(image.id)
    if name == "LaunchPermission":
        added, removed = _permission_changes(call)
        _check_sharing(call, image, added)
        kept = [one for one in image.launch_permissions if one not in removed]
        shared = [*kept, *(one for one in added if one not in kept)]
        _check_room(shared, added)
        call.stop_if_dry_run()
        image.launch_permissions = shared
        return
    _check_value(name, value)
    call.stop_if_dry_run()
    if name == "Description":
        image.description = value
    else:
        image.boot = dataclasses.replace(image.boot, imds_support=value)


def _asked(call: Call) -> tuple[str, str | None]:
    """Return the attribute of the request, in either form, and its new value."""
    if call.get("ProductCodes"):
        raise errors.AwsError("UnsupportedOperation", "Product codes cannot be modified.")
    named = [name for name in MODIFIABLE if name in call.params]
    by_name = call.get("Attribute")
    if by_name:
        named.append(by_name[0].upper() + by_name[1:])
    elif not named and call.get("OperationType"):
        named.append("LaunchPermission")
    if len(set(named)) > 1:
        raise errors.invalid_combination(f"Only one attribute can be modified per call, not {', '.join(named)}")
    if not named:
        raise errors.AwsError("InvalidParameterCombination", "No attributes specified.")
    if named[0] not in MODIFIABLE:
        raise errors.invalid_value(by_name, "attribute", "Expected: description, imdsSupport or launchPermission.")
    return named[0], (call.get(named[0]) or {}).get("Value", call.get("Value"))


def _check_value(name: str, value: str | None) -> None:
    if value is None:
        raise errors.missing_parameter("value")
    if name == "Description":
        check_description(value)
    elif value != "v2.0":
        raise errors.invalid_value(value, "imdsSupport", "Expected: v2.0.")


def _permission_changes(call: Call) -> tuple[list[Permission], list[Permission]]:
    changes = call.get("LaunchPermission", {})
    added, removed = list(changes.get("Add", [])), list(changes.get("Remove", []))
    listed = [{member: value} for name, member in LISTS.items() for value in call.get(name, [])]
    if listed and call.get("OperationType") not in ("add", "remove"):
        raise errors.missing_parameter("operationType")
    (added if call.get("OperationType") == "add" else removed).extend(listed)
    for permission in added + removed:
        check_permission(permission)
    if not added and not removed:
        raise errors.missing_parameter("launchPermission")
    return added, removed


def check_permission(permission: Permission) -> None:
    """Raise InvalidAMIAttributeItemValue for what names no account, no group or no full ARN of an organization."""
    if len(permission) != 1:
        raise errors.invalid_combination("A permission names exactly one user, group, organization or unit.")
    kind, value = next(iter(permission.items()))
    valid = {
        "UserId": value.isdigit() and len(value) == 12,
        "Group": value == "all",
        "OrganizationArn": value.startswith("arn:aws") and ":organization/" in value,
        "OrganizationalUnitArn": value.startswith("arn:aws") and ":ou/" in value,
    }
    if not valid.get(kind):
        item = {"UserId": "userId", "Group": "group"}.get(kind, kind[0].lower() + kind[1:])
        raise errors.AwsError(
            "InvalidAMIAttributeItemValue", f'Invalid attribute item value "{value}" for {item} item type.'
        )


def _check_sharing(call: Call, image: Image, added: list[Permission]) -> None:
    if not added:
        return
    snapshots = [lookup.any_snapshot(image.region, snapshot_id) for snapshot_id in image.snapshot_ids()]
    encrypted = [snapshot for snapshot in snapshots if snapshot and snapshot.encrypted]
    if any(snapshot.kms_key_arn and aws_managed(snapshot.kms_key_arn) for snapshot in encrypted):
        raise errors.AwsError(
            "InvalidParameter",
            "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot.",
        )
    if {"Group": "all"} not in added:
        return
    if image.watermarks:
        raise errors.AwsError("OperationNotPermitted", "An image with a watermark can't be made public.")
    if encrypted or image.billing.product_codes:
        raise errors.AwsError(
            "InvalidParameter", "Images with encrypted snapshots or with product codes can't be made public."
        )
    if call.region.image_block_public_access == "block-new-sharing":
        raise errors.AwsError(
            "OperationNotPermitted", "You can't publicly share this image because block public access is enabled."
        )


def _check_room(shared: list[Permission], added: list[Permission]) -> None:
    """Raise if the image would be shared with more than its quota; the code is UNVERIFIED (aws_rules §14.1)."""
    most = settings.entities_per_image
    if added and most and len(shared) > most:
        raise errors.AwsError(
            "ResourceLimitExceeded", f"You have reached your quota of {most} for the number of entities per image."
        )


@action("CancelImageLaunchPermission")
def cancel_image_launch_permission(call: Call) -> View:
    """Take the own account out of the permissions, where it is named; organizations and everybody stay."""
    image = lookup.image(call.region, call.get("ImageId"))
    own: Permission = {"UserId": call.account}
    if own not in image.launch_permissions:
        raise errors.AwsError("InvalidRequest", f"The image {image.id} is not shared with the account by its id.")
    call.stop_if_dry_run()
    image.launch_permissions = [one for one in image.launch_permissions if one != own]
    return {"Return": True}


@action("ResetImageAttribute")
def reset_image_attribute(call: Call) -> None:
    """Remove all launch permissions, the only attribute that can be reset."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    call.stop_if_dry_run()
    image.launch_permissions = []


@action("DescribeImageAttribute")
def describe_image_attribute(call: Call) -> View:
    """Show one attribute of an own image."""
    attribute = call.get("Attribute")
    if attribute == "blockDeviceMapping":
        raise errors.AwsError("AuthFailure", "Unauthorized attempt to access restricted resource")
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    call.stop_if_dry_run()
    return {"ImageId": image.id} | ATTRIBUTES[attribute](image)


def _value(member: str, getter: t.Callable[[Image], t.Any]) -> t.Callable[[Image], View]:
    def show(image: Image) -> View:
        value = getter(image)
        return {member: {} if value is None else {"Value": value}}

    return show


ATTRIBUTES: dict[str, t.Callable[[Image], View]] = {
    "description": _value("Description", lambda image: image.description),
    "kernel": _value("KernelId", lambda image: image.boot.kernel_id),
    "ramdisk": _value("RamdiskId", lambda image: image.boot.ramdisk_id),
    "launchPermission": lambda image: {"LaunchPermissions": image.launch_permissions},
    "productCodes": lambda image: {"ProductCodes": image.billing.wire_codes()},
    "sriovNetSupport": _value("SriovNetSupport", lambda image: image.boot.sriov_net_support),
    "bootMode": _value("BootMode", lambda image: image.boot.boot_mode),
    "tpmSupport": _value("TpmSupport", lambda image: image.boot.tpm_support),
    "uefiData": _value("UefiData", lambda image: image.boot.uefi_data),
    "lastLaunchedTime": _value(
        "LastLaunchedTime",
        lambda image: timing.moment_text(image.last_launched_at) if image.last_launched_at else None,
    ),
    "imdsSupport": _value("ImdsSupport", lambda image: image.boot.imds_support),
    "deregistrationProtection": _value("DeregistrationProtection", lambda image: image.protection.wire()),
}
