# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags: given on creation, changed later, and looked up."""

from __future__ import annotations

import typing as t

from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix

from emulated_aws.ec2 import errors, lookup
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

MOST_TAGS = 50
SHARED_TAG_PREFIX = "ec2:SharedTag/"
Tags = dict[str, str]


def wire(tags: Tags) -> list[dict[str, str]]:
    """Return tags as EC2 lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def parse(pairs: t.Sequence[Params]) -> Tags:
    """Return the tags of a request, checked."""
    tags: Tags = {}
    for pair in pairs:
        key, value = pair.get("Key", ""), pair.get("Value") or ""
        if key in tags:
            raise errors.invalid_value(key, "Tags", f"Duplicate tag key '{key}' specified.")
        tags[key] = value
    _check(tags)
    return tags


def _check(tags: Tags) -> None:
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise errors.AwsError("InvalidParameterValue", "Tag key length must be between 1 and 128 characters")
        if len(value) > 256:
            raise errors.AwsError("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
        if key.lower().startswith("aws:"):
            raise errors.AwsError(
                "InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use"
            )
    if len(tags) > MOST_TAGS:
        raise errors.AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")


def specified(call: Call, *kinds: str) -> dict[str, Tags]:
    """Return the tags that TagSpecifications gives to each kind of resource that this action can tag."""
    found: dict[str, Tags] = {kind: {} for kind in kinds}
    for one in call.get("TagSpecifications", []):
        kind = one.get("ResourceType")
        if kind not in found:
            raise errors.AwsError(
                "InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation."
            )
        found[kind].update(parse(one.get("Tags", [])))
    return found


def user_tags(tags: Tags) -> Tags:
    """Return the tags that a user made, without AWS's own."""
    return {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}


@action("CreateTags")
def create_tags(call: Call) -> None:
    """Set tags on resources of any kind."""
    resources = _resources(call)
    tags = parse(call.get("Tags", []))
    if not tags:
        raise errors.missing_parameter("Tag")
    for resource in resources:
        together = user_tags(call.region.tags.get(resource, {})) | tags
        if len(together) > MOST_TAGS:
            raise errors.AwsError("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    call.stop_if_dry_run()
    for resource in resources:
        call.region.tags[resource].update(tags)


@action("DeleteTags")
def delete_tags(call: Call) -> None:
    """Remove tags by key, by key and value, or all of them."""
    resources = _resources(call)
    pairs = call.get("Tags", [])
    call.stop_if_dry_run()
    for resource in resources:
        tags = call.region.tags[resource]
        if not pairs:
            for key in user_tags(tags):
                del tags[key]
        for pair in pairs:
            if pair.get("Key") in tags and pair.get("Value") in (None, tags[pair["Key"]]):
                del tags[pair["Key"]]


def _resources(call: Call) -> list[str]:
    resources: list[str] = call.get("Resources", [])
    for resource in resources:
        _must_exist(call.region, resource)
    return resources


def _must_exist(region: Ec2Region, resource: str) -> None:
    kind = kind_of(resource)
    if kind is None:
        raise errors.AwsError("InvalidID", f"The ID '{resource}' is not valid")
    if kind == "image":
        lookup.image(region, resource)
    elif kind == "snapshot":
        lookup.snapshot(region, resource)
    elif kind == "volume":
        lookup.volume(region, resource)
    elif kind == "instance":
        region.instance(resource)
    else:
        region.do_resources_exist([resource])


def kind_of(resource: str) -> str | None:
    """Return the resource type behind an id, such as ``image`` behind ``ami-…``."""
    kind: str | None = EC2_PREFIX_TO_RESOURCE.get(get_prefix(resource))
    return kind


class TagRow(t.NamedTuple):
    """One line of DescribeTags."""

    resource: str
    key: str
    value: str


TAG_FACTS: Facts[TagRow] = Facts(
    {
        "key": lambda row: row.key,
        "value": lambda row: row.value,
        "resource-id": lambda row: row.resource,
        "resource-type": lambda row: kind_of(row.resource),
    },
    tags=lambda row: {row.key: row.value},
)


@action("DescribeTags")
def describe_tags(call: Call) -> Params:
    """List tags over all resources."""
    call.stop_if_dry_run()
    rows = [TagRow(resource, *pair) for resource, tags in list(call.region.tags.items()) for pair in tags.items()]
    shown, token = page(call, TAG_FACTS.select(rows, call.get("Filters", [])))
    return {
        "NextToken": token,
        "Tags": [
            {"ResourceId": r.resource, "ResourceType": kind_of(r.resource), "Key": r.key, "Value": r.value}
            for r in shown
        ],
    }
