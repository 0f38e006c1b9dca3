# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""STS: sessions of roles in any account that exists here, ending in virtual time."""

from __future__ import annotations

import datetime
import hashlib
import typing as t

from moto.core.responses import ActionResult
from moto.sts.responses import TokenResponse

from emulated_aws import wire
from emulated_aws.identity import Caller, Credentials, current_caller, identities

SHORTEST, LONGEST = 900, 43200
Result = ActionResult | tuple[str, dict[str, t.Any]]


class StsAnswers(TokenResponse):
    """moto's answers, but for who the caller is and what a session is worth."""

    def assume_role(self) -> Result:  # type: ignore[override]  # moto serves refusals as exceptions, always with 400
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
        role_arn, session_name = self._get_param("RoleArn"), self._get_param("RoleSessionName")
        seconds = self._seconds(3600)
        if seconds is None:
            return _bad_duration()
        try:
            caller, credentials = identities.assume(
                role_arn, session_name=session_name, seconds=seconds, session_policy=self._get_param("Policy")
            )
        except KeyError:
            words = f"User: {current_caller().arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
            return _refusal("AccessDenied", words, status=403)
        user = {"AssumedRoleId": _user_id(caller), "Arn": caller.arn}
        return ActionResult({"Credentials": _shown(credentials), "AssumedRoleUser": user})

    def get_session_token(self) -> Result:  # type: ignore[override]  # the same
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html"""
        seconds = self._seconds(43200)
        if seconds is None:
            return _bad_duration()
        return ActionResult({"Credentials": _shown(identities.session(current_caller(), seconds=seconds))})

    def get_caller_identity(self) -> ActionResult:
        """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
        caller = current_caller()
        return ActionResult({"UserId": _user_id(caller), "Account": caller.account, "Arn": caller.arn})

    def _seconds(self, default: int) -> int | None:
        seconds = int(self._get_param("DurationSeconds") or default)
        return seconds if SHORTEST <= seconds <= LONGEST else None


def install() -> None:
    """Put our answers in the place of moto's."""
    from moto.sts import urls

    urls.url_paths = {"{0}/$": StsAnswers.dispatch}


def _refusal(code: str, message: str, *, status: int) -> Result:
    return wire.error("sts", code=code, message=message, status=status).body.decode(), {"status": status}


def _bad_duration() -> Result:
    words = f"Member must have value between {SHORTEST} and {LONGEST}"
    return _refusal("ValidationError", f"Value at 'durationSeconds' failed to satisfy constraint: {words}", status=400)


def _user_id(caller: Caller) -> str:
    number = int(hashlib.sha256(caller.policy_arn.encode()).hexdigest(), 16) % 10**16
    if ":assumed-role/" in caller.arn:
        return f"AROA{number:016d}:{caller.arn.rpartition('/')[2]}"
    return f"AIDA{number:016d}"


def _shown(credentials: Credentials) -> dict[str, t.Any]:
    ends = datetime.datetime.fromtimestamp(credentials.expires_at or 0, tz=datetime.UTC).replace(tzinfo=None)
    return {
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "SessionToken": credentials.token,
        "Expiration": ends,
    }
