# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Watermarks and instance types of an image: what may be asked for, and what is missing. No AWS, no Ansible.

A watermark says where an image comes from; AWS shows it as ``account:name`` (aws_rules §16).
"""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import typing as t

from .errors import PreflightError, RequestError

MOST_WATERMARKS: t.Final = 5
_MOST_TYPES: t.Final = 100
_WATERMARK: t.Final = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_TYPE: t.Final = re.compile(r"[A-Za-z0-9_.*-]{1,24}")


@dataclasses.dataclass(frozen=True)
class InstanceTypes:
    """On which instance types an image can be launched; nothing in either means that it can be on all."""

    supported: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.supported or self.unsupported)

    def __str__(self) -> str:
        shown = (("supported", self.supported), ("unsupported", self.unsupported))
        return "; ".join(f"{word} {', '.join(types)}" for word, types in shown if types) or "all"

    def allow(self, instance_type: str) -> bool:
        """Tell whether the image can be launched on a type."""
        listed, barred = (
            any(fnmatch.fnmatchcase(instance_type, one) for one in types)
            for types in (self.supported, self.unsupported)
        )
        return (listed or not self.supported) and not barred

    def to_dict(self) -> dict[str, list[str]]:
        """Return it as people write it."""
        return {
            "supported_instance_types": list(self.supported),
            "unsupported_instance_types": list(self.unsupported),
        }


ALL_TYPES: t.Final = InstanceTypes()


@dataclasses.dataclass(frozen=True)
class Carried:
    """What the call that makes an image brings along: watermarks, as AWS shows them. ``account`` is the caller's."""

    account: str = ""
    watermarks: tuple[str, ...] = ()


def parse_watermarks(names: t.Iterable[t.Any] | None) -> tuple[str, ...]:
    """Return the names in the order given, or say which of them AWS does not take."""
    found = tuple(dict.fromkeys(str(name) for name in names or ()))
    for name in found:
        if not _WATERMARK.fullmatch(name):
            raise RequestError(
                f"watermarks {name!r} is not allowed; AWS takes 3 to 128 letters, digits, spaces and ( ) [ ] "
                ". / - ' @ _"
            )
    if len(found) > MOST_WATERMARKS:
        raise RequestError(f"watermarks: {len(found)} are named; an image has {MOST_WATERMARKS} at most")
    return found


def missing_watermarks(names: t.Sequence[str], present: t.Sequence[str], *, account: str, of: str) -> tuple[str, ...]:
    """Return those of the names that an image does not have, or say why they cannot be added.

    AWS keeps each watermark under the account that attached it. ``of`` names the image for people.
    """
    if not names:
        return ()
    if not account:
        raise PreflightError(
            f"watermarks: {of}: STS does not say (sts:GetCallerIdentity) which account this is, which is part of each"
        )
    missing = tuple(name for name in names if f"{account}:{name}" not in present)
    if len(present) + len(missing) > MOST_WATERMARKS and missing:
        raise PreflightError(
            f"watermarks: {of} has {', '.join(present)}; with {', '.join(missing)} it would have more than "
            f"{MOST_WATERMARKS}, which is all that AWS takes. Nothing was changed"
        )
    return missing


def own_watermarks(present: t.Iterable[str], account: str) -> tuple[str, ...]:
    """Return the names of the watermarks that the account can attach again."""
    pairs = (key.partition(":") for key in present)
    return tuple(name for owner, _colon, name in pairs if account and owner == account)


def parse_instance_types(options: t.Mapping[str, t.Any] | None) -> InstanceTypes | None:
    """Return the instance types, or say which of them AWS does not take; None stays None, empty lifts every limit."""
    if options is None:
        return None
    lists = {
        name: tuple(str(one) for one in options.get(name) or ())
        for name in ("supported_instance_types", "unsupported_instance_types")
    }
    unknown = sorted(str(name) for name in set(options) - set(lists))
    if unknown:
        raise RequestError(f"instance_type_specification has {', '.join(unknown)}; it takes {' and '.join(lists)}")
    every = [one for types in lists.values() for one in types]
    for name, types in lists.items():
        if len(types) > _MOST_TYPES:
            raise RequestError(f"instance_type_specification: {name} has {len(types)} entries; AWS takes {_MOST_TYPES}")
    for one in every:
        if not _TYPE.fullmatch(one) or "**" in one:
            raise RequestError(
                f"instance_type_specification: {one!r} is not an instance type such as m7i.large or t3.*"
            )
        if every.count(one) > 1:
            raise RequestError(f"instance_type_specification: {one} is listed twice; AWS takes each once")
    return InstanceTypes(*(tuple(sorted(types)) for types in lists.values()))
