# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that no Python package brings along: Debian's, installed once where that is allowed."""

from __future__ import annotations

import os
import shutil
import sys
import typing as t

from processes import must_run


def need(programs: t.Sequence[str], *, packages: t.Sequence[str]) -> None:
    """Install the packages unless the programs are there; leave and say what to do where this may not."""
    if all(map(shutil.which, programs)):
        return
    command = f"apt-get install {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.exit(f"{' or '.join(programs)} is missing; only root on Debian may install it here: {command}")
    print(f"Installing {' '.join(packages)} (once)", flush=True)
    apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    must_run("apt-get", "update", "-qq", env=apt)
    must_run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=apt)
