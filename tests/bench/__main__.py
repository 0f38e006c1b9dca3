# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection beside its peers: ``make bench``; ``ARGS="1 4 --runs 5"`` chooses rows and runs."""

from __future__ import annotations

import argparse
import pathlib
import sys
import typing as t

from bench import document, estate, fleet, floor, heavy, processes, publishing, retiring, rows, store
from bench.measure import Figures, Runs

ROWS: t.Final[dict[str, t.Callable[[Runs], list[Figures]]]] = {
    "1": rows.second_run,
    "2": rows.first_run,
    "2a": rows.first_run_small,
    "2b": rows.first_run_waves,
    "3": rows.one_image,
    "4": rows.overhead,
    "4a": floor.floor,
    "5": heavy.compose,
    "6": heavy.scale,
    "6a": heavy.pages,
    "7": rows.throttled,
    "8": heavy.packer,
    "9": fleet.second_run,
    "9a": fleet.second_run_of_one,
    "9b": heavy.accounts,
    "10": estate.audit,
    "10a": estate.audit_small,
    "10b": heavy.report,
    "11": publishing.publish,
    "12": heavy.retire,
    "13": retiring.retire,
}


def main() -> None:
    """Run the rows asked for, keep what the others came to before, and write the page's table and chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"which of {', '.join(ROWS)}; all by default")
    parser.add_argument("--runs", type=int, default=3, help="runs of each program of ours")
    parser.add_argument("--peer-runs", type=int, help="runs of each other program, as many by default")
    parser.add_argument("--add", action="store_true", help="add the runs to those that are kept of these rows")
    parser.add_argument("--check", action="store_true", help="only tell whether table and chart are as measured")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="the folder docs")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(ROWS):
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    if arguments.check:
        sys.exit(document.check(arguments.output))
    processes.become_parent()
    runs = Runs(arguments.runs, arguments.runs if arguments.peer_runs is None else arguments.peer_runs)
    for number in arguments.rows or ROWS:
        print(f"row {number} …", flush=True)
        store.keep(arguments.output, number, ROWS[number](runs), add=arguments.add)
        document.write(arguments.output)
    print(document.summary(arguments.output, arguments.rows or list(ROWS)))


if __name__ == "__main__":
    main()
