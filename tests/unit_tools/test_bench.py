# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark keeps each program's runs with what they were measured on, and judges only what that allows."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
from bench import document, store
from bench.judge import ROWS, Finding
from bench.measure import Figures, Sample


def figures(label: str, *walls: float, **measured_on: t.Any) -> Figures:
    """Return runs of these wall times."""
    return Figures(label, tuple(Sample(wall, 1.0, 4, made=1, wanted=1) for wall in walls), measured_on)


def kept(folder: pathlib.Path) -> dict[str, dict[str, list[float]]]:
    """Return the wall times that are kept, by row and program."""
    return {
        number: {one.label: [sample.wall for sample in one.samples] for one in programs}
        for number, programs in store.load(folder).items()
    }


def test_a_row_measured_again_takes_the_place_of_its_own_programs_alone(tmp_path: pathlib.Path) -> None:
    store.keep(tmp_path, "10", [figures("ours", 1.0)], add=False)
    store.keep(tmp_path, "2", [figures("ours", 2.0), figures("peer", 9.0)], add=False)
    store.keep(tmp_path, "2", [figures("ours", 3.0)], add=False)
    store.keep(tmp_path, "2", [figures("ours", 4.0)], add=True)
    assert kept(tmp_path) == {"2": {"ours": [3.0, 4.0], "peer": [9.0]}, "10": {"ours": [1.0]}}
    assert list(json.loads(store.path_in(tmp_path).read_text())) == ["2", "10"]


def test_each_program_says_what_it_was_measured_on(tmp_path: pathlib.Path) -> None:
    store.keep(tmp_path, "2", [figures("ours", 2.0)], add=False)
    (ours,) = store.load(tmp_path)["2"]
    assert {"processor", "processors", "python", "ansible-core", "botocore", "amazon.aws", "date", "load"} <= set(
        ours.measured_on
    )
    assert "not known" not in ours.measured_on.values()


@pytest.mark.parametrize("changed", ["processor", "ansible-core", "amazon.aws"])
def test_runs_are_not_added_to_those_of_other_versions(tmp_path: pathlib.Path, changed: str) -> None:
    store.keep(tmp_path, "2", [figures("ours", 2.0)], add=False)
    path = store.path_in(tmp_path)
    told = json.loads(path.read_text())
    told["2"]["ours"]["measured_on"][changed] = "another"
    path.write_text(json.dumps(told))
    with pytest.raises(SystemExit, match="row 2, ours: kept runs are of another machine or versions"):
        store.keep(tmp_path, "2", [figures("ours", 3.0)], add=True)
    assert kept(tmp_path) == {"2": {"ours": [2.0]}}


@pytest.mark.parametrize(
    ("text", "load", "verdict"),
    [
        pytest.param("wall time of ours", 1.0, "**not reached**", id="alone"),
        pytest.param("wall time of ours", 9.0, "not judged: measured beside other work", id="beside other work"),
        pytest.param("calls of ours", 9.0, "**not reached**", id="calls do not depend on it"),
        pytest.param("processor time of ours", 9.0, "**not reached**", id="nor does processor time"),
    ],
)
def test_wall_times_are_not_judged_beside_other_work(text: str, load: float, verdict: str) -> None:
    programs = [figures("ours", 1.0, load=1.0, processors=2), figures("peer", 1.0, load=load, processors=2)]
    assert document._finding_cells(Finding(text, 5.0, at_most=3), programs)[-1] == verdict


def test_every_row_that_can_be_measured_is_judged() -> None:
    from bench.__main__ import ROWS as measured

    assert set(measured) == set(ROWS)
