# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the rows as a table, as JSON and as a chart."""

from __future__ import annotations

import html
import json
import os
import pathlib
import platform
import typing as t

from bench.rows import Row

_COLUMNS: t.Final = ("row", "program", "wall s", "(spread)", "cpu s", "calls", "failed")


def table(rows: t.Sequence[Row]) -> str:
    """Return Markdown: a table of medians, then the notes of each row."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{'---|' * len(_COLUMNS)}"]
    lines += [f"| {' | '.join(cells)} |" for row in rows for cells in _cells(row)]
    lines += ["", *(f"- Row {row.number}, {row.title}: {note}" for row in rows for note in row.notes)]
    return "\n".join(lines) + "\n"


def to_json(rows: t.Sequence[Row]) -> str:
    """Return every sample, with the machine it was measured on."""
    machine = {"python": platform.python_version(), "processors": _processors(), "system": platform.system()}
    return json.dumps({"machine": machine, "rows": [_row(row) for row in rows]}, indent=2) + "\n"


def chart(rows: t.Sequence[Row]) -> str:
    """Return an SVG with one bar for each program, its length the wall time relative to the slowest of its row."""
    bars, y = [], 20
    for row in rows:
        bars.append(f'<text x="10" y="{y}" font-weight="bold">{html.escape(f"{row.number}  {row.title}")}</text>')
        longest = max(figures.median("wall") for figures in row.figures) or 1.0
        for figures in row.figures:
            y += 22
            bars.append(_bar(figures.label, figures.median("wall"), longest, y))
        y += 36
    style = "<style>text{font:13px sans-serif;fill:#222}</style>"
    size = f'viewBox="0 0 760 {y}" width="760" height="{y}" role="img" aria-label="Wall time by program"'
    body = f'{style}<rect width="760" height="{y}" fill="#fff"/>{"".join(bars)}'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>\n'


def write(rows: t.Sequence[Row], folder: pathlib.Path) -> None:
    """Write the JSON and the chart."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(to_json(rows))
    (folder / "chart.svg").write_text(chart(rows))


def _cells(row: Row) -> t.Iterator[tuple[str, ...]]:
    for figures in row.figures:
        low, high = figures.spread("wall")
        yield (
            row.number,
            figures.label,
            f"{figures.median('wall'):.2f}",
            f"{low:.2f}-{high:.2f}",
            f"{figures.median('cpu'):.2f}",
            f"{figures.median('calls'):.0f}",
            f"{figures.failures} of {len(figures.samples)}",
        )


def _row(row: Row) -> dict[str, t.Any]:
    programs = [
        {
            "program": figures.label,
            "runs": [
                {"wall": sample.wall, "cpu": sample.cpu, "calls": sample.calls, "failed": sample.failed}
                for sample in figures.samples
            ],
            "counts": figures.samples[-1].counts,
        }
        for figures in row.figures
    ]
    return {"row": row.number, "title": row.title, "programs": programs, "notes": row.notes}


def _bar(label: str, seconds: float, longest: float, y: int) -> str:
    width = max(1, round(480 * seconds / longest))
    colour = "#1b7f5c" if label.startswith("ours") else "#b5b5b5"
    return (
        f'<text x="20" y="{y}">{html.escape(label)}</text>'
        f'<rect x="170" y="{y - 12}" width="{width}" height="14" fill="{colour}"/>'
        f'<text x="{176 + width}" y="{y}">{seconds:.1f} s</text>'
    )


def _processors() -> int:
    return os.cpu_count() or 1
