# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call log: who did what, where and when, and what came of it; never a secret."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import fnmatch
import threading
import time
import typing as t

from emulated_aws.clock import clock
from emulated_aws.identity import Caller
from emulated_aws.wire import Answer, Request

SECRET = {
    "UserData", "PresignedUrl", "Plaintext", "CiphertextBlob", "SecretAccessKey", "SessionToken", "GrantToken",
    "GrantTokens", "TokenCode", "WebIdentityToken", "SAMLAssertion", "Password", "KeyMaterial", "ImportToken",
}  # fmt: skip
SIGNATURE = ("x-amz-", "signature")
MARKER = "(present, not logged)"
READS = ("Describe", "Get", "List", "Assume", "Decrypt", "Search")


@dataclasses.dataclass
class Entry:
    """One call; ``status`` is None while it is being served and 0 where the connection was dropped.

    ``made`` and ``gone`` are the ids of what came into being and vanished by it at once.
    """

    number: int
    account: str
    principal: str
    service: str
    action: str
    region: str
    virtual_time: str
    real_time: float
    parameters: dict[str, t.Any]
    redacted: list[str]
    status: int | None = None
    error: str | None = None
    took_effect: bool = False
    held: bool = False
    faults: list[str] = dataclasses.field(default_factory=list)
    user_agent: str = ""
    made: list[str] = dataclasses.field(default_factory=list)
    gone: list[str] = dataclasses.field(default_factory=list)


class CallLog:
    """Calls in the order in which they came in; numbers start at 1 and are never used twice until a reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget every call and start numbering again."""
        with self._lock:
            self._entries: list[Entry] = []
            self._changes: list[Entry] = []
            self._last = 0

    def clear(self) -> None:
        """Forget every call and keep on numbering; the journal stays."""
        with self._lock:
            self._entries = []

    def open(self, request: Request, caller: Caller) -> Entry:
        """Write down that a call came in."""
        redacted: list[str] = []
        parameters = without_secrets(request.parameters, redacted)
        with self._lock:
            self._last += 1
            entry = Entry(
                number=self._last,
                account=caller.account,
                principal=caller.arn,
                service=request.service,
                action=request.action,
                region=request.region,
                virtual_time=clock.utcnow().isoformat(timespec="milliseconds"),
                real_time=time.time(),
                parameters=t.cast(dict[str, t.Any], parameters),
                redacted=redacted,
                user_agent=str(request.environ.get("HTTP_USER_AGENT", "")),
            )
            self._entries.append(entry)
            if not entry.action.startswith(READS):
                self._changes.append(entry)
        return entry

    @staticmethod
    def close(entry: Entry, answer: Answer | None) -> None:
        """Write down how it ended; no answer means that the connection was dropped."""
        entry.status = 0 if answer is None else answer.status
        entry.error = "connection dropped" if answer is None else answer.error_code
        entry.held = False

    def entries(self, **wanted: t.Any) -> list[dict[str, t.Any]]:
        """Return the calls that fit: any field by value, ``action`` and the like by wildcard, ``since`` by number."""
        since = int(wanted.pop("since", 0))
        with self._lock:
            chosen = [entry for entry in self._entries if entry.number > since]
        return [dataclasses.asdict(entry) for entry in chosen if _fits(entry, wanted)]

    def journal(self) -> list[dict[str, t.Any]]:
        """Return every call since the last reset that was to change something, whether or not it did."""
        with self._lock:
            return [dataclasses.asdict(entry) for entry in self._changes]

    def counts(self, **wanted: t.Any) -> dict[str, int]:
        """Return how often each action was called, as ``service:Action``."""
        found = collections.Counter(f"{entry['service']}:{entry['action']}" for entry in self.entries(**wanted))
        return dict(sorted(found.items()))


def _fits(entry: Entry, wanted: t.Mapping[str, t.Any]) -> bool:
    for name, value in wanted.items():
        actual = getattr(entry, name)
        choices = value if isinstance(value, list) else [value]
        if isinstance(actual, str) and not any(fnmatch.fnmatchcase(actual, str(choice)) for choice in choices):
            return False
        if not isinstance(actual, str) and actual not in choices:
            return False
    return True


def without_secrets(value: t.Any, redacted: list[str], name: str = "") -> t.Any:
    """Return the value for the log: secrets replaced by a marker and named in ``redacted``, the rest as JSON has it."""
    if name in SECRET or name.lower().startswith(SIGNATURE):
        redacted.append(name)
        return MARKER
    if isinstance(value, t.Mapping):
        return {str(key): without_secrets(item, redacted, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(item, redacted) for item in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else MARKER
