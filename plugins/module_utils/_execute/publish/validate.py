# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Look at what consumers find, thing by thing, so that what cannot be read hides nothing else. Changes nothing."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._aws.grants import caller_account
from ..._aws.marks import require_watermarks
from ..._aws.parameters import get_parameters_below
from ..._image.errors import PreflightError, SealedError
from ..._image.publish.facts import PublishFacts
from ..._image.publish.planner import plan_image
from ..._image.publish.report import Finding, judge_parameter, judge_template, unexpected, unreachable
from ..._image.publish.request import PublishRequest, WantedParameter, WantedTemplate
from .read import Warn, read_image, read_parameters, read_templates, with_image

Wanted = t.TypeVar("Wanted", WantedParameter, WantedTemplate)


def validate(connection: Connection, request: PublishRequest, *, warn: Warn) -> list[Finding]:
    """Return a finding for the image, each name and template, and for what is below the paths."""
    region = connection.region(request.region)
    try:
        asked = with_image(region, request)
    except (AwsError, SealedError) as error:
        return _nothing_known(request, f"which image it should be is not known: {error}")
    return [
        _image(region, asked, warn),
        *_parameters(region, asked),
        *_templates(region, asked),
        *(one for path in asked.paths for one in _below(region, path, asked)),
    ]


def _nothing_known(request: PublishRequest, reason: str) -> list[Finding]:
    return [
        unreachable("image", request.image_parameter, reason),
        *(unreachable("parameter", one.name, reason) for one in request.parameters),
        *(unreachable("launch template", one.label, reason) for one in request.templates),
    ]


def _image(region: Region, request: PublishRequest, warn: Warn) -> Finding:
    """Judge the image as publishing it would, with what publishing would still do as the finding."""
    try:
        image = read_image(region, request, warn=warn)
        if request.watermarks:
            require_watermarks(region)
            steps = plan_image(request, PublishFacts(image, account=caller_account(region))).steps
            if steps:
                return Finding(
                    "image", request.image_id, "incorrect", None,
                    f"it lacks watermarks; publishing would {'; '.join(step.sentence for step in steps)}",
                )  # fmt: skip
    except AwsError as error:
        return unreachable("image", request.image_id, str(error))
    except SealedError as error:
        return Finding("image", request.image_id, "incorrect", None, str(error))
    return Finding("image", request.image_id, "correct", None, f"require={request.require}")


def _parameters(region: Region, request: PublishRequest) -> list[Finding]:
    """Look at all at once, and one by one where that fails: of which one is denied, AWS does not say."""
    try:
        shown = read_parameters(region, request)
    except AwsError as error:
        return _one_by_one(
            request.parameters, error, lambda one: _parameters(region, _only(request, parameters=(one,)))
        )
    return [judge_parameter(one, shown.get(one.name), request) for one in request.parameters]


def _templates(region: Region, request: PublishRequest) -> list[Finding]:
    try:
        shown = read_templates(region, request)
    except (AwsError, PreflightError) as error:
        if len(request.templates) == 1 and _is_absent(error):
            return [Finding("launch template", request.templates[0].label, "missing", None, str(error))]
        return _one_by_one(request.templates, error, lambda one: _templates(region, _only(request, templates=(one,))))
    return [judge_template(one, shown[one.label], request) for one in request.templates]


def _is_absent(error: Exception) -> bool:
    return isinstance(error, PreflightError) or (isinstance(error, AwsError) and "NotFound" in error.code)


def _one_by_one(
    wanted: tuple[Wanted, ...], error: Exception, look: t.Callable[[Wanted], list[Finding]]
) -> list[Finding]:
    if len(wanted) > 1:
        return [found for one in wanted for found in look(one)]
    kind = "parameter" if isinstance(wanted[0], WantedParameter) else "launch template"
    name = wanted[0].name if isinstance(wanted[0], WantedParameter) else wanted[0].label
    return [unreachable(kind, name, str(error))]


def _only(request: PublishRequest, **kinds: t.Any) -> PublishRequest:
    return dataclasses.replace(request, **kinds)


def _below(region: Region, path: str, request: PublishRequest) -> list[Finding]:
    try:
        shown = get_parameters_below(region, path)
    except AwsError as error:
        return [unreachable("path", path, str(error))]
    return unexpected(path, shown, request.parameters)
