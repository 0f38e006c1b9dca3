# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Refuse to replace what somebody else has published meanwhile. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

from ..errors import PreflightError
from .plan import ParameterPlan, PublishPlan, TemplatePlan
from .request import PublishRequest
from .steps import LabelParameter, PutParameter, SetDefaultVersion


def refuse_others(plan: PublishPlan, request: PublishRequest) -> PublishPlan:
    """Return the plan if all that moves leads to the image that the task replaces; nothing moves otherwise."""
    if not request.replaces:
        return plan
    found = [
        *(reason for one in plan.parameters for reason in _parameter(one, request)),
        *(reason for one in plan.templates for reason in _template(one, request)),
    ]
    if found:
        raise PreflightError(
            f"{'; '.join(found)}, not {request.replaces}, which is to be replaced by {request.image_id}: somebody else "
            "has published since. Nothing was published; leave out what others have, or replaces"
        )
    return plan


def _parameter(plan: ParameterPlan, request: PublishRequest) -> list[str]:
    before = plan.before
    if before is None:
        return []
    found = []
    for step in plan.steps:
        if isinstance(step, PutParameter):
            found.append((f"parameter {plan.name}", before.value))
        if isinstance(step, LabelParameter):
            values = before.label_values
            found += [(f"label {one} of parameter {plan.name}", values[one]) for one in step.labels if one in values]
    return [f"{what} leads to {value}" for what, value in found if value not in (request.replaces, request.image_id)]


def _template(plan: TemplatePlan, request: PublishRequest) -> list[str]:
    default = plan.before.default
    moves = any(isinstance(step, SetDefaultVersion) for step in plan.steps)
    if not moves or default.image in (request.replaces, request.image_id):
        return []
    return [
        f"the default of launch template {plan.name}, version {default.number}, names {default.image or 'no image'}"
    ]
