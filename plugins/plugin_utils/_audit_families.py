# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Sort images into families: an image and all that was copied from it, in whatever region or account. No AWS."""

from __future__ import annotations

import itertools
import typing as t

Parts = dict[str, t.Any]
_TELLING: t.Final = 3
_WORST_FIRST: t.Final = {"not compliant": 0, "unknown": 1, "compliant": 2}


def arrange_families(images: t.Sequence[Parts]) -> list[Parts]:
    """Return the families, those with something wrong first; each has its members from source to copies.

    The source of a family may be an image that was not looked at. Then the family begins with its copies.
    """
    by_id = {image["image_id"]: image for image in reversed(images)}
    groups: dict[str, list[Parts]] = {}
    for image in images:
        groups.setdefault(_root(image, by_id), []).append(image)
    families = [_arrange_family(root, members, by_id.get(root)) for root, members in groups.items()]
    return sorted(families, key=lambda family: (_WORST_FIRST[family["verdict"]], family["name"], family["root_id"]))


def _root(image: Parts, by_id: t.Mapping[str, Parts]) -> str:
    """Return the id of the oldest ancestor known; a circle, which only forged tags can make, ends where it began."""
    seen = {image["image_id"]}
    while image["source_image_id"] and image["source_image_id"] not in seen:
        seen.add(image["source_image_id"])
        if image["source_image_id"] not in by_id:
            return str(image["source_image_id"])
        image = by_id[image["source_image_id"]]
    return min(seen) if image["source_image_id"] else str(image["image_id"])


def _arrange_family(root_id: str, members: t.Sequence[Parts], root: Parts | None) -> Parts:
    ordered = _by_descent(root_id, members)
    cells: dict[str, list[Parts]] = {}
    for member in ordered:
        cells.setdefault(member["region"], []).append(member)
    return {
        "root_id": root_id,
        "root_region": root["region"] if root else ordered[0]["source_region"],
        "root_is_here": root is not None,
        "name": root["name"] if root else _common_name([member["name"] for member in ordered]),
        "verdict": min((member["verdict"] for member in members), key=_WORST_FIRST.__getitem__),
        "members": ordered,
        "cells": cells,
    }


def _common_name(names: t.Sequence[str]) -> str:
    """Return what the names of copies begin with, where their source was not looked at: none of them stands for all.

    The end of a name often says its region; a common beginning of a letter or two says nothing.
    """
    if len(set(names)) == 1:
        return names[0]
    same = itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*names))
    common = "".join(letters[0] for letters in same).rstrip(" -_./(")
    return f"{common}…" if len(common) >= _TELLING else ""


def _by_descent(root_id: str, members: t.Sequence[Parts]) -> list[Parts]:
    """Return the members so that each follows its source, with how far it is from the root as ``depth``."""
    children: dict[str, list[Parts]] = {}
    for member in members:
        is_root = member["image_id"] == root_id
        children.setdefault("" if is_root else member["source_image_id"], []).append(member)
    stack = [(member, 1) for member in _ordered(children.get(root_id, []))[::-1]]
    stack += [(member, 0) for member in children.get("", [])[::-1]]
    found: dict[str, Parts] = {}
    while stack:
        member, depth = stack.pop()
        if member["anchor"] not in found:
            found[member["anchor"]] = {**member, "depth": min(depth, 4)}
            if member["image_id"] != root_id:
                stack += [(child, depth + 1) for child in _ordered(children.get(member["image_id"], []))[::-1]]
    rest = [member for member in members if member["anchor"] not in found]
    return [*found.values(), *({**member, "depth": 0} for member in rest)]


def _ordered(members: t.Sequence[Parts]) -> list[Parts]:
    return sorted(members, key=lambda member: (member["region"], member["account"], member["name"], member["image_id"]))
