# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Understand what people type: lists, pairs, records and single values as text. No AWS, no Ansible.

Whatever is not blank is understood or refused, with the line quoted: a line left out without a word would give a disk
another key. ``none`` stands for "nothing at all", because a blank answer of a survey cannot be told from no answer.
"""

from __future__ import annotations

import json
import re
import typing as t

from .errors import RequestError

CLEAR: t.Final = "none"
# Quotes and brackets are never part of an id, a region, a key, a device or an account.
_WORD: t.Final = re.compile(r"[^\s,;=\"'\[\]{}\u2018\u2019\u201c\u201d]+")
_VALUE: t.Final = r"[^\s,;=:\"'\[\]{}][^\s,;=\"'\[\]{}\u2018\u2019\u201c\u201d]*"
_PAIR: t.Final = re.compile(rf"([^\s,;=:\"'\[\]{{}}\u2018\u2019\u201c\u201d]+)\s*[=:]\s*({_VALUE})(?=[\s,]|$)")
_TRUE: t.Final = ("true", "yes", "on", "1")
_FALSE: t.Final = ("false", "no", "off", "0")
_PAIRS: t.Final = "expected name=value or name: value, with lines, blanks or commas between the pairs, or JSON"
_ITEMS: t.Final = "expected items with commas, blanks or lines between them, or a JSON list"
_TAGS: t.Final = "expected one name=value or name: value a line, or JSON"
_NAMES: t.Final = "expected a list, one name a line or names with commas between them, or JSON"
_RECORDS: t.Final = (
    "expected one line of name=value for each, such as device_name=/dev/sdf kms_key_id=alias/data, or JSON"
)


def is_blank(value: t.Any) -> bool:
    """Tell whether nothing was answered, which means: leave it as it is."""
    return value is None or (isinstance(value, str) and not value.strip())


def is_clear(value: t.Any) -> bool:
    """Tell whether the answer says that there shall be nothing."""
    return isinstance(value, str) and value.strip().lower() == CLEAR


def parse_text(value: t.Any) -> str:
    """Return the text without the blanks and line ends around it."""
    if isinstance(value, (bool, dict, list, tuple)):
        raise RequestError(f"{value!r} is not understood: expected a text; put it in quotes")
    return "" if is_blank(value) or is_clear(value) else str(value).strip()


def parse_list(value: t.Any) -> list[str]:
    """Return the items of a list, or of text in the house style."""
    if is_blank(value) or is_clear(value):
        return []
    if isinstance(value, str) and value.strip()[0] in "[{":
        value = _load(value, list, _ITEMS)
    items: list[str] = []
    for item in value if isinstance(value, (list, tuple, set)) else [value]:
        items += _words(item)
    return items


def parse_names(value: t.Any) -> list[str]:
    """Return names that may hold blanks: as text, one a line or with commas between them."""
    if is_blank(value) or is_clear(value):
        return []
    if isinstance(value, str) and value.strip().startswith(('["', "['")):
        value = _load(value, list, _NAMES)
    if isinstance(value, str):
        value = re.split(r"[,\n]", value)
    if not isinstance(value, (list, tuple, set)):
        raise _not_understood(value, _NAMES)
    return [text for one in value if (text := parse_text(one))]


def parse_pairs(value: t.Any) -> dict[str, str]:
    """Return a map whose names and values hold no blanks, such as keys by device."""
    if is_blank(value) or is_clear(value):
        return {}
    if isinstance(value, str) and value.strip()[0] in "[{":
        value = _load(value, dict, _PAIRS)
    if isinstance(value, str):
        return _unique(pair for line in value.splitlines() for pair in _pairs_of(line, _PAIRS))
    if not isinstance(value, t.Mapping):
        raise _not_understood(value, _PAIRS)
    return _unique(_scalar_pair(name, one) for name, one in value.items())


def parse_tags(value: t.Any) -> dict[str, t.Any]:
    """Return tags; as text, one a line, for names and values may hold blanks and commas."""
    if is_blank(value) or is_clear(value):
        return {}
    if isinstance(value, str) and value.strip()[0] in "[{":
        value = _load(value, dict, _TAGS)
    if isinstance(value, t.Mapping):
        return dict(value)
    if not isinstance(value, str):
        raise _not_understood(value, _TAGS)
    return _unique(_tag_of(line.strip()) for line in value.splitlines() if line.strip())


def parse_dict(value: t.Any) -> dict[str, t.Any]:
    """Return a dictionary, or what JSON text says."""
    if is_blank(value) or is_clear(value):
        return {}
    found = _load(value, dict, "expected a dictionary, or JSON") if isinstance(value, str) else value
    if not isinstance(found, t.Mapping):
        raise _not_understood(value, "expected a dictionary, or JSON")
    return dict(found)


def parse_records(value: t.Any) -> list[dict[str, t.Any]]:
    """Return a list of dictionaries, each of which may be a line of pairs; as text, JSON or such lines."""
    if is_blank(value) or is_clear(value):
        return []
    if isinstance(value, str) and value.strip()[0] in "[{":
        loaded = _load(value, (list, dict), _RECORDS)
        value = loaded if isinstance(loaded, list) else [loaded]
    if isinstance(value, str):
        value = [line for line in value.splitlines() if line.strip()]
    if not isinstance(value, (list, tuple)):
        raise _not_understood(value, _RECORDS)
    return [_record(one) for one in value]


def parse_bool(value: t.Any) -> bool:
    """Return what the answer says; no word is taken for a "no" because it is unknown."""
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise _not_understood(value, "expected true or false")


def parse_int(value: t.Any) -> int:
    """Return the whole number."""
    if isinstance(value, bool) or not re.fullmatch(r"\s*-?[0-9]+\s*", str(value)):
        raise _not_understood(value, "expected a whole number")
    return int(value)


def _record(one: t.Any) -> dict[str, t.Any]:
    if isinstance(one, str) and one.strip():
        return _unique(_pairs_of(one, _RECORDS))
    if not isinstance(one, t.Mapping):
        raise _not_understood(one, _RECORDS)
    return dict(one)


def _words(item: t.Any) -> list[str]:
    if isinstance(item, bool) or not isinstance(item, (str, int)):
        raise _not_understood(item, _ITEMS)
    words: list[str] = []
    for line in str(item).splitlines():
        found = [one for one in re.split(r"[\s,]+", line) if one]
        if any(not _WORD.fullmatch(one) or not one.isprintable() or one == "-" or is_clear(one) for one in found):
            raise _not_understood(line.strip(), _ITEMS)
        words += found
    return words


def _pairs_of(line: str, expected: str) -> list[tuple[str, str]]:
    text, pairs, at = line.strip().strip(","), [], 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None or not found[0].isprintable():
            raise _not_understood(line.strip(), expected)
        pairs.append((found[1], found[2]))
        at = found.end()
        while at < len(text) and (text[at].isspace() or text[at] == ","):
            at += 1
    return pairs


def _tag_of(line: str) -> tuple[str, str]:
    """Return name and value; whichever of ": " and "=" comes first parts them, or the only colon."""
    signs = [at for at in (line.find(": "), line.find("=")) if at >= 0]
    if not signs and line.count(":") == 1:
        signs = [line.index(":")]
    at = min(signs, default=0)
    name = line[:at].strip()
    if not name or line[0] in "\"'-{[":
        raise _not_understood(line, _TAGS)
    if ":" in name:
        # Nothing tells app:tier=web from a name and the value tier=web.
        raise _not_understood(line, "it may be parted at its colon or at its =; write it as JSON")
    return name, line[at + 1 :].strip()


def _scalar_pair(name: t.Any, value: t.Any) -> tuple[str, str]:
    if is_blank(value) or isinstance(value, (bool, dict, list, tuple)):
        raise _not_understood(f"{name}: {value!r}", _PAIRS)
    return str(name).strip(), str(value).strip()


def _unique(pairs: t.Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise RequestError(f"{name!r} is given twice, as {found[name]!r} and {value!r}; keep one of them")
        found[name] = value
    return found


def _load(text: str, kind: t.Any, expected: str) -> t.Any:
    """Return what the JSON text says; a name that it gives twice is refused, not decided by its order."""
    try:
        loaded = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise _not_understood(text.strip(), f"{expected}; as JSON: {error}") from None
    if not isinstance(loaded, kind):
        raise _not_understood(text.strip(), expected)
    return loaded


def _not_understood(value: t.Any, expected: str) -> RequestError:
    return RequestError(f"{value!r} is not understood: {expected}")
