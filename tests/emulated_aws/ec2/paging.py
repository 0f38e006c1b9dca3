# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the Describe actions."""

from __future__ import annotations

import base64
import binascii
import typing as t

from emulated_aws.ec2 import errors
from emulated_aws.ec2.request import Call

T = t.TypeVar("T")
PREFIX = "page:"


def page(call: Call, items: t.Sequence[T], smallest: int = 5) -> tuple[list[T], str | None]:
    """Return the page that the request asks for and the token of the next one."""
    size = call.get("MaxResults")
    if size is not None and not smallest <= size:
        raise errors.invalid_value(size, "maxResults", f"Expecting a value greater than or equal to {smallest}.")
    start = _start(call.get("NextToken"))
    if size is None:
        return list(items[start:]), None
    end = start + min(size, 1000)
    return list(items[start:end]), _token(end) if end < len(items) else None


def _token(position: int) -> str:
    return base64.urlsafe_b64encode(f"{PREFIX}{position}".encode()).decode()


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text.startswith(PREFIX) or not text[len(PREFIX) :].isdigit():
        raise errors.AwsError("InvalidNextToken", f"The token '{token}' is invalid")
    return int(text[len(PREFIX) :])
