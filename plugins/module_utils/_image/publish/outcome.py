# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What became of a plan to publish, step by step. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image
from .plan import ImagePlan, ParameterPlan, PublishPlan, Stage, TemplatePlan
from .request import PublishRequest
from .steps import Step

Status = t.Literal["done", "failed", "not reached", "planned"]


class Published:
    """The end, so far, of one plan; a step without a status was not reached."""

    def __init__(self) -> None:
        self.error: str | None = None
        self.warnings: list[str] = []
        # A step that failed has had an effect all the same.
        self.touched = False
        self._statuses: list[tuple[Step, Status]] = []

    def note(self, step: Step, status: Status) -> None:
        """Write down what became of a step."""
        self._statuses.append((step, status))

    def status_of(self, step: Step) -> Status:
        """Return what became of a step."""
        return next((status for one, status in self._statuses if one == step), "not reached")

    @property
    def changed(self) -> bool:
        """Tell whether AWS holds something else than before."""
        return self.touched or any(status == "done" for _step, status in self._statuses)


class PublishedImage(Published):
    """The image itself, and the watermarks that it has."""

    def __init__(self, plan: ImagePlan, image: Image | None) -> None:
        super().__init__()
        self.plan = plan
        self.watermarks = list(image.watermarks) if image else []


class PublishedParameter(Published):
    """One parameter; ``version`` is the one that holds the image, None before it is seen."""

    def __init__(self, plan: ParameterPlan) -> None:
        super().__init__()
        self.plan = plan
        self.version = plan.stays
        self.arn = plan.before.arn if plan.before else ""


class PublishedTemplate(Published):
    """One launch template; ``version`` is the one that launches the image, ``removed`` one that was taken back."""

    def __init__(self, plan: TemplatePlan) -> None:
        super().__init__()
        self.plan = plan
        self.version = plan.version
        self.removed: int | None = None


AnyPublished = t.Union[PublishedImage, PublishedParameter, PublishedTemplate]


@dataclasses.dataclass
class Publication:
    """All of them, in the order of the task's lists, beside the image."""

    request: PublishRequest
    image: Image | None
    plan: PublishPlan
    marked: PublishedImage
    parameters: list[PublishedParameter]
    templates: list[PublishedTemplate]

    @classmethod
    def planned(cls, request: PublishRequest, image: Image | None, plan: PublishPlan) -> Publication:
        """Return the publication of which nothing is done yet."""
        return cls(
            request=request,
            image=image,
            plan=plan,
            marked=PublishedImage(plan.image, image),
            parameters=[PublishedParameter(one) for one in plan.parameters],
            templates=[PublishedTemplate(one) for one in plan.templates],
        )

    @property
    def all(self) -> list[AnyPublished]:
        """Return the image, parameters and templates."""
        return [self.marked, *self.parameters, *self.templates]

    def of_stage(self, stage: Stage) -> list[AnyPublished]:
        """Return those that a stage works on."""
        return [one for one in self.all if any(plan is one.plan for plan in stage.plans)]

    def steps(self) -> list[tuple[Step, AnyPublished]]:
        """Return every step in the order in which they are done."""
        return [
            (step, one)
            for stage in self.plan.stages
            for one in self.of_stage(stage)
            for step in stage.steps_of(one.plan)
        ]
