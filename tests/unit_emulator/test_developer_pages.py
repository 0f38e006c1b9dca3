# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the files that the developers' pages lead to where the pages say."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "docs" / "docsite" / "rst").glob("dev_*.rst")),
    *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", ".github/pull_request_template.md")),
]


def paths_in(text: str) -> set[str]:
    """Return the paths of this repository that a page names."""
    return set(re.findall(r"(?<![\w/.])(?:plugins|tests|docs|changelogs)/[\w./-]*\w", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_exists(page: pathlib.Path) -> None:
    named = paths_in(page.read_text())
    assert named
    assert not {path for path in named if not (ROOT / path).exists()}
