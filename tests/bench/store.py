# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every run as JSON, row by row, and of each program the machine and the versions that it was measured on."""

from __future__ import annotations

import datetime
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import platform
import re
import typing as t

from bench.measure import Figures, Sample

_PACKAGES: t.Final = ("ansible-core", "boto3", "botocore", "moto")
_COLLECTIONS: t.Final = ("amazon.aws", "community.aws")
_FIELDS: t.Final = ("wall", "cpu", "calls", "failed", "made", "wanted", "extra")
# What differs from one measurement to the next on the same machine.
_PASSING: t.Final = frozenset({"date", "load"})


def path_in(folder: pathlib.Path) -> pathlib.Path:
    """Return the file of the results."""
    return folder / "bench" / "results.json"


def load(folder: pathlib.Path) -> dict[str, list[Figures]]:
    """Return what is kept, the programs of each row; nothing where there is no file yet."""
    path = path_in(folder)
    kept = json.loads(path.read_text()) if path.exists() else {}
    return {number: [_figures(label, kept) for label, kept in programs.items()] for number, programs in kept.items()}


def keep(folder: pathlib.Path, number: str, figures: t.Sequence[Figures], *, add: bool) -> None:
    """Write the runs of each program of a row in the place of its earlier ones, or beside them; others stay."""
    rows = load(folder)
    programs = {one.label: one for one in rows.get(number, ())}
    here = _here()
    for one in figures:
        kept = programs.get(one.label) if add else None
        if kept and _lasting(kept.measured_on) != _lasting(here):
            raise SystemExit(
                f"row {number}, {one.label}: kept runs are of another machine or versions; leave out --add"
            )
        programs[one.label] = Figures(one.label, (*(kept.samples if kept else ()), *one.samples), here)
    rows[number] = list(programs.values())
    written = {name: {one.label: _written(one) for one in rows[name]} for name in sorted(rows, key=order)}
    path_in(folder).parent.mkdir(parents=True, exist_ok=True)
    path_in(folder).write_text(json.dumps(written, indent=1) + "\n")


def order(number: str) -> tuple[int, str]:
    """Return what rows are sorted by: 2, 2a, 10."""
    digits = re.sub(r"\D", "", number)
    return int(digits), number


def _lasting(measured_on: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in measured_on.items() if name not in _PASSING}


def _figures(label: str, kept: t.Mapping[str, t.Any]) -> Figures:
    return Figures(label, tuple(Sample(**run) for run in kept["runs"]), kept["measured_on"])


def _written(figures: Figures) -> dict[str, t.Any]:
    return {"measured_on": figures.measured_on, "runs": [_rounded(sample) for sample in figures.samples]}


def _rounded(sample: Sample) -> dict[str, t.Any]:
    values = {name: getattr(sample, name) for name in _FIELDS}
    values["extra"] = {name: round(value, 3) for name, value in sample.extra.items()}
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}


def _here() -> dict[str, t.Any]:
    found = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    return {
        "processor": found.group(1) if found else platform.machine(),
        "processors": os.cpu_count() or 1,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in _PACKAGES},
        **{collection: _collection_version(collection) for collection in _COLLECTIONS},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        # Of the last five minutes, when the row ended: beside other work, wall times say little.
        "load": round(os.getloadavg()[1], 1),
    }


def _collection_version(name: str) -> str:
    """Return the version of a collection that the package ansible has brought."""
    found = importlib.util.find_spec("ansible_collections")
    for root in found.submodule_search_locations or () if found else ():
        manifest = pathlib.Path(root, *name.split("."), "MANIFEST.json")
        if manifest.exists():
            return str(json.loads(manifest.read_text())["collection_info"]["version"])
    return "not known"
