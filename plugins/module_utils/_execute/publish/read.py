# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read the image, the parameters and the launch templates. Nothing in this file changes anything."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.grants import caller_account
from ..._aws.images import find_images, hides_foreign_images
from ..._aws.keys import find_key
from ..._aws.launch_templates import (
    groups_launching_by,
    refreshes_root_volumes,
    resolved_image,
    versions_of,
    versions_with_image,
)
from ..._aws.marks import require_watermarks
from ..._aws.parameters import get_parameter, get_parameters, get_selected, list_parameter_tags
from ..._aws.snapshots import find_snapshots
from ..._image.errors import PreflightError
from ..._image.model import Image
from ..._image.options import require_image_id
from ..._image.publish.facts import Group, Parameter, PublishFacts, Template, Version
from ..._image.publish.judge import hides_associated_keys, require_publishable
from ..._image.publish.request import PublishRequest, WantedParameter, WantedTemplate
from ..._image.source import why_hidden
from ..parallel import all_of, for_each

Warn = t.Callable[[str], None]


def with_image(region: Region, request: PublishRequest) -> PublishRequest:
    """Return the request for the image that a name leads to, where the task names it so."""
    if not request.image_parameter:
        return request
    found = get_parameter(region, request.image_parameter)
    if found is None:
        raise PreflightError(
            f"image_parameter {request.image_parameter} is not found in {region.name}: there is no such parameter, or "
            "no version of it that has the number or the label; nothing was published"
        )
    return request.with_image(require_image_id(found.value, option=f"image_parameter {request.image_parameter} holds"))


def read_facts(region: Region, request: PublishRequest, *, warn: Warn) -> PublishFacts:
    """Return what a plan needs; an image that may not be published ends the task before anything else is read."""
    if request.watermarks:
        require_watermarks(region)
    image = read_image(region, request, warn=warn) if request.present else None
    return PublishFacts(
        image=image,
        account=caller_account(region) if request.watermarks else "",
        parameters=read_parameters(region, request),
        templates=read_templates(region, request),
    )


def read_image(region: Region, request: PublishRequest, *, warn: Warn) -> Image:
    """Return the image when it is what ``require`` demands."""
    image = find_images(region, [request.image_id]).get(request.image_id)
    arns: frozenset[str] = frozenset()
    if image is None and (why := why_hidden(hides_foreign_images(region), region=region.name)):
        warn(why)
    if image is not None and request.require == "verified":
        image = image.with_snapshots(find_snapshots(region, image.snapshot_ids))
        arns = _key_arns(region, request, warn=warn)
    judged = require_publishable(image, request, arns)
    if request.require == "verified" and hides_associated_keys(judged):
        warn(
            f"whether other keys open the snapshots of {judged.image_id} too is not known, for the installed botocore "
            "does not show associated keys; update it (1.44.8 shows them)"
        )
    return judged


def _key_arns(region: Region, request: PublishRequest, *, warn: Warn) -> frozenset[str]:
    arns = set()
    for reference in request.allowed_keys:
        if reference.startswith("arn:") and reference.split(":")[3] != region.name:
            continue  # A list for many regions names keys of others, too.
        arn = find_key(region, reference, warn=warn).arn
        if arn is None:
            raise PreflightError(
                f"which key {reference} is in {region.name} could not be read, so that nothing can be verified; allow "
                "kms:DescribeKey, or name the key by its ARN"
            )
        arns.add(arn)
    return frozenset(arns)


def read_parameters(region: Region, request: PublishRequest) -> dict[str, Parameter]:
    """Return the parameters that are there, with the labels, the version and the tags that the task names."""
    found = get_parameters(region, [one.name for one in request.parameters])
    if not request.present:
        return found
    there = {one.name: one for one in request.parameters if one.name in found}
    asked = {
        name: tuple(dict.fromkeys((*one.labels, *([one.version] * bool(one.version))))) for name, one in there.items()
    }
    selected = get_selected(region, {name: selectors for name, selectors in asked.items() if selectors})
    tagged = [name for name, one in there.items() if one.tags]
    tags = all_of(for_each(tagged, lambda name: list_parameter_tags(region, name)))
    return {
        name: _with_selected(one, there[name], selected.get(name, {}), tags.get(name)) for name, one in found.items()
    }


