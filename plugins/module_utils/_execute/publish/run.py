# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Publish an image: judge it, read where it shall be found, plan, show the plan or do it stage by stage."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Connection, Region
from ..._image.publish.meanwhile import refuse_others
from ..._image.publish.outcome import Publication, PublishedImage, PublishedParameter, PublishedTemplate
from ..._image.publish.plan import Stage
from ..._image.publish.planner import plan_publishing
from ..._image.publish.request import PublishRequest
from ..._image.publish.steps import AttachWatermark, CreateVersion, DeleteParameter, SetDefaultVersion
from ..._image.publish.warnings import group_warnings, template_warnings
from ..pace import Pace
from ..regions import require_known_regions
from .each import each
from .marking import attach_watermarks
from .parameters import remove_parameter, write_parameters
from .read import Warn, read_facts, read_groups, with_image
from .templates import prepare_version, set_default


def publish(connection: Connection, request: PublishRequest, *, check: bool, warn: Warn) -> Publication:
    """Return what became of everything, or in check mode what would; nothing changes unless the whole plan can be."""
    require_known_regions(connection, [request.region])
    region = connection.region(request.region)
    request = with_image(region, request)
    facts = read_facts(region, request, warn=warn)
    found = Publication.planned(request, facts.image, refuse_others(plan_publishing(request, facts), request))
    _warn(region, found, warn)
    if not check:
        _apply(region, found, Pace())
    return found


def _warn(region: Region, found: Publication, warn: Warn) -> None:
    if not found.request.present:
        return
    for item in found.templates:
        item.warnings += template_warnings(item.plan)
    moved = [plan for plan in found.plan.templates if plan.steps]
    if moved and found.image is not None:
        ids = {plan.before.template_id for plan in moved}
        groups = read_groups(region, ids, found.image, warn=warn)
        for item in found.templates:
            own = [group for group in groups if item.plan.before.template_id in group.templates]
            item.warnings += group_warnings([item.plan], own, found.image)


def _apply(region: Region, found: Publication, pace: Pace) -> None:
    for stage in found.plan.stages:
        _work(region, stage, found, pace)
        if any(one.error for one in found.all):
            return


def _work(region: Region, stage: Stage, found: Publication, pace: Pace) -> None:
    items = found.of_stage(stage)
    templates = [one for one in items if isinstance(one, PublishedTemplate)]
    parameters = [one for one in items if isinstance(one, PublishedParameter)]
    marked = [one for one in items if isinstance(one, PublishedImage)]
    handlers: dict[type, t.Callable[[], None]] = {
        AttachWatermark: lambda: each(marked, lambda one: attach_watermarks(region, one)),
        CreateVersion: lambda: each(templates, lambda one: prepare_version(region, one, found.request, pace)),
        SetDefaultVersion: lambda: each(templates, lambda one: set_default(region, one)),
        DeleteParameter: lambda: each(parameters, lambda one: remove_parameter(region, one)),
    }
    write = handlers.get(stage.kinds[0], lambda: write_parameters(region, parameters, found.request, pace))
    write()
