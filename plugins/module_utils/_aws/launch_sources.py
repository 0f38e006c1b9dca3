# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what launches instances: templates, Auto Scaling groups and parameters. Nothing here changes anything."""

from __future__ import annotations

import typing as t

from .._image.launch_sources import TemplateUse, TemplateVersion
from .connection import Region
from .errors import AwsError, call
from .image_use import managed
from .paging import read_all

Entry = dict[str, t.Any]

_GONE: t.Final = (
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidLaunchTemplateName.NotFoundException",
)
# "Names: up to 10" (botocore's model).
PARAMETER_NAMES: t.Final = 10
_REFRESHES: t.Final = 100
_VERSIONS: t.Final = "DescribeLaunchTemplateVersions"


def current_versions(region: Region) -> list[TemplateVersion]:
    """Return the default and the newest version of every launch template."""
    what = f"describe launch templates in {region.name}"
    # AWS looks for references with both permissions on the caller's behalf; of this one only that is asked.
    call(what, region.ec2.describe_launch_templates, MaxResults=1, **managed(region, "DescribeLaunchTemplates"))
    entries = read_all(
        region.ec2,
        "describe_launch_template_versions",
        f"describe launch template versions in {region.name}",
        Versions=["$Latest", "$Default"],
        **managed(region, _VERSIONS),
    )
    return [_to_version(entry) for entry in entries]


def find_version(region: Region, use: TemplateUse) -> TemplateVersion | None:
    """Return the version that is meant; None where AWS says that there is none, by which nothing is launched."""
    named: Entry = {"LaunchTemplateId": use.template_id} if use.template_id else {"LaunchTemplateName": use.name}
    what = f"describe version {use.version} of launch template {use.key} in {region.name}"
    describe = region.ec2.describe_launch_template_versions
    try:
        answer = call(what, describe, Versions=[use.version], **named, **managed(region, _VERSIONS))
    except AwsError as error:
        if error.code in _GONE:
            return None
        raise
    found = answer.get("LaunchTemplateVersions") or ()
    return _to_version(found[0]) if found else None


def launch_configurations(region: Region) -> list[Entry]:
    """Return the launch configurations."""
    return read_all(
        region.client("autoscaling"),
        "describe_launch_configurations",
        f"describe launch configurations in {region.name}",
    )


def scaling_groups(region: Region) -> list[Entry]:
    """Return the Auto Scaling groups; AWS leaves those out that it manages only when told to."""
    return read_all(
        region.client("autoscaling"), "describe_auto_scaling_groups", f"describe Auto Scaling groups in {region.name}"
    )


def newest_refreshes(region: Region, group: str) -> list[Entry]:
    """Return the newest instance refreshes of a group, of which one at a time is under way."""
    what = f"describe the instance refreshes of {group} in {region.name}"
    describe = region.client("autoscaling").describe_instance_refreshes
    answer = call(what, describe, AutoScalingGroupName=group, MaxRecords=_REFRESHES)
    return list(answer.get("InstanceRefreshes") or ())


def image_parameters(region: Region) -> list[Entry]:
    """Return the parameters of the data type that is for images, without their values."""
    return read_all(
        region.client("ssm"),
        "describe_parameters",
        f"describe parameters in {region.name}",
        ParameterFilters=[{"Key": "DataType", "Option": "Equals", "Values": ["aws:ec2:image"]}],
    )


def parameter_values(region: Region, names: t.Sequence[str]) -> dict[str, str]:
    """Return the values of up to ten parameters by the names asked for, with version or label; others do not exist."""
    answer = call(f"get parameters in {region.name}", region.client("ssm").get_parameters, Names=list(names))
    found = {}
    for one in answer.get("Parameters") or ():
        for name in (one.get("Name"), one.get("ARN")):
            found[f"{name}{one.get('Selector') or ''}"] = str(one.get("Value") or "")
    missing = set(names) - set(found) - set(answer.get("InvalidParameters") or ())
    if missing:
        raise AwsError(
            message=f"AWS's answer on parameters in {region.name} says nothing of {', '.join(sorted(missing))}"
        )
    return found


def parameter_history(region: Region, name: str) -> list[Entry]:
    """Return the versions of a parameter with their labels."""
    return read_all(
        region.client("ssm"),
        "get_parameter_history",
        f"get the history of parameter {name} in {region.name}",
        Name=name,
    )


def _to_version(entry: Entry) -> TemplateVersion:
    return TemplateVersion(
        template_id=str(entry.get("LaunchTemplateId") or ""),
        name=str(entry.get("LaunchTemplateName") or ""),
        number=int(entry.get("VersionNumber") or 0),
        image=str((entry.get("LaunchTemplateData") or {}).get("ImageId") or ""),
        is_default=bool(entry.get("DefaultVersion")),
    )
