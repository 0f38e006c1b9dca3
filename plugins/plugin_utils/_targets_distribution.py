# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Whose the images are, and how they come into each account, as a file of targets says it. No AWS, no Ansible."""

from __future__ import annotations

import re
import typing as t

from ..module_utils._image.answers import is_blank, parse_bool, parse_text
from ..module_utils._image.errors import RequestError

Options = t.Mapping[str, t.Any]

ROLE_ARN: t.Final = re.compile(r"^arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]+$")
# How images come into an account that does not own them; the account's own word wins over that at the top.
DISTRIBUTION: t.Final[dict[str, tuple[type, t.Callable[[t.Any], t.Any]]]] = {
    "pattern": (str, parse_text),
    "grant_autoscaling": (bool, parse_bool),
}
PATTERNS: t.Final = ("auto", "copy", "intermediate", "share")
OWNER_OPTIONS: t.Final = frozenset({"role_arn", "profile", "transfer_kms_key_id"})


def parse_distribution(account: Options, defaults: Options, *, where: str) -> dict[str, t.Any]:
    """Return whose the images are, and how they come into the account, as variables; nothing where nothing is said."""
    found: dict[str, t.Any] = {}
    if (owner := _parse_owner(defaults.get("owner"))) is not None:
        found["sealed_ami_owner"] = owner
    for name, (kind, parse) in DISTRIBUTION.items():
        value = defaults.get(name) if is_blank(account.get(name)) else account[name]
        if is_blank(value):
            continue
        if not isinstance(value, (kind, str)):
            raise RequestError(f"{where}: {name} must be a {kind.__name__}, not {value!r}")
        try:
            found[f"sealed_ami_{name}"] = parse(value)
        except RequestError as error:
            raise RequestError(f"{where}: {name}: {error}") from None
    pattern = found.get("sealed_ami_pattern", "auto")
    if pattern not in PATTERNS:
        raise RequestError(f"{where}: pattern is one of {', '.join(PATTERNS)}, not {pattern!r}")
    return found


def _parse_owner(owner: t.Any) -> dict[str, str] | None:
    """Return who owns the images, None where the file does not say so."""
    if owner is None:
        return None
    if not isinstance(owner, t.Mapping):
        raise RequestError(f"owner: expected a mapping, not {owner!r}; it may be empty: {{}}")
    if unknown := sorted(str(name) for name in set(owner) - OWNER_OPTIONS):
        raise RequestError(f"owner: {', '.join(unknown)} is unknown; known are {', '.join(sorted(OWNER_OPTIONS))}")
    found = {name: _text(owner, name) for name in sorted(OWNER_OPTIONS)}
    if found["role_arn"] and found["profile"]:
        raise RequestError("owner: role_arn and profile exclude each other; a profile names its own role")
    if found["role_arn"] and not ROLE_ARN.match(found["role_arn"]):
        raise RequestError(f"owner: role_arn {found['role_arn']!r} is not the ARN of an IAM role")
    return found


def _text(owner: Options, name: str) -> str:
    value = owner.get(name)
    if value is not None and not isinstance(value, str):
        raise RequestError(f"owner: {name} must be a string, not {value!r}; quote it")
    return value or ""
