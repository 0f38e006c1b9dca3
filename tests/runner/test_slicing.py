# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slices of one inventory on several workers do the work of one run: all of it, and nothing twice."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

import pytest

from emulated_aws.client import Emulator

from .engine import Job, Launch, injected, sliced
from .fleet import IMAGES, PLACES, all_copied, copies, pipeline_credentials


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_slices_are_complete_and_disjoint(fleet: dict[str, t.Any], count: int) -> None:
    slices = [sliced(fleet, number=number, count=count) for number in range(1, count + 1)]
    hosts = [host for piece in slices for host in piece["_meta"]["hostvars"]]
    assert sorted(hosts) == sorted(fleet["_meta"]["hostvars"])
    assert len(hosts) == len(set(hosts)) == len(PLACES)


def launch_slices(
    fleet: dict[str, t.Any], *, count: int, folder: pathlib.Path, credentials: dict[str, str]
) -> list[Launch]:
    """Run a sliced job, each slice on a worker of its own, all at the same time."""
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                Job(
                    folder / f"slice{number}",
                    playbook="fleet_copy",
                    inventory=sliced(fleet, number=number, count=count),
                ).on_worker(credentials)
            )
            for number in range(1, count + 1)
        ]
        for worker in workers:
            worker.process.wait()
    return [worker.launch() for worker in workers]


@pytest.mark.parametrize("count", [1, 2, 4])
def test_slices_make_the_images_of_one_run(
    aws: Emulator, fleet: dict[str, t.Any], tmp_path: pathlib.Path, count: int
) -> None:
    credentials = injected(aws, pipeline_credentials(aws), token="AWS_SESSION_TOKEN")
    launches = launch_slices(fleet, count=count, folder=tmp_path, credentials=credentials)
    assert [launch.status for launch in launches] == ["successful"] * count
    assert copies(aws) == all_copied()
    assert len(aws.calls(action="CopyImage")) == len(PLACES) * len(IMAGES)
    changed = [host for launch in launches for host in launch.stats("changed")]
    assert sorted(changed) == sorted(fleet["_meta"]["hostvars"])
    # AWX merges what the slices pass on key by key, the last one winning, so no key may occur twice.
    passed_on = [name for launch in launches for name in launch.passed_on]
    assert len(passed_on) == len(set(passed_on)) == len(PLACES)
