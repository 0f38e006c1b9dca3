# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Plan what leads consumers to the image, and in which order. Nothing in this file talks to AWS, Ansible or a clock."""

from __future__ import annotations

import dataclasses
import json

from ..errors import PreflightError
from ..marks import missing_watermarks
from ..tokens import client_token_of
from .facts import IMAGE_TYPE, Parameter, PublishFacts, Template, Version
from .plan import Action, ImagePlan, ParameterPlan, PublishPlan, TemplatePlan
from .request import PublishRequest, WantedParameter, WantedTemplate
from .steps import (
    AttachWatermark,
    CreateVersion,
    DeleteParameter,
    LabelParameter,
    PutParameter,
    SetDefaultVersion,
    Step,
    TagParameter,
)


def plan_publishing(request: PublishRequest, facts: PublishFacts) -> PublishPlan:
    """Return the plan, or say what AWS holds that makes the request impossible."""
    _refuse_same_template(facts)
    if not request.present:
        return PublishPlan(
            ImagePlan(request.image_id),
            tuple(
                _remove_parameter(one, facts.parameters.get(one.name), request.image_id) for one in request.parameters
            ),
            tuple(_give_back(one, facts.templates[one.label], request.image_id) for one in request.templates),
        )
    return PublishPlan(
        plan_image(request, facts),
        tuple(plan_parameter(one, facts.parameters.get(one.name), request.image_id) for one in request.parameters),
        tuple(plan_template(one, facts.templates[one.label], request) for one in request.templates),
    )


def plan_image(request: PublishRequest, facts: PublishFacts) -> ImagePlan:
    """Plan the watermarks of the image; AWS keeps each under the account that attached it."""
    image = facts.image
    if image is None or not request.watermarks:
        return ImagePlan(request.image_id)
    what = f"watermarks: image {image.image_id} in {image.region}"
    if facts.account and image.owner_id != facts.account:
        raise PreflightError(f"{what} belongs to account {image.owner_id}, and its owner alone can attach watermarks")
    if image.is_public:
        raise PreflightError(f"{what} is public, and AWS attaches no watermark to public images")
    of = f"image {image.image_id} in {image.region}"
    names = missing_watermarks(request.watermarks, image.watermarks, account=facts.account, of=of)
    return ImagePlan(image.image_id, tuple(AttachWatermark(image.image_id, name) for name in names))


def _refuse_same_template(facts: PublishFacts) -> None:
    labels: dict[str, str] = {}
    for label, template in facts.templates.items():
        if template.template_id in labels:
            raise PreflightError(
                f"launch_templates: {labels[template.template_id]} and {label} are the same template "
                f"({template.template_id}); remove one"
            )
        labels[template.template_id] = label


def plan_parameter(wanted: WantedParameter, before: Parameter | None, image_id: str) -> ParameterPlan:
    """Return what becomes of one parameter."""
    if before is not None:
        _require_image_parameter(before)
    chosen = _chosen(wanted, before, image_id)
    put = None if chosen else _put(wanted, before, image_id)
    version = None if put or before is None else (chosen or before).version
    labels = tuple(one for one in wanted.labels if before is None or put or before.labels.get(one) != version)
    had = before.tags or {} if before else {}
    tags = {key: value for key, value in wanted.tags.items() if before and had.get(key) != value}
    steps: list[Step] = [
        *([put] if put else []),
        *([TagParameter(wanted.name, tags)] if tags else []),
        *([LabelParameter(wanted.name, labels, image_id, chosen.version if chosen else None)] if labels else []),
    ]
    if before is None:
        return ParameterPlan(wanted, before, tuple(steps), "created", "there is no parameter of this name")
    if put is not None:
        same = "it is written again whatever it holds" if before.value == image_id else f"it holds {before.value}"
        return ParameterPlan(wanted, before, tuple(steps), "updated", same)
    changed = [*(["its tags differ"] if tags else []), *([f"labels {', '.join(labels)} move"] if labels else [])]
    reason = " and ".join(changed) or f"it holds the image (version {version})"
    return ParameterPlan(wanted, before, tuple(steps), "updated" if steps else "unchanged", reason)


def _chosen(wanted: WantedParameter, before: Parameter | None, image_id: str) -> Parameter | None:
    """Return the version that the task names, which must hold the image: a label is all that leads to it."""
    if not wanted.version:
        return None
    if before is None:
        raise PreflightError(
            f"parameter {wanted.name} is not there, so that it has no version {wanted.version}; nothing was published"
        )
    if before.chosen is None:
        raise PreflightError(f"parameter {wanted.name} has no version {wanted.version}; nothing was published")
    if not before.chosen.holds(image_id):
        raise PreflightError(
            f"version {wanted.version} of parameter {wanted.name} holds {before.chosen.value}, not {image_id}; nothing "
            "was published"
        )
    return before.chosen


def _put(wanted: WantedParameter, before: Parameter | None, image_id: str) -> PutParameter | None:
    """Return the step that writes the parameter; None where it holds the image already."""
    if before is None:
        return PutParameter(
            wanted.name, image_id, tags=dict(wanted.tags), tier=wanted.tier, description=wanted.description
        )
    if before.value == image_id and wanted.overwrite != "always":
        return None
    if wanted.is_immutable:
        raise PreflightError(
            f"parameter {wanted.name} is not to be overwritten and holds {before.value} (version {before.version}), "
            f"not {image_id}; nothing was published. Choose another name, or overwrite_value=changed"
        )
    return PutParameter(
        wanted.name,
        image_id,
        before=before.value,
        version_before=before.version,
        tier=wanted.tier,
        description=wanted.description,
    )


