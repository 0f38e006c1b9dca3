# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who calls: accounts, principals, their access keys and sessions, and what they may do when that is enforced."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import json
import re
import secrets
import threading
import typing as t

from moto.iam.models import iam_backends

from emulated_aws import policy
from emulated_aws.clock import clock

HOME_ACCOUNT = "123456789012"
ACCOUNTS = {HOME_ACCOUNT: "home", "210987654321": "consumer", "111122223333": "vendor", "444455556666": "partner"}

_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>\d{12}):(?P<kind>user|role)/(?P<path>.+)")
_ACCOUNT_KEY = re.compile(r"AKIA0000(?P<account>\d{12})")


@dataclasses.dataclass(frozen=True)
class Credentials:
    """What a client needs to call as one principal; ``expires_at`` is virtual time."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires_at: float | None = None


@dataclasses.dataclass(frozen=True)
class Caller:
    """Who made a call: ``arn`` as CloudTrail shows it, ``policy_arn`` where permissions are attached."""

    account: str
    arn: str
    policy_arn: str
    expires_at: float | None = None
    session_policy: str | None = None

    @property
    def expired(self) -> bool:
        """Tell whether the session is over in virtual time."""
        return self.expires_at is not None and clock.now() >= self.expires_at


def administrator(account: str) -> Caller:
    """Return the unrestricted user that every account has."""
    arn = f"arn:aws:iam::{account}:user/admin"
    return Caller(account, arn, arn)


def account_access_key(account: str) -> str:
    """Return the access key id of an account's administrator; the account can be read from it."""
    return f"AKIA0000{account}"


class Identities:
    """Access keys, sessions and policies; a principal without policies here may do everything."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every key, session and policy."""
        self._callers: dict[str, Caller] = {}
        self._tokens: dict[str, str] = {}
        self._policies: dict[str, list[policy.Document]] = {}
        self._controls: dict[str, list[policy.Document]] = {}
        self.accounts = dict(ACCOUNTS)

    def caller(self, access_key: str) -> Caller:
        """Return who owns the access key; an unknown one is taken as the home account's administrator."""
        if access_key in self._callers:
            return self._callers[access_key]
        by_name = _ACCOUNT_KEY.fullmatch(access_key)
        return administrator(by_name["account"] if by_name else HOME_ACCOUNT)

    def has_token(self, access_key: str, token: str | None) -> bool:
        """Tell whether a session's key comes with the session's token; keys of users need none."""
        return self._tokens.get(access_key) in (None, token)

    def enforce(self, arn: str, documents: t.Sequence[policy.Document]) -> None:
        """Let the user or role do only what these policies allow, from now on."""
        if _ARN.fullmatch(arn) is None:
            raise ValueError(f"{arn} is not the ARN of an IAM user or role")
        for document in documents:
            policy.check(document)
        self._policies[arn] = [json.loads(json.dumps(document)) for document in documents]

    def control(self, account: str, documents: t.Sequence[policy.Document]) -> None:
        """Put the account under these service control policies, of which the denials count."""
        for document in documents:
            policy.check(document)
        self._controls[account] = list(documents)

    def controlled(self, caller: Caller, question: policy.Question) -> bool:
        """Tell whether a service control policy denies it."""
        return policy.evaluate(self._controls.get(caller.account, ()), question) == "deny"

    def lift(self, arn: str) -> None:
        """Stop enforcing policies for the principal."""
        self._policies.pop(arn, None)

    def credentials(self, arn: str) -> Credentials:
        """Make an access key for the user or role; a role gets a session that does not end."""
        found = _ARN.fullmatch(arn)
        if found is None:
            raise ValueError(f"{arn} is not the ARN of an IAM user or role")
        if found["kind"] == "role":
            return self.assume(arn, session_name="direct", seconds=None)[1]
        return self._issue("AKIA", Caller(found["account"], arn, arn), token=None)

    def assume(
        self, role_arn: str, *, session_name: str, seconds: float | None, session_policy: str | None = None
    ) -> tuple[Caller, Credentials]:
        """Open a session of the role; an account that does not exist here raises ``KeyError``."""
        found = _ARN.fullmatch(role_arn)
        if found is None or found["kind"] != "role" or found["account"] not in self.accounts:
            raise KeyError(role_arn)
        name = found["path"].rsplit("/", 1)[-1]
        caller = Caller(
            account=found["account"],
            arn=f"arn:aws:sts::{found['account']}:assumed-role/{name}/{session_name}",
            policy_arn=role_arn,
            expires_at=None if seconds is None else clock.now() + seconds,
            session_policy=session_policy,
        )
        return caller, self._issue("ASIA", caller, token=secrets.token_hex(32))

    def session(self, caller: Caller, *, seconds: float) -> Credentials:
        """Open a session of the caller itself."""
        return self._issue(
            "ASIA", dataclasses.replace(caller, expires_at=clock.now() + seconds), token=secrets.token_hex(32)
        )

    def exists(self, arn: str) -> bool:
        """Tell whether a principal is there: everybody in these accounts, but for service-linked roles never made."""
        found = re.fullmatch(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):(.+)", arn)
        if found is None or found[2] == "root" or ":sts:" in arn:
            return True
        if found[1] not in self.accounts:
            return False
        if not found[2].startswith("role/aws-service-role/"):
            return True
        made = {role.arn for role in iam_backends[found[1]]["aws"].roles.values()}
        return arn in made or any(caller.policy_arn == arn for caller in self._callers.values())

    def _issue(self, prefix: str, caller: Caller, *, token: str | None) -> Credentials:
        access_key = prefix + secrets.token_hex(8).upper()
        with self._lock:
            self._callers[access_key] = caller
            if token is not None:
                self._tokens[access_key] = token
        return Credentials(access_key, secrets.token_hex(20), token, caller.expires_at)

    def is_enforced(self, caller: Caller) -> bool:
        """Tell whether the caller is under policies at all."""
        own = caller.policy_arn in self._policies or caller.session_policy is not None
        return own or bool(self._controls.get(caller.account))

    def verdict(self, caller: Caller, question: policy.Question) -> policy.Verdict:
        """Return what the caller's own policies say; ``allow`` for one that is under none."""
        if self.controlled(caller, question):
            return "deny"
        verdicts = []
        if caller.policy_arn in self._policies:
            verdicts.append(policy.evaluate(self._policies[caller.policy_arn], question))
        if caller.session_policy is not None:
            verdicts.append(policy.evaluate([json.loads(caller.session_policy)], question))
        if "deny" in verdicts:
            return "deny"
        return "none" if "none" in verdicts else "allow"

    def by_arn(self, arn: str) -> Caller:
        """Return the caller of an ARN that a log, a grant or an image's schedule remembers."""
        for caller in reversed(list(self._callers.values())):
            if caller.arn == arn:
                return caller
        found = re.fullmatch(r"arn:aws[a-z-]*:(?:iam|sts)::(\d{12}):.+", arn)
        return Caller(found[1] if found else HOME_ACCOUNT, arn, arn)


identities = Identities()
_current: contextvars.ContextVar[Caller] = contextvars.ContextVar("caller")


def current_caller() -> Caller:
    """Return who made the call being served; the home administrator outside of any call."""
    return _current.get(administrator(HOME_ACCOUNT))


@contextlib.contextmanager
def calling_as(caller: Caller) -> t.Iterator[None]:
    """Serve a call on behalf of the caller."""
    token = _current.set(caller)
    try:
        yield
    finally:
        _current.reset(token)
