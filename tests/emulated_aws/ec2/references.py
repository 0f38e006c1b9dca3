# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeImageReferences: what of the account names an image, as far as AWS looks (aws_rules §17.1)."""

from __future__ import annotations

import typing as t

from moto.ssm.models import ssm_backends

from emulated_aws import enforcement
from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.instance import EmulatedInstance
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

MOST_IMAGES, HOUR = 10, 3600.0
STATES = ("pending", "running", "shutting-down", "terminated", "stopping", "stopped")
TYPES = (
    "ec2:Instance",
    "ec2:LaunchTemplate",
    "ssm:Parameter",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
)
OPTIONS = {"ec2:Instance": "state-name", "ec2:LaunchTemplate": "version-depth"}
# What AWS calls on the caller's behalf (the guide's page on references, its policy).
NEEDED = {
    "ec2:Instance": ("ec2:DescribeInstances",),
    "ec2:LaunchTemplate": ("ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"),
    "ssm:Parameter": ("ssm:DescribeParameters", "ssm:GetParameters"),
    "imagebuilder:ImageRecipe": ("imagebuilder:ListImageRecipes",),
    "imagebuilder:ContainerRecipe": ("imagebuilder:ListContainerRecipes", "imagebuilder:GetContainerRecipe"),
}
Wanted = dict[str, list[str]]


@action("DescribeImageReferences")
def describe_image_references(call: Call) -> Params:
    """List instances, launch templates and parameters of the account that name the images, owned or not."""
    ids = call.get("ImageIds")
    if len(ids) > MOST_IMAGES:
        raise errors.invalid_value(len(ids), "imageIds", f"At most {MOST_IMAGES} images.")
    for image_id in ids:
        if not lookup.IMAGE_ID.fullmatch(image_id):
            raise errors.image_malformed(image_id)
    wanted = _wanted(call)
    call.stop_if_dry_run()
    found = [
        {"ImageId": image_id, "ResourceType": kind, "Arn": arn}
        for image_id in dict.fromkeys(ids)
        for kind, options in wanted.items()
        if _allowed(call, kind)
        for arn in LISTS[kind](call.region, image_id, options)
    ]
    shown, token = page(call, found)
    return {"NextToken": token, "ImageReferences": shown}


def _wanted(call: Call) -> Wanted:
    given = options_of(call.get("ResourceTypes", []), TYPES)
    if not given and not call.get("IncludeAllResourceTypes"):
        raise errors.missing_parameter("ResourceType")
    return ({kind: [] for kind in TYPES} if call.get("IncludeAllResourceTypes") else {}) | given


def options_of(asked: t.Sequence[Params], types: t.Collection[str]) -> Wanted:
    """Return the values of the one option that a type of resource has, by type."""
    found: Wanted = {}
    for one in asked:
        kind = one.get("ResourceType", "")
        if kind not in types:
            raise errors.invalid_value(kind, "resourceType", f"Expected one of: {', '.join(types)}")
        found[kind] = []
        for option in one.get("ResourceTypeOptions", []):
            if option.get("OptionName") != OPTIONS.get(kind):
                raise errors.invalid_value(option.get("OptionName"), "optionName", f"Not an option of {kind}.")
            found[kind] += _checked(kind, option.get("OptionValues", []))
    return found


def _checked(kind: str, values: list[str]) -> list[str]:
    for value in values:
        depth = kind == "ec2:LaunchTemplate" and value.isdigit() and 1 <= int(value) <= 10000
        if not depth and value not in STATES:
            raise errors.invalid_value(value, "optionValues")
    return values


def _allowed(call: Call, kind: str) -> bool:
    """Tell whether AWS may look on the caller's behalf; where not, whether it fails or finds less is open."""
    denied = [
        one for one in NEEDED[kind] if not enforcement.current_caller_may_list(one, region=call.region.region_name)
    ]
    if denied and settings.references_when_denied == "fail":
        raise errors.AwsError(
            "UnauthorizedOperation", f"You are not authorized to perform this operation: {denied[0]} is needed."
        )
    return not denied


def instances_of(region: Ec2Region, image_id: str) -> list[EmulatedInstance]:
    """Return the instances of an image, terminated ones for an hour."""
    since = region.now() - HOUR
    found = [t.cast(EmulatedInstance, one) for one in region.all_instances()]
    return [one for one in found if one.image_id == image_id and one.terminated_at > since]


def _instances(region: Ec2Region, image_id: str, states: list[str]) -> list[str]:
    known = region.now() - settings.references_lag_seconds
    return [
        f"arn:aws:ec2:{region.region_name}:{region.account_id}:instance/{one.id}"
        for one in instances_of(region, image_id)
        if one.created_at <= known and (not states or one.state in states)
    ]


def templates_of(region: Ec2Region, image_id: str, depth: int) -> list[str]:
    """Return the launch templates with a version that names the image, among the newest ``depth`` versions."""
    return [
        template.id
        for template in region.launch_templates.values()
        if any(version.image_id == image_id for version in template.versions[-depth:])
    ]


def _templates(region: Ec2Region, image_id: str, depth: list[str]) -> list[str]:
    found = templates_of(region, image_id, int(depth[0]) if depth else 10)
    return [f"arn:aws:ec2:{region.region_name}:{region.account_id}:launch-template/{one}" for one in found]


def _parameters(region: Ec2Region, image_id: str, _options: list[str]) -> list[str]:
    store = ssm_backends[region.account_id][region.region_name]._parameters
    newest = [versions[-1] for versions in store.values() if versions]
    return [
        f"arn:aws:ssm:{region.region_name}:{region.account_id}:parameter/{one.name.lstrip('/')}"
        for one in newest
        if one.value == image_id and (one.data_type == "aws:ec2:image" or settings.references_see_text_parameters)
    ]


def _none(_region: Ec2Region, _image_id: str, _options: list[str]) -> list[str]:
    return []


LISTS: dict[str, t.Callable[[Ec2Region, str, list[str]], list[str]]] = {
    "ec2:Instance": _instances,
    "ec2:LaunchTemplate": _templates,
    "ssm:Parameter": _parameters,
    "imagebuilder:ImageRecipe": _none,
    "imagebuilder:ContainerRecipe": _none,
}
