# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of the pages escape whatever they put out: read as Jinja reads it, not by eye."""

from __future__ import annotations

import jinja2
import pytest
from jinja2 import nodes

from system.running import ROOT

ROLES = ROOT / "roles"
MACROS = {"key_mark", "verdict", "classes_of", "image_cells"}


def unescaped(source: str) -> list[int]:
    """Return the lines of the outputs that are neither escaped as a whole nor one of the pages' own macros."""
    lines = []
    for output in jinja2.Environment().parse(source).find_all(nodes.Output):
        for node in output.nodes:
            is_text = isinstance(node, nodes.TemplateData)
            is_escaped = isinstance(node, nodes.Filter) and node.name == "e"
            is_macro = isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in MACROS
            if not (is_text or is_escaped or is_macro):
                lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("name", ["audit/page.html", "audit/page.css", "audit/audit.html", "retire/retire.html"])
def test_every_output_is_escaped(name: str) -> None:
    role, _slash, page = name.partition("/")
    source = (ROLES / role / "templates" / f"{page}.j2").read_text()
    assert unescaped(source) == []
    assert "|safe" not in source.replace(" ", "")


@pytest.mark.parametrize(
    "source", ["{{ a }}", "{{ a or b | e }}", "{{ (a | e) ~ b }}", "{{ a | e if a else b }}", "{{ other(a) }}"]
)
def test_what_is_not_escaped_is_found(source: str) -> None:
    assert unescaped(source) == [1]
