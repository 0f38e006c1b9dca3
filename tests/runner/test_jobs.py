# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's job on ansible-runner: here and on another node, in check mode, cancelled and launched again."""

from __future__ import annotations

import pathlib
import time
import typing as t

import pytest

from emulated_aws.client import Emulator

from .engine import Job, injected
from .fleet import COPIER_ROLE, IMAGES, PIPELINE_ROLE, PLACES, all_copied, copies, pipeline_credentials
from .secrecy import require_no_secret

WAYS = {"run": Job.run, "distribute": Job.distribute}


@pytest.mark.parametrize(("way", "token"), [("run", "AWS_SESSION_TOKEN"), ("distribute", "AWS_SECURITY_TOKEN")])
def test_fleet_is_copied_once_and_found_again(
    aws: Emulator, fleet: dict[str, t.Any], tmp_path: pathlib.Path, way: str, token: str
) -> None:
    job = Job(tmp_path, playbook="fleet_copy", inventory=fleet)
    credentials = injected(aws, pipeline_credentials(aws), token=token)
    for changed in (1, 0):
        launch = WAYS[way](job, credentials)
        assert launch.status == "successful", launch.stdout
        assert sum(launch.stats("changed").values()) == changed * len(PLACES)
        assert copies(aws) == all_copied()
        require_no_secret(launch.texts(), credentials)
    # Nobody but the pipeline's role asked, and the other account was entered by its own role only.
    callers = {call["principal"].replace("sts", "iam").replace("assumed-role", "role") for call in aws.calls()}
    roles = {caller.rpartition("/")[0] for caller in callers if ":role/" in caller}
    assert roles == {PIPELINE_ROLE, COPIER_ROLE}
    assert {call["account"] for call in aws.calls(action="CopyImage")} == {account for account, _region in PLACES}


def test_check_mode_says_what_a_launch_would_do(aws: Emulator, fleet: dict[str, t.Any], tmp_path: pathlib.Path) -> None:
    job = Job(tmp_path, playbook="fleet_copy", inventory=fleet, arguments="--check --diff")
    launch = job.run(injected(aws, pipeline_credentials(aws), token="AWS_SESSION_TOKEN"))
    assert launch.status == "successful", launch.stdout
    assert sum(launch.stats("changed").values()) == len(PLACES)
    assert launch.stdout.count("+copy image ami-") == len(PLACES) * len(IMAGES)
    assert copies(aws) == []


@pytest.mark.parametrize("contained", [True, False])
def test_cancelled_job_is_resumed_by_the_next(
    aws: Emulator, fleet: dict[str, t.Any], tmp_path: pathlib.Path, contained: bool
) -> None:
    aws.configure(copy_seconds_minimum=600)
    job = Job(tmp_path, playbook="fleet_copy", inventory=fleet, arguments="--forks 2")
    credentials = injected(aws, pipeline_credentials(aws), token="AWS_SECURITY_TOKEN")
    with job.on_worker(credentials) as worker:
        wait_until(lambda: len(aws.calls(action="CopyImage")) >= 3)
        children = worker.cancel(contained=contained)
    assert worker.launch().status == "canceled"
    assert {copy.state for copy in copies(aws)} == {"pending"}
    if contained:
        assert len(aws.calls(action="CopyImage")) < len(PLACES) * len(IMAGES)
    aws.configure(copy_seconds_minimum=0)
    aws.advance(900)
    again = job.distribute(credentials)
    assert again.status == "successful", again.stdout
    # Modules outside of a container have gone on, and the next launch has worked beside them.
    wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in children))
    assert copies(aws) == all_copied()
    assert sum(job.distribute(credentials).stats("changed").values()) == 0


def wait_until(condition: t.Callable[[], bool], *, timeout: float = 120.0) -> None:
    """Return when the condition holds."""
    ends = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.1)
