# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program against the emulated AWS and measure it as a whole: wall time, processor time, API calls."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time
import typing as t

from emulated_aws.client import Emulator

HERE = pathlib.Path(__file__).parent
PLAYBOOK = pathlib.Path(sys.executable).parent / "ansible-playbook"
_POLLS = {"ec2:DescribeImages", "ec2:DescribeSnapshots", "ec2:DescribeInstances", "ec2:DescribeVolumes"}


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run. ``cpu`` is the user and system time of the program and all it started, in seconds."""

    wall: float
    cpu: float
    calls: int
    failed: bool
    changed: int
    counts: dict[str, int]
    output: str = ""


def run(emulator: Emulator, command: t.Sequence[str | os.PathLike[str]], *, region: str = "us-east-1") -> Sample:
    """Run the command to its end and return what it took."""
    environment = os.environ | emulator.env(region=region)
    environment |= {"ANSIBLE_NOCOWS": "1", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_FORCE_COLOR": "0"}
    environment |= {"ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    emulator.clear_calls()
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    counts = emulator.counts()
    return Sample(
        wall=wall,
        cpu=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        calls=sum(counts.values()),
        failed=ended.returncode != 0,
        changed=sum(map(int, re.findall(r"\bchanged=(\d+)", ended.stdout))),
        counts=counts,
        output=ended.stdout + ended.stderr,
    )


def play(emulator: Emulator, name: str, **variables: t.Any) -> Sample:
    """Run one of the playbooks beside this file with the variables given."""
    return run(emulator, [PLAYBOOK, HERE / "plays" / f"{name}.yml", "-e", json.dumps(variables)])


@dataclasses.dataclass(frozen=True)
class Figures:
    """What several runs of one program came to."""

    label: str
    samples: tuple[Sample, ...]

    def median(self, figure: str) -> float:
        """Return the median of ``wall``, ``cpu`` or ``calls``."""
        return statistics.median(getattr(sample, figure) for sample in self.samples)

    def spread(self, figure: str) -> tuple[float, float]:
        """Return the least and the most."""
        values = [getattr(sample, figure) for sample in self.samples]
        return min(values), max(values)

    @property
    def failures(self) -> int:
        """Return how many runs failed."""
        return sum(sample.failed for sample in self.samples)


def alternate(runs: int, **programs: t.Callable[[], Sample]) -> list[Figures]:
    """Run the programs in turn, A B A B, so that a machine that slows down slows down all of them."""
    samples: dict[str, list[Sample]] = {label: [] for label in programs}
    for _number in range(runs):
        for label, program in programs.items():
            samples[label].append(program())
    return [Figures(label.replace("_", " "), tuple(found)) for label, found in samples.items()]
