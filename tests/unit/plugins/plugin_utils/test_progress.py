# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of the progress of snapshots, and what the module tells of them."""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws import progress
from ansible_collections.sealed.ami.plugins.module_utils._execute.threads import start_beside
from ansible_collections.sealed.ami.plugins.plugin_utils._progress import Reporter, Tally


def news(region: str, **percents: int) -> str:
    """Return a line as the module writes it."""
    return json.dumps({"region": region, "percents": percents})


def with_ages(region: str, percents: dict[str, int], ages: dict[str, float]) -> str:
    """Return a line that says too for how many seconds each snapshot has been in the making."""
    return json.dumps({"region": region, "percents": percents, "ages": ages})


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        pytest.param([], [], id="nothing heard"),
        pytest.param(
            [news("eu-west-1", a=0)],
            ["eu-west-1: 0 of 1 snapshots completed, the others at 0 % or more"],
            id="no estimate at the start",
        ),
        pytest.param(
            [news("eu-west-1", a=25, b=50)],
            ["eu-west-1: 0 of 2 snapshots completed, the others at 25 % or more, about 2 min left"],
            id="the slowest counts",
        ),
        pytest.param(
            [news("eu-west-1", a=25, b=50), news("eu-west-1", a=100)],
            ["eu-west-1: 1 of 2 snapshots completed, the others at 50 % or more, about 20 s left"],
            id="one is done",
        ),
        pytest.param([news("eu-west-1", a=99), news("eu-west-1", a=100)], [], id="a region that is done is silent"),
        pytest.param(
            [news("us-west-2", a=50), news("eu-west-1", a=50)],
            [
                "eu-west-1: 0 of 1 snapshots completed, the others at 50 % or more, about 20 s left",
                "us-west-2: 0 of 1 snapshots completed, the others at 50 % or more, about 20 s left",
            ],
            id="regions by name",
        ),
        pytest.param(
            [with_ages("eu-west-1", {"a": 50}, {"a": 1830.0})],
            ["eu-west-1: 0 of 1 snapshots completed, the others at 50 % or more, about 30 min left"],
            id="a copy that an earlier run began half an hour ago",
        ),
        pytest.param(
            [with_ages("eu-west-1", {"a": 90, "b": 50, "c": 100}, {"a": 4500.0, "b": 40.0})],
            ["eu-west-1: 1 of 3 snapshots completed, the others at 50 % or more, about 8 min left"],
            id="the one that will take longest need not be the one that is least far",
        ),
        pytest.param(
            [with_ages("eu-west-1", {"a": 50}, {"a": -3.0})],
            ["eu-west-1: 0 of 1 snapshots completed, the others at 50 % or more, about 0 s left"],
            id="a clock that is ahead",
        ),
        pytest.param(["", "half a li", "[]", '{"region": 1, "percents": {"a": "x"}}'], [], id="garbage"),
    ],
)
def test_lines_after_a_minute_heard_twenty_seconds_ago(lines: list[str], shown: list[str]) -> None:
    tally = Tally(0.0)
    for line in lines:
        tally.hear(line, 40.0)
    assert tally.lines(60.0) == shown


