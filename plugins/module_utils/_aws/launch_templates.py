# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Launch templates and the groups that launch by them: botocore's dictionaries in, values out."""

from __future__ import annotations

import typing as t
import uuid

from .._image.proofs import MayDeleteVersion
from .._image.publish.facts import Group, Version
from .._image.publish.steps import CreateVersion, SetDefaultVersion
from .._image.tokens import client_token_of
from .connection import Region
from .errors import AwsError, call, required
from .launch_sources import newest_refreshes, scaling_groups
from .paging import read_all


def versions_with_image(region: Region, image_id: str) -> list[Version]:
    """Return the newest and the default versions, of all templates, that have the image: one call for all."""
    return _read(region, image_id=image_id, Versions=["$Latest", "$Default"])


def versions_of(
    region: Region, template: t.Mapping[str, str], *, versions: t.Sequence[str] = (), image_id: str = ""
) -> list[Version]:
    """Return versions of one template by number or ``$`` name, or all that have an image."""
    which = {"Versions": list(versions)} if versions else {}
    return _read(region, image_id=image_id, **template, **which)


def resolved_image(region: Region, template_id: str, version: int) -> str | None:
    """Return the image to which the alias in a version leads, None where AWS finds none."""
    try:
        found = _read(region, LaunchTemplateId=template_id, Versions=[str(version)], ResolveAlias=True)
    except AwsError as error:
        if error.is_denied or error.is_outage:
            raise
        return None
    image = next((one.image for one in found if not one.is_alias), "")
    return image or None


def _read(region: Region, *, image_id: str = "", **params: t.Any) -> list[Version]:
    # Not as filters of read_all: versions of two templates may have the same number.
    which = params.get("LaunchTemplateName") or params.get("LaunchTemplateId") or "launch templates"
    filters = {"Filters": [{"Name": "image-id", "Values": [image_id]}]} if image_id else {}
    what = f"describe versions of {which} in {region.name}"
    entries = read_all(region.ec2, "describe_launch_template_versions", what, **params, **filters)
    return [_to_version(entry) for entry in entries]


def create_version(region: Region, step: CreateVersion) -> tuple[int, list[str]]:
    """Create a version and return its number, and what AWS warns of; its token makes repeating safe.

    AWS may know the token of a version that was taken back since, and then finds no version.
    """
    try:
        return _create_version(region, step, step.client_token)
    except AwsError as error:
        if not error.code.endswith("VersionNotFound"):
            raise
        return _create_version(region, step, client_token_of(step.client_token, uuid.uuid4().hex))


def _create_version(region: Region, step: CreateVersion, token: str) -> tuple[int, list[str]]:
    """Create a version that differs in its image alone; return its number and what AWS says is wrong with it."""
    params: dict[str, t.Any] = {"VersionDescription": step.description} if step.description else {}
    answer = call(
        f"create a version of launch template {step.template_id} in {region.name}",
        region.ec2.create_launch_template_version,
        LaunchTemplateId=step.template_id,
        SourceVersion=str(step.source_version),
        LaunchTemplateData={"ImageId": step.image_id},
        ClientToken=token,
        **params,
    )
    entry = required(answer, "LaunchTemplateVersion", of=f"launch template {step.template_id}")
    number = int(required(entry, "VersionNumber", of=f"launch template {step.template_id}"))
    errors = (answer.get("Warning") or {}).get("Errors") or ()
    return number, [": ".join(str(one[key]) for key in ("Code", "Message") if one.get(key)) for one in errors]


def delete_version(region: Region, proof: MayDeleteVersion) -> bool:
    """Delete one version and tell whether AWS did."""
    template_id, version = proof.resource_id, proof.version
    answer = call(
        f"delete version {version} of launch template {template_id} in {region.name}",
        region.ec2.delete_launch_template_versions,
        LaunchTemplateId=template_id,
        Versions=[str(version)],
    )
    done = answer.get("SuccessfullyDeletedLaunchTemplateVersions") or ()
    return any(int(one.get("VersionNumber") or 0) == version for one in done)


def set_default_version(region: Region, step: SetDefaultVersion, version: int) -> None:
    """Make a version the default."""
    call(
        f"make version {version} the default of launch template {step.template_id} in {region.name}",
        region.ec2.modify_launch_template,
        LaunchTemplateId=step.template_id,
        DefaultVersion=str(version),
    )


def groups_launching_by(region: Region, template_ids: t.Collection[str]) -> list[Group]:
    """Return the Auto Scaling groups that launch by one of the templates, perhaps through an override."""
    groups = [_to_group(entry) for entry in scaling_groups(region)]
    return [one for one in groups if one.templates.intersection(template_ids)]


def refreshes_root_volumes(region: Region, group: str) -> bool:
    """Tell whether a refresh of the group, now or before, replaces root volumes instead of instances."""
    return any(one.get("Strategy") == "ReplaceRootVolume" for one in newest_refreshes(region, group))


def _to_version(entry: t.Mapping[str, t.Any]) -> Version:
    return Version(
        template_id=str(required(entry, "LaunchTemplateId", of="a version of a launch template")),
        template_name=str(entry.get("LaunchTemplateName") or ""),
        number=int(required(entry, "VersionNumber", of="a version of a launch template")),
        data=entry.get("LaunchTemplateData") or {},
        is_default=bool(entry.get("DefaultVersion")),
    )


def _to_group(entry: t.Mapping[str, t.Any]) -> Group:
    policy = (entry.get("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    overrides = policy.get("Overrides") or ()
    named = [
        entry.get("LaunchTemplate"),
        policy.get("LaunchTemplateSpecification"),
        *(one.get("LaunchTemplateSpecification") for one in overrides),
    ]
    return Group(
        name=str(entry.get("AutoScalingGroupName") or ""),
        templates=frozenset(str(one["LaunchTemplateId"]) for one in named if one and one.get("LaunchTemplateId")),
        override_images=tuple(str(one["ImageId"]) for one in overrides if one.get("ImageId")),
    )
