# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Compare the times that AWS and users write as text. Nothing in this file reads a clock."""

from __future__ import annotations

import datetime
import re

_FORM = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$")


def parse_timestamp(text: str) -> float | None:
    """Return seconds since the epoch for an RFC 3339 time with a zone; None when the text is not one."""
    if not _FORM.match(text):
        return None
    plain = re.sub(r"\.\d+", "", text.replace("Z", "+0000"))
    plain = re.sub(r"([+-]\d{2}):(\d{2})$", r"\1\2", plain)
    pattern = "%Y-%m-%dT%H:%M:%S%z" if plain.count(":") == 2 else "%Y-%m-%dT%H:%M%z"
    try:
        return datetime.datetime.strptime(plain, pattern).timestamp()
    except ValueError:
        return None


def same_minute(first: str, second: str) -> bool:
    """Tell whether two times are the same for AWS, which rounds deprecation times to the minute; ``""`` is no time."""
    one, other = parse_timestamp(first), parse_timestamp(second)
    if one is None or other is None:
        return one is other
    return abs(one - other) < 60


def to_text(seconds: float) -> str:
    """Return seconds since the epoch as AWS writes a time."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
