# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Find the images that Auto Scaling groups, launch templates and parameters name. Nothing here changes anything."""

from __future__ import annotations

import dataclasses
import typing as t

from .._aws.launch_sources import (
    Entry,
    find_version,
    launch_configurations,
    newest_refreshes,
    parameter_history,
    scaling_groups,
)
from .._image.launch_sources import (
    Mention,
    Templates,
    TemplateVersion,
    by_template,
    mentions_of_group,
    mentions_of_refresh,
    parameter_of,
)
from .._image.use import AUTOSCALING, PARAMETERS, Reason
from .parallel import for_each
from .use_reading import AT_ONCE, Reading, tried


def read_autoscaling(reading: Reading) -> None:
    """Look at what groups launch by, at whatever size they are, and at all launch configurations."""
    region = reading.region
    configurations = tried(lambda: launch_configurations(region))
    reading.miss(AUTOSCALING, configurations.trouble)
    mentions = [
        Mention(
            f"launch configuration {one.get('LaunchConfigurationName')}",
            one.get("LaunchConfigurationARN"),
            str(one.get("ImageId") or ""),
        )
        for one in configurations.value
    ]
    groups = tried(lambda: scaling_groups(region))
    reading.miss(AUTOSCALING, groups.trouble)
    for group in groups.value:
        mentions += mentions_of_group(group)
    mentions += _of_refreshes(reading, groups.value)
    _note(reading, AUTOSCALING, mentions)


def _of_refreshes(reading: Reading, groups: t.Sequence[Entry]) -> list[Mention]:
    """Return what refreshes under way launch by, which the group does not show before they end."""
    by_name = {str(group.get("AutoScalingGroupName")): group for group in groups}
    region = reading.region
    mentions = []
    answers = for_each(by_name, lambda one: newest_refreshes(region, one), workers=AT_ONCE)
    for name, refreshes in reading.all_but_errors(AUTOSCALING, answers).items():
        for refresh in refreshes:
            mentions += mentions_of_refresh(by_name[name], refresh)
    return mentions


def read_parameters(reading: Reading) -> None:
    """Look at the parameters for images, at older versions that a label holds, and at what templates lead to."""
    parameters = reading.sources.parameters
    reading.miss(PARAMETERS, parameters.trouble)
    mentions = [_of_parameter(one, one) for one in parameters.value]
    older = {str(one.get("Name")): one for one in parameters.value if int(one.get("Version") or 0) != 1}
    region = reading.region
    answers = for_each(older, lambda one: parameter_history(region, one), workers=AT_ONCE)
    for name, versions in reading.all_but_errors(PARAMETERS, answers).items():
        mentions += [_of_parameter(older[name], version) for version in versions if version.get("Labels")]
    templates = reading.sources.templates
    reading.miss(PARAMETERS, templates.trouble)
    _note(reading, PARAMETERS, [*mentions, *Templates(templates.value).mentions()])


def _of_parameter(parameter: Entry, version: Entry) -> Mention:
    labels = version.get("Labels") or ()
    held = f", labeled {', '.join(labels)}" if labels else ""
    what = f"parameter {parameter.get('Name')}, version {version.get('Version')}{held}"
    return Mention(what, parameter.get("ARN"), str(version.get("Value") or ""))


def _note(reading: Reading, source: str, mentions: t.Sequence[Mention]) -> None:
    """Follow templates and parameters to the images that they lead to, and note those."""
    named = _with_images(reading, source, mentions)
    aliases = {one.image: parameter_of(one.image) for one in named}
    values = reading.sources.values_of(alias for alias in aliases.values() if alias)
    reading.miss(source, values.trouble)
    for one in named:
        alias = aliases[one.image]
        image_id = values.value.get(alias) if alias else one.image
        if image_id in reading.images:
            through = f", through parameter {alias}" if alias else ""
            reading.evidence.add(image_id, Reason(source, f"{one.what}{through}", one.arn))


def _with_images(reading: Reading, source: str, mentions: t.Sequence[Mention]) -> list[Mention]:
    """Return the mentions with the images of their templates; a template without one launches by somebody's call."""
    uses = {one.template for one in mentions if one.template is not None}
    if not uses:
        return [one for one in mentions if one.image]
    listed = reading.sources.templates
    reading.miss(source, listed.trouble)
    templates = Templates(listed.value)
    found: dict[t.Any, TemplateVersion | None] = {use: templates.find(use) for use in uses}
    unlisted = [use for use, version in found.items() if version is None]
    answers = for_each(unlisted, lambda one: find_version(reading.region, one), workers=AT_ONCE)
    found.update(reading.all_but_errors(source, answers))
    named = []
    for one in mentions:
        version = found.get(one.template)
        named.append(by_template(one, version) if version is not None else dataclasses.replace(one, template=None))
    return [one for one in named if one.image]
