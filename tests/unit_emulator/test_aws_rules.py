# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every section of ``docs/dev/aws_rules.md`` that code or a test cites in existence."""

from __future__ import annotations

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "dev" / "aws_rules.md"
SOURCES = sorted(path for folder in ("plugins", "tests") for path in (ROOT / folder).rglob("*.py"))
# Rules of the suite itself, and of the emulator's refusals, are none of AWS's.
NOT_AWS = ("suite", "refusal")


def sections(page: str) -> set[str]:
    """Return the numbers that may be cited: of headings, of their numbered items and of the rows of their tables."""
    found: set[str] = set()
    heading = ""
    for line in page.splitlines():
        if match := re.match(r"#+ (\d+(?:\.\d+)*[a-z]?)\.? ", line):
            heading = match[1]
            found.add(heading)
        elif match := re.match(r"(\d+)\. ", line):
            found.add(f"{heading}.{match[1]}")
        elif match := re.match(r"\| (\d+) \|", line):
            found.add(f"{heading} row {match[1]}")
    return found


def citations(text: str) -> set[str]:
    """Return what a source cites: ``§1.3``, and the sections that conformance rules name, with their rows."""
    cited = set(re.findall(r"§(\d+(?:\.\d+)*(?:(?<=\.\d)[a-z]\b)?)", text))
    for name in re.findall(r"@rule\(\s*\"([^\"]+)\"", text):
        number, _, rest = name.partition(" ")
        rows = re.findall(r"\d+", rest) if rest.startswith("row") else []
        cited.update({f"{number} row {row}" for row in rows} or {number})
    return cited - set(NOT_AWS)


def test_what_is_cited_exists() -> None:
    known = sections(PAGE.read_text())
    missing = {path.relative_to(ROOT).as_posix(): citations(path.read_text()) - known for path in SOURCES}
    assert not {path: cited for path, cited in missing.items() if cited}


def test_the_conformance_suite_cites_the_page() -> None:
    cited = set().union(*(citations(path.read_text()) for path in (ROOT / "tests" / "conformance").glob("*.py")))
    assert len(cited) > 30


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        pytest.param("(aws_rules \N{SECTION SIGN}5.3)", {"5.3"}, id="in a sentence"),
        pytest.param('@rule("1.3 rows 4 and 5", "M")', {"1.3 row 4", "1.3 row 5"}, id="rows"),
        pytest.param('@rule(\n    "1.2.4", "M")', {"1.2.4"}, id="item"),
        pytest.param('@rule("suite", "M")', set(), id="none of AWS's"),
    ],
)
def test_citations_are_found(text: str, cited: set[str]) -> None:
    assert citations(text) == cited


def test_a_missing_section_is_noticed() -> None:
    page = "## 1. CopyImage\n### 1.2 Life\n1. First.\n| 4 | row |\n"
    assert sections(page) == {"1", "1.2", "1.2.1", "1.2 row 4"}
    assert citations('@rule("1.2.2", "M")') - sections(page)
