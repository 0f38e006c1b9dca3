# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The plan to publish: what becomes of the image, of each name and template, and in which order. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .facts import Parameter, Template
from .request import WantedParameter, WantedTemplate
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

Action = t.Literal["created", "updated", "unchanged", "removed", "left"]


@dataclasses.dataclass(frozen=True)
class ParameterPlan:
    """What becomes of one parameter."""

    wanted: WantedParameter
    before: Parameter | None
    steps: tuple[Step, ...] = ()
    action: Action = "unchanged"
    reason: str = ""

    @property
    def stays(self) -> int | None:
        """Return the version that holds the image already, None where one is written or the parameter goes."""
        if self.before is None or any(isinstance(one, (PutParameter, DeleteParameter)) for one in self.steps):
            return None
        return self.before.chosen.version if self.before.chosen else self.before.version

    @property
    def name(self) -> str:
        """Return the name."""
        return self.wanted.name


@dataclasses.dataclass(frozen=True)
class TemplatePlan:
    """What becomes of one launch template; ``version`` of None is the one that is created.

    ``follows`` says that its image is looked up by an alias, which must lead to the image before anything moves.
    """

    wanted: WantedTemplate
    before: Template
    version: int | None
    steps: tuple[Step, ...] = ()
    action: Action = "unchanged"
    reason: str = ""
    follows: bool = False

    @property
    def name(self) -> str:
        """Return the name by which the task calls it."""
        return self.wanted.label


@dataclasses.dataclass(frozen=True)
class ImagePlan:
    """What becomes of the image itself."""

    name: str
    steps: tuple[Step, ...] = ()


AnyPlan = t.Union[ImagePlan, ParameterPlan, TemplatePlan]


@dataclasses.dataclass(frozen=True)
class PublishPlan:
    """All that is to be done, in the order of the task's lists."""

    image: ImagePlan
    parameters: tuple[ParameterPlan, ...]
    templates: tuple[TemplatePlan, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return every step in the order in which they are done."""
        return tuple(step for stage in self.stages for plan in stage.plans for step in stage.steps_of(plan))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Return what is done together; a failure in one stage stops those after it.

        What cannot be taken back comes first, what consumers follow comes last; taking down goes the other way.
        """
        fixed = tuple(plan for plan in self.parameters if plan.wanted.is_immutable)
        moving = tuple(plan for plan in self.parameters if not plan.wanted.is_immutable)
        writing = (PutParameter, TagParameter, LabelParameter)
        stages = (
            Stage((self.image,), (AttachWatermark,)),
            Stage(fixed, writing),
            Stage(moving, writing),
            Stage(self.templates, (CreateVersion,)),
            Stage(self.templates, (SetDefaultVersion,)),
            Stage(self.parameters, (DeleteParameter,)),
        )
        return tuple(stage for stage in stages if stage.plans)


@dataclasses.dataclass(frozen=True)
class Stage:
    """The plans that are worked on together, and the kinds of steps that are done of them now."""

    plans: tuple[AnyPlan, ...]
    kinds: tuple[type, ...]

    def steps_of(self, plan: AnyPlan) -> list[Step]:
        """Return the steps of a plan that belong to this stage."""
        return [step for step in plan.steps if isinstance(step, self.kinds)]