@pytest.fixture
def told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Return the file that the module writes to in this test."""
    path = tmp_path / "progress"
    path.touch()
    monkeypatch.setenv(progress.VARIABLE, str(path))
    monkeypatch.setattr(progress, "_seen", set())
    return path


def looked(name: str, state: str, percent: str = "", **more: t.Any) -> dict[str, t.Any]:
    """Return a snapshot as DescribeSnapshots shows it."""
    return {"SnapshotId": name, "State": state, "Progress": percent, **more}


def test_the_module_tells_of_snapshots_that_are_awaited(told: pathlib.Path) -> None:
    looks: list[list[dict[str, t.Any]]] = [
        [looked("snap-0", "completed")],
        [
            looked("snap-1", "pending", "40%"),
            {"SnapshotId": "snap-2", "State": "pending"},
            looked("snap-4", "completed"),
        ],
        [looked("snap-1", "completed"), looked("snap-3", "completed")],
        [looked("snap-3", "completed")],
    ]
    for look in looks:
        progress.note_progress("eu-west-1", look)
    assert [json.loads(line)["percents"] for line in told.read_text().splitlines()] == [
        {"snap-1": 40, "snap-2": 0, "snap-4": 100},
        {"snap-1": 100},
    ]


def test_the_module_tells_since_when_a_snapshot_is_in_the_making(told: pathlib.Path) -> None:
    long_ago = datetime.datetime.now().astimezone() - datetime.timedelta(minutes=30)
    progress.note_progress(
        "eu-west-1", [looked("snap-1", "pending", "40%", StartTime=long_ago), looked("snap-2", "pending")]
    )
    ages = json.loads(told.read_text())["ages"]
    assert ages == {"snap-1": pytest.approx(1800, abs=60)}


def test_a_file_that_the_controller_has_removed_is_not_made_again(told: pathlib.Path) -> None:
    told.unlink()
    progress.note_progress("eu-west-1", [looked("snap-1", "pending", "40%")])
    assert not told.exists()


@pytest.mark.parametrize("path", ["", "/nonexistent/folder/file"])
def test_a_file_that_cannot_be_written_is_nobodys_concern(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv(progress.VARIABLE, path)
    progress.note_progress("eu-west-1", [{"SnapshotId": "snap-1", "State": "pending", "Progress": "40%"}])
    assert not pathlib.Path(path or "/nonexistent").exists()


def test_a_thread_beside_the_main_one_takes_no_signal() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    masks: list[set[t.Any]] = []
    thread = threading.Thread(target=lambda: masks.append(signal.pthread_sigmask(signal.SIG_BLOCK, ())))
    start_beside(thread)
    thread.join()
    assert masks[0] >= {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_usual_handler_after_the_file_is_removed(number: signal.Signals) -> None:
    seen: list[bool] = []
    usual = signal.signal(number, lambda *_unused: seen.append(pathlib.Path(reporter.path).exists()))
    try:
        with Reporter(lambda _text: None, rhythm=60) as reporter:
            assert pathlib.Path(reporter.path).exists()
            os.kill(os.getpid(), number)
    finally:
        signal.signal(number, usual)
    assert seen == [False]


MODULE = """
import pathlib, signal, sys
def end(number, frame):
    note = pathlib.Path(sys.argv[1])
    written = note.with_suffix(".written")
    written.write_text(str(number))
    written.rename(note)
    sys.exit()
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
print(flush=True)
signal.sigtimedwait([], 10.0)
"""
WORKER = """
import os, signal, subprocess, sys
from ansible_collections.sealed.ami.plugins.plugin_utils._progress import Reporter

first, *others = map(int, sys.argv[3:])

def as_ansible_does(number, frame):
    signal.signal(number, signal.SIG_DFL)
    for other in others:
        os.kill(os.getpid(), other)
    os.killpg(os.getpid(), number)
    os._exit(1)

os.setsid()
for one in (signal.SIGINT, signal.SIGTERM):
    signal.signal(one, as_ansible_does)
module = subprocess.Popen([sys.executable, "-c", *sys.argv[1:3]], stdout=subprocess.PIPE)
module.stdout.readline()
with Reporter(print, rhythm=60.0):
    os.kill(os.getpid(), first)
"""


@pytest.mark.parametrize(
    "arriving",
    [
        (signal.SIGINT,),
        (signal.SIGINT, signal.SIGTERM, signal.SIGTERM),
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT, signal.SIGTERM),
    ],
    ids=lambda signals: "-".join(one.name for one in signals),
)
def test_further_signals_do_not_keep_the_first_from_the_module(
    tmp_path: pathlib.Path, arriving: tuple[signal.Signals, ...]
) -> None:
    """Ansible sends SIGTERM twice right after SIGINT; the worker must not die before it has stopped the module."""
    note = tmp_path / "signal"
    command = [sys.executable, "-c", WORKER, MODULE, str(note), *(str(int(one)) for one in arriving)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "ANSIBLE_LOCAL_TEMP": str(tmp_path)}
    ended = subprocess.run(command, env=environment, timeout=60, check=False, capture_output=True, text=True)
    end = time.monotonic() + 9.0
    while not note.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert note.exists(), f"the module went on: {ended.stderr}"
    assert note.read_text() == str(int(arriving[0]))
