# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environment of this checkout, with exactly the packages that ``tests/requirements`` pins."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import typing as t
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PINS = ROOT / "tests" / "requirements"
MARKER = VENV / ".sealed-ami-lock"
UNFINISHED = VENV / ".sealed-ami-unfinished"
PYTHON = sys.version_info[:2]
OLDEST = (3, 11)  # What the oldest ansible-core that is still maintained runs on.
# Settings of the user's pip and Python that would send packages elsewhere, or bring other ones in.
FOREIGN = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
PIP_HELP = """
pip could not install the packages; its own words are above.
- Without a network, or behind a proxy: HTTPS_PROXY, PIP_INDEX_URL or PIP_FIND_LINKS say where packages come from.
- "No matching distribution": this Python may be newer than the pinned packages; make PYTHON=python3.13 takes another.
What was fetched is cached: the same command goes on from there."""


def locks() -> list[pathlib.Path]:
    """Return the lists of pins: what is the same everywhere, and the newest Ansible that this Python can have."""
    found = {tuple(map(int, path.stem[4:].split("."))): path for path in PINS.glob("dev-*.txt")}
    return [PINS / "dev.txt", found[max(version for version in found if version <= PYTHON)]]


def fingerprint() -> str:
    """Return what the environment depends on: the interpreter, the pins and its place, which its scripts name."""
    pins = b"".join(path.read_bytes() for path in locks())
    return f"{PYTHON[0]}.{PYTHON[1]} {hashlib.sha256(pins).hexdigest()} {VENV}"


def packages() -> pathlib.Path:
    """Return the folder of the environment's packages."""
    return VENV / "lib" / f"python{PYTHON[0]}.{PYTHON[1]}" / "site-packages"


def link_collection() -> None:
    """Make this checkout importable as ``ansible_collections.sealed.ami`` by a relative link."""
    link = packages() / "ansible_collections" / "sealed" / "ami"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(pathlib.Path(*[".."] * 6), target_is_directory=True)


def is_usable(python: pathlib.Path) -> bool:
    """Return whether the environment was made here, to its end, and runs: by this version of Python, and with pip."""
    script = VENV / "bin" / "pip"
    if UNFINISHED.exists() or not python.exists() or not script.is_file() or str(VENV) not in script.read_text():
        return False
    command = [str(python), "-c", f"import pip, sys; sys.exit(sys.version_info[:2] != {PYTHON})"]
    return subprocess.run(command, check=False, capture_output=True, env=own_environment()).returncode == 0


def own_environment() -> dict[str, str]:
    """Return the environment without what would lead pip astray."""
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def make_environment(python: pathlib.Path) -> None:
    """Make an empty environment, unless there is one to go on with."""
    if is_usable(python):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir()
    UNFINISHED.touch()
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=False, env=own_environment())
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"{sys.executable} -m venv failed ({made.returncode}), for the reason above")


def install(python: pathlib.Path) -> None:
    """Bring the environment to the pins, and say how far it is."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    lists = [word for path in locks() for word in ("-r", str(path))]
    pins = [line for path in locks() for line in path.read_text().splitlines() if "==" in line]
    # The lists are complete: without resolving they install the same everywhere, and "check" proves them complete.
    options = ["--no-compile", "--no-deps", "--progress-bar", "off"]
    follow([*pip, "install", *options, *lists], expected=len(pins))
    checked = subprocess.run([*pip, "check"], check=False, capture_output=True, text=True, env=own_environment())
    if checked.returncode:
        sys.exit(f"tests/requirements is not complete:\n{checked.stdout}{checked.stderr}")


def follow(command: list[str], *, expected: int) -> None:
    """Run pip and count its packages where somebody looks; leave with its last words and what to do if it fails."""
    lines: list[str] = []
    found = 0
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=own_environment()
    ) as process:
        for line in t.cast("t.IO[str]", process.stdout):
            lines.append(line)
            found += line.startswith(("Collecting ", "Requirement already "))
            show(f"installing {expected} packages" if "Installing coll" in line else f"{found} of {expected} packages")
    show("")
    if process.returncode:
        sys.exit("".join(lines[-15:]) + PIP_HELP)


def show(text: str) -> None:
    """Write over the last line of a terminal."""
    if sys.stdout.isatty():
        print(f"\r\033[K  {text}" if text else "\r\033[K", end="", flush=True)


def bring_awx() -> None:
    """Unpack awx.awx, which newer releases of Ansible leave out, from the last one that carries it."""
    place = packages() / "ansible_collections"
    if (place / "awx").exists():
        return
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "download", "-qq", "--no-deps"]
    with tempfile.TemporaryDirectory() as folder:
        follow([*pip, "--dest", folder, "-r", str(PINS / "awx.txt")], expected=1)
        (wheel,) = pathlib.Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith("ansible_collections/awx/")]
            archive.extractall(packages(), names)


def refuse_what_cannot_work() -> None:
    """Leave where this interpreter cannot make the environment, and say what can."""
    if PYTHON < OLDEST:
        needed = f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed, and this is {sys.version.split()[0]}"
        sys.exit(f"{needed}. Is there another one? make PYTHON=python3.11 …")
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        what = f"{sys.executable} comes without {' and '.join(missing)}"
        sys.exit(f"{what}; on Debian and Ubuntu: apt-get install python3-venv (or python{PYTHON[0]}.{PYTHON[1]}-venv)")


def main() -> None:
    """Do nothing when the environment is the one asked for; wait for another set-up of the same checkout."""
    refuse_what_cannot_work()
    work = ROOT / ".work"
    work.mkdir(exist_ok=True)
    with (work / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = VENV / "bin" / "python"
        if MARKER.is_file() and MARKER.read_text() == fingerprint() and python.exists() and not UNFINISHED.exists():
            return
        began = time.monotonic()
        print(
            f"Setting up {VENV.name} from {' and '.join(path.name for path in locks())} (once, a minute or two)",
            flush=True,
        )
        MARKER.unlink(missing_ok=True)
        make_environment(python)
        UNFINISHED.touch()
        install(python)
        bring_awx()
        link_collection()
        UNFINISHED.unlink()
        MARKER.write_text(fingerprint())
        print(f"Set up in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; the next make begins the set-up again")
