# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the page of the role ``audit`` to a headless Chromium; arguments go to pytest in place of all tests of it."""

from __future__ import annotations

import sys

from debian import need
from processes import BIN, ROOT, begin, must_run

PINS = ROOT / "tests" / "requirements" / "browser.txt"


def main() -> None:
    """Leave with the status of the tests."""
    begin()
    need(("chromium", "chromedriver"), packages=("chromium", "chromium-driver", "fonts-dejavu-core"))
    python = BIN / "python"
    must_run(python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-deps", "-r", PINS)
    must_run(BIN / "pytest", "-q", *(sys.argv[1:] or ["tests/browser"]))


if __name__ == "__main__":
    main()
