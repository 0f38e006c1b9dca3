# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Parameters of Systems Manager that hold an image: botocore's dictionaries in, ``Parameter`` values out."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .._image.proofs import MayDeleteParameter
from .._image.publish.facts import IMAGE_TYPE, Parameter
from .._image.publish.steps import LabelParameter, PutParameter, TagParameter
from .connection import Region
from .errors import AwsError, call, call_unless_gone, required
from .paging import read_all

# GetParameters takes ten names a call.
_NAMES: t.Final = 10
# Nothing says under which code AWS answers while it validates the value before (aws_rules §19).
_BUSY_CODES: t.Final = ("TooManyUpdates",)
_BUSY_WORDS: t.Final = "in process"


def get_parameters(region: Region, names: t.Sequence[str]) -> dict[str, Parameter]:
    """Return parameters by the names given; those that are not there, or not yet, are absent."""
    found: dict[str, Parameter] = {}
    for entry in _read(region, names):
        shown = str(entry.get("Name") or "")
        # AWS may show a name of one level with its slash or without.
        name = next((one for one in names if one.lstrip("/") == shown.lstrip("/")), shown)
        found[name] = _to_parameter(entry, name)
    return found


def get_selected(region: Region, selectors: t.Mapping[str, t.Sequence[str]]) -> dict[str, dict[str, Parameter]]:
    """Return versions of parameters, by name and then by label or number; what no version has is absent."""
    found: dict[str, dict[str, Parameter]] = {name: {} for name in selectors}
    for entry in _read(region, [f"{name}:{one}" for name, names in selectors.items() for one in names]):
        shown, selector = str(entry.get("Name") or ""), str(entry.get("Selector") or "").lstrip(":")
        name = next((one for one in selectors if one.lstrip("/") == shown.lstrip("/")), "")
        if name and selector:
            found[name][selector] = _to_parameter(entry, name)
    return found


def get_parameters_below(region: Region, path: str) -> list[Parameter]:
    """Return the parameters below a path, however deep; those of type SecureString without a value."""
    what = f"read parameters below {path} in {region.name}"
    entries = read_all(region.client("ssm"), "get_parameters_by_path", what, Path=path, Recursive=True)
    found = [_to_parameter(entry, str(required(entry, "Name", of="a parameter"))) for entry in entries]
    return [dataclasses.replace(one, value="") if one.type == "SecureString" else one for one in found]


def get_parameter(region: Region, reference: str) -> Parameter | None:
    """Return one parameter by its name or ARN, perhaps in the version of a number or label; None if there is none."""
    return next((_to_parameter(entry, reference) for entry in _read(region, [reference])), None)


def _read(region: Region, names: t.Sequence[str]) -> list[dict[str, t.Any]]:
    client = region.client("ssm")
    found: list[dict[str, t.Any]] = []
    for start in range(0, len(names), _NAMES):
        batch = list(names[start : start + _NAMES])
        answer = call(f"read parameters in {region.name}", client.get_parameters, Names=batch)
        found += answer.get("Parameters") or []
    return found


def list_parameter_tags(region: Region, name: str) -> dict[str, str]:
    """Return the tags of a parameter."""
    answer = call(
        f"list the tags of parameter {name} in {region.name}",
        region.client("ssm").list_tags_for_resource,
        ResourceType="Parameter",
        ResourceId=name,
    )
    return {str(tag["Key"]): tag.get("Value") or "" for tag in answer.get("TagList") or ()}


def put_parameter(region: Region, step: PutParameter) -> int:
    """Have a parameter written and return the version that it gets if AWS finds the image valid.

    It is sent once: a write that AWS may have taken is first looked for, for each makes a version.
    """
    params: dict[str, t.Any] = {
        "Name": step.name,
        "Value": step.image_id,
        "Type": "String",
        "DataType": IMAGE_TYPE,
        "Overwrite": step.before is not None,
    }
    if step.tags and step.before is None:
        params["Tags"] = ansible_dict_to_boto3_tag_list(dict(sorted(step.tags.items())))
    if step.tier:
        params["Tier"] = step.tier
    if step.description:
        params["Description"] = step.description
    what = f"write parameter {step.name} in {region.name}"
    answer = call(what, region.client("ssm").put_parameter, retry=False, **params)
    return int(required(answer, "Version", of=f"parameter {step.name}"))


def is_busy(error: AwsError) -> bool:
    """Tell whether AWS is still validating a value of the parameter, ours or another's."""
    return error.code in _BUSY_CODES or _BUSY_WORDS in str(error).lower()


def tag_parameter(region: Region, step: TagParameter) -> None:
    """Add tags to a parameter."""
    call(
        f"tag parameter {step.name} in {region.name}",
        region.client("ssm").add_tags_to_resource,
        ResourceType="Parameter",
        ResourceId=step.name,
        Tags=ansible_dict_to_boto3_tag_list(dict(sorted(step.tags.items()))),
    )


def label_parameter(region: Region, step: LabelParameter, version: int) -> list[str]:
    """Move labels to a version, and return those that AWS did not take: it answers HTTP 200 all the same."""
    answer = call(
        f"label version {version} of parameter {step.name} in {region.name}",
        region.client("ssm").label_parameter_version,
        Name=step.name,
        ParameterVersion=version,
        Labels=list(step.labels),
    )
    return [str(label) for label in answer.get("InvalidLabels") or ()]


def delete_parameter(region: Region, proof: MayDeleteParameter) -> bool:
    """Delete a parameter; return False where AWS says that it is gone already."""
    name = proof.resource_id
    what = f"delete parameter {name} in {region.name}"
    return call_unless_gone(what, region.client("ssm").delete_parameter, gone="ParameterNotFound", Name=name)


def _to_parameter(entry: t.Mapping[str, t.Any], name: str) -> Parameter:
    return Parameter(
        name=name,
        value=str(entry.get("Value") or ""),
        version=int(required(entry, "Version", of=f"parameter {name}")),
        arn=str(entry.get("ARN") or ""),
        type=str(entry.get("Type") or "String"),
        data_type=str(entry.get("DataType") or "text"),
    )
