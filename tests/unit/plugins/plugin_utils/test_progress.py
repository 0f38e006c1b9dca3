# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of the progress of snapshots, and what the module tells of them."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws import progress
from ansible_collections.sealed.ami.plugins.plugin_utils._progress import Tally


def news(region: str, **percents: int) -> str:
    """Return a line as the module writes it."""
    return json.dumps({"region": region, "percents": percents})


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
        pytest.param(["", "half a li", "[]", '{"region": 1, "percents": {"a": "x"}}'], [], id="garbage"),
    ],
)
def test_lines_after_a_minute_heard_twenty_seconds_ago(lines: list[str], shown: list[str]) -> None:
    tally = Tally(0.0)
    for line in lines:
        tally.hear(line, 40.0)
    assert tally.lines(60.0) == shown


def test_the_module_tells_of_snapshots_that_it_has_seen_pending(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress"
    monkeypatch.setenv(progress.VARIABLE, str(path))
    monkeypatch.setattr(progress, "_pending", set())
    looks: list[list[dict[str, t.Any]]] = [
        [{"SnapshotId": "snap-1", "State": "pending", "Progress": "40%"}, {"SnapshotId": "snap-2", "State": "pending"}],
        [{"SnapshotId": "snap-1", "State": "completed"}, {"SnapshotId": "snap-3", "State": "completed"}],
        [{"SnapshotId": "snap-3", "State": "completed"}],
    ]
    for look in looks:
        progress.note_progress("eu-west-1", look)
    assert [json.loads(line)["percents"] for line in path.read_text().splitlines()] == [
        {"snap-1": 40, "snap-2": 0},
        {"snap-1": 100},
    ]


@pytest.mark.parametrize("path", ["", "/nonexistent/folder/file"])
def test_a_file_that_cannot_be_written_is_nobodys_concern(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv(progress.VARIABLE, path)
    progress.note_progress("eu-west-1", [{"SnapshotId": "snap-1", "State": "pending", "Progress": "40%"}])
    assert not pathlib.Path(path or "/nonexistent").exists()
