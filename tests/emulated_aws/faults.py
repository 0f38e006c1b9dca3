# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble on demand: rules that say which calls go wrong, when and how."""

from __future__ import annotations

import dataclasses
import fnmatch
import random
import threading
import time
import typing as t

from emulated_aws import mutation, wire
from emulated_aws.clock import clock
from emulated_aws.identity import Caller
from emulated_aws.log import Entry
from emulated_aws.throttle import Throttle

# What each kind of trouble is called (aws_rules §8 and AWS's "Common errors"); "" is any other service.
NAMED_ERRORS: dict[str, dict[str, tuple[str, int, str]]] = {
    "throttled": {
        "ec2": ("RequestLimitExceeded", 503, "Request limit exceeded."),
        "kms": ("ThrottlingException", 400, "Rate exceeded"),
        "": ("Throttling", 400, "Rate exceeded"),
    },
    "server_error": {
        "ec2": ("InternalError", 500, "An internal error has occurred"),
        "kms": ("KMSInternalException", 500, "An internal error has occurred"),
        "": ("InternalFailure", 500, "An internal error has occurred"),
    },
    "unavailable": {
        "": ("Unavailable", 503, "The server is overloaded and can't handle the request."),
    },
    "expired_token": {
        "ec2": ("RequestExpired", 400, "Request has expired."),
        "kms": ("ExpiredTokenException", 400, "The security token included in the request is expired"),
        "": ("ExpiredToken", 403, "The security token included in the request is expired"),
    },
    "clock_skew": {
        "ec2": ("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
        "kms": ("InvalidSignatureException", 400, "Signature not yet current"),
        "": ("SignatureDoesNotMatch", 403, "Signature not yet current"),
    },
    "access_denied": {
        "ec2": (
            "UnauthorizedOperation",
            403,
            "You are not authorized to perform this operation. User: {principal} is not authorized to perform: "
            "ec2:{action} because no identity-based policy allows the ec2:{action} action",
        ),
        "kms": ("AccessDeniedException", 400, "User: {principal} is not authorized to perform: kms:{action}"),
        "": ("AccessDenied", 403, "User: {principal} is not authorized to perform: {service}:{action}"),
    },
}
KINDS = {"error", "throttle", "drop", "unreachable", "pause", "hold", "mutate"} | set(NAMED_ERRORS)


@dataclasses.dataclass
class Rule:
    """Which calls it hits (all that is set must fit) and what happens to them; names may hold wildcards."""

    kind: str
    service: str = "*"
    action: str | list[str] = "*"
    region: str = "*"
    account: str = "*"
    principal: str = "*"
    resource: str | None = None  # a value somewhere in the parameters
    nth: int | list[int] | None = None  # of the calls that fit, from 1
    skip: int = 0  # so many fitting calls pass first
    count: int | None = None  # hits at most so many
    probability: float = 1.0
    seed: int = 0
    starts_in: float = 0.0  # virtual seconds from now
    lasts: float | None = None  # virtual seconds
    when: t.Literal["before", "after"] = "before"  # the change took effect
    code: str | None = None
    status: int | None = None
    message: str | None = None
    seconds: float = 0.0  # real, for a pause
    scale: float = 1.0  # of the token buckets
    then: t.Literal["answer", "drop"] = "answer"  # what a released hold does
    changes: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    id: int = 0
    fitted: int = 0
    hits: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}; known are {', '.join(sorted(KINDS))}")
        if self.kind == "error" and not (self.code and self.status):
            raise ValueError("a fault of kind 'error' needs code and status")
        if self.when not in ("before", "after") or self.then not in ("answer", "drop"):
            raise ValueError("'when' is before or after, 'then' is answer or drop")
        mutation.validate(self.changes, needed=self.kind == "mutate")
        self._random = random.Random(self.seed)
        self._starts_at = clock.now() + self.starts_in
        self._throttle = Throttle(self.scale)

    def strikes(self, request: wire.Request, caller: Caller) -> bool:
        """Tell whether the rule hits this call, and count it."""
        if not (self._in_time() and self._fits(request, caller)):
            return False
        self.fitted += 1
        if self.fitted <= self.skip or (self.count is not None and self.hits >= self.count):
            return False
        if self.nth is not None and self.fitted not in (self.nth if isinstance(self.nth, list) else [self.nth]):
            return False
        if self.kind == "throttle" and self._throttle.admits(request, caller.account):
            return False
        if self.probability < 1 and self._random.random() >= self.probability:
            return False
        self.hits += 1
        return True

    def _in_time(self) -> bool:
        since = clock.now() - self._starts_at
        return since >= 0 and (self.lasts is None or since < self.lasts)

    def _fits(self, request: wire.Request, caller: Caller) -> bool:
        actions = self.action if isinstance(self.action, list) else [self.action]
        return (
            fnmatch.fnmatchcase(request.service, self.service)
            and any(fnmatch.fnmatchcase(request.action, action) for action in actions)
            and fnmatch.fnmatchcase(request.region, self.region)
            and fnmatch.fnmatchcase(caller.account, self.account)
            and fnmatch.fnmatchcase(caller.arn, self.principal)
            and (self.resource is None or self.resource in list(texts(request.parameters)))
        )

    def answer(self, request: wire.Request, caller: Caller) -> wire.Answer:
        """Return the error that the client sees."""
        named = NAMED_ERRORS.get("throttled" if self.kind == "throttle" else self.kind, {})
        code, status, message = named.get(request.service) or named.get("") or ("", 0, "An error was asked for.")
        words = {"principal": caller.arn, "action": request.action, "service": request.service}
        return wire.error(
            request.service,
            code=self.code or code,
            message=self.message if self.message is not None else message.format_map(words),
            status=self.status or status,
        )


