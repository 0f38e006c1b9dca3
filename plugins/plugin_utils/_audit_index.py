# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Keep the page of a large estate light: what it does not show in full is a line of text each, in the order of names.

A browser opens hundreds of thousands of lines at once and finds a name in them; so many tables it never shows.
"""

from __future__ import annotations

import typing as t

Parts = dict[str, t.Any]
SIGNS: t.Final = {"compliant": "✓", "not compliant": "✗", "unknown": "?"}
_LINES: t.Final = 1000


def choose_families(families: t.Iterable[Parts], limit: int) -> tuple[list[Parts], list[Parts]]:
    """Return the families to show in full, in the order given, and the images of all others.

    A family is shown as a whole or not at all: half of it would say nothing of where an image came from.
    """
    shown: list[Parts] = []
    rest: list[Parts] = []
    room = limit
    for family in families:
        if len(family["members"]) <= room:
            room -= len(family["members"])
            shown.append(family)
        else:
            rest += family["members"]
    return shown, rest


def arrange_index(images: t.Iterable[Parts]) -> list[Parts]:
    """Return the images as blocks of lines, each block with its first and last name."""
    ordered = sorted(images, key=lambda image: (_name(image), image["region"], image["account"], image["image_id"]))
    blocks = [ordered[start : start + _LINES] for start in range(0, len(ordered), _LINES)]
    return [
        {
            "first": _name(block[0]),
            "last": _name(block[-1]),
            "count": len(block),
            "text": "\n".join(_line(image) for image in block),
        }
        for block in blocks
    ]


def _name(image: Parts) -> str:
    return _in_one_line(image["name"] or image["image_id"])


def _line(image: Parts) -> str:
    marks = " ".join(f"{mark['mark']}{' ⚠' if mark.get('trouble') else ''}" for mark in image["marks"])
    words = (SIGNS[image["verdict"]], _name(image), image["image_id"], image["region"], image["account_name"], marks)
    reasons = _in_one_line("; ".join(str(reason) for reason in image["reasons"]))
    return "  ".join(_in_one_line(word) for word in words if word) + (f": {reasons}" if reasons else "")


def _in_one_line(words: t.Any) -> str:
    """Return text of others without what would break a line in two."""
    return " ".join(str(words).split())
