# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start programs so that none outlives the tool that started it, and prepare what several tools need."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / ".work"
BIN = pathlib.Path(sys.executable).parent
HOME = WORK / "home"
GRACE_SECONDS = 10.0
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

OURS = "SEALED_AMI_TOOL"

Argument = str | os.PathLike[str]

sys.path.insert(0, str(ROOT / "tests"))

from emulated_aws.surroundings import forget


def _leave(number: int, _frame: t.Any) -> t.NoReturn:
    for other in STOPPING:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(128 + number)


def begin() -> None:
    """Begin a tool: the first of SIGINT, SIGTERM and SIGHUP becomes ``SystemExit``, so that each ``finally`` is run.

    What the shell says of the user's own AWS and plays is not for the emulated one.
    """
    for number in STOPPING:
        signal.signal(number, _leave)
    # A tool that another one has started is given what it shall see.
    if OURS in os.environ:
        return
    if ignored := forget(os.environ):
        print(f"ignored, as only the emulated AWS is used: {', '.join(ignored)}", file=sys.stderr, flush=True)
    home = pathlib.Path(os.environ.get("HOME") or "/nonexistent")
    if not os.access(home, os.W_OK):
        HOME.mkdir(parents=True, exist_ok=True)
        os.environ["HOME"] = str(HOME)
        print(f"{home} cannot be written to: {HOME.relative_to(ROOT)} takes its place", file=sys.stderr, flush=True)


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment with the tools of the virtual environment first in PATH.

    Ansible keeps its files in the checkout, so that no collection or setting in the user's home replaces ours.
    """
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    settings = WORK / "ansible" / "ansible.cfg"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.touch()
    ours = {"PATH": path, "VIRTUAL_ENV": str(BIN.parent), "ANSIBLE_HOME": str(settings.parent)}
    # In place of the home that the system's list of users names, which HOME does not change.
    ours["ANSIBLE_REMOTE_TEMP"] = str(settings.parent / "remote")
    return {**os.environ, **ours, "ANSIBLE_CONFIG": str(settings), OURS: "1", **extra}


def _stop_group(process: subprocess.Popen[t.Any]) -> None:
    """End the process and all that it started in its group: politely first, for certain after the grace."""
    deadline = time.monotonic() + GRACE_SECONDS
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextlib.contextmanager
def locked(name: str) -> t.Iterator[None]:
    """Keep other runs of the same checkout out of the block."""
    WORK.mkdir(exist_ok=True)
    with (WORK / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def started(command: t.Sequence[Argument], **options: t.Any) -> t.Iterator[subprocess.Popen[t.Any]]:
    """Run a program beside the block; at its end the program and its children are gone."""
    options.setdefault("env", environment())
    options.setdefault("cwd", ROOT)
    with subprocess.Popen(command, start_new_session=True, stdin=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            _stop_group(process)


def run(*command: Argument, **options: t.Any) -> int:
    """Run a program to its end and return its exit status."""
    with started(command, **options) as process:
        return process.wait()


def must_run(*command: Argument, **options: t.Any) -> None:
    """Run a program to its end; leave with its exit status if it fails."""
    sys.stdout.flush()
    if status := run(*command, **options):
        print(f"failed ({status}): {' '.join(str(word) for word in command)}", file=sys.stderr, flush=True)
        sys.exit(status if status > 0 else 1)


def git(*words: str, check: bool = True) -> list[str]:
    """Return the names that a command of git prints with ``-z``; none where it may fail and does."""
    command = ["git", *words]
    printed = subprocess.run(command, cwd=ROOT, check=check, capture_output=True, text=True).stdout
    return [name for name in printed.split("\0") if name]


def tracked() -> list[str]:
    """Return the files that git tracks and that are there."""
    return [name for name in git("ls-files", "-z") if (ROOT / name).exists()]


def untracked() -> list[str]:
    """Return the files in the checkout that git neither tracks nor ignores."""
    return git("ls-files", "-z", "--others", "--exclude-standard")


def copy_sources(destination: pathlib.Path, *, keep: t.Callable[[str], bool] = bool) -> None:
    """Copy what git tracks and ``keep`` accepts into an empty ``destination``."""
    shutil.rmtree(destination, ignore_errors=True)
    for name in filter(keep, tracked()):
        # A file may be listed though deleted, or vanish while others work in this checkout.
        with contextlib.suppress(FileNotFoundError):
            (destination / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, destination / name, follow_symlinks=False)
