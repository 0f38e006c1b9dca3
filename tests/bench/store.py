# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every run as JSON, row by row, with the machine that it was measured on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import pathlib
import platform
import re
import typing as t

from bench.measure import Figures, Sample

_PACKAGES: t.Final = ("ansible-core", "boto3")
_FIELDS: t.Final = ("wall", "cpu", "calls", "failed", "made", "wanted", "extra")


class Stored(t.NamedTuple):
    """What was measured so far: the figures of each row by number."""

    machine: dict[str, t.Any]
    rows: dict[str, list[Figures]]


def path_in(folder: pathlib.Path) -> pathlib.Path:
    """Return the file of the results."""
    return folder / "bench" / "results.json"


def load(folder: pathlib.Path) -> Stored:
    """Return what is kept; nothing where there is no file yet."""
    path = path_in(folder)
    kept = json.loads(path.read_text()) if path.exists() else {"machine": {}, "rows": {}}
    rows = {
        number: [Figures(label, tuple(Sample(**run) for run in found)) for label, found in programs.items()]
        for number, programs in kept["rows"].items()
    }
    return Stored(kept["machine"], rows)


def keep(folder: pathlib.Path, number: str, figures: t.Sequence[Figures], *, add: bool) -> None:
    """Write the runs of each program of a row in the place of its earlier ones, or beside them."""
    kept = load(folder)
    programs = {one.label: one for one in kept.rows.get(number, ())}
    for one in figures:
        before = programs[one.label].samples if add and one.label in programs else ()
        programs[one.label] = Figures(one.label, (*before, *one.samples))
    kept.rows[number] = list(programs.values())
    ordered = {name: _programs(kept.rows[name]) for name in sorted(kept.rows)}
    path_in(folder).parent.mkdir(parents=True, exist_ok=True)
    path_in(folder).write_text(json.dumps({"machine": _machine(), "rows": ordered}, indent=1) + "\n")


def _programs(figures: t.Sequence[Figures]) -> dict[str, list[dict[str, t.Any]]]:
    return {one.label: [_rounded(sample) for sample in one.samples] for one in figures}


def _rounded(sample: Sample) -> dict[str, t.Any]:
    values = {name: getattr(sample, name) for name in _FIELDS}
    values["extra"] = {name: round(value, 3) for name, value in sample.extra.items()}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}


def _machine() -> dict[str, t.Any]:
    found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    return {
        "processor": found.group(1) if found else platform.machine(),
        "processors": os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
    }
