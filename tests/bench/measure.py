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
import statistics
import sys
import typing as t

from bench import processes
from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT

HERE = pathlib.Path(__file__).parent
PLAYBOOK = pathlib.Path(sys.executable).parent / "ansible-playbook"


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run. ``cpu`` is the user and system time of the program and all it started, in seconds.

    ``made`` of ``wanted`` images are there at its end as they should be; ``failed`` also where some are not. ``extra``
    holds what only some rows measure.
    """

    wall: float
    cpu: float
    calls: int
    failed: bool = False
    changed: int = 0
    made: int = 0
    wanted: int = 0
    extra: dict[str, float] = dataclasses.field(default_factory=dict)
    output: str = dataclasses.field(default="", repr=False)
    ended: float = 0.0

    def judged(self, made: int, wanted: int, **extra: float) -> Sample:
        """Return the run with what it came to."""
        wrong = self.failed or made != wanted
        return dataclasses.replace(self, made=made, wanted=wanted, failed=wrong, extra={**self.extra, **extra})


def run(
    emulator: Emulator,
    command: t.Sequence[str | os.PathLike[str]],
    *,
    region: str = "us-east-1",
    account: str = HOME_ACCOUNT,
) -> Sample:
    """Run the command to its end and return what it took."""
    environment = os.environ | emulator.env(account=account, region=region)
    environment |= {"ANSIBLE_NOCOWS": "1", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_FORCE_COLOR": "0"}
    environment |= {"ANSIBLE_INVENTORY_UNPARSED_WARNING": "false", "ANSIBLE_DEPRECATION_WARNINGS": "false"}
    emulator.clear_calls()
    ended = processes.run(command, environment)
    return Sample(
        wall=ended.wall,
        cpu=ended.cpu,
        calls=sum(emulator.counts().values()),
        failed=ended.status != 0,
        changed=sum(map(int, re.findall(r"\bchanged=(\d+)", ended.stdout))),
        extra={"mib": ended.mib},
        output=ended.stdout + ended.stderr,
        ended=ended.at,
    )


def play(emulator: Emulator, name: str, **variables: t.Any) -> Sample:
    """Run one of the playbooks beside this file with the variables given."""
    return run(emulator, [PLAYBOOK, HERE / "plays" / f"{name}.yml", "-e", json.dumps(variables)])


@dataclasses.dataclass(frozen=True)
class Figures:
    """What several runs of one program came to."""

    label: str
    samples: tuple[Sample, ...]
    measured_on: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def median(self, figure: str) -> float:
        """Return the median of ``wall``, ``cpu``, ``calls``, or of something extra."""
        return statistics.median(self._values(figure))

    def spread(self, figure: str) -> tuple[float, float]:
        """Return the least and the most."""
        values = self._values(figure)
        return min(values), max(values)

    @property
    def failures(self) -> int:
        """Return how many runs failed."""
        return sum(sample.failed for sample in self.samples)

    @property
    def is_ours(self) -> bool:
        """Tell our own programs from the others."""
        return self.label.startswith("ours")

    def _values(self, figure: str) -> list[float]:
        return [sample.extra[figure] if figure in sample.extra else getattr(sample, figure) for sample in self.samples]


class Runs(t.NamedTuple):
    """How often each program runs; the peers take long, and mostly sleep."""

    ours: int
    peers: int

    def of(self, label: str) -> int:
        """Return how often the program of that label runs."""
        return self.ours if label.startswith("ours") else self.peers


def alternate(runs: Runs, programs: t.Mapping[str, t.Callable[[], Sample]]) -> list[Figures]:
    """Run the programs in turn, A B A B, so that a machine that slows down slows down all of them."""
    samples: dict[str, list[Sample]] = {label: [] for label in programs}
    for number in range(max(runs)):
        for label, program in programs.items():
            if number < runs.of(label):
                samples[label].append(program())
                print(f"  {label}: {_line(samples[label][-1])}", flush=True)
    return [Figures(label, tuple(found)) for label, found in samples.items() if found]


def _line(sample: Sample) -> str:
    verdict = f"failed\n{sample.output[-1500:]}" if sample.failed else "ok"
    made = f"{sample.made} of {sample.wanted}, {sample.extra}"
    return f"{sample.wall:.2f} s, cpu {sample.cpu:.2f} s, {sample.calls} calls, {made}, {verdict}"
