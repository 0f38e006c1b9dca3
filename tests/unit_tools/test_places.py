# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever follows a path that a page for developers names finds a file or folder there."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / ".github" / "pull_request_template.md",
    *sorted((ROOT / "docs" / "docsite" / "rst").glob("dev_*.rst")),
]
# What only a set-up or a run makes.
MADE = (".venv", ".work")
_PATH = re.compile(r"`((?:[.a-z]\w*)/[\w./-]*)`")


def missing(text: str) -> list[str]:
    """Return the paths in the text that lead nowhere; those of the emulator's admin pages begin with a slash."""
    paths = [path for path in _PATH.findall(text) if not path.startswith(MADE)]
    return [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_place_exists(page: pathlib.Path) -> None:
    text = page.read_text()
    assert _PATH.search(text) and not missing(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in `plugins/modules/` and :literal:`tests/tools/test.py`", []),
        ("in `plugins/module_utils/_image/proofs.py`", ["plugins/module_utils/_image/proofs.py"]),
        ("in :literal:`tests/nowhere`, made under `.work/demo`", ["tests/nowhere"]),
    ],
)
def test_what_leads_nowhere_is_found(text: str, expected: list[str]) -> None:
    assert missing(text) == expected
