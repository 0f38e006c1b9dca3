# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeImages and GetImageAncestry."""

from __future__ import annotations

import typing as t

from emulated_aws.ec2 import allowed_images, errors, lookup, tagging, timing, watermarks
from emulated_aws.ec2.devices import Ebs, to_wire
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import Image, View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

OWNER_ALIASES = ("amazon", "aws-backup-vault", "aws-marketplace")


@action("DescribeImages")
def describe_images(call: Call) -> Params:
    """List images that the caller may use."""
    call.stop_if_dry_run()
    _check_states(call)
    found = _by_ids(call) if call.get("ImageIds") else _all(call.region)
    found = [image for image in found if _listed(call, image) and _owned_as_asked(call, image)]
    users = call.get("ExecutableUsers", [])
    if users:
        found = [image for image in found if any(_executable_by(call.account, image, user) for user in users)]
    selected = _facts(call.region).select(found, call.get("Filters", []))
    shown, token = page(call, selected, smallest=1)
    return {"NextToken": token, "Images": [view(call.region, image) for image in shown]}


def _check_states(call: Call) -> None:
    wanted = [value for one in call.get("Filters", []) if one.get("Name") == "state" for value in one.get("Values", [])]
    if "disabled" in wanted and not call.get("IncludeDisabled"):
        raise errors.AwsError(
            "InvalidParameter",
            "When filtering by the 'disabled' state, 'IncludeDisabled' must be set to 'true' in the request.",
        )


def _by_ids(call: Call) -> list[Image]:
    """Return the images of the request; recently deregistered ones are left out without an error."""
    ids: list[str] = call.get("ImageIds")
    for image_id in ids:
        if not lookup.IMAGE_ID.fullmatch(image_id):
            raise errors.image_malformed(image_id)
    visible = {image.id: image for image in _all(call.region)}
    unknown = [one for one in ids if one not in visible and not _tolerated(call.region, one)]
    if unknown:
        raise errors.image_not_found(*unknown)
    return [visible[one] for one in dict.fromkeys(ids) if one in visible]


def _all(region: Ec2Region) -> list[Image]:
    return [*lookup.all_images(region), *lookup.still_listed(region)]


def _tolerated(region: Ec2Region, image_id: str) -> bool:
    """Tell whether an id that leads to nothing gives an empty list, not an error."""
    hidden = lookup.any_image(region.region_name, image_id) if settings.unshared_image_by_id == "empty" else None
    return hidden is not None or lookup.recently_gone(region, image_id)


def _listed(call: Call, image: Image) -> bool:
    if image.state == "disabled" and not call.get("IncludeDisabled"):
        return False
    own_or_named = image.owner == call.account or image.id in call.get("ImageIds", [])
    return not image.deprecated or own_or_named or bool(call.get("IncludeDeprecated"))


def _owned_as_asked(call: Call, image: Image) -> bool:
    owners: list[str] = call.get("Owners", [])
    for owner in owners:
        if owner != "self" and owner not in OWNER_ALIASES and not (owner.isdigit() and len(owner) == 12):
            raise errors.AwsError("InvalidUserID.Malformed", f"Invalid user id: '{owner}'")
    resolved = {call.account if owner == "self" else owner for owner in owners}
    return not owners or image.owner in resolved or image.owner_alias in resolved


def _executable_by(account: str, image: Image, user: str) -> bool:
    if user == "all":
        return image.public
    if user in ("self", account):
        return any(lookup.grants(permission, account) for permission in image.launch_permissions)
    return {"UserId": user} in image.launch_permissions


def view(region: Ec2Region, image: Image) -> View:
    """Return an image as DescribeImages shows it to the account of ``region``."""
    pending = image.state == "pending"
    shown: View = {
        "ImageId": image.id,
        "ImageLocation": image.image_location or f"{image.owner}/{image.name}",
        "State": image.state,
        "OwnerId": image.owner,
        # Very old images have no date, and some on instance store no name.
        "CreationDate": "" if image.undated else timing.moment_text(image.created_at),
        "Public": image.public,
        "ImageType": "machine",
        "Hypervisor": "xen",
        "RootDeviceType": image.root_device_type,
        "BlockDeviceMappings": [
            to_wire(device, _shown_key(image, device.ebs), show_snapshot=not pending) for device in image.devices
        ],
        "DeregistrationProtection": image.protection.wire(),
    }
    optional: View = {"Name": image.name or None, "RootDeviceName": image.root_device_name or None}
    optional |= {"Tags": tagging.wire(region.tags.get(image.id, {})) or None}
    if region.allowance.state != "disabled":
        optional["ImageAllowed"] = allowed_images.allowed(region, image)
    optional |= watermarks.view(image) | _boot_view(image) | _billing_view(image) | _history_view(image)
    if image.owner != region.account_id:
        optional["LastLaunchedTime"] = None
    return shown | {name: value for name, value in optional.items() if value is not None}


def _shown_key(image: Image, ebs: Ebs | None) -> str | None:
    if not settings.image_mapping_shows_key or ebs is None or ebs.snapshot_id is None:
        return None
    snapshot = lookup.any_snapshot(image.region, ebs.snapshot_id)
    return snapshot.kms_key_arn if snapshot else None


def _boot_view(image: Image) -> View:
    boot = image.boot
    return {
        "Architecture": boot.architecture,
        "VirtualizationType": boot.virtualization_type,
        "EnaSupport": boot.ena_support,
        "SriovNetSupport": boot.sriov_net_support,
        "BootMode": boot.boot_mode,
        "TpmSupport": boot.tpm_support,
        "ImdsSupport": boot.imds_support,
        "KernelId": boot.kernel_id,
        "RamdiskId": boot.ramdisk_id,
    }


