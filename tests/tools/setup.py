# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environment of this checkout, with exactly the packages that ``tests/requirements/dev.txt`` pins."""

from __future__ import annotations

import fcntl
import hashlib
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCK = ROOT / "tests" / "requirements" / "dev.txt"
MARKER = VENV / ".sealed-ami-lock"
OLDEST, TOO_NEW = (3, 11), (3, 14)  # The controllers that ansible-core 2.19 runs on.


def fingerprint() -> str:
    """Return what the environment depends on: the pins and the interpreter."""
    return f"{sys.version_info.major}.{sys.version_info.minor} {hashlib.sha256(LOCK.read_bytes()).hexdigest()}"


def link_collection() -> None:
    """Make this checkout importable as ``ansible_collections.sealed.ami`` by a relative link."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    link = VENV / "lib" / python / "site-packages" / "ansible_collections" / "sealed" / "ami"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(pathlib.Path(*[".."] * 6), target_is_directory=True)


def is_usable(python: pathlib.Path) -> bool:
    """Return whether the environment's interpreter runs and is of this version."""
    command = [str(python), "-c", f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"]
    return python.exists() and subprocess.run(command, check=False).returncode == 0


def install() -> None:
    """Bring the environment to the pins; one of another Python, or one that does not run, is built anew."""
    python = VENV / "bin" / "python"
    if not is_usable(python):
        shutil.rmtree(VENV, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    # The list is complete: without resolving it installs the same everywhere, and "check" proves it complete.
    subprocess.run([*pip, "install", "-qq", "--no-compile", "--no-deps", "-r", str(LOCK)], check=True)
    subprocess.run([*pip, "check"], check=True)


def main() -> None:
    """Do nothing when the environment is the one asked for; wait for another set-up of the same checkout."""
    if not OLDEST <= sys.version_info[:2] < TOO_NEW:
        sys.exit(f"Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}; say make PYTHON=python3.11 …")
    work = ROOT / ".work"
    work.mkdir(exist_ok=True)
    with (work / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if MARKER.is_file() and MARKER.read_text() == fingerprint():
            return
        print(f"Setting up {VENV.name} from {LOCK.relative_to(ROOT)} (once, a minute or two)", flush=True)
        MARKER.unlink(missing_ok=True)
        install()
        link_collection()
        MARKER.write_text(fingerprint())


if __name__ == "__main__":
    main()
