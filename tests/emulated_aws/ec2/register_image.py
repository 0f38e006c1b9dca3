# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RegisterImage (aws_rules §3.2)."""

from __future__ import annotations

import base64
import binascii
import dataclasses

from moto.ec2.utils import random_ami_id

from emulated_aws.ec2 import errors, lookup, tagging
from emulated_aws.ec2.copy_image import check_description, check_name
from emulated_aws.ec2.create_image import check_unused, new_ebs
from emulated_aws.ec2.devices import Device, check_mapping_shape, name_among
from emulated_aws.ec2.model import Billing, BootSettings, Image, Snapshot
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.ec2.volume_making import VolumeRequest
from emulated_aws.settings import settings

MOST_UEFI_DATA = 64000


@action("RegisterImage")
def register_image(call: Call) -> Params:
    """Register an image of given snapshots; it is available at once."""
    check_name(call.get("Name"))
    check_description(call.get("Description"))
    check_unused(call.region, call.get("Name"))
    if call.get("BillingProducts"):
        raise errors.AwsError("AuthFailure", "The account is not authorized to specify billing products.")
    boot = _boot(call)
    devices = _devices(call)
    root = call.get("RootDeviceName") or "/dev/sda1"
    snapshots = _check_devices(call, devices, root)
    tags = tagging.specified(call, "image")["image"]
    call.stop_if_dry_run()
    image = Image(
        id=random_ami_id(),
        owner=call.account,
        region=call.region.region_name,
        name=call.get("Name"),
        devices=devices,
        root_device_name=root,
        root_device_type="ebs" if snapshots else "instance-store",
        description=call.get("Description"),
        boot=boot,
        billing=_billing(snapshots, root),
        image_location=call.get("ImageLocation"),
        lag=call.region.new_lag(),
    )
    call.region.amis[image.id] = image
    call.region.tags[image.id].update(tags)
    return {"ImageId": image.id}


def _boot(call: Call) -> BootSettings:
    boot = BootSettings(
        architecture=call.get("Architecture") or "i386",
        virtualization_type=call.get("VirtualizationType") or "paravirtual",
        ena_support=call.get("EnaSupport"),
        sriov_net_support=call.get("SriovNetSupport"),
        boot_mode=call.get("BootMode"),
        tpm_support=call.get("TpmSupport"),
        uefi_data=call.get("UefiData"),
        imds_support=call.get("ImdsSupport"),
        kernel_id=call.get("KernelId"),
        ramdisk_id=call.get("RamdiskId"),
    )
    if boot.virtualization_type not in ("hvm", "paravirtual"):
        raise errors.invalid_value(boot.virtualization_type, "virtualizationType", "Expected: hvm or paravirtual.")
    if boot.sriov_net_support not in (None, "simple"):
        raise errors.invalid_value(boot.sriov_net_support, "sriovNetSupport", "Expected: simple.")
    if boot.tpm_support and boot.boot_mode != "uefi":
        raise errors.invalid_combination("TpmSupport v2.0 requires the boot mode uefi.")
    if boot.uefi_data is not None:
        _check_uefi_data(boot.uefi_data)
    return boot


def _check_uefi_data(data: str) -> None:
    try:
        base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise errors.AwsError("InvalidParameterValue", "The UEFI data are not valid base64.") from None
    if len(data) > MOST_UEFI_DATA:
        raise errors.AwsError("InvalidParameterValue", f"The UEFI data exceed {MOST_UEFI_DATA} characters.")


def _devices(call: Call) -> list[Device]:
    entries = call.get("BlockDeviceMappings", [])
    check_mapping_shape(entries)
    devices = []
    for entry in entries:
        name = entry["DeviceName"]
        if "Ebs" in entry:
            devices.append(Device(name, new_ebs(call, name, entry["Ebs"])))
        else:
            devices.append(Device(name, virtual_name=entry.get("VirtualName"), no_device="NoDevice" in entry))
    return devices


def _check_devices(call: Call, devices: list[Device], root: str) -> dict[str, Snapshot]:
    """Return the snapshots by device, after checking them and that there is a root."""
    snapshots: dict[str, Snapshot] = {}
    for device in devices:
        if device.ebs:
            found = lookup.snapshot(call.region, device.ebs.snapshot_id) if device.ebs.snapshot_id else None
            VolumeRequest(device.ebs, found).check()
            if found:
                snapshots[device.name] = found
    if name_among(snapshots, root) not in snapshots and not call.get("ImageLocation"):
        raise errors.AwsError(
            "InvalidRequest", f"The request must contain either an image location or a snapshot for the root {root}."
        )
    return snapshots


def _billing(snapshots: dict[str, Snapshot], root: str) -> Billing:
    """Return what RegisterImage knows of platform and licenses: all codes of the snapshots, and perhaps the rest."""
    codes = tuple(dict.fromkeys(code for one in snapshots.values() for code in one.billing.product_codes))
    found = snapshots.get(name_among(snapshots, root))
    if settings.register_image_keeps_billing and found:
        return dataclasses.replace(found.billing, product_codes=codes)
    return Billing(product_codes=codes)
