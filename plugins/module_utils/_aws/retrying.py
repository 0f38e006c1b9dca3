# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The one policy by which calls are repeated. botocore's own, which would multiply with it, is off."""

from __future__ import annotations

import contextlib
import contextvars
import math
import random
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    from botocore.exceptions import ClientError, HTTPClientError
    from botocore.exceptions import ConnectionError as LostConnectionError

T = t.TypeVar("T")

# AWS refused the call for its rate and has not acted, although it answers some of them with HTTP 503.
THROTTLED_CODES: t.Final = frozenset(
    {
        "RequestLimitExceeded",
        "EC2ThrottledException",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
    }
)
_RETRIED_CODES: t.Final = THROTTLED_CODES | {
    "Unavailable",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalFailure",
    "InternalError",
    "InternalServerError",
    "KMSInternalException",
    "DependencyTimeoutException",
    "ConcurrentTagAccess",
}
_RETRIED_STATUSES: t.Final = (500, 502, 503, 504)
# About a minute and a half in all. Longer pauses would let the calls lie idle that a throttled account is granted.
ATTEMPTS: t.Final = 20
_LONGEST_DELAY: t.Final = 10.0
# Each may take a minute to fail.
LOST_ATTEMPTS: t.Final = 5
_LOST: t.Final = "connection lost"
_SERVER_ERROR: t.Final = "server error"


def _for_ever() -> float:
    return math.inf


_remaining: contextvars.ContextVar[t.Callable[[], float]] = contextvars.ContextVar("remaining", default=_for_ever)


@contextlib.contextmanager
def retrying_until(remaining: t.Callable[[], float]) -> t.Iterator[None]:
    """Repeat no call of this thread for longer than ``remaining`` says, in seconds; each is made once at least."""
    token = _remaining.set(remaining)
    try:
        yield
    finally:
        _remaining.reset(token)


def retried(function: t.Callable[..., T]) -> t.Callable[..., T]:
    """Return the function with throttling, server errors and lost connections repeated, with jitter."""
    lost = [0]

    def is_worth_another(code: str, _unused: t.Any = None) -> bool:
        lost[0] += code == _LOST
        known = code in _RETRIED_CODES or code == _SERVER_ERROR or (code == _LOST and lost[0] < LOST_ATTEMPTS)
        return known and _remaining.get()() > 0

    decorator = _Retry.base_decorator(
        retries=ATTEMPTS,
        found=is_worth_another,
        status_code_from_exception=_kind_of,
        catch_extra_error_codes=None,
        sleep_time_generator=_pauses(),
    )
    repeating: t.Callable[..., T] = decorator(function)
    return repeating


class _Retry(AWSRetry):
    """amazon.aws's loop, which knows errors that AWS has answered; botocore's own count here too."""

    with contextlib.suppress(NameError):
        base_class = (ClientError, LostConnectionError, HTTPClientError)


def _kind_of(error: t.Any) -> str:
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return _LOST
    code = str(response.get("Error", {}).get("Code", ""))
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return _SERVER_ERROR if code not in _RETRIED_CODES and status in _RETRIED_STATUSES else code


def _pauses() -> t.Iterator[float]:
    longest = 1.0
    while True:
        yield max(0.0, min(random.uniform(0.0, longest), _remaining.get()()))
        longest = min(longest * 2, _LONGEST_DELAY)
