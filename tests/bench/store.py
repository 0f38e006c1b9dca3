# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every run as JSON, row by row, each with the machine and the versions that it was measured on."""

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


class Row(t.NamedTuple):
    """What was measured of a row, and on what."""

    measured_on: dict[str, t.Any]
    figures: list[Figures]


def path_in(folder: pathlib.Path) -> pathlib.Path:
    """Return the file of the results."""
    return folder / "bench" / "results.json"


def load(folder: pathlib.Path) -> dict[str, Row]:
    """Return what is kept, row by row; nothing where there is no file yet."""
    path = path_in(folder)
    kept = json.loads(path.read_text()) if path.exists() else {}
    return {number: Row(row["measured_on"], _figures(row["programs"])) for number, row in kept.items()}


def keep(folder: pathlib.Path, number: str, figures: t.Sequence[Figures], *, add: bool) -> None:
    """Write the runs of each program of a row in the place of its earlier ones, or beside them."""
    rows = load(folder)
    kept = rows.get(number, Row({}, []))
    here = _here()
    if add and _lasting(kept.measured_on) != _lasting(here):
        raise SystemExit(f"row {number} was measured on another machine or with other versions: measure it as a whole")
    before = {one.label: one.samples for one in kept.figures} if add else {}
    after = {one.label: (*before.get(one.label, ()), *one.samples) for one in figures}
    programs = [Figures(label, samples) for label, samples in {**before, **after}.items()]
    rows[number] = Row(here, programs)
    written = {
        name: {"measured_on": rows[name].measured_on, "programs": _programs(rows[name].figures)}
        for name in sorted(rows)
    }
    path_in(folder).parent.mkdir(parents=True, exist_ok=True)
    path_in(folder).write_text(json.dumps(written, indent=1) + "\n")


def _lasting(measured_on: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {name: value for name, value in measured_on.items() if name not in _PASSING}


def _figures(programs: t.Mapping[str, t.Sequence[dict[str, t.Any]]]) -> list[Figures]:
    return [Figures(label, tuple(Sample(**run) for run in found)) for label, found in programs.items()]


def _programs(figures: t.Sequence[Figures]) -> dict[str, list[dict[str, t.Any]]]:
    return {one.label: [_rounded(sample) for sample in one.samples] for one in figures}


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
