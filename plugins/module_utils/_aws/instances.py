# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Instances in one region: botocore's dictionaries in, ``Instance`` values out."""

from __future__ import annotations

import typing as t

from .._image.aws_facts import BILLING_FIELDS, BOOT_FIELDS
from .._image.compose.recipe import Recipe, RecipeDevice
from .._image.compose.request import InstanceOptions
from .._image.machines import Attachment, Instance
from .._image.proofs import MayTerminate
from .connection import Region
from .errors import call, call_unless_gone, required
from .paging import Filters, read_all
from .shapes import ebs_of
from .tags import tag_specifications, tags_in

_GONE: t.Final = "InvalidInstanceID.NotFound"


def find_instance(region: Region, instance_id: str) -> Instance | None:
    """Return an instance by id; None where it is gone, or not visible yet."""
    found = _describe(region, [{"Name": "instance-id", "Values": [instance_id]}])
    return found[0] if found else None


def find_instances_by_tag(region: Region, tag: str, value: str) -> list[Instance]:
    """Return the instances that carry the tag, terminated ones included; new ones may be missing for a minute."""
    return _describe(region, [{"Name": f"tag:{tag}", "Values": [value]}])


def find_instances_by_token(region: Region, token: str) -> list[Instance]:
    """Return the instances whose client token begins so, terminated ones included for about an hour."""
    return _describe(region, [{"Name": "client-token", "Values": [f"{token}*"]}])


def run_instance(
    region: Region,
    image_id: str,
    recipe: Recipe,
    options: InstanceOptions,
    *,
    client_token: str,
    tags: t.Mapping[str, str],
) -> Instance:
    """Start one instance with every device of the image under its key; the client token makes repeating safe.

    All its volumes end with it. A key that EBS cannot use shows itself later: the instance terminates.
    """
    params: dict[str, t.Any] = {
        "ImageId": image_id,
        "InstanceType": options.instance_type,
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": options.subnet_id,
        "BlockDeviceMappings": [
            *(_launched(device, options) for device in recipe.ebs_devices if not device.is_added),
            *({"DeviceName": name, "NoDevice": ""} for name in recipe.dropped),
        ],
        "MetadataOptions": {"HttpTokens": options.http_tokens, "HttpEndpoint": options.http_endpoint},
        "ClientToken": client_token,
        "TagSpecifications": tag_specifications(instance=tags, volume=tags),
    }
    profile = options.iam_instance_profile
    optional = {
        "SecurityGroupIds": list(options.security_group_ids),
        "KeyName": options.key_name,
        "UserData": options.user_data,
        "IamInstanceProfile": {"Arn" if (profile or "").startswith("arn:") else "Name": profile} if profile else None,
    }
    params.update((name, value) for name, value in optional.items() if value)
    answer = call(f"launch image {image_id} in {region.name}", region.ec2.run_instances, **params)
    instances = required(answer, "Instances", of=f"a launch of {image_id}")
    return _to_instance(instances[0] if instances else {})


def start_instance(region: Region, proof: MayTerminate) -> None:
    """Ask a stopped instance to run again."""
    instance_id = proof.resource_id
    call(f"start instance {instance_id} in {region.name}", region.ec2.start_instances, InstanceIds=[instance_id])


def stop_instance(region: Region, proof: MayTerminate) -> None:
    """Ask a running instance to stop."""
    instance_id = proof.resource_id
    call(f"stop instance {instance_id} in {region.name}", region.ec2.stop_instances, InstanceIds=[instance_id])


def terminate_instance(region: Region, proof: MayTerminate) -> bool:
    """Ask an instance to terminate; return False where it is gone already."""
    instance_id = proof.resource_id
    what = f"terminate instance {instance_id} in {region.name}"
    return call_unless_gone(what, region.ec2.terminate_instances, gone=_GONE, InstanceIds=[instance_id])


def default_subnets(region: Region) -> list[str]:
    """Return the ids of the default VPC's default subnets in the order of their zones."""
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    what = f"find default subnets of {region.name}"
    entries = read_all(region.ec2, "describe_subnets", what, filters=filters)
    subnets = sorted(entries, key=lambda subnet: str(subnet["AvailabilityZone"]))
    return [str(subnet["SubnetId"]) for subnet in subnets]


def find_subnet(region: Region, subnet_id: str) -> tuple[str, str]:
    """Return the zone of a subnet, and the ARN of its Outpost; both empty where there is no such subnet."""
    filters = [{"Name": "subnet-id", "Values": [subnet_id]}]
    for entry in read_all(region.ec2, "describe_subnets", f"find subnet {subnet_id} in {region.name}", filters=filters):
        return str(entry.get("AvailabilityZone") or ""), str(entry.get("OutpostArn") or "")
    return "", ""


def _launched(device: RecipeDevice, options: InstanceOptions) -> dict[str, t.Any]:
    ebs: dict[str, t.Any] = {"Encrypted": True, "KmsKeyId": device.kms_key_id, "DeleteOnTermination": True}
    if device.shape is not None:
        ebs.update(ebs_of(device.shape))
    if options.volume_initialization_rate is not None and device.snapshot_id is not None:
        ebs["VolumeInitializationRate"] = options.volume_initialization_rate
    return {"DeviceName": device.device_name, "Ebs": ebs}


def _describe(region: Region, filters: Filters) -> list[Instance]:
    what = f"describe instances in {region.name}"
    return [_to_instance(entry) for entry in read_all(region.ec2, "describe_instances", what, filters=filters)]


def _to_instance(entry: dict[str, t.Any]) -> Instance:
    reason = entry.get("StateReason") or {}
    mappings = [mapping for mapping in entry.get("BlockDeviceMappings") or () if mapping.get("Ebs")]
    return Instance(
        instance_id=str(required(entry, "InstanceId", of="an instance")),
        state=(entry.get("State") or {}).get("Name") or "unknown",
        image_id=entry.get("ImageId") or "",
        state_reason=str(reason.get("Message") or ""),
        zone=(entry.get("Placement") or {}).get("AvailabilityZone") or "",
        outpost_arn=str(entry.get("OutpostArn") or ""),
        root_device_name=entry.get("RootDeviceName") or "",
        root_device_type=entry.get("RootDeviceType") or "ebs",
        client_token=entry.get("ClientToken") or "",
        attachments=tuple(
            Attachment(
                mapping["DeviceName"],
                mapping["Ebs"]["VolumeId"],
                bool(mapping["Ebs"].get("DeleteOnTermination")),
            )
            for mapping in mappings
        ),
        boot={name: entry[name] for name in BOOT_FIELDS if entry.get(name) is not None},
        billing={name: entry[name] for name in BILLING_FIELDS if entry.get(name)},
        tags=tags_in(entry),
    )
