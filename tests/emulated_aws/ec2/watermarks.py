# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watermarks and instance types of images, which tell where an image comes from and what it is for (aws_rules §16)."""

from __future__ import annotations

import fnmatch
import re

from emulated_aws.ec2 import errors, lookup, timing
from emulated_aws.ec2.copy_image import NAME
from emulated_aws.ec2.model import Image, View, Watermark
from emulated_aws.ec2.request import Call, Params, action

MOST_WATERMARKS, MOST_TYPES = 5, 100
TYPE = re.compile(r"[A-Za-z0-9_.*-]{1,24}")
LISTS = ("SupportedInstanceTypes", "UnsupportedInstanceTypes")


@action("AttachImageWatermark")
def attach_image_watermark(call: Call) -> Params:
    """Attach a watermark of the caller's account; one that is there already stays as it is."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    name = call.get("WatermarkName")
    if not NAME.fullmatch(name):
        raise errors.invalid_value(name, "watermarkName")
    if image.public:
        raise errors.AwsError("OperationNotPermitted", f"The image {image.id} is public and takes no watermark.")
    key = f"{call.account}:{name}"
    if key not in image.watermarks and len(image.watermarks) >= MOST_WATERMARKS:
        raise errors.AwsError("ResourceLimitExceeded", f"An image has at most {MOST_WATERMARKS} watermarks.")
    call.stop_if_dry_run()
    mark = Watermark(key, image.region, image.id, image.created_at, timing.now())
    image.watermarks = {key: mark} | image.watermarks
    return {"WatermarkKey": key}


@action("DetachImageWatermark")
def detach_image_watermark(call: Call) -> Params:
    """Detach a watermark, if it is there; images made from this one keep theirs."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    call.stop_if_dry_run()
    image.watermarks = {key: mark for key, mark in image.watermarks.items() if key != call.get("WatermarkKey")}
    return {"Return": True}


@action("ReplaceImageInstanceTypeSpecification")
def replace_image_instance_types(call: Call) -> Params:
    """Say on which instance types the image can be launched; nothing said lifts it."""
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    given = call.get("InstanceTypeSpecification", {})
    every = [one for name in LISTS for one in given.get(name, [])]
    if any(len(given.get(name, [])) > MOST_TYPES for name in LISTS) or len(set(every)) < len(every):
        raise errors.invalid_value(len(every), "instanceTypeSpecification", f"{MOST_TYPES} of each, all unique.")
    for one in every:
        if not TYPE.fullmatch(one) or "**" in one:
            raise errors.invalid_value(one, "instanceTypeSpecification")
    if image.billing.product_codes:
        raise errors.AwsError("OperationNotPermitted", "Not for images from AWS Marketplace.")
    call.stop_if_dry_run()
    image.instance_types = {name: tuple(given.get(name, [])) for name in LISTS if given.get(name)}
    return {"ReturnValue": True}


def check_instance_type(image: Image, instance_type: str) -> None:
    """Raise the error for launching an image on a type that it is not for."""
    supported, unsupported = (image.instance_types.get(name, ()) for name in LISTS)
    fits = [any(fnmatch.fnmatchcase(instance_type, one) for one in types) for types in (supported, unsupported)]
    if (supported and not fits[0]) or fits[1]:
        raise errors.invalid_combination(f"The image {image.id} does not support the instance type {instance_type}.")


def view(image: Image) -> View:
    """Return what DescribeImages shows of both."""
    marks = [
        {
            "WatermarkKey": mark.key,
            "SourceImageRegion": mark.source_region,
            "SourceImageId": mark.source_image_id,
            "SourceImageCreationTime": timing.moment(mark.source_created_at),
            "WatermarkCreationTime": timing.moment(mark.created_at),
        }
        for mark in image.watermarks.values()
    ]
    types = {name: [{"InstanceType": one} for one in image.instance_types[name]] for name in image.instance_types}
    return {"ImageWatermarks": marks or None, "InstanceTypeSpecification": types or None}
