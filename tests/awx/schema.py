# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX 24.6.1 takes, by its own description: paths, methods, fields, their types, choices and lengths."""

from __future__ import annotations

import json
import pathlib
import re
import typing as t

import jsonschema  # type: ignore[import-untyped]

DESCRIPTION: dict[str, t.Any] = json.loads(pathlib.Path(__file__).with_name("awx_24.6.1.json").read_text())
# The description at hand leaves these out; awx.awx needs them to look jobs' templates and updates up.
ELSEWHERE = {"/api/v2/unified_job_templates/": ["get"], "/api/v2/project_updates/{id}/": ["get"]}
Fields = dict[str, t.Any]


def template_of(path: str) -> str:
    """Return a path with the ids taken out."""
    return re.sub(r"/\d+/", "/{id}/", path)


def is_operation(method: str, path: str) -> bool:
    """Tell whether AWX has such a path with such a method."""
    template = template_of(path)
    return method in DESCRIPTION["operations"].get(template, ELSEWHERE.get(template, ()))


def body_of(method: str, path: str) -> str | None:
    """Return the name of the definition that a request's body must keep to, if the description names one."""
    return t.cast(dict[str, str | None], DESCRIPTION["operations"].get(template_of(path), {})).get(method)


def fields_of(definition: str) -> dict[str, Fields]:
    """Return the fields of a definition."""
    return t.cast(dict[str, Fields], DESCRIPTION["definitions"][definition]["properties"])


def defaults_of(definition: str) -> Fields:
    """Return what an object is when nothing is said of it."""
    empty: Fields = {"string": "", "object": {}}
    return {
        name: field.get("default", None if field.get("x-nullable") else empty.get(field.get("type", "")))
        for name, field in fields_of(definition).items()
    }


def mistakes(definition: str, body: Fields, *, partial: bool) -> list[str]:
    """Return what is wrong with a body; ``partial`` ones need not be complete."""
    properties = {name: _schema(field) for name, field in fields_of(definition).items()}
    required = [] if partial else DESCRIPTION["definitions"][definition]["required"]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    found = jsonschema.Draft7Validator(schema).iter_errors(body)
    return [f"{definition}{error.json_path.lstrip('$')}: {error.message}" for error in found]


def _schema(field: Fields) -> Fields:
    """Turn a field of a Swagger document into JSON Schema; what is read-only may be sent, and is ignored."""
    kept = {name: value for name, value in field.items() if name not in ("x-nullable", "readOnly", "default")}
    # Swagger calls every free JSON an object or a text; AWX takes either.
    if kept.get("type") == "object" or field.get("readOnly"):
        return {}
    return {"anyOf": [kept, {"type": "null"}]} if field.get("x-nullable") else kept


def survey_mistakes(survey: Fields) -> list[str]:
    """Return what is wrong with a survey, by the documentation of survey_spec."""
    found = [f"survey: {name} is missing" for name in ("name", "description", "spec") if name not in survey]
    questions: list[Fields] = survey.get("spec") or []
    if not questions:
        found.append("survey: 'spec' doesn't contain any items")
    variables = [question.get("variable") for question in questions]
    found += [f"survey: {name} is asked twice" for name in variables if variables.count(name) > 1]
    return found + [mistake for question in questions for mistake in _question_mistakes(question)]


def _question_mistakes(question: Fields) -> list[str]:
    types = {"text", "textarea", "password", "integer", "float", "multiplechoice", "multiselect"}
    name = question.get("variable")
    needed = ("type", "question_name", "variable", "required")
    found = [f"question {name}: {key} is missing" for key in needed if key not in question]
    if question.get("type") not in types:
        found.append(f"question {name}: no type {question.get('type')}")
    if question.get("type") in ("multiplechoice", "multiselect"):
        choices = question.get("choices") or []
        chosen = str(question.get("default", "")).splitlines()
        found += [f"question {name}: default {value} is no choice" for value in chosen if value not in choices]
    elif question.get("type") == "integer" and not isinstance(question.get("default", 0), int):
        found.append(f"question {name}: the default of an integer is an integer")
    elif question.get("type") in ("text", "textarea") and not isinstance(question.get("default", ""), str):
        found.append(f"question {name}: the default of a text is a text")
    return found
