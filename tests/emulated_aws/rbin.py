# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service rbin, which moto has not: rules of the Recycle Bin (aws_rules §18.1)."""

from __future__ import annotations

import secrets
import typing as t

from emulated_aws import wire
from emulated_aws.ec2 import timing
from emulated_aws.ec2.recycle_bin import KINDS, Rule
from emulated_aws.ec2.seed import Place
from emulated_aws.identity import Caller
from emulated_aws.settings import settings

Params = dict[str, t.Any]
LONGEST_DAYS, MOST_RULES, MOST_EXCLUSIONS = 365, 250, 5


class RbinError(Exception):
    """A refusal by its code and sentence."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def serve(request: wire.Request, caller: Caller) -> wire.Answer:
    """Answer one call of the service."""
    handler = HANDLERS.get(request.action)
    try:
        if handler is None:
            raise RbinError("UnknownOperationException", f"{request.action} is not emulated.")
        return wire.render_answer(request, handler(Place(caller.account, request.region), request.parameters))
    except RbinError as error:
        return wire.error("rbin", code=error.code, message=error.message, status=error.status)


def _create(place: Place, asked: Params) -> Params:
    rules = place.backend().bin.rules
    if len(rules) >= MOST_RULES:
        raise RbinError("ServiceQuotaExceededException", f"There are {MOST_RULES} rules.", 402)
    identifier = secrets.token_urlsafe(8)[:11]
    rule = Rule(identifier, "", 0, timing.now() + settings.rbin_rule_seconds, tags=asked.get("Tags") or [])
    _apply(rule, asked)
    rules[identifier] = rule
    return _shown(place, rule) | {"Tags": rule.tags}


def _apply(rule: Rule, asked: Params) -> None:
    kind = asked.get("ResourceType", rule.kind)
    days = (asked.get("RetentionPeriod") or {}).get("RetentionPeriodValue", rule.days)
    wanted, excluded = _pairs(asked.get("ResourceTags")), _pairs(asked.get("ExcludeResourceTags"))
    if kind not in KINDS or not 1 <= days <= LONGEST_DAYS:
        raise RbinError(
            "ValidationException", f"A rule is for one of {', '.join(KINDS)}, and 1 to {LONGEST_DAYS} days."
        )
    if (wanted and excluded) or len(excluded) > MOST_EXCLUSIONS:
        raise RbinError(
            "ValidationException", f"A rule has resource tags, or at most {MOST_EXCLUSIONS} exclusion tags."
        )
    rule.kind, rule.days, rule.wanted, rule.excluded = kind, days, wanted, excluded
    rule.description = asked.get("Description", rule.description)


def _pairs(tags: t.Sequence[Params] | None) -> list[tuple[str, str | None]]:
    return [(tag["ResourceTagKey"], tag.get("ResourceTagValue")) for tag in tags or []]


def _rule(place: Place, asked: Params) -> Rule:
    found = place.backend().bin.rules.get(asked["Identifier"])
    if found is None:
        raise RbinError("ResourceNotFoundException", f"Rule {asked['Identifier']} was not found", 404)
    return found


def _listed(place: Place, rule: Rule) -> Params:
    return {
        "Identifier": rule.identifier,
        "Description": rule.description,
        "RetentionPeriod": {"RetentionPeriodValue": rule.days, "RetentionPeriodUnit": "DAYS"},
        "LockState": "unlocked",
        "RuleArn": f"arn:aws:rbin:{place.region}:{place.account}:rule/{rule.identifier}",
    }


def _shown(place: Place, rule: Rule) -> Params:
    return _listed(place, rule) | {
        "ResourceType": rule.kind,
        "ResourceTags": _tags(rule.wanted),
        "ExcludeResourceTags": _tags(rule.excluded),
        "Status": "available" if rule.available() else "pending",
    }


def _tags(pairs: t.Iterable[tuple[str, str | None]]) -> list[Params]:
    return [{"ResourceTagKey": key} | ({"ResourceTagValue": value} if value else {}) for key, value in pairs]


def _get(place: Place, asked: Params) -> Params:
    return _shown(place, _rule(place, asked))


def _update(place: Place, asked: Params) -> Params:
    rule = _rule(place, asked)
    _apply(rule, asked)
    return _shown(place, rule)


def _delete(place: Place, asked: Params) -> Params:
    del place.backend().bin.rules[_rule(place, asked).identifier]
    return {}


def _list(place: Place, asked: Params) -> Params:
    """List the rules for one type; tags are shown by GetRule only."""
    rules = list(place.backend().bin.rules.values())
    by_tag, start, size = _pairs(asked.get("ResourceTags")), int(asked.get("NextToken") or 0), asked.get("MaxResults")
    found = [
        rule for rule in rules if rule.kind == asked.get("ResourceType") and all(one in rule.wanted for one in by_tag)
    ]
    end = start + (size or 1000)
    token = {"NextToken": str(end)} if end < len(found) else {}
    return {"Rules": [_listed(place, rule) for rule in found[start:end]]} | token


HANDLERS: dict[str, t.Callable[[Place, Params], Params]] = {
    "CreateRule": _create,
    "GetRule": _get,
    "UpdateRule": _update,
    "DeleteRule": _delete,
    "ListRules": _list,
}
