# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the unit tests and the demo on every supported ansible-core with the oldest and the newest libraries."""

from __future__ import annotations

import sys
import tomllib

from checks import Check, chosen, run_all
from matrix_environment import HERE, PINS, Combination, install
from processes import ROOT, begin, locked


def combinations() -> list[Combination]:
    """Return what ``matrix.toml`` lists, or the ones named on the command line."""
    table = tomllib.loads((PINS / "matrix.toml").read_text())
    found = [
        Combination(f"{core}-{libraries}", table["cores"][core], table["libraries"][libraries])
        for core in table["cores"]
        for libraries in table["libraries"]
    ]
    wanted = chosen(sys.argv[1:], [one.name for one in found])
    return [one for one in found if not wanted or one.name in wanted]


def checks(one: Combination) -> list[Check]:
    """Return what has to pass: the pure tests, and the real thing from end to end."""
    tools = one.folder / "bin"
    units = (tools / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit")
    demo = (sys.executable, ROOT / "tests" / "tools" / "demo.py", "--ansible-playbook", tools / "ansible-playbook")
    return [(f"{one.name} units", units, {}), (f"{one.name} demo", demo, {})]


def main() -> None:
    """Prepare all combinations, then test them one after the other."""
    begin()
    HERE.mkdir(parents=True, exist_ok=True)
    found = combinations()
    with locked("matrix"):
        for one in found:
            print(f"--- {one.describe()}", flush=True)
            install(one)
    run_all(check for one in found for check in checks(one))


if __name__ == "__main__":
    main()