def texts(value: t.Any) -> t.Iterator[str]:
    """Return every text in a nest of parameters."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, t.Mapping):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts(item)


class Faults:
    """The rules in force, and the calls that one of them holds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._last = 0
        self._holds: dict[int, Hold] = {}

    def add(self, **fields: t.Any) -> int:
        """Put a rule in force and return its id."""
        unknown = set(fields) - {field.name for field in dataclasses.fields(Rule)} | set(fields) & {
            "id",
            "fitted",
            "hits",
        }
        if unknown or "kind" not in fields:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}" if unknown else "a fault needs a kind")
        rule = Rule(**fields)
        with self._lock:
            self._last += 1
            rule.id = self._last
            self._rules.append(rule)
        return rule.id

    def clear(self, rule_id: int | None = None) -> None:
        """Take one rule, or all, out of force; calls that are held stay held."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule_id is not None and rule.id != rule_id]

    def reset(self) -> None:
        """Take all rules out of force and drop every call that is held."""
        self.clear()
        self.release(then="drop")

    def describe(self) -> list[dict[str, t.Any]]:
        """Return the rules with how many calls fitted and how many were hit."""
        return [dataclasses.asdict(rule) for rule in self._rules]

    def strike(self, request: wire.Request, caller: Caller) -> list[Rule]:
        """Return the rules that hit this call."""
        with self._lock:
            return [rule for rule in self._rules if rule.strikes(request, caller)]

    def before(
        self, rules: t.Sequence[Rule], request: wire.Request, caller: Caller, entry: Entry
    ) -> wire.Answer | None:
        """Do what comes before the change: return an error, drop the connection, wait; or nothing."""
        for rule in rules:
            if rule.kind == "pause":
                time.sleep(rule.seconds)
            elif rule.kind == "mutate":
                mutation.prepare(rule.changes, request)
            elif rule.when == "before":
                answer = self._trouble(rule, request, caller, entry)
                if answer is not None:
                    return answer
        return None

    def after(
        self, rules: t.Sequence[Rule], request: wire.Request, caller: Caller, entry: Entry, answer: wire.Answer
    ) -> wire.Answer:
        """Do what comes after the change took effect, and return the answer that the client gets."""
        for rule in rules:
            if rule.kind == "mutate":
                answer = mutation.mutate(rule.changes, request, answer)
            elif rule.when == "after" and rule.kind != "pause":
                answer = self._trouble(rule, request, caller, entry) or answer
        return answer

    def _trouble(self, rule: Rule, request: wire.Request, caller: Caller, entry: Entry) -> wire.Answer | None:
        if rule.kind in ("drop", "unreachable"):
            raise wire.ConnectionDropped(unreachable=rule.kind == "unreachable")
        if rule.kind == "hold":
            self._hold(rule, entry)
            return None
        return rule.answer(request, caller)

    def _hold(self, rule: Rule, entry: Entry) -> None:
        hold = Hold(then=rule.then)
        with self._lock:
            self._holds[entry.number] = hold
        entry.held = True
        hold.released.wait()
        entry.held = False
        if hold.then == "drop":
            raise wire.ConnectionDropped()

    def held(self) -> int:
        """Return how many calls are held."""
        with self._lock:
            return len(self._holds)

    def release(self, number: int | None = None, *, then: t.Literal["answer", "drop"] | None = None) -> int:
        """Let one held call, or all, go on, and return how many; ``then`` overrides what its rule said."""
        with self._lock:
            numbers = list(self._holds) if number is None else [number] if number in self._holds else []
            holds = [self._holds.pop(held) for held in numbers]
        for hold in holds:
            hold.then = then or hold.then
            hold.released.set()
        return len(holds)


@dataclasses.dataclass
class Hold:
    """A call whose client waits."""

    then: t.Literal["answer", "drop"]
    released: threading.Event = dataclasses.field(default_factory=threading.Event)
