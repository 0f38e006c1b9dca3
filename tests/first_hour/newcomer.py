# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody with a clean clone and a read-only home, whose shell is set to an AWS and a proxy of their own."""

from __future__ import annotations

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import typing as t

NOBODY = 65534
SHELL = {
    "AWS_PROFILE": "nobody-has-this",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "ANSIBLE_STDOUT_CALLBACK": "no.such.callback",
    "ANSIBLE_NOCOLOR": "1",
}
# After the set-up no registry can be reached.
OFFLINE = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}


class Newcomer:
    """Runs commands in the checkout, as another user where this one is root."""

    def __init__(self, top: pathlib.Path, checkout: pathlib.Path):
        self.checkout, self.home, self.temporary = checkout, top / "home", top / "temporary"
        self.home.mkdir()
        self.temporary.mkdir()
        self._mark = f"SEALED_AMI_FIRST_HOUR={top}"
        self._is_root = os.geteuid() == 0
        if self._is_root:
            subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", top], check=True)
        self.home.chmod(0o555)
        self.python = self._usable_python()

    def _usable_python(self) -> str:
        """Return a Python that this user may run; root's own, in root's home, may be closed to others."""
        for name in (sys.executable, "/usr/bin/python3", *(f"/usr/bin/python3.{minor}" for minor in (13, 12, 11))):
            real = os.path.realpath(name)
            question = "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"
            if shutil.which(real) and self._try(real, "-c", question) == 0:
                return real
        raise RuntimeError("no Python of 3.11 or newer that an ordinary user may run")

    def _try(self, *command: str) -> int:
        with contextlib.suppress(PermissionError):
            return subprocess.run(command, check=False, capture_output=True, **self._options({})).returncode
        return 1

    def _options(self, extra: t.Mapping[str, str]) -> dict[str, t.Any]:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_", "SEALED_"))
        }
        name, _, value = self._mark.partition("=")
        own = {"HOME": str(self.home), "TMPDIR": str(self.temporary), name: value, "GIT_CONFIG_COUNT": "0"}
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self._is_root else {}
        return {"env": {**kept, **own, **extra}, "cwd": self.checkout, **user}

    def start(self, *command: str, **extra: str) -> subprocess.Popen[str]:
        """Start a command as a shell does, in a process group of its own, to which Ctrl-C goes."""
        options = self._options({**SHELL, **OFFLINE, **extra})
        return subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )

    def run(self, *command: str, **extra: str) -> str:
        """Run a command to its end and return what it printed; fail if it fails."""
        with self.start(*command, **extra) as process:
            printed, _nothing = process.communicate()
        assert process.returncode == 0, f"{' '.join(command)}: {process.returncode}\n{printed[-4000:]}"
        return printed

    def interrupt(self, process: subprocess.Popen[str]) -> str:
        """Press Ctrl-C and return what was printed until the end."""
        os.killpg(process.pid, signal.SIGINT)
        printed, _nothing = process.communicate(timeout=60)
        return printed

    def set_up(self) -> None:
        """Interrupt the set-up in its midst and begin it again: it has to repair itself."""
        online = dict.fromkeys(OFFLINE, "")
        online["PIP_NO_INDEX"] = "0"
        kept = {name: os.environ.get(name, "") for name in ("HTTP_PROXY", "HTTPS_PROXY")}
        first = self.start("make", f"PYTHON={self.python}", "setup", **{**online, **kept})
        self.wait_until((self.checkout / ".venv" / "bin" / "python").exists)
        assert "Error" not in self.interrupt(first).replace("Error 1", "").replace("Error 130", "")
        self.run("make", f"PYTHON={self.python}", "setup", **{**online, **kept})

    def make(self, target: str, **words: str) -> tuple[str, ...]:
        """Return the command that makes a target."""
        return ("make", f"PYTHON={self.python}", target, *(f"{name}={value}" for name, value in words.items()))

    def git(self, *words: str) -> str:
        """Return what git says of the checkout."""
        command = ["git", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, **self._options({})).stdout

    def running(self) -> list[str]:
        """Return the command lines of everything that was started and still runs, after a moment to end."""
        self.wait_until(lambda: not self._running(), seconds=10)
        return self._running()

    def _running(self) -> list[str]:
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"{self._mark}\0".encode() in (path / "environ").read_bytes():
                    found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    @staticmethod
    def wait_until(condition: t.Callable[[], object], *, seconds: float = 120) -> None:
        """Return once the condition holds, or the time is over."""
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            time.sleep(0.2)
