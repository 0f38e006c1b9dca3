# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS does, and several parts rest on, stands in one place; copies of it had different contents."""

from __future__ import annotations

import ast
import pathlib

import pytest

PLUGINS = pathlib.Path(__file__).resolve().parents[4] / "plugins"
FACTS = "module_utils/_image/aws_facts.py"


def constants(path: pathlib.Path) -> set[object]:
    """Return the strings and numbers of a file, whole; docstrings are strings too, but never just one word."""
    return {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}


def holders(value: object) -> list[str]:
    """Return the files that hold the constant."""
    found = [path for path in sorted(PLUGINS.rglob("*.py")) if value in constants(path)]
    return [path.relative_to(PLUGINS).as_posix() for path in found]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(150.0, id="how long AWS may hide what is new"),
        pytest.param(65.0, id="how long a filter by tag may miss it"),
        pytest.param("ConcurrentSnapshotLimitExceeded", id="quota codes"),
        pytest.param("PendingSnapshotLimitExceeded", id="quota codes of copies"),
        pytest.param("invalid", id="states of failed images"),
        pytest.param("Updating", id="usable key states"),
        pytest.param("SriovNetSupport", id="boot fields"),
    ],
)
def test_a_fact_stands_in_one_place(value: object) -> None:
    assert [name for name in holders(value) if not name.startswith("modules/")] == [FACTS]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        pytest.param("RequestLimitExceeded", "module_utils/_aws/retrying.py", id="throttling"),
        pytest.param("Throughput", "module_utils/_aws/shapes.py", id="the shape of a volume in calls"),
    ],
)
def test_a_call_is_worded_in_one_place(value: object, place: str) -> None:
    own = [name for name in holders(value) if "_aws" in name]
    readers = ["module_utils/_aws/images.py", "module_utils/_aws/volumes.py"] if value == "Throughput" else []
    assert [name for name in own if name not in readers] == [place]
