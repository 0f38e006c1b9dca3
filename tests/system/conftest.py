# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every system test may ask for: an emulated AWS with the whole catalogue, and ways to run modules against it."""

from __future__ import annotations

import os
import pathlib
import typing as t

import botocore.client
import botocore.loaders
import botocore.session
import pytest

from emulated_aws.client import Emulator
from emulated_aws.fixtures import emulator_process, in_process_emulator
from emulated_aws.identity import Credentials
from oracle.guard import oracle
from system.looking import Looking
from system.running import (
    ROOT,
    ModuleProcess,
    Play,
    Result,
    RunModule,
    RunPlaybook,
    StartModule,
    arguments,
    play,
    run_here,
)
from system.virtual_time import VirtualTime

__all__ = ["emulator_process", "in_process_emulator", "oracle"]

# The ends of the names of files; a reading is one of what AWS documents leave open.
FAULTS = ("interrupted", "killed", "lingering", "overtaken", "reading", "trouble", "weather")

_models = botocore.loaders.create_loader()
_creator = t.cast("t.Any", botocore.client.ClientCreator)
_make_client_class = _creator._create_client_class
_client_classes: dict[str, type] = {}


def _client_class(creator: t.Any, service_name: str, service_model: t.Any) -> type:
    """Return botocore's class for a service, which has 700 methods for EC2 and is the same for every session."""
    if service_name not in _client_classes:
        _client_classes[service_name] = _make_client_class(creator, service_name, service_model)
    return _client_classes[service_name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need an emulator in a process of its own, as whole playbooks do, and those of faults.

    The latter stand beside what they are about, and repeat it for every call: their files are named after the fault.
    """
    for item in items:
        if "served_emulator" in getattr(item, "fixturenames", ()):
            item.add_marker("served")
        if item.path.stem.endswith(FAULTS) or item.path.is_relative_to(ROOT / "tests" / "faults"):
            item.add_marker("faults")


@pytest.fixture
def emulator(in_process_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Return an emulator in this process that holds the catalogue; its time moves only while somebody sleeps."""
    monkeypatch.setattr(_creator, "_create_client_class", _client_class)
    in_process_emulator.seed()
    return in_process_emulator


@pytest.fixture
def virtual_time(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """Let every sleep of this process move the emulator's clock instead."""
    virtual = VirtualTime(emulator)
    virtual.rule(monkeypatch)
    return virtual


@pytest.fixture
def run_module(emulator: Emulator, virtual_time: VirtualTime, monkeypatch: pytest.MonkeyPatch) -> RunModule:
    """Run a module in this process, in virtual time."""
    _forget_environment(monkeypatch)
    # Each run makes a session of its own, and reading EC2's model takes a quarter of a second.
    monkeypatch.setattr(botocore.session, "create_loader", lambda _path=None: _models)

    def run(
        name: str, /, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **params: t.Any
    ) -> Result:
        return run_here(name, arguments(params, check=check, diff=diff, credentials=as_, endpoint=None))

    return run


@pytest.fixture
def look(emulator: Emulator) -> Looking:
    """Look at our account in the emulator of this process."""
    return Looking(emulator)


@pytest.fixture
def served_emulator(emulator_process: Emulator) -> t.Iterator[Emulator]:
    """Return an emulator in a process of its own that holds the catalogue; its time is real."""
    emulator_process.reset(seed="full")
    emulator_process.clock(manual=False)
    yield emulator_process
    crashes = emulator_process.state()["crashes"]
    emulator_process.reset()
    if crashes:
        pytest.fail(f"the emulator itself failed {len(crashes)} times:\n{crashes[-1]}")


@pytest.fixture
def start_module(served_emulator: Emulator) -> StartModule:
    """Start a module in a process of its own, in real time."""

    def start(name: str, /, *, as_: Credentials | None = None, **params: t.Any) -> ModuleProcess:
        given = arguments(params, check=False, diff=False, credentials=as_, endpoint=served_emulator.url)
        return ModuleProcess(name, given)

    return start


@pytest.fixture
def run_playbook(served_emulator: Emulator) -> RunPlaybook:
    """Play a playbook through ansible-playbook, in real time."""

    def run(path: pathlib.Path, *options: str, **extra: t.Any) -> Play:
        return play(path, served_emulator, *options, extra=extra)

    return run


def _forget_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "EC2_", "BOTO_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
