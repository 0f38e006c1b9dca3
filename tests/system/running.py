# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the real module files, in this process or in one of their own, and playbooks through ansible-playbook."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

from ansible.module_utils.common import warnings as module_warnings
from ansible.module_utils.testing import patch_module_args

from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials, account_access_key

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(sys.executable).parent
# The matrix plays by other versions than those that the tests themselves run on.
PLAYER = os.environ.get("SEALED_AMI_TESTS_PLAY_BY") or str(BIN / "ansible-playbook")
MODULE_PYTHON = os.environ.get("SEALED_AMI_TESTS_PYTHON") or sys.executable
OURS = "ansible_collections.sealed.ami.plugins.modules"
_one_at_a_time = threading.Lock()
# Everything that modules and plays have told of what they did, in this test.
printed: list[str] = []


class Result(dict[str, t.Any]):
    """What a module returned."""

    def __init__(self, returned: t.Mapping[str, t.Any]):
        super().__init__(returned)
        printed.append(repr(returned))

    @property
    def failed(self) -> bool:
        """Tell whether the task failed."""
        return bool(self.get("failed"))

    @property
    def msg(self) -> str:
        """Return the message of a failure, empty where there is none."""
        return str(self.get("msg") or "") if self.failed else ""

    @property
    def warnings(self) -> list[str]:
        """Return the warnings as users see them."""
        return [one if isinstance(one, str) else _text_of(one) for one in self.get("warnings") or ()]

    @property
    def actions(self) -> list[str]:
        """Return the action of each entry of ``images``."""
        return [entry["action"] for entry in self["images"]]


def _text_of(warning: t.Mapping[str, t.Any]) -> str:
    event = warning.get("event") or warning
    return str(event.get("msg") or event)


def arguments(
    params: t.Mapping[str, t.Any], *, check: bool, diff: bool, credentials: Credentials | None, endpoint: str | None
) -> dict[str, t.Any]:
    """Return what Ansible hands to a module; the credentials are those of our account's administrator by default."""
    chosen = credentials or Credentials(account_access_key(HOME_ACCOUNT), "emulated")
    given: dict[str, t.Any] = {"access_key": chosen.access_key, "secret_key": chosen.secret_key}
    if chosen.token:
        given["session_token"] = chosen.token
    if endpoint:
        given["endpoint_url"] = endpoint
    return {**given, **params, "_ansible_check_mode": check, "_ansible_diff": diff}


def run_here(module: str, given: dict[str, t.Any]) -> Result:
    """Run a module's ``main`` in this process; ``module`` is its name in this collection, or dotted."""
    main = importlib.import_module(module if "." in module else f"{OURS}.{module}").main
    printed = io.StringIO()
    with _one_at_a_time, patch_module_args(given), contextlib.redirect_stdout(printed), _as_target():
        forget_warnings()
        with contextlib.suppress(SystemExit):
            main()
    return Result(json.loads(printed.getvalue()))


@contextlib.contextmanager
def _as_target() -> t.Iterator[None]:
    """Let a module warn by its result also where a test has loaded the part of Ansible that plays."""
    internal: t.Any = sys.modules.get("ansible.module_utils._internal")
    plays = getattr(internal, "is_controller", False)
    if plays:
        internal.is_controller = False
    try:
        yield
    finally:
        if plays:
            internal.is_controller = True


def forget_warnings() -> None:
    """Empty the list that every module of a process adds to."""
    for name in ("_global_warnings", "_global_deprecations"):
        getattr(module_warnings, name, {}).clear()


class ModuleProcess:
    """A module running in a process of its own, as it does under Ansible."""

    def __init__(self, module: str, given: dict[str, t.Any]):
        program = (
            "import json, sys; from ansible.module_utils.testing import patch_module_args as patch\n"
            f"from {OURS}.{module} import main\n"
            "with patch(json.load(sys.stdin)): main()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_env()
        )
        stdin = t.cast("t.IO[str]", self.process.stdin)
        json.dump(given, stdin)
        stdin.close()
        self.process.stdin = None

    def result(self, timeout: float = 60.0) -> Result:
        """Wait for the end and return what the module printed."""
        output, _errors = self.process.communicate(timeout=timeout)
        return Result(json.loads(output))


def clean_env(**extra: str) -> dict[str, str]:
    """Return the environment without anything of AWS or Ansible, in which nothing but the emulator can be reached."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    path = f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}"
    apart = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, "PATH": path, "AWS_EC2_METADATA_DISABLED": "true", **apart, **extra}


class Play:
    """A playbook run: its exit status, and the result of each task by name."""

    def __init__(self, status: int, output: str, errors: str):
        self.status, self.output, self.errors = status, output, errors
        printed.append(output)
        start = output.find("{")
        self.report: dict[str, t.Any] = json.loads(output[start:]) if start >= 0 else {"plays": [], "stats": {}}

    @property
    def changed(self) -> int:
        """Return how many tasks changed something."""
        return sum(int(host["changed"]) for host in self.report["stats"].values())

    def explain(self) -> str:
        """Return the messages of what failed, else all that was printed."""
        tasks = [task for play in self.report["plays"] for task in play["tasks"]]
        results = [result for task in tasks for result in task["hosts"].values()]
        items = [item for result in results for item in result.get("results") or () if isinstance(item, dict)]
        failed = [str(result.get("msg")) for result in (*results, *items) if result.get("failed")]
        return "\n".join(failed) or self.errors or self.output

    def results(self, name: str) -> list[Result]:
        """Return the results of every task of that name, on every host."""
        tasks = [task for play in self.report["plays"] for task in play["tasks"] if task["task"]["name"] == name]
        return [Result(result) for task in tasks for result in task["hosts"].values()]

    def result(self, name: str) -> Result:
        """Return the result of the only task of that name on the only host."""
        (found,) = self.results(name)
        return found


def play(
    path: pathlib.Path,
    emulator: Emulator,
    *options: str,
    extra: t.Mapping[str, t.Any],
    env: t.Mapping[str, str] | None = None,
) -> Play:
    """Play a playbook on this machine against an emulator in a process; ``env`` has the last word."""
    variables = {"ansible_python_interpreter": MODULE_PYTHON, **extra}
    quiet = {
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
    }
    command: list[str] = [PLAYER, str(path), "-e", json.dumps(variables), *options]
    chosen = clean_env(**{**emulator.env(), **quiet, **(env or {})})
    ended = subprocess.run(command, env=chosen, capture_output=True, text=True, timeout=300, check=False)
    return Play(ended.returncode, ended.stdout, ended.stderr)


class RunModule(t.Protocol):
    """``run_module("ec2_ami_encrypted_copy", check=True, region=…, …)``; what is not named here is an option."""

    def __call__(
        self, name: str, /, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **params: t.Any
    ) -> Result: ...


class StartModule(t.Protocol):
    """The same in a process of its own, which is returned at once."""

    def __call__(self, name: str, /, *, as_: Credentials | None = None, **params: t.Any) -> ModuleProcess: ...


class RunPlaybook(t.Protocol):
    """``run_playbook(path, some_variable=…)``; ``options`` are those of ansible-playbook."""

    def __call__(self, path: pathlib.Path, *options: str, **extra: t.Any) -> Play: ...
