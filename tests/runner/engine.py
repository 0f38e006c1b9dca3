# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run playbooks as AWX does: by ansible-runner, here or on another node, credentials in the environment alone."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import typing as t

import ansible_runner  # type: ignore[import-untyped]

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials

BIN = pathlib.Path(sys.executable).parent
ROOT = pathlib.Path(__file__).resolve().parents[2]
Command = list[str | os.PathLike[str]]
Inventory = t.Mapping[str, t.Any]


def descendants(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have started."""
    children: dict[int, list[int]] = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parent = int(path.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(path.parent.name))
    found = children.get(pid, [])
    return found + [grandchild for child in found for grandchild in descendants(child)]


def quiet_environment(**extra: str) -> dict[str, str]:
    """Return an environment without AWS credentials, in which Ansible says only what matters."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_"))}
    path = f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", **extra}


def listed_inventory(source: str, folder: pathlib.Path) -> dict[str, t.Any]:
    """Return what ``ansible-inventory`` makes of a file of targets: that is how AWX reads an inventory source."""
    path = folder / "aws.image_targets.yml"
    path.write_text(source)
    command: Command = [BIN / "ansible-inventory", "-i", path, "--list", "--export"]
    shown = subprocess.run(command, env=quiet_environment(), capture_output=True, text=True, check=True)
    return t.cast(dict[str, t.Any], json.loads(shown.stdout))


def sliced(inventory: Inventory, *, number: int, count: int) -> dict[str, t.Any]:
    """Return one slice of an inventory as AWX 24.6.1 cuts it (``Inventory.get_script_data``).

    Hosts come by name and every ``count``-th belongs to the slice; groups keep the hosts that are in it.
    """
    hosts = sorted(inventory["_meta"]["hostvars"])[number - 1 :: count]
    groups = {
        name: {"hosts": [host for host in group["hosts"] if host in hosts]}
        for name, group in inventory.items()
        if "hosts" in group
    }
    variables = {host: inventory["_meta"]["hostvars"][host] for host in hosts}
    return {"all": {"hosts": hosts}, **groups, "_meta": {"hostvars": variables}}


def injected(emulator: Emulator, credentials: Credentials, *, token: str) -> dict[str, str]:
    """Return the environment that AWX's credential "Amazon Web Services" makes; ``token`` names the variable for it."""
    found = emulator.env(credentials=credentials)
    session_token = found.pop("AWS_SESSION_TOKEN")
    return {**found, token: session_token}


@dataclasses.dataclass(frozen=True)
class Launch:
    """What happened in one run of a job."""

    status: str
    artifacts: pathlib.Path

    @property
    def events(self) -> list[dict[str, t.Any]]:
        """Return the job's events in order."""
        paths = (self.artifacts / "job_events").glob("*.json")
        return sorted((json.loads(path.read_text()) for path in paths), key=lambda event: int(event["counter"]))

    @property
    def stdout(self) -> str:
        """Return what the job printed."""
        return "\n".join(event["stdout"] for event in self.events if event.get("stdout"))

    def stats(self, kind: str) -> dict[str, int]:
        """Return a number for each host, such as how often it ``changed``; empty when the play did not end."""
        ends = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return t.cast(dict[str, int], ends[0]["event_data"][kind]) if ends else {}

    @property
    def passed_on(self) -> dict[str, t.Any]:
        """Return what the job hands to the next one of a workflow."""
        ends = [event for event in self.events if event["event"] == "playbook_on_stats"]
        return t.cast(dict[str, t.Any], ends[0]["event_data"].get("artifact_data", {}))

    def texts(self) -> dict[str, str]:
        """Return all that the job left behind, by file name, but for the engine's own record of the environment."""
        files = [path for path in self.artifacts.rglob("*") if path.is_file() and path.name != "command"]
        return {str(path.relative_to(self.artifacts)): path.read_text(errors="replace") for path in files}


class Job:
    """A job template's job: a playbook out of a project, an inventory, and variables from a survey."""

    def __init__(
        self,
        folder: pathlib.Path,
        *,
        playbook: str,
        inventory: Inventory,
        variables: Inventory | None = None,
        arguments: str = "",
    ) -> None:
        self._folder, self._arguments = folder, arguments
        self._playbook = f"playbooks/{playbook}.yml"
        self._inventory, self._variables = inventory, dict(variables or {})
        self._launches = 0

    def _private_data(self) -> pathlib.Path:
        """Lay out a new folder as AWX does for each launch."""
        self._launches += 1
        folder = self._folder / f"launch{self._launches}"
        shutil.copytree(ROOT / "playbooks", folder / "project" / "playbooks")
        for name in ("inventory", "env"):
            (folder / name).mkdir()
        script = folder / "inventory" / "hosts"
        script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(self._inventory)!r})\n")
        script.chmod(0o700)
        (folder / "env" / "extravars").write_text(json.dumps(self._variables))
        (folder / "env" / "cmdline").write_text(self._arguments)
        return folder

    def run(self, credentials: dict[str, str]) -> Launch:
        """Run the job on this node."""
        folder = self._private_data()
        command: Command = [BIN / "ansible-runner", "run", folder, "-p", self._playbook, "--ident", "job"]
        variables = quiet_environment(**credentials)
        subprocess.run(command, env=variables, check=False, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        artifacts = folder / "artifacts" / "job"
        return Launch((artifacts / "status").read_text(), artifacts)

    def distribute(self, credentials: dict[str, str]) -> Launch:
        """Run the job on another node, as AWX's mesh does."""
        with self.on_worker(credentials) as worker:
            worker.process.wait()
        return worker.launch()

    @contextlib.contextmanager
    def on_worker(self, credentials: dict[str, str]) -> t.Iterator[Worker]:
        """Transmit the job to a worker, which runs beside the block and knows no credentials but those transmitted."""
        folder = self._private_data()
        with (folder / "sent").open("wb") as stream:
            ansible_runner.interface.run(
                streamer="transmit",
                _output=stream,
                private_data_dir=str(folder),
                playbook=self._playbook,
                envvars=credentials,
                ident="job",
                suppress_env_files=True,
            )
        with Worker(folder) as worker:
            yield worker


class Worker:
    """An execution node's ``ansible-runner worker``, between two streams."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder

    def __enter__(self) -> Worker:
        command: Command = [BIN / "ansible-runner", "worker", "--private-data-dir", self._folder / "node"]
        with (self._folder / "sent").open("rb") as sent, (self._folder / "returned").open("wb") as returned:
            self.process = subprocess.Popen(command, stdin=sent, stdout=returned, env=quiet_environment())
        return self

    def __exit__(self, *_unused: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def cancel(self, *, contained: bool) -> list[int]:
        """End the job as AWX does, which terminates the worker through receptor; return the processes it had.

        Workers of ansible-core 2.19 leave the play's process group, so that its end does not reach the modules. In an
        execution environment they end with their container; that is what ``contained`` does to them.
        """
        children = descendants(self.process.pid)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        for pid in children if contained else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return children

    def launch(self) -> Launch:
        """Process what the worker has returned."""
        with (self._folder / "returned").open("rb") as returned:
            finished = ansible_runner.interface.run(
                streamer="process", _input=returned, private_data_dir=str(self._folder / "result"), ident="job"
            )
        return Launch(finished.status, self._folder / "result" / "artifacts" / "job")
