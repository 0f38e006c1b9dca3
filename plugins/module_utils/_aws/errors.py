# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Call AWS, retry what deserves it, and turn botocore's errors into sentences."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        HTTPClientError,
        NoCredentialsError,
        PartialCredentialsError,
    )
    from botocore.exceptions import (
        ConnectionError as LostConnectionError,
    )

T = t.TypeVar("T")

# KMS says ThrottlingException where EC2 says RequestLimitExceeded; AWSRetry knows only the latter.
_RETRIED_CODES: t.Final = [
    "EC2ThrottledException",
    "ThrottlingException",
    "RequestThrottled",
    "RequestThrottledException",
    "ConcurrentTagAccess",
    "KMSInternalException",
    "DependencyTimeoutException",
    "InternalServerError",
    "ServiceUnavailableException",
]
# About a minute and a half in all. Longer pauses would let the calls lie idle that a throttled account is granted.
_RETRIES: t.Final = 20
_LONGEST_DELAY: t.Final = 10
_EXPIRED_CODES: t.Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_CLOCK_CODES: t.Final = {"AuthFailure", "SignatureDoesNotMatch", "InvalidSignatureException"}
# AWS answers these with HTTP 503, but never after it has acted.
_THROTTLED_CODES: t.Final = {"RequestLimitExceeded", "EC2ThrottledException", "Throttling", "ThrottlingException"}
_DENIED_CODES: t.Final = {"UnauthorizedOperation", "AccessDenied", "AccessDeniedException"}


class AwsError(AnsibleAWSError):
    """An API call failed. ``code`` is AWS's error code, empty where AWS never answered."""

    @property
    def code(self) -> str:
        """Return AWS's error code."""
        response = getattr(self.exception, "response", None) or {}
        return str(response.get("Error", {}).get("Code", ""))

    @property
    def is_denied(self) -> bool:
        """Tell whether a policy forbids the call."""
        return self.code in _DENIED_CODES

    @property
    def is_throttled(self) -> bool:
        """Tell whether AWS refused the call for its rate; it had no effect and may be repeated."""
        return self.code in _THROTTLED_CODES

    @property
    def is_ambiguous(self) -> bool:
        """Tell whether AWS may have acted all the same: it did not answer, or answered with a server error."""
        response = getattr(self.exception, "response", None) or {}
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return not self.code or (status >= 500 and not self.is_throttled)

    @property
    def is_outage(self) -> bool:
        """Tell whether AWS, or the way to it, is down or overrun for now: what only reads may be tried again later."""
        lost = isinstance(self.exception, (LostConnectionError, HTTPClientError))
        return lost or self.is_throttled or (bool(self.code) and self.is_ambiguous)

    def __str__(self) -> str:
        remedy = _remedy(self.code, self.exception)
        return f"{super().__str__()}{remedy}"


class _ErrorHandler(AWSErrorHandler):
    _CUSTOM_EXCEPTION = AwsError


def call(description: str, operation: t.Callable[..., T], /, *, retry: bool = True, **params: t.Any) -> T:
    """Call one API operation; a failure reads ``Failed to <description>: <AWS's words>``.

    Throttling and server errors are retried with jitter, unless ``retry`` is off: creating calls without a client token
    must not be repeated blindly.
    """
    attempt = AWSRetry.jittered_backoff(
        retries=_RETRIES, delay=1, max_delay=_LONGEST_DELAY, catch_extra_error_codes=_RETRIED_CODES
    )
    function = attempt(operation) if retry else operation
    return _ErrorHandler.common_error_handler(description)(function)(**params)


def required(answer: t.Mapping[str, t.Any], member: str, *, of: str) -> t.Any:
    """Return a member that AWS always sends; an answer without it is an error, not a traceback."""
    value = answer.get(member)
    if value is None:
        raise AwsError(
            message=f"AWS's answer about {of} has no {member}; run the task again, and report this if it stays"
        )
    return value


def _remedy(code: str, exception: t.Any) -> str:
    if code in _EXPIRED_CODES:
        return ". The credentials expired; renew them and run the task again: it resumes where it stopped"
    if code in _CLOCK_CODES:
        return ". Check the credentials and that this machine's clock is right"
    if code in _DENIED_CODES and isinstance(exception, ClientError):
        return f". Allow the action {_action(exception)} in the policy of this principal"
    if isinstance(exception, (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)):
        return ". Give access_key and secret_key, a profile, or the environment that boto3 reads credentials from"
    if not code and exception is not None:
        return (
            ". AWS did not answer; check the region, the network and endpoint_url, then run the task again: it resumes"
        )
    return ""


def _action(exception: t.Any) -> str:
    service = "kms" if exception.response["Error"]["Code"] == "AccessDeniedException" else "ec2"
    return f"{service}:{exception.operation_name}"