def _billing_view(image: Image) -> View:
    return {
        "Platform": image.billing.platform,
        "PlatformDetails": image.billing.platform_details,
        "UsageOperation": image.billing.usage_operation,
        "ProductCodes": image.billing.wire_codes() or None,
    }


def _history_view(image: Image) -> View:
    reason = image.state_reason
    show_source = settings.copy_image_reports_source and (
        image.state != "pending" or settings.copy_image_reports_source_while_pending
    )
    return {
        "Description": image.description,
        "StateReason": {"Code": reason[0], "Message": reason[1]} if reason else None,
        "SourceImageId": image.lineage.image_id if show_source else None,
        "SourceImageRegion": image.lineage.region if show_source else None,
        "SourceInstanceId": image.lineage.instance_id,
        "DeprecationTime": timing.moment_text(image.deprecate_at) if image.deprecate_at else None,
        "LastLaunchedTime": timing.moment_text(image.last_launched_at) if image.last_launched_at else None,
        "ImageOwnerAlias": image.owner_alias,
    }


def _field(name: str) -> t.Callable[[View], t.Any]:
    return lambda shown: shown.get(name)


def _mapping(name: str) -> t.Callable[[View], t.Any]:
    return lambda shown: [entry.get("Ebs", {}).get(name) for entry in shown["BlockDeviceMappings"]]


def _mark(name: str) -> t.Callable[[View], t.Any]:
    return lambda shown: [mark[name] for mark in shown.get("ImageWatermarks") or []]


PLAIN_FILTERS = {
    "architecture": "Architecture",
    "boot-mode": "BootMode",
    "creation-date": "CreationDate",
    "description": "Description",
    "ena-support": "EnaSupport",
    "hypervisor": "Hypervisor",
    "image-id": "ImageId",
    "image-type": "ImageType",
    "is-public": "Public",
    "kernel-id": "KernelId",
    "manifest-location": "ImageLocation",
    "name": "Name",
    "owner-alias": "ImageOwnerAlias",
    "owner-id": "OwnerId",
    "platform": "Platform",
    "ramdisk-id": "RamdiskId",
    "root-device-name": "RootDeviceName",
    "root-device-type": "RootDeviceType",
    "source-image-id": "SourceImageId",
    "source-image-region": "SourceImageRegion",
    "source-instance-id": "SourceInstanceId",
    "sriov-net-support": "SriovNetSupport",
    "state": "State",
    "virtualization-type": "VirtualizationType",
}
BY_MODEL, BY_GUIDE = "image-watermark.watermark-key", "image-watermark-key"
GETTERS: dict[str, t.Callable[[View], t.Any]] = {name: _field(member) for name, member in PLAIN_FILTERS.items()} | {
    "block-device-mapping.delete-on-termination": _mapping("DeleteOnTermination"),
    "block-device-mapping.device-name": lambda shown: [one["DeviceName"] for one in shown["BlockDeviceMappings"]],
    "block-device-mapping.snapshot-id": _mapping("SnapshotId"),
    "block-device-mapping.volume-size": _mapping("VolumeSize"),
    "block-device-mapping.volume-type": _mapping("VolumeType"),
    "block-device-mapping.encrypted": _mapping("Encrypted"),
    "image-allowed": lambda shown: shown.get("ImageAllowed", True),
    BY_MODEL: _mark("WatermarkKey"),
    "image-watermark.source-image-id": _mark("SourceImageId"),
    "image-watermark.source-image-region": _mark("SourceImageRegion"),
    "product-code": lambda shown: [code["ProductCodeId"] for code in shown.get("ProductCodes", [])],
    "product-code.type": lambda shown: [code["ProductCodeType"] for code in shown.get("ProductCodes", [])],
    "state-reason-code": lambda shown: shown.get("StateReason", {}).get("Code"),
    "state-reason-message": lambda shown: shown.get("StateReason", {}).get("Message"),
}


def _facts(region: Ec2Region) -> Facts[Image]:
    def on_view(getter: t.Callable[[View], t.Any]) -> t.Callable[[Image], t.Any]:
        return lambda image: getter(view(region, image))

    renamed = {BY_MODEL: BY_GUIDE} if settings.watermark_filter_guide_name else {}
    return Facts(
        {renamed.get(name, name): on_view(getter) for name, getter in GETTERS.items()},
        tags=lambda image: region.tags.get(image.id, {}) if image.lag.filterable() else {},
    )


@action("GetImageAncestry")
def get_image_ancestry(call: Call) -> Params:
    """List an image and the images that it was copied from, back to the first."""
    call.stop_if_dry_run()
    image: Image | None = lookup.image(call.region, call.get("ImageId"))
    entries: list[View] = []
    while image is not None:
        entries.append(_ancestry_entry(image))
        image = _source_of(image)
    return {"ImageAncestryEntries": entries}


def _ancestry_entry(image: Image) -> View:
    entry = {
        "ImageId": image.id,
        "SourceImageId": image.lineage.image_id,
        "SourceImageRegion": image.lineage.region,
        "CreationDate": timing.moment(image.created_at),
        "ImageOwnerAlias": image.owner_alias,
    }
    return {name: value for name, value in entry.items() if value is not None}


def _source_of(image: Image) -> Image | None:
    if not image.lineage.image_id or not image.lineage.region:
        return None
    regions = lookup.regions_named(image.lineage.region)
    return next(
        (region.amis[image.lineage.image_id] for region in regions if image.lineage.image_id in region.amis), None
    )
