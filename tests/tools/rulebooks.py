# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge the rulebook by ansible-rulebook, in an environment of its own; further arguments go to pytest."""

from __future__ import annotations

import sys

from debian import need
from processes import BIN, ROOT, WORK, begin, environment, must_run

PINS = ROOT / "tests" / "requirements" / "eda.txt"
PLACE = WORK / "eda"


def main() -> None:
    """Leave with the status of the tests, or say what is missing."""
    begin()
    need(("java",), packages=("default-jre-headless",))  # ansible-rulebook wants 17 or newer.
    if not (PLACE / "bin" / "ansible-rulebook").exists():
        must_run(sys.executable, "-m", "venv", PLACE)
    pip = (PLACE / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    must_run(*pip, "install", "-qq", "--no-deps", "-r", PINS)
    variables = environment(RULEBOOK_PROGRAM=str(PLACE / "bin" / "ansible-rulebook"))
    must_run(BIN / "pytest", "-q", "tests/eda", *sys.argv[1:], env=variables)


if __name__ == "__main__":
    main()
