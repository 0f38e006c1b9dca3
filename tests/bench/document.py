# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write what was measured as the tables and the chart that the documentation shows."""

from __future__ import annotations

import html
import pathlib
import typing as t

from bench import store
from bench.judge import ROWS, Finding, judge
from bench.measure import Figures

# REUSE-IgnoreStart
_LICENSE: t.Final = (
    "Copyright (c) 2026 sealed.ami contributors",
    "GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
    "SPDX-License-Identifier: GPL-3.0-or-later",
)
# REUSE-IgnoreEnd
_PROGRAM_HEAD: t.Final = ("row", "program", "wall time in s", "processor time in s", "API calls", "made", "runs")
_FINDING_HEAD: t.Final = ("row", "what", "measured", "to reach", "")


def write(folder: pathlib.Path) -> None:
    """Write the tables and the chart."""
    for path, text in _files(folder).items():
        path.write_text(text)


def check(folder: pathlib.Path) -> str | None:
    """Return what is wrong with the files that are there; None where they are what the results say."""
    wrong = [path.name for path, text in _files(folder).items() if not path.exists() or path.read_text() != text]
    return f"{', '.join(wrong)}: not as measured; write it again with make bench" if wrong else None


def summary(folder: pathlib.Path, numbers: t.Sequence[str]) -> str:
    """Return the rows for a terminal."""
    rows = store.load(folder)
    lines: list[str] = []
    for number in numbers:
        lines.append(f"{number}  {ROWS[number].title}")
        lines += [f"    {'  '.join(_program_cells(one))}" for one in rows[number]]
        lines += [f"    {'  '.join(_finding_cells(one, rows[number]))}" for one in judge(number, rows[number])]
    return "\n".join(lines)


def _files(folder: pathlib.Path) -> dict[pathlib.Path, str]:
    stored = store.load(folder)
    site = folder / "docsite"
    return {site / "bench.rst.inc": _tables(stored), site / "bench.svg": _chart(stored)}


def _tables(stored: t.Mapping[str, t.Sequence[Figures]]) -> str:
    programs, findings = [], []
    for number, figures in stored.items():
        programs += [(number, *_program_cells(one)) for one in figures]
        findings += [(number, *_finding_cells(one, figures)) for one in judge(number, figures)]
    titles = "".join(f"* Row {number}: {ROWS[number].title}.\n" for number in stored)
    license_lines = "".join(f"  {line}\n" for line in _LICENSE)
    return (
        f"..\n{license_lines}\n{titles}\n"
        + _list_table("What was to be reached", _FINDING_HEAD, findings, widths="8 52 12 12 16")
        + _list_table("All programs; medians, and the least and the most", _PROGRAM_HEAD, programs)
        + "Rows, and what they were measured on:\n\n"
        + "".join(f"* {line}\n" for line in _machines(stored))
    )


def _machines(stored: t.Mapping[str, t.Sequence[Figures]]) -> list[str]:
    """Return one line for all that was measured in the same surroundings, in the order of the rows."""
    rows: dict[str, list[str]] = {}
    for number, programs in stored.items():
        for words, labels in _surroundings(programs).items():
            whole = len(labels) == len(programs)
            rows.setdefault(words, []).append(number if whole else f"{number} ({', '.join(labels)})")
    return [f"{', '.join(numbers)}: {words}." for words, numbers in rows.items()]


def _surroundings(programs: t.Iterable[Figures]) -> dict[str, list[str]]:
    """Return the programs of a row by what they were measured on, in words."""
    found: dict[str, list[str]] = {}
    for one in programs:
        words = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.measured_on.items())
        found.setdefault(words, []).append(one.label)
    return found


def _list_table(title: str, head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]], *, widths: str = "auto") -> str:
    lines = [f".. list-table:: {title}", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (head, *rows):
        lines += [f"   {'*' if number == 0 else ' '} - {cell}".rstrip() for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n\n"


def _program_cells(figures: Figures) -> tuple[str, ...]:
    low, high = figures.spread("wall")
    failed = f", {figures.failures} failed" if figures.failures else ""
    made, wanted = figures.median("made"), figures.median("wanted")
    return (
        figures.label,
        f"{figures.median('wall'):.2f} ({low:.2f} to {high:.2f})",
        f"{figures.median('cpu'):.2f}",
        f"{figures.median('calls'):,.0f}",
        f"{made:,.0f} of {wanted:,.0f}" if wanted else "",
        f"{len(figures.samples)}{failed}",
    )


def _finding_cells(finding: Finding, programs: t.Sequence[Figures]) -> tuple[str, ...]:
    verdict = {True: "reached", False: "**not reached**", None: ""}[finding.is_reached]
    if verdict and finding.is_timed and not _were_alone(programs):
        verdict = "not judged: measured beside other work"
    exact = float(finding.value).is_integer()
    return finding.text, f"{finding.value:,.0f}" if exact else f"{finding.value:.2f}", finding.limit, verdict


def _were_alone(programs: t.Iterable[Figures]) -> bool:
    """Tell whether nothing kept the processors from the programs; rows from before it was noted had them."""
    return all(one.measured_on.get("load", 0) <= one.measured_on["processors"] for one in programs)


def _chart(rows: t.Mapping[str, t.Sequence[Figures]]) -> str:
    """Return an SVG with one bar for each program, its length the wall time relative to the slowest of its row."""
    bars, y = [], 20
    for number, row in rows.items():
        bars.append(f'<text x="10" y="{y}" font-weight="bold">{html.escape(f"{number}  {ROWS[number].title}")}</text>')
        longest = max(figures.median("wall") for figures in row) or 1.0
        for figures in row:
            y += 22
            bars.append(_bar(figures, longest, y))
        y += 36
    comment = "\n".join(_LICENSE)
    style = "<style>text{font:13px sans-serif;fill:#222}</style>"
    size = f'viewBox="0 0 760 {y}" width="760" height="{y}" role="img" aria-label="Wall time by program"'
    body = "\n".join([style, f'<rect width="760" height="{y}" fill="#fff"/>', *bars])
    return f'<!--\n{comment}\n-->\n<svg xmlns="http://www.w3.org/2000/svg" {size}>\n{body}\n</svg>\n'


def _bar(figures: Figures, longest: float, y: int) -> str:
    seconds = figures.median("wall")
    width = max(1, round(440 * seconds / longest))
    colour = "#1b7f5c" if figures.is_ours else "#b5b5b5"
    failed = ", failed" if figures.failures else ""
    return (
        f'<text x="20" y="{y}">{html.escape(figures.label)}</text>'
        f'<rect x="200" y="{y - 12}" width="{width}" height="14" fill="{colour}"/>'
        f'<text x="{206 + width}" y="{y}">{seconds:.1f} s{failed}</text>'
    )
