# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Settings for amazon.aws and boto3 that cannot work: a sentence, where botocore has a traceback or a prompt."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.botocore import get_aws_connection_info

from .errors import FILES_AND_PROGRAMS, AwsError
from .remedies import remedy_for_class

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    from botocore.exceptions import BotoCoreError

_WHAT: t.Final = "Failed to prepare the connection to AWS"
# Too short a value would be found in any sentence.
_TELLING: t.Final = 2


@contextlib.contextmanager
def readable_settings() -> t.Iterator[None]:
    """Turn whatever botocore raises about its settings, of every class, into an AwsError that says where to look."""
    try:
        yield
    except BotoCoreError as error:
        if remedy_for_class(error):
            raise AwsError(message=_WHAT, exception=error) from error
        raise AwsError(message=f"{_WHAT}: {str(error).rstrip('.')}; {_where(error)}") from error
    except (ArithmeticError, AttributeError, EOFError, LookupError, OSError, TypeError, ValueError) as error:
        raise AwsError(message=f"{_WHAT}: {error}; {_where(error)}") from error


def connection_options(params: t.Mapping[str, t.Any]) -> tuple[str | None, dict[str, t.Any]]:
    """Return the endpoint and what else amazon.aws hands to boto3; only a profile or keys may be given, not both."""
    try:
        _region, endpoint_url, found = get_aws_connection_info(_Options(params))
    except (AttributeError, TypeError, ValueError) as error:
        raise AwsError(
            message=f"{_WHAT}: aws_config is not what botocore.config.Config takes ({error}); correct or drop it"
        ) from error
    return endpoint_url, found


def require_no_mfa(core: t.Any, *, named: bool) -> None:
    """Refuse a profile for which botocore would ask at the terminal for the code of an MFA device.

    ``named`` tells that the profile was chosen by name; otherwise credentials of the environment come before it.
    """
    if not named and os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    profiles = core.full_config.get("profiles") or {}
    name, seen = core.profile or "default", set()
    while name and name not in seen:
        seen.add(name)
        profile = profiles.get(name) or {}
        device = profile.get("mfa_serial")
        if device and profile.get("role_arn") and not profile.get("web_identity_token_file"):
            raise AwsError(
                message=f"{_WHAT}: profile {name} needs a code of the MFA device {device}, for which a task cannot "
                f"ask. Run aws configure export-credentials --profile {name} --format env, which asks for it, in the "
                "shell that the play starts from, and drop profile; or name a profile that needs no code"
            )
        name = profile.get("source_profile")


class _Options:
    """What amazon.aws reads the options from; what it refuses becomes an error like any other."""

    def __init__(self, params: t.Mapping[str, t.Any]) -> None:
        self.params = params

    def fail_json(self, *, msg: str, **_unused: t.Any) -> t.NoReturn:
        """Refuse the options."""
        raise AwsError(message=f"{_WHAT}: {msg}")


def _where(error: Exception) -> str:
    message = str(error)
    if isinstance(error, OSError):
        return FILES_AND_PROGRAMS
    named = [
        name
        for name, value in sorted(os.environ.items())
        if name.startswith("AWS_") and len(value) >= _TELLING and value in message
    ]
    if named:
        return f"correct or unset the environment variable {' or '.join(named)}"
    if "endpoint" in message.lower():
        return "pass endpoint_url as a whole URL, such as https://ec2.us-east-1.amazonaws.com"
    return "check aws_config, the AWS_ variables of the environment and the settings of the profile"
