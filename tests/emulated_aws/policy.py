# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluate IAM and key policies. Nothing in this file knows who calls or what exists."""

from __future__ import annotations

import dataclasses
import re
import typing as t

Document = t.Mapping[str, t.Any]
Verdict = t.Literal["allow", "deny", "none"]


@dataclasses.dataclass(frozen=True)
class Question:
    """One thing that somebody wants to do; ``context`` holds the condition keys in lower case."""

    principal: str
    action: str
    resource: str
    context: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def evaluate(documents: t.Iterable[Document], question: Question) -> Verdict:
    """Return ``deny`` if any statement denies, else ``allow`` if any allows, else ``none``."""
    effects = {
        statement["Effect"]
        for document in documents
        for statement in statements(document)
        if applies(statement, question)
    }
    if "Deny" in effects:
        return "deny"
    return "allow" if "Allow" in effects else "none"


def check(document: Document) -> None:
    """Raise ``ValueError`` for a policy that cannot be judged here: no statements, no effect, unknown operators."""
    if not statements(document):
        raise ValueError("a policy needs statements")
    for statement in statements(document):
        if statement.get("Effect") not in ("Allow", "Deny") or not {"Action", "NotAction"} & set(statement):
            raise ValueError("a statement needs Effect (Allow or Deny) and Action or NotAction")
        for operator in statement.get("Condition") or {}:
            _operator(operator)


def statements(document: Document) -> list[Document]:
    """Return the statements of a policy; a single one may stand without its list."""
    return as_list(document.get("Statement"))


def applies(statement: Document, question: Question) -> bool:
    """Tell whether action, resource and conditions fit; principals are judged by the caller."""
    return (
        _named(statement, "Action", question.action.lower(), fold=True)
        and _named(statement, "Resource", question.resource, fold=False)
        and conditions_hold(statement.get("Condition") or {}, question.context)
    )


def _named(statement: Document, element: str, value: str, *, fold: bool) -> bool:
    inverse = statement.get(f"Not{element}")
    patterns = as_list(inverse if inverse is not None else statement.get(element, "*"))
    found = any(matches(pattern.lower() if fold else pattern, value) for pattern in patterns)
    return found if inverse is None else not found


def matches(pattern: str, value: str) -> bool:
    """Compare with IAM's wildcards: ``*`` for any run of characters, ``?`` for one."""
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def as_list(value: t.Any) -> list[t.Any]:
    """Return the value as a list, as IAM lets a single value stand without one."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def conditions_hold(conditions: t.Mapping[str, t.Any], context: t.Mapping[str, t.Any]) -> bool:
    """Tell whether every condition holds; an operator that we do not know raises ``ValueError``."""
    return all(
        _condition_holds(operator, expected, context.get(key.lower()))
        for operator, block in conditions.items()
        for key, expected in block.items()
    )


def _condition_holds(operator: str, expected: t.Any, actual: t.Any) -> bool:
    if operator == "Null":
        return (actual is None) == (str(as_list(expected)[0]).lower() == "true")
    if operator.endswith("IfExists") and actual is None:
        return True
    quantifier = operator.partition(":")[0]
    negative, compare = _operator(operator)
    present = [str(value) for value in as_list(actual)]
    if not present:
        return negative or quantifier == "ForAllValues"
    wanted = [str(value) for value in as_list(expected)]
    hits = [any(compare(pattern, value) for pattern in wanted) != negative for value in present]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)


Comparison = t.Callable[[str, str], bool]


def _operator(name: str) -> tuple[bool, Comparison]:
    plain = name.rpartition(":")[2].removesuffix("IfExists")
    if plain not in _OPERATORS:
        raise ValueError(f"condition operator {name} is not supported")
    return _OPERATORS[plain]


def _equal(expected: str, actual: str) -> bool:
    return expected == actual


def _equal_ignoring_case(expected: str, actual: str) -> bool:
    return expected.lower() == actual.lower()


_OPERATORS: dict[str, tuple[bool, Comparison]] = {
    "Null": (False, _equal),
    "StringEquals": (False, _equal),
    "StringNotEquals": (True, _equal),
    "StringEqualsIgnoreCase": (False, _equal_ignoring_case),
    "StringLike": (False, matches),
    "StringNotLike": (True, matches),
    "ArnEquals": (False, matches),
    "ArnLike": (False, matches),
    "ArnNotLike": (True, matches),
    "Bool": (False, _equal_ignoring_case),
    "NumericEquals": (False, _equal),
}