def _with_selected(
    shown: Parameter, wanted: WantedParameter, selected: t.Mapping[str, Parameter], tags: t.Mapping[str, str] | None
) -> Parameter:
    held = {label: selected[label] for label in wanted.labels if label in selected}
    return dataclasses.replace(
        shown,
        labels={label: one.version for label, one in held.items()},
        label_values={label: one.value for label, one in held.items()},
        tags=tags,
        chosen=selected.get(wanted.version),
    )


def read_templates(region: Region, request: PublishRequest) -> dict[str, Template]:
    """Return the templates; where the default launches the image already, one call tells so of all of them."""
    shown = versions_with_image(region, request.image_id) if request.present and request.templates else []
    settled = {one.label: _settled(one, shown) for one in request.templates}
    rest = [one for one in request.templates if settled[one.label] is None]
    read = all_of(for_each(rest, lambda one: _read_template(region, one, request)))
    both = {**settled, **{one.label: template for one, template in read.items()}}
    return {label: template for label, template in both.items() if template is not None}


def _settled(wanted: WantedTemplate, shown: t.Sequence[Version]) -> Template | None:
    for one in shown:
        named = wanted.template_id == one.template_id or wanted.template_name == one.template_name
        starts_here = wanted.source in ("$Default", str(one.number)) or wanted.default == one.number
        if named and one.is_default and starts_here and wanted.default in (0, None, one.number):
            return Template(one, one, one.number, (one,), chosen=one if wanted.default else None)
    return None


def _read_template(region: Region, wanted: WantedTemplate, request: PublishRequest) -> Template:
    """Return the versions of a template that count, and the ones that have the image already."""
    which = (
        {"LaunchTemplateId": wanted.template_id}
        if wanted.template_id
        else {"LaunchTemplateName": wanted.template_name or ""}
    )
    number = str(wanted.default) if wanted.default else ""
    selectors = [one for one in dict.fromkeys(("$Default", "$Latest", wanted.source, number)) if one]
    versions = versions_of(region, which, versions=selectors)
    template = Template(
        source=_version(versions, wanted.source, wanted.label),
        default=_version(versions, "$Default", wanted.label),
        newest=max((one.number for one in versions), default=0),
        chosen=_version(versions, number, wanted.label) if number else None,
    )
    counting = template.counting
    if not request.present:
        return template
    if counting.is_alias:
        resolved = resolved_image(region, template.template_id, counting.number)
        return dataclasses.replace(template, resolved=resolved)
    if template.chosen is None and template.source.image != request.image_id:
        found = tuple(versions_of(region, which, image_id=request.image_id))
        return dataclasses.replace(template, with_image=found)
    return template


def _version(versions: t.Sequence[Version], text: str, label: str) -> Version:
    """Return the version of a number or ``$`` name; the newest has the highest number."""
    newest = max((one.number for one in versions), default=0)
    for one in versions:
        if {"$Default": one.is_default, "$Latest": one.number == newest}.get(text, str(one.number) == text):
            return one
    raise PreflightError(f"launch template {label} has no version {text}; nothing was published")


def read_groups(region: Region, template_ids: t.Collection[str], image: Image, *, warn: Warn) -> list[Group]:
    """Return the Auto Scaling groups that launch by the templates; they explain, so that a refusal is a warning."""
    try:
        groups = groups_launching_by(region, template_ids)
        if len(image.ebs_devices) > 1:
            groups = [
                dataclasses.replace(one, replaces_root=refreshes_root_volumes(region, one.name)) for one in groups
            ]
    except AwsError as error:
        if not error.is_denied:
            raise
        warn(f"whether Auto Scaling groups follow the launch templates could not be read: {error}")
        return []
    return groups
