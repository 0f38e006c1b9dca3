# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tests, one kind after the other.

``test.py NAME ...`` runs the named kinds only, ``test.py --fast`` what a contributor runs after each change.
"""

from __future__ import annotations

import fnmatch
import os
import sys

from checks import Check, chosen, run_all
from processes import BIN, ROOT, begin, tracked

TOOLS = ROOT / "tests" / "tools"
OWN_TARGETS = {"bench", "browser", "eda", "faults", "first_hour", "variables"}  # What only "make bench" and so on run.
# What "make test-playbooks" runs, as it takes minutes of whole playbooks.
SLOW = {"pytest awx", "pytest playbooks", "pytest runner"}
# The tests of faults are what "make test-faults" runs.
IN_PROCESS = ("-m", "not served and not faults", "tests/system")
FIRST_CASES = ("--first-case", "-m", "not served and not faults and not lengthy", "tests/system")
PLAYBOOKS = ("-m", "served and not faults", "tests/system")
SLOWEST = ("--durations=20", "--durations-min=1")
WORKERS = os.environ.get("PYTEST_WORKERS", "2")


def pytest_checks() -> list[Check]:
    """Run each suite by itself: a broken one does not hide the others, and each ends in its own summary."""
    folders = {name.split("/")[1] for name in tracked() if fnmatch.fnmatch(name, "tests/*/test_*.py")}
    found = sorted(folders - OWN_TARGETS, key=lambda name: (not name.startswith("unit"), name))
    options = ("-q", "-n", WORKERS, "--dist", "worksteal", *SLOWEST)
    arguments = {name: (f"tests/{name}",) for name in found} | {"system": IN_PROCESS, "playbooks": PLAYBOOKS}
    return [(f"pytest {name}", (BIN / "pytest", *options, *given), {}) for name, given in arguments.items()]


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command that runs another of these tools."""
    return (sys.executable, str(TOOLS / f"{name}.py"), *arguments)


def fast_checks() -> list[Check]:
    """Return what says most in least time: lint of what changed only, no whole playbook, each system test once."""
    suite = (BIN / "pytest", "-q", "-n", WORKERS, "--dist", "worksteal", *SLOWEST)
    return [
        ("lint of changes", tool("lint", "--changed"), {}),
        ("unit tests", (*suite, "tests/unit", "tests/unit_emulator"), {}),
        ("system, first cases", (*suite, "tests/oracle", *FIRST_CASES), {}),
    ]


def all_checks() -> list[Check]:
    """Return every check there is something for."""
    checks: list[Check] = [
        ("lint", tool("lint"), {}),
        *pytest_checks(),
        ("sanity", tool("ansible_test", "sanity"), {}),
        ("ansible-test units", tool("ansible_test", "units"), {}),
        ("package", tool("package"), {}),
    ]
    if any(ROOT.glob("extensions/molecule/*/molecule.yml")):
        checks.append(("molecule", tool("molecule"), {}))
    return checks


def main() -> None:
    """Leave with status 1 if any check fails."""
    begin()
    if sys.argv[1:] == ["--fast"]:
        run_all(fast_checks())
        return
    checks = all_checks()
    names = [name for name, *_command in checks]
    wanted = set(chosen(sys.argv[1:], names)) or {*names} - SLOW
    run_all(check for check in checks if check[0] in wanted)


if __name__ == "__main__":
    main()
