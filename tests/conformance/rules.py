# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name the rule that a test holds AWS to, and where the rule is written down."""

from __future__ import annotations

import collections
import pathlib
import typing as t

import pytest

BEGIN, END = "<!-- rules: begin -->", "<!-- rules: end -->"


def rule(section: str, *sources: str) -> pytest.MarkDecorator:
    """Mark a test with the section of ``docs/dev/aws_rules.md`` and the tags of the AWS pages or reports behind it."""
    return pytest.mark.rule(section, *sources)


class Rule(t.NamedTuple):
    """One rule: its section, its sources, the sentence that states it, and the tests that hold to it."""

    section: str
    sources: str
    statement: str
    test: str


def rule_of(item: pytest.Item) -> Rule:
    """Return the rule that a collected test names; a test that names none is a mistake."""
    mark = item.get_closest_marker("rule")
    function = getattr(item, "function", None)
    statement = (getattr(function, "__doc__", None) or "").strip().splitlines()
    if mark is None or len(mark.args) < 2 or not statement:
        raise pytest.UsageError(f"{item.nodeid}: needs @rule(section, source) and a docstring")
    test = f"{item.path.name}::{getattr(item, 'originalname', item.name)}"
    return Rule(mark.args[0], ", ".join(mark.args[1:]), statement[0].rstrip("."), test)


def section_key(rule_: Rule) -> list[tuple[int, str]]:
    """Sort 1.10 after 1.9, and rows by number."""
    words = rule_.section.replace(".", " ").split()
    return [(int(word), "") if word.isdigit() else (10**6, word) for word in words]


def to_table(items: t.Sequence[pytest.Item]) -> str:
    """Write the rules of the collected tests as a Markdown table."""
    cases = collections.Counter(rule_of(item) for item in items)
    safe = {rule_of(item) for item in items if item.get_closest_marker("aws_safe")}
    rows = ["| § | rule | source | test | cases | on AWS |", "|---|---|---|---|---|---|"]
    for found in sorted(cases, key=section_key):
        on_aws = "yes" if found in safe else ""
        cells = (found.section, found.statement, found.sources, f"`{found.test}`", str(cases[found]), on_aws)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def write_table(items: t.Sequence[pytest.Item], readme: pathlib.Path) -> None:
    """Replace the table in ``readme`` by the rules of the collected tests."""
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{to_table(items)}\n{END}{after}")
