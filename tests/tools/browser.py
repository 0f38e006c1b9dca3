# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the page of the role ``audit`` to a headless Chromium; further arguments go to pytest."""

from __future__ import annotations

import os
import shutil
import sys

from processes import BIN, ROOT, must_run, stop_on_signals

PACKAGES = ("chromium", "chromium-driver")
PINS = ROOT / "tests" / "requirements" / "browser.txt"


def install_browser() -> None:
    """Install Debian's Chromium unless it is there; say what to do where this may not."""
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return
    command = f"apt-get install {' '.join(PACKAGES)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"Chromium and its driver are needed, and only root on Debian can have them installed here: {command}")
    print(f"Installing {' and '.join(PACKAGES)} (once)", flush=True)
    apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    must_run("apt-get", "update", "-qq", env=apt)
    must_run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES, "fonts-dejavu-core", env=apt)


def main() -> None:
    """Leave with the status of the tests."""
    stop_on_signals()
    install_browser()
    python = BIN / "python"
    must_run(python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-deps", "-r", PINS)
    must_run(BIN / "pytest", "-q", "tests/browser", *sys.argv[1:])


if __name__ == "__main__":
    main()
