# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection beside its peers: ``make bench``; ``ARGS="1 4 --runs 5"`` chooses rows and runs."""

from __future__ import annotations

import argparse
import pathlib
import typing as t

from bench import heavy, report, rows

ROWS: dict[str, t.Callable[..., rows.Row]] = {
    "1": rows.second_run,
    "2": rows.first_run,
    "2a": rows.first_run_small,
    "3": rows.one_image,
    "4": rows.overhead,
    "5": heavy.compose,
    "6": heavy.scale,
    "7": rows.throttled,
    "8": heavy.packer,
}


def main() -> None:
    """Run the rows asked for and show what they came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", default=list(ROWS), help=f"which of {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, default=3, help="runs of each program")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder for the JSON and the chart")
    arguments = parser.parse_args()
    finished = []
    for number in arguments.rows:
        print(f"row {number} …", flush=True)
        finished.append(ROWS[number](runs=arguments.runs))
        print(report.table(finished[-1:]), flush=True)
        report.write(finished, arguments.output)
    print(report.table(finished))


if __name__ == "__main__":
    main()
