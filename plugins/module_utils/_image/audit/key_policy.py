# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge what a key policy lets somebody do: yes, no, or not known. Nothing in this file talks to AWS or to Ansible.

Whatever is not understood, such as a condition that nobody here knows the value of, is not known: never a yes, and in a
Deny never a no.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

Truth = t.Optional[bool]
_ANY_VALUE: t.Final = re.compile(r"(?:ForAnyValue|ForAllValues):")
_ARN: t.Final = re.compile(r"arn:[a-z-]+:(?:iam|sts)::(?P<account>\d{12}):.+")


@dataclasses.dataclass(frozen=True)
class Question:
    """Whether somebody may do one action with a key.

    ``principal`` is an ARN; that of the account stands for whomever the account's own policies let in. With
    ``is_delegated`` off, what is left to these policies lets nobody in, as for a role that AWS wrote the policies of.
    ``context`` has the condition keys in small letters; None stands for one that is not in the request, and the value
    of a key that is missing is not known.
    """

    principal: str
    account_id: str
    action: str
    key_arn: str
    context: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)
    is_delegated: bool = True


def every(truths: t.Iterable[Truth]) -> Truth:
    """Return whether all hold: one that does not decides, then one that is not known."""
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: t.Iterable[Truth]) -> Truth:
    """Return whether any holds: one that does decides, then one that is not known."""
    found = list(truths)
    return True if True in found else None if None in found else False


def effect(policy: t.Any, wanted: t.Literal["Allow", "Deny"], question: Question) -> Truth:
    """Tell whether a statement of the policy with this effect applies; None too where the policy makes no sense."""
    statements = _listed(policy.get("Statement")) if isinstance(policy, t.Mapping) else [None]
    return some(_applies(one, wanted, question) for one in statements)


def principals_of(policy: t.Any, account_id: str) -> set[str]:
    """Return the single roles, users and sessions of an account that the policy names."""
    statements = _listed(policy.get("Statement")) if isinstance(policy, t.Mapping) else []
    names = {name for one in statements if isinstance(one, t.Mapping) for name in _names(one.get("Principal"))}
    return {name for name in names if account_of(name) == account_id and not name.endswith(":root")}


def account_of(principal: str) -> str | None:
    """Return the account of a principal's ARN."""
    found = _ARN.fullmatch(principal)
    return found["account"] if found else None


def _applies(statement: t.Any, wanted: str, question: Question) -> Truth:
    if not isinstance(statement, t.Mapping) or statement.get("Effect") not in ("Allow", "Deny"):
        return None
    if statement["Effect"] != wanted:
        return False
    return every(
        (
            _is_named(statement, question, is_allow=wanted == "Allow"),
            _fits(statement, "Action", question.action, fold=True),
            _fits(statement, "Resource", question.key_arn, fold=False),
            _conditions_hold(statement.get("Condition") or {}, question.context),
        )
    )


def _is_named(statement: t.Mapping[str, t.Any], question: Question, *, is_allow: bool) -> Truth:
    if "Principal" not in statement:
        return None
    names = _names(statement["Principal"])
    if "*" in names or question.principal in names:
        return True
    if is_allow and not question.is_delegated:
        return False
    root = re.compile(rf"(?:arn:aws[a-z-]*:iam::)?{question.account_id}(?::root)?")
    return any(root.fullmatch(name) for name in names)


def _names(principal: t.Any) -> list[str]:
    """Return the accounts, roles and users that are named; services and identity providers are nobody's account."""
    return [str(one) for one in _listed(principal.get("AWS") if isinstance(principal, t.Mapping) else principal)]


def _fits(statement: t.Mapping[str, t.Any], element: str, value: str, *, fold: bool) -> Truth:
    inverse = f"Not{element}" in statement
    name = f"Not{element}" if inverse else element
    if name not in statement:
        return None
    return any(_matches(str(one), value, fold=fold) for one in _listed(statement[name])) != inverse


def _matches(pattern: str, value: str, *, fold: bool = False) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.DOTALL | (re.IGNORECASE if fold else 0)) is not None


def _conditions_hold(conditions: t.Any, context: t.Mapping[str, str | None]) -> Truth:
    if not isinstance(conditions, t.Mapping):
        return None
    return every(
        _holds(operator, str(key).lower(), expected, context)
        for operator, block in conditions.items()
        for key, expected in (block.items() if isinstance(block, t.Mapping) else [("", None)])
    )


def _holds(operator: str, key: str, expected: t.Any, context: t.Mapping[str, str | None]) -> Truth:
    plain = _ANY_VALUE.sub("", operator)
    is_optional, plain = plain.endswith("IfExists"), plain[:-8] if plain.endswith("IfExists") else plain
    if key not in context or plain not in _OPERATORS:
        return None
    negative, compare = _OPERATORS[plain]
    actual = context[key]
    if actual is None:
        # Which quantifiers hold of nothing differs.
        return None if _ANY_VALUE.match(operator) else is_optional or negative
    return any(compare(str(one), actual) for one in _listed(expected)) != negative


def _listed(value: t.Any) -> list[t.Any]:
    """Return the value as a list, as a policy lets a single one stand without."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _equal(expected: str, actual: str) -> bool:
    return expected == actual


def _equal_but_for_case(expected: str, actual: str) -> bool:
    return expected.lower() == actual.lower()


_OPERATORS: t.Final[t.Mapping[str, tuple[bool, t.Callable[[str, str], bool]]]] = {
    "StringEquals": (False, _equal),
    "StringNotEquals": (True, _equal),
    "StringEqualsIgnoreCase": (False, _equal_but_for_case),
    "StringLike": (False, _matches),
    "StringNotLike": (True, _matches),
    "ArnEquals": (False, _matches),
    "ArnLike": (False, _matches),
    "ArnNotLike": (True, _matches),
    "Bool": (False, _equal_but_for_case),
}
