# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the Describe actions."""

from __future__ import annotations

import functools
import re
import typing as t

from emulated_aws.ec2 import errors

T = t.TypeVar("T")
Getter = t.Callable[[T], t.Any]
Filters = t.Sequence[dict[str, t.Any]]


class Facts(t.Generic[T]):
    """What filters can ask about one kind of object."""

    def __init__(self, getters: dict[str, Getter[T]], tags: t.Callable[[T], dict[str, str]]) -> None:
        self._getters, self._tags = getters, tags

    def select(self, objects: t.Iterable[T], filters: Filters) -> list[T]:
        """Return the objects that satisfy all filters; an unknown filter is EC2's error."""
        for one in filters:
            self._check(one)
        return [item for item in objects if all(self._satisfies(item, one) for one in filters)]

    def _check(self, one: dict[str, t.Any]) -> None:
        name = one.get("Name")
        if name is None:
            raise errors.invalid_filter("null")
        if name not in self._getters and name != "tag-key" and not name.startswith("tag:"):
            raise errors.invalid_filter(name)

    def _satisfies(self, item: T, one: dict[str, t.Any]) -> bool:
        name, wanted = one["Name"], one.get("Values", [])
        if name == "tag-key":
            found = list(self._tags(item))
        elif name.startswith("tag:"):
            tags = self._tags(item)
            found = [tags[name[4:]]] if name[4:] in tags else []
        else:
            found = _as_list(self._getters[name](item))
        plain, patterns = _alternatives(tuple(wanted))
        return any(text in plain or any(pattern.fullmatch(text) for pattern in patterns) for text in found)


def _as_list(value: t.Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple, set)):
        return [text for item in value for text in _as_list(item)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


@functools.lru_cache(maxsize=64)
def _alternatives(values: tuple[str, ...]) -> tuple[frozenset[str], list[re.Pattern[str]]]:
    """Return the values without wildcards, and patterns for the others: a filter may have 200 values."""
    wild = [value for value in values if set(value) & set("*?\\")]
    return frozenset(values).difference(wild), [_pattern(value) for value in wild]


def _pattern(value: str) -> re.Pattern[str]:
    """Translate EC2's wildcards: ``*``, ``?`` and a backslash before either."""
    parts = re.findall(r"\\.|.", value, flags=re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(part) or re.escape(part[-1]) for part in parts), flags=re.DOTALL)
