# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Images in one region: botocore's dictionaries in, ``Image`` values out."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.module_utils.common.dict_transformations import camel_dict_to_snake_dict
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._image.aws_facts import BILLING_FIELDS, BOOT_FIELDS
from .._image.marks import InstanceTypes
from .._image.model import SOURCE_TAG, BlockDevice, Image
from .._image.proofs import MayDeleteSnapshotsOf, MayDeregister
from .._image.steps import CopyImage
from .connection import Region
from .errors import AwsError, call, required
from .paging import Filters, read_all
from .places import destination_of_copy
from .tags import tags_in

_GONE: t.Final = ("InvalidAMIID.NotFound", "InvalidAMIID.Unavailable")


def describe_images(
    region: Region, filters: Filters, *, owners: t.Sequence[str] = ("self",), hidden: bool = False
) -> list[Image]:
    """Return the images that match, in no particular order; ids that do not exist are simply absent.

    ``hidden`` adds those that AWS leaves out unless asked: disabled ones, and deprecated ones of other accounts.
    """
    params: dict[str, t.Any] = {"Owners": list(owners)} if owners else {}
    if hidden:
        flags = ("IncludeDeprecated", "IncludeDisabled")
        params.update((flag, True) for flag in flags if region.knows("DescribeImages", flag))
    what = f"describe images in {region.name}"
    entries = read_all(region.ec2, "describe_images", what, filters=filters, **params)
    return [_to_image(entry, region.name) for entry in entries]


def find_images(region: Region, image_ids: t.Iterable[str], *, owners: t.Sequence[str] = ()) -> dict[str, Image]:
    """Return images by id, whoever owns them, deprecated and disabled ones too; what AWS does not show is absent."""
    filters = [{"Name": "image-id", "Values": sorted(set(image_ids))}]
    images = describe_images(region, filters, owners=owners, hidden=True)
    return {image.image_id: image for image in images}


def find_copies(region: Region, *, source_image_ids: t.Sequence[str], source_region: str) -> list[Image]:
    """Return the caller's images whose lineage, as AWS records it, is one of the sources, disabled ones too.

    AWS records a lineage of what CreateImage makes as well: the image that the instance was launched from.
    """

    def copies_of(image_ids: t.Sequence[str]) -> list[Image]:
        return describe_images(
            region,
            [
                {"Name": "source-image-id", "Values": list(image_ids)},
                {"Name": "source-image-region", "Values": [source_region]},
            ],
            hidden=True,
        )

    if "SourceImageId" in _output_members(region):
        return copies_of(source_image_ids)
    return [
        _with_lineage(image, image_id, source_region)
        for image_id in source_image_ids
        for image in copies_of([image_id])
    ]


def find_tagged_copies(region: Region, source_tags: t.Sequence[str]) -> list[Image]:
    """Return the caller's images that carry this collection's tag for one of the sources."""
    return describe_images(region, [{"Name": f"tag:{SOURCE_TAG}", "Values": list(source_tags)}], hidden=True)


def public_image_block(region: Region) -> str:
    """Return the account's block public access of images in the region, as AWS names it: ``unblocked`` or a block."""
    what = f"read block public access for images in {region.name}"
    answer = call(what, region.ec2.get_image_block_public_access_state)
    return str(required(answer, "ImageBlockPublicAccessState", of="block public access for images"))


def images_using(region: Region, snapshot_ids: t.Sequence[str]) -> set[str]:
    """Return those of the snapshots that some image of the caller uses, disabled images included.

    AWS may go on to show an image that is deregistered, which uses nothing.
    """
    used = {snapshot_id for one in users_of(region, snapshot_ids) for snapshot_id in one.snapshot_ids}
    return used.intersection(snapshot_ids)


def users_of(region: Region, snapshot_ids: t.Sequence[str]) -> list[Image]:
    """Return the caller's images that use any of the snapshots, disabled ones too, deregistered ones not."""
    entries = read_all(
        region.ec2,
        "describe_images",
        f"find the images that use snapshots in {region.name}",
        filters=[{"Name": "block-device-mapping.snapshot-id", "Values": list(snapshot_ids)}],
        Owners=["self"],
        **({"IncludeDisabled": True} if region.knows("DescribeImages", "IncludeDisabled") else {}),
    )
    images = [_to_image(entry, region.name) for entry in entries]
    return [image for image in images if image.state != "deregistered"]


def hides_foreign_images(region: Region) -> bool | None:
    """Tell whether the account's setting Allowed AMIs hides images of other accounts; None where AWS does not say.

    It only explains, so that nothing depends on whether it may be read.
    """
    if not hasattr(region.ec2, "get_allowed_images_settings"):
        return None
    try:
        answer = call(f"read the allowed images of {region.name}", region.ec2.get_allowed_images_settings)
    except AwsError:
        return None
    return bool(answer.get("State") == "enabled")


