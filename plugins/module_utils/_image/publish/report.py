# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge what consumers find by what the planner would do about it. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import SealedError
from .facts import Parameter, Template
from .planner import plan_parameter, plan_template
from .request import PublishRequest, WantedParameter, WantedTemplate
from .steps import Step

Verdict = t.Literal["correct", "incorrect", "missing", "unexpected", "unreachable"]
VERDICTS: t.Final = t.get_args(Verdict)


@dataclasses.dataclass(frozen=True)
class Finding:
    """What was found of the image, of one name or template; ``holds`` is what it leads to, None where nothing is."""

    kind: str
    name: str
    verdict: Verdict
    holds: str | None
    reason: str


def judge_parameter(wanted: WantedParameter, before: Parameter | None, request: PublishRequest) -> Finding:
    """Return whether a parameter is as wanted, which it is when there is nothing to do about it."""
    if before is None:
        return Finding("parameter", wanted.name, "missing", None, "there is no parameter of this name")
    # What is written in every run is right when it holds the image.
    asked = dataclasses.replace(wanted, overwrite="changed") if wanted.overwrite == "always" else wanted
    return _judged("parameter", wanted.name, before.value, lambda: plan_parameter(asked, before, request.image_id))


def judge_template(wanted: WantedTemplate, before: Template, request: PublishRequest) -> Finding:
    """Return whether a launch template launches the image."""
    image = before.default.image or None
    return _judged("launch template", wanted.label, image, lambda: plan_template(wanted, before, request))


class _Plan(t.Protocol):
    @property
    def steps(self) -> tuple[Step, ...]: ...
    @property
    def reason(self) -> str: ...


def _judged(kind: str, name: str, holds: str | None, plan: t.Callable[[], _Plan]) -> Finding:
    try:
        found = plan()
    except SealedError as error:
        return Finding(kind, name, "incorrect", holds, str(error))
    if found.steps:
        steps = "; ".join(step.sentence for step in found.steps)
        return Finding(kind, name, "incorrect", holds, f"{found.reason}; publishing would {steps}")
    return Finding(kind, name, "correct", holds, found.reason)


def unexpected(path: str, shown: t.Iterable[Parameter], wanted: t.Iterable[WantedParameter]) -> list[Finding]:
    """Return what is below a path and was not named."""
    names = {one.name.lstrip("/") for one in wanted}
    return [
        Finding("parameter", one.name, "unexpected", one.value, f"it is below {path} and was not named")
        for one in shown
        if one.name.lstrip("/") not in names
    ]


def unreachable(kind: str, name: str, reason: str) -> Finding:
    """Return that nothing is known of something; an answer that did not come proves nothing."""
    return Finding(kind, name, "unreachable", None, reason)


def to_report(found: t.Sequence[Finding]) -> dict[str, list[dict[str, t.Any]]]:
    """Return the findings by verdict."""
    return {
        verdict: [
            {"kind": one.kind, "name": one.name, "holds": one.holds, "reason": one.reason}
            for one in found
            if one.verdict == verdict
        ]
        for verdict in VERDICTS
    }


def what_is_wrong(found: t.Sequence[Finding]) -> str | None:
    """Return what keeps the report from being green; nothing looked at is not green either."""
    wrong = [one for one in found if one.verdict != "correct"]
    if found and not wrong:
        return None
    return (
        " | ".join(f"{one.kind} {one.name} is {one.verdict}: {one.reason}" for one in wrong) or "nothing was looked at"
    )
