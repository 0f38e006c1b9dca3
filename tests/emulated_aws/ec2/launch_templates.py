# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch templates: versions that inherit, warnings, images behind parameters (aws_rules §20); moto has the rest."""

from __future__ import annotations

import copy
import typing as t

from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

from emulated_aws import ssm
from emulated_aws.ec2 import errors, lookup, tokens
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

ALIAS = "resolve:ssm:"
Row = tuple[LaunchTemplate, LaunchTemplateVersion]


def _template(call: Call) -> LaunchTemplate:
    name, template_id = call.get("LaunchTemplateName"), call.get("LaunchTemplateId")
    if not name and not template_id:
        raise errors.missing_parameter("LaunchTemplateId")
    region = call.region
    return region.get_launch_template(template_id) if template_id else region.get_launch_template_by_name(name)


@action("CreateLaunchTemplateVersion")
def create_launch_template_version(call: Call) -> Params:
    """Make a version: of what is given alone, or of another version with that put over it."""
    template = _template(call)
    known = tokens.known(call)
    if known:
        return {"LaunchTemplateVersion": _view(call, (template, template.get_version(int(known))), resolve=False)}
    if len(call.get("VersionDescription", "")) > 255:
        raise errors.invalid_value(call.get("VersionDescription"), "versionDescription", "At most 255 characters.")
    data = _inherited(template, call.get("SourceVersion")) | call.get("LaunchTemplateData")
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    call.stop_if_dry_run()
    version = template.create_version(data, call.get("VersionDescription"))
    tokens.remember(call, str(version.number))
    warning = _warning(call, data)
    return {"LaunchTemplateVersion": _view(call, (template, version), resolve=False)} | warning


class Versions(list[LaunchTemplateVersion]):
    """Versions by their number less one, as moto looks them up; a deleted one is gone, and its number with it."""

    def __init__(self, versions: t.Iterable[LaunchTemplateVersion]) -> None:
        super().__init__(versions)
        self.gone: set[int] = set()

    def __iter__(self) -> t.Iterator[LaunchTemplateVersion]:
        return iter([one for one in super().__iter__() if one.number not in self.gone])

    def __getitem__(self, index: t.Any) -> t.Any:
        if isinstance(index, slice) or index < 0:
            return list(self)[index]
        if index + 1 in self.gone:
            raise IndexError(index)
        return super().__getitem__(index)


@action("DeleteLaunchTemplateVersions")
def delete_launch_template_versions(call: Call) -> Params:
    """Delete versions by number; the default one stays, and the answer says of each what became of it."""
    template = _template(call)
    call.stop_if_dry_run()
    done, failed = [], []
    for text in call.get("Versions", []):
        item = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(text)}
        code, message = "", ""
        if int(text) == template.default_version_number:
            code, message = "operationNotPermitted", "The default version cannot be deleted."
        elif int(text) not in [one.number for one in template.versions]:
            code, message = "launchTemplateVersionDoesNotExist", "The version does not exist."
        if code:
            failed.append(item | {"ResponseError": {"Code": code, "Message": message}})
            continue
        if not isinstance(template.versions, Versions):
            template.versions = Versions(template.versions)
        template.versions.gone.add(int(text))
        done.append(item)
    return {
        "SuccessfullyDeletedLaunchTemplateVersions": done,
        "UnsuccessfullyDeletedLaunchTemplateVersions": failed,
    }


def _inherited(template: LaunchTemplate, source: str | None) -> Params:
    if source is None:
        return {}
    if source.startswith("$") and not settings.launch_template_accepts_dollar_source:
        raise errors.invalid_value(source, "sourceVersion", "Specify the number of a version.")
    data = copy.deepcopy(template.get_version(source).data)
    for mapping in data.get("BlockDeviceMappings", []):
        mapping.get("Ebs", {}).pop("SnapshotId", None)  # Ignored unless given again (botocore's model).
    return data


def _warning(call: Call, data: Params) -> Params:
    image_id = data.get("ImageId", "")
    if not image_id or image_id.startswith(ALIAS):
        return {}
    try:
        lookup.image(call.region, image_id)
    except errors.AwsError as error:
        return {"Warning": {"Errors": [{"Code": error.code, "Message": error.message}]}}
    return {}


@action("DescribeLaunchTemplateVersions")
def describe_launch_template_versions(call: Call) -> Params:
    """List versions of one template, or the latest and default ones of all."""
    call.stop_if_dry_run()
    rows = call.region.describe_launch_template_versions(
        call.get("LaunchTemplateName"),
        call.get("LaunchTemplateId"),
        call.get("Versions", []),
        int(call.get("MinVersion") or 0),
        int(call.get("MaxVersion") or 0),
        10**6,
    )
    facts: Facts[Row] = Facts(
        {
            "image-id": lambda row: row[1].image_id,
            "instance-type": lambda row: row[1].instance_type,
            "is-default-version": lambda row: row[0].is_default(row[1]),
        },
        tags=lambda _row: {},
    )
    shown, token = page(call, facts.select(rows, call.get("Filters", [])), smallest=1)
    resolve = bool(call.get("ResolveAlias"))
    return {"NextToken": token, "LaunchTemplateVersions": [_view(call, row, resolve=resolve) for row in shown]}


def _view(call: Call, row: Row, *, resolve: bool) -> View:
    template, version = row
    data = dict(version.data)
    image_id = data.get("ImageId", "")
    if resolve and image_id.startswith(ALIAS):
        data["ImageId"] = image_behind(call, image_id)
    return {
        "CreateTime": version.create_time,
        "CreatedBy": f"arn:aws:iam::{call.account}:root",
        "DefaultVersion": template.is_default(version),
        "LaunchTemplateData": {name: value for name, value in data.items() if value is not None},
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "VersionDescription": version.description,
        "VersionNumber": version.number,
    }


def image_behind(call: Call, reference: str) -> str:
    """Return the image that a request or template names, by its id or by a parameter."""
    if not reference.startswith(ALIAS):
        return reference
    found = ssm.resolved(call.account, call.region.region_name, reference)
    if found is None:
        raise errors.invalid_value(reference, "imageId", "There is no such parameter.")
    return found
