# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clean clone, as a newcomer has it: deep, in a path with spaces, of a user who may do little and has no settings."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import tempfile
import typing as t

import pytest

from first_hour.newcomer import Newcomer

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def newcomer() -> t.Iterator[Newcomer]:
    """Return a newcomer whose environment has been set up, at the second try: the first one was interrupted."""
    # Not under pytest's own folder, which nobody else may enter.
    top = pathlib.Path(tempfile.mkdtemp(prefix="first hour "))
    top.chmod(0o755)
    checkout = top.joinpath(*(f"a folder that is rather deep {number}" for number in range(5)), "sealed ami")
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, checkout], check=True)
    found = Newcomer(top, checkout)
    try:
        found.set_up()
        yield found
    finally:
        found.home.chmod(0o755)
        shutil.rmtree(top, ignore_errors=True)
