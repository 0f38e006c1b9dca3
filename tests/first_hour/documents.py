# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks of README.md and of the guides: what a reader copies."""

from __future__ import annotations

import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCED = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^( *)\.\. code-block:: (?P<language>\S+)\n\n(?P<text>(?:\1 +\S.*\n|\s*\n)+)", re.MULTILINE)


def blocks(path: pathlib.Path, *languages: str) -> list[str]:
    """Return the blocks of a document that are in one of the languages."""
    pattern = FENCED if path.suffix == ".md" else DIRECTIVE
    found = pattern.finditer(path.read_text())
    return [textwrap.dedent(match["text"]) for match in found if match["language"] in languages]


def commands(path: pathlib.Path) -> list[str]:
    """Return the commands of a document, without the prompt and what is said beside them."""
    lines = [line for block in blocks(path, "console") for line in block.splitlines()]
    return [re.sub(r"\s+#\s.*", "", line.removeprefix("$ ")) for line in lines if line.startswith("$ ")]


def documents() -> list[pathlib.Path]:
    """Return every document with something to copy."""
    return [ROOT / "README.md", *sorted(ROOT.glob("docs/docsite/rst/*.rst")), *sorted(ROOT.glob("roles/*/README.md"))]