def copy_image(region: Region, step: CopyImage) -> str:
    """Start a copy into the region and return its id; the client token makes repeating safe."""
    params: dict[str, t.Any] = {
        "SourceImageId": step.source_image_id,
        "SourceRegion": step.source_region,
        "Name": step.name,
        "ClientToken": step.client_token,
        "TagSpecifications": [
            {"ResourceType": "image", "Tags": ansible_dict_to_boto3_tag_list(dict(sorted(step.tags.items())))},
            {
                "ResourceType": "snapshot",
                "Tags": ansible_dict_to_boto3_tag_list(dict(sorted(step.snapshot_tags.items()))),
            },
        ],
    }
    if step.description:
        params["Description"] = step.description
    if step.kms_key_id is not None:
        params.update(Encrypted=True, KmsKeyId=step.kms_key_id)
    if step.completion_duration_minutes is not None:
        params["SnapshotCopyCompletionDurationMinutes"] = step.completion_duration_minutes
    params.update(destination_of_copy(step.place))
    what = f"copy image {step.source_image_id} from {step.source_region} to {region.name}"
    answer = call(what, region.ec2.copy_image, **params)
    return str(required(answer, "ImageId", of=f"the copy of {step.source_image_id} to {region.name}"))


def deregister_image(
    region: Region, proof: MayDeregister, *, snapshots: MayDeleteSnapshotsOf | None
) -> frozenset[str] | None:
    """Deregister an image, asking AWS to delete its snapshots too if all are ours.

    Return the snapshots that AWS says it has deleted, for it skips those in use and answers success all the same
    (aws_rules §5.3); None where the image was gone already.
    """
    image_id = proof.resource_id
    params: dict[str, t.Any] = {"ImageId": image_id}
    if snapshots is not None and region.knows("DeregisterImage", "DeleteAssociatedSnapshots"):
        params["DeleteAssociatedSnapshots"] = True
    try:
        answer = call(f"deregister image {image_id} in {region.name}", region.ec2.deregister_image, **params)
    except AwsError as error:
        if error.code in _GONE:
            return None
        raise
    results = answer.get("DeleteSnapshotResults") or ()
    return frozenset(str(one.get("SnapshotId")) for one in results if one.get("ReturnCode") == "success")


def _output_members(region: Region) -> t.Container[str]:
    model = region.ec2.meta.service_model.operation_model("DescribeImages").output_shape
    members: t.Container[str] = model.members["Images"].member.members
    return members


def _with_lineage(image: Image, source_image_id: str, source_region: str) -> Image:
    return dataclasses.replace(image, source_image_id=source_image_id, source_region=source_region)


def _to_image(entry: dict[str, t.Any], region: str) -> Image:
    return Image(
        image_id=required(entry, "ImageId", of=f"an image in {region}"),
        region=region,
        name=entry.get("Name") or "",
        description=entry.get("Description") or "",
        state=entry.get("State") or "unknown",
        state_reason=_reason(entry.get("StateReason") or {}),
        owner_id=entry.get("OwnerId") or "",
        creation_date=entry.get("CreationDate") or "",
        source_image_id=entry.get("SourceImageId"),
        source_region=entry.get("SourceImageRegion"),
        source_instance_id=entry.get("SourceInstanceId"),
        root_device_name=entry.get("RootDeviceName") or "",
        root_device_type=entry.get("RootDeviceType") or "",
        devices=tuple(_to_device(mapping) for mapping in _by_name(entry.get("BlockDeviceMappings") or ())),
        tags=tags_in(entry),
        deprecation_time=entry.get("DeprecationTime"),
        deregistration_protection=entry.get("DeregistrationProtection") or "disabled",
        boot={name: entry[name] for name in BOOT_FIELDS if entry.get(name) is not None},
        billing={name: entry[name] for name in BILLING_FIELDS if entry.get(name)},
        watermarks=tuple(str(mark.get("WatermarkKey")) for mark in entry.get("ImageWatermarks") or ()),
        instance_types=_to_types(entry.get("InstanceTypeSpecification") or {}),
        is_public=bool(entry.get("Public")),
        owner_alias=entry.get("ImageOwnerAlias") or "",
        is_allowed=entry.get("ImageAllowed"),
        scan_results=_to_scan(entry.get("ScanResults") or {}),
    )


def _to_types(entry: dict[str, t.Any]) -> InstanceTypes:
    lists = (entry.get(name) or () for name in ("SupportedInstanceTypes", "UnsupportedInstanceTypes"))
    return InstanceTypes(*(tuple(sorted(str(one.get("InstanceType")) for one in types)) for types in lists))


def _to_scan(entry: dict[str, t.Any]) -> dict[str, t.Any] | None:
    shown: dict[str, t.Any] = camel_dict_to_snake_dict(entry)
    return {name: str(one.isoformat() if hasattr(one, "isoformat") else one) for name, one in shown.items()} or None


def _by_name(mappings: t.Iterable[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    return sorted(mappings, key=lambda mapping: str(mapping.get("DeviceName")))


def _to_device(mapping: dict[str, t.Any]) -> BlockDevice:
    ebs = mapping.get("Ebs") or {}
    return BlockDevice(
        device_name=mapping.get("DeviceName") or "",
        snapshot_id=ebs.get("SnapshotId"),
        encrypted=ebs.get("Encrypted"),
        volume_size=int(ebs.get("VolumeSize") or 0),
        volume_type=ebs.get("VolumeType"),
        iops=ebs.get("Iops"),
        throughput=ebs.get("Throughput"),
        delete_on_termination=ebs.get("DeleteOnTermination"),
        virtual_name=mapping.get("VirtualName"),
        no_device=mapping.get("NoDevice") is not None,
    )


def _reason(reason: dict[str, t.Any]) -> str:
    return ": ".join(str(reason[key]) for key in ("Code", "Message") if reason.get(key))
