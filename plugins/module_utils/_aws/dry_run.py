# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Ask EC2 or KMS whether a call would succeed, without doing it."""

from __future__ import annotations

import typing as t

from .errors import AwsError, call

# Of KMS, and of EC2.
_WOULD_SUCCEED: t.Final = ("DryRunOperationException", "DryRunOperation")


def succeed_dry(description: str, operation: t.Callable[..., t.Any], /, **params: t.Any) -> None:
    """Return if the call would succeed, which AWS says by an error (aws_rules §14.2); raise what it would raise."""
    try:
        call(description, operation, DryRun=True, **params)
    except AwsError as error:
        if error.code not in _WOULD_SUCCEED:
            raise
