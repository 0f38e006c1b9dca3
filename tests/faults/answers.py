# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways in which an answer of AWS can surprise: every member of it missing, empty, unknown or of another kind."""

from __future__ import annotations

import functools
import typing as t

import botocore.session
from botocore.model import ListShape, Shape, StructureShape

_DEEPEST = 5
UNKNOWN = "something-new-under-the-sun"


@functools.cache
def _service(name: str) -> t.Any:
    return botocore.session.get_session().get_service_model(name)


def members(service: str, action: str) -> list[tuple[str, Shape]]:
    """Return the path and shape of everything in the answer, lists as ``*``."""
    shape = _service(service).operation_model(action).output_shape
    return list(_walk(shape, "", 0)) if shape is not None else []


def _walk(shape: Shape, path: str, depth: int) -> t.Iterator[tuple[str, Shape]]:
    if depth > _DEEPEST:
        return
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name in ("NextToken", "NextMarker", "Truncated"):
                continue
            yield f"{path}{name}", member
            yield from _walk(member, f"{path}{name}.", depth + 1)
    elif isinstance(shape, ListShape):
        yield from _walk(shape.member, f"{path}*.", depth)


def surprises(path: str, shape: Shape) -> list[dict[str, t.Any]]:
    """Return the changes that surprise at one place of an answer."""
    found: list[dict[str, t.Any]] = [{"path": path, "drop": True}]
    if isinstance(shape, ListShape):
        found.append({"path": path, "set": []})
    elif shape.type_name == "string":
        found.append({"path": path, "set": UNKNOWN})
    elif shape.type_name in ("integer", "long"):
        found.append({"path": path, "set": 0})
    return found
