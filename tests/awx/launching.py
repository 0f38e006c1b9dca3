# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of a launch: answers that the survey's rules refuse, variables that it ignores and names, slices."""

from __future__ import annotations

import dataclasses
import json
import typing as t

Fields = dict[str, t.Any]
# Which prompt lets a launch say what.
PROMPTS = {
    "limit": "ask_limit_on_launch",
    "job_type": "ask_job_type_on_launch",
    "diff_mode": "ask_diff_mode_on_launch",
    "job_slice_count": "ask_job_slice_count_on_launch",
    "forks": "ask_forks_on_launch",
}


@dataclasses.dataclass(frozen=True)
class Launch:
    """A job as AWX has made it."""

    template: str
    playbook: str
    variables: Fields
    ignored: Fields
    slices: int
    prompts: Fields


def accepted(template: Fields, survey: Fields, body: Fields, *, hosts: int) -> tuple[Launch, list[str]]:
    """Return the job, and what is wrong with the answers, by the rules of AWX's ``SurveyJobTemplateMixin``.

    Empty texts are answers; a question that is not answered has its default, also an empty one. Other variables are
    taken only where the template prompts for them, and are otherwise named in the answer and ignored. A sliced job has
    as many slices as the inventory has hosts at that moment, at most.
    """
    given = body.get("extra_vars") or {}
    given = json.loads(given) if isinstance(given, str) else given
    questions: list[Fields] = survey.get("spec", []) if template["survey_enabled"] else []
    wrong = [mistake for question in questions for mistake in _mistakes(question, given)]
    asked = {question["variable"] for question in questions}
    defaults = {one["variable"]: one["default"] for one in questions if one.get("default") is not None}
    everything = template["ask_variables_on_launch"]
    taken = {name: value for name, value in given.items() if everything or name in asked}
    ignored: Fields = {}
    if left := {name: value for name, value in given.items() if name not in taken}:
        ignored["extra_vars"] = left
    prompts = {name: body[name] for name in PROMPTS if name in body and template.get(PROMPTS[name])}
    ignored |= {name: body[name] for name in PROMPTS if name in body and name not in prompts}
    count: int = prompts["job_slice_count"] if "job_slice_count" in prompts else template.get("job_slice_count", 1)
    own = json.loads(template.get("extra_vars") or "{}")
    variables = {**own, **defaults, **taken}
    job = Launch(template["name"], template.get("playbook", ""), variables, ignored, max(1, min(count, hosts)), prompts)
    return job, wrong


def _mistakes(question: Fields, given: Fields) -> list[str]:
    name = question["variable"]
    if name not in given:
        return [f"'{name}' value missing"] if question["required"] else []
    value = given[name]
    if question["type"] in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return [f"Value {value} for '{name}' expected to be a string."]
        limits = (question.get("min"), question.get("max"))
        low, high = (int(limit) if limit not in ("", None) else None for limit in limits)
        if low is not None and len(value) < low:
            return [f"'{name}' value {value} is too small (length is {len(value)} must be at least {low})."]
        return (
            [f"'{name}' value {value} is too large (must be no more than {high})."]
            if high and len(value) > high
            else []
        )
    if question["type"] == "integer":
        return [] if type(value) is int else [f"Value {value} for '{name}' expected to be an integer."]
    choices = question["choices"].split("\n") if isinstance(question["choices"], str) else question["choices"]
    chosen = value if question["type"] == "multiselect" else [value]
    return [f"Value {one} for '{name}' expected to be one of {choices}." for one in chosen if one not in choices]
