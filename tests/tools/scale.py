# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulate a fleet's copies under AWS's quotas, slice by slice, and write the table that the guide shows."""

from __future__ import annotations

import dataclasses
import heapq
import pathlib
import sys

TABLE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "docsite" / "scale.rst.inc"
ACCOUNTS, REGIONS, IMAGES, FORKS = 10, 20, 50, 20
COPY_SECONDS, START_SECONDS, LOOK_SECONDS = 600.0, 5.0, 15.0
CONCURRENT_COPIES = 20  # EBS: snapshot copies at the same time in a destination region of an account.
COPY_BURST, COPY_REFILL = 100, 1.0  # EC2: bucket of CopyImage in an account and region, and its refill a second.
# Resident memory of a worker of ansible-playbook, and of a module with its wrapper by what a host is, measured.
FORK_MIB, MODULE_MIB = 60, {"account": 109, "region": 97}
# Slices that are worth a line, by what a host is.
SLICES = {"account": (1, 2, 5, 10), "region": (1, 2, 4, 8, 10, 20)}
CALLS_PER_LOOK = 2  # DescribeSnapshots for progress; DescribeImages for those that seem complete.


@dataclasses.dataclass(frozen=True)
class Run:
    """What a number of slices comes to: times in seconds, memory in MiB."""

    host: str
    slices: int
    makespan: float
    calls_per_second: float
    memory: int


def target_seconds(images: int) -> float:
    """Return how long a region, and so a host, takes: a copy starts when a slot is free and the bucket has a token."""
    running: list[float] = []
    tokens, clock, end = float(COPY_BURST), START_SECONDS, START_SECONDS
    for _image in range(images):
        if len(running) == CONCURRENT_COPIES:
            freed = heapq.heappop(running)
            # A slot is seen to be free at the next look.
            seen = freed + LOOK_SECONDS / 2
            tokens, clock = min(COPY_BURST, tokens + max(0.0, seen - clock) * COPY_REFILL), max(clock, seen)
        if tokens < 1:
            clock, tokens = clock + (1 - tokens) / COPY_REFILL, 1
        tokens -= 1
        heapq.heappush(running, clock + COPY_SECONDS)
        end = max(end, clock + COPY_SECONDS)
    return end + LOOK_SECONDS / 2


def simulate(host: str, slices: int) -> Run:
    """Deal the hosts out as AWX does, and give each slice's hosts to its forks in order."""
    targets = ACCOUNTS * (REGIONS if host == "region" else 1)
    seconds = target_seconds(IMAGES)
    longest = 0.0
    for number in range(slices):
        forks = [0.0] * FORKS
        for _target in range(number, targets, slices):
            heapq.heapreplace(forks, forks[0] + seconds)
        longest = max(longest, *forks)
    looks = CALLS_PER_LOOK * seconds / LOOK_SECONDS
    busiest = min(FORKS, -(-targets // slices))
    return Run(host, slices, longest, (IMAGES + looks) / seconds, busiest * (FORK_MIB + MODULE_MIB[host]))


def table() -> str:
    """Return the table as reStructuredText."""
    rows = [simulate(host, number) for host, slices in SLICES.items() for number in slices]
    # REUSE-IgnoreStart
    lines = [
        "..",
        "  Copyright (c) 2026 sealed.ami contributors",
        "  GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)",
        "  SPDX-License-Identifier: GPL-3.0-or-later",
        "",
        ".. list-table:: 10 accounts of 20 regions, 10,000 copies",
        "   :header-rows: 1",
        "",
        "   * - a host for each",
        "     - slices",
        "     - all copies done after",
        "     - calls per second in a region of an account",
        "     - memory of a slice",
    ]
    # REUSE-IgnoreEnd
    for row in rows:
        hours, minutes = divmod(round(row.makespan / 60), 60)
        lines += [
            f"   * - {row.host}",
            f"     - {row.slices}",
            f"     - {hours} h {minutes:02} min",
            f"     - {row.calls_per_second:.2f}",
            f"     - {row.memory / 1024:.1f} GiB",
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the table, or with ``--check`` demand that it is as it was written."""
    if sys.argv[1:] == ["--check"]:
        if TABLE.read_text() != table():
            sys.exit(f"{TABLE.name} is not what the simulation says; write it again with tests/tools/scale.py")
        return
    TABLE.write_text(table())


if __name__ == "__main__":
    main()