def _require_image_parameter(before: Parameter) -> None:
    if before.data_type == IMAGE_TYPE and before.type == "String":
        return
    kind = before.data_type if before.type == "String" else before.type
    raise PreflightError(
        f"parameter {before.name} is of {'data type' if before.type == 'String' else 'type'} {kind}, which AWS does "
        f"not change to {IMAGE_TYPE}: launch templates and Auto Scaling refuse such a name. Choose another name, or "
        f"delete it (aws ssm delete-parameter --name {before.name}) once nobody reads it, and run the task again; "
        "nothing was published"
    )


def _remove_parameter(wanted: WantedParameter, before: Parameter | None, image_id: str) -> ParameterPlan:
    if before is None:
        return ParameterPlan(wanted, before, reason="there is no parameter of this name")
    if before.holds(image_id):
        step = DeleteParameter(wanted.name, image_id)
        return ParameterPlan(wanted, before, (step,), "removed", f"it holds the image (version {before.version})")
    what = before.value if before.data_type == IMAGE_TYPE else f"something of data type {before.data_type}"
    return ParameterPlan(wanted, before, action="left", reason=f"it holds {what}, not the image")


def plan_template(wanted: WantedTemplate, before: Template, request: PublishRequest) -> TemplatePlan:
    """Return what becomes of one launch template."""
    counting = before.counting
    if counting.is_alias:
        reason = _reason_of_alias(wanted, before, request)
        return _with_default(TemplatePlan(wanted, before, counting.number, reason=reason, follows=True))
    if before.chosen is not None:
        if before.chosen.image != request.image_id:
            raise PreflightError(
                f"launch template {wanted.label}: default_version {before.chosen.number} launches "
                f"{before.chosen.image or 'no image of its own'}, not {request.image_id}; nothing was published"
            )
        return _with_default(TemplatePlan(wanted, before, before.chosen.number, reason="the version was named"))
    version = _equal_version(before, request.image_id)
    if version is not None:
        reason = f"version {version.number} launches the image"
        return _with_default(TemplatePlan(wanted, before, version.number, reason=reason))
    source = before.source
    step = CreateVersion(
        template_id=source.template_id,
        template_name=source.template_name,
        source_version=source.number,
        image_id=request.image_id,
        client_token=_token(before, wanted, request),
        newest=before.newest,
        description=wanted.description,
    )
    reason = f"no version launches the image as version {source.number} launches {source.image or 'none'}"
    return _with_default(TemplatePlan(wanted, before, None, (step,), "created", reason))


def _equal_version(before: Template, image_id: str) -> Version | None:
    """Return the version that is the source with the image in it, the newest of several."""
    if before.source.image == image_id:
        return before.source
    equal = [one for one in before.with_image if one.image == image_id and one.launches_as(before.source)]
    return max(equal, key=lambda one: one.number, default=None)


def _token(before: Template, wanted: WantedTemplate, request: PublishRequest) -> str:
    """Return a token that is the same for the same version; two runs at once make one."""
    source = before.source
    data = json.dumps(source.data, sort_keys=True, default=str)
    accepts = "accepts" if request.accept_warnings else ""
    return client_token_of(
        "publish", source.template_id, str(source.number), data, request.image_id, wanted.description or "", accepts
    )


def _reason_of_alias(wanted: WantedTemplate, before: Template, request: PublishRequest) -> str:
    """Say why the alias leads, or will lead, to the image; one that this task does not move is refused."""
    counting = before.counting
    if before.resolved == request.image_id:
        return f"version {counting.number} follows {counting.image}, which leads to the image"
    name, selector = counting.parameter, ""
    if not name.startswith("arn:"):
        name, _colon, selector = name.partition(":")
    for one in request.parameters:
        # A label, and not what the name alone leads to, moves with a version that is named.
        if one.name == name and (selector in one.labels if selector else not one.version):
            return f"version {counting.number} follows {counting.image}, which this task moves"
    raise PreflightError(
        f"launch template {wanted.label}: version {counting.number} follows {counting.image}, which leads to "
        f"{before.resolved or 'no image'}, not to {request.image_id}; nothing was published. Publish {name} (as one of "
        f"ssm_parameters{f', with the label {selector}' if selector and not selector.isdigit() else ''}) where it is"
    )


def _with_default(plan: TemplatePlan) -> TemplatePlan:
    default = plan.before.default.number
    if plan.wanted.default is None or plan.version == default:
        return plan
    template = plan.before
    step = SetDefaultVersion(template.template_id, template.name, plan.version, default)
    action: Action = plan.action if plan.action == "created" else "updated"
    return dataclasses.replace(plan, steps=(*plan.steps, step), action=action)


def _give_back(wanted: WantedTemplate, before: Template, image_id: str) -> TemplatePlan:
    """Plan for a template whose image is taken down: its default goes back only to a version that the task names."""
    default = before.default
    if before.chosen is None:
        return TemplatePlan(wanted, before, default.number, action="left", reason="default_version names no version")
    if default.image != image_id:
        reason = f"its default, version {default.number}, does not name the image"
        return TemplatePlan(wanted, before, default.number, action="left", reason=reason)
    if before.chosen.image == image_id:
        raise PreflightError(
            f"launch template {wanted.label}: default_version {before.chosen.number} launches {image_id}, which is to "
            "be taken down; name a version that launches another image"
        )
    reason = f"version {before.chosen.number} launches {before.chosen.image or 'no image of its own'}"
    return _with_default(TemplatePlan(wanted, before, before.chosen.number, reason=reason))
