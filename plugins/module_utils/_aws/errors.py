# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Call AWS, and turn what it refuses and what botocore raises into sentences."""

from __future__ import annotations

import contextlib
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    from botocore.parsers import ResponseParserError

from .remedies import DENIED_CODES, NEVER_SENT, class_names, remedy_for_class, remedy_for_code
from .retrying import THROTTLED_CODES, retried

T = t.TypeVar("T")

# Calls that botocore makes by itself for credentials; that one of them is denied says nothing of the call itself.
_FOR_CREDENTIALS: t.Final = ("AssumeRole", "AssumeRoleWithWebIdentity", "GetRoleCredentials", "GetSessionToken")
FILES_AND_PROGRAMS: t.Final = (
    "check the files and programs that the settings for AWS name, such as credential_process and aws_ca_bundle"
)


class AwsError(AnsibleAWSError):
    """An API call failed. ``code`` is AWS's error code, empty where AWS never answered."""

    @property
    def code(self) -> str:
        """Return AWS's error code."""
        return str(self._answer.get("Error", {}).get("Code", ""))

    @property
    def words(self) -> str:
        """Return AWS's own words, empty where it never answered."""
        return str(self._answer.get("Error", {}).get("Message", ""))

    @property
    def is_denied(self) -> bool:
        """Tell whether a policy forbids the call."""
        return self.code in DENIED_CODES and self._operation not in _FOR_CREDENTIALS

    @property
    def is_throttled(self) -> bool:
        """Tell whether AWS refused the call for its rate; it had no effect and may be repeated."""
        return self.code in THROTTLED_CODES

    @property
    def is_ambiguous(self) -> bool:
        """Tell whether AWS may have acted all the same: it did not answer, or answered with a server error."""
        if not self.code:
            return not NEVER_SENT.intersection(class_names(self.exception))
        status = int(self._answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return status >= 500 and not self.is_throttled

    @property
    def is_outage(self) -> bool:
        """Tell whether AWS, or the way to it, is down or overrun for now: what only reads may be tried again later."""
        lost = {"ConnectionError", "HTTPClientError"}.intersection(class_names(self.exception))
        return bool(lost) or self.is_throttled or (bool(self.code) and self.is_ambiguous)

    def __str__(self) -> str:
        said = super().__str__()
        remedy = self._remedy()
        return f"{said.rstrip('.')}. {remedy}" if remedy else said

    def _remedy(self) -> str:
        if self.code:
            return remedy_for_code(self.code, self.words, operation=self._operation)
        return remedy_for_class(self.exception) if self.exception is not None else ""

    @property
    def _answer(self) -> dict[str, t.Any]:
        return getattr(self.exception, "response", None) or {}

    @property
    def _operation(self) -> str:
        return str(getattr(self.exception, "operation_name", ""))


class _ErrorHandler(AWSErrorHandler):
    _CUSTOM_EXCEPTION = AwsError


def call(description: str, operation: t.Callable[..., T], /, *, retry: bool = True, **params: t.Any) -> T:
    """Call one API operation; a failure reads ``Failed to <description>: <AWS's words>``.

    Throttling, server errors and lost connections are retried with jitter, unless ``retry`` is off: creating calls
    without a client token must not be repeated blindly.
    """
    attempt = retried(operation) if retry else operation
    try:
        answer: T = _ErrorHandler.common_error_handler(description)(attempt)(**params)
        return answer
    except ResponseParserError as error:
        raise AwsError(
            message=f"Failed to {description}: what answered is not AWS ({error}); check endpoint_url and the proxy"
        ) from error
    except OSError as error:
        raise AwsError(message=f"Failed to {description}: {error}; {FILES_AND_PROGRAMS}") from error


def call_unless_gone(description: str, operation: t.Callable[..., T], /, *, gone: str, **params: t.Any) -> bool:
    """Call what removes something; return False where AWS says by the code ``gone`` that it is not there any more."""
    try:
        call(description, operation, **params)
    except AwsError as error:
        if error.code == gone:
            return False
        raise
    return True


def required(answer: t.Mapping[str, t.Any], member: str, *, of: str) -> t.Any:
    """Return a member that AWS always sends; an answer without it is an error, not a traceback."""
    value = answer.get(member)
    if value is None:
        raise AwsError(
            message=f"AWS's answer about {of} has no {member}; run the task again, and report this if it stays"
        )
    return value
