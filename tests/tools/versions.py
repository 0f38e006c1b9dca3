# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write into README.md which versions are supported and tested, out of ``versions.toml``; ``--check`` only compares."""

from __future__ import annotations

import pathlib
import re
import sys
import tomllib
import typing as t

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = ROOT / "tests" / "requirements" / "versions.toml"
README = ROOT / "README.md"
BETWEEN = re.compile(r"(?<=<!-- written by tests/tools/versions.py -->\n\n).*?(?=\n<!-- until here -->)", re.DOTALL)


def read() -> dict[str, t.Any]:
    """Return the table."""
    return tomllib.loads(TABLE.read_text())


def _listed(words: t.Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _pythons(found: t.Iterable[str]) -> str:
    return _listed(sorted(set(found), key=lambda version: int(version.partition(".")[2])))


def text() -> str:
    """Return the table and what is said below it, as Markdown."""
    table = read()
    supported, cores, libraries = table["supported"], table["cores"], table["libraries"].values()
    modules = [python for core in cores.values() for python in core["modules"].values()]
    amazon = f"{supported['amazon-aws']} and newer, before {supported['amazon-aws-before']}"
    rows = [
        ("", "supported", "tested by `make test-matrix`"),
        ("---", "---", "---"),
        (
            "ansible-core",
            f"{supported['ansible-core']} and newer",
            _listed(core["ansible-core"] for core in cores.values()),
        ),
        ("amazon.aws", amazon, _listed(one["amazon-aws"] for one in libraries)),
        ("boto3 and botocore", f"{supported['boto3']} and newer", _listed(one["boto3"] for one in libraries)),
        (
            "Python that runs Ansible",
            "what ansible-core takes",
            _pythons(core["python"] for core in cores.values()),
        ),
        ("Python that runs the modules", f"{supported['python']} and newer", _pythons(modules)),
    ]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    ends = _listed(f"{name} until {core['maintained']}" for name, core in cores.items())
    newest = _pythons(core["python"] for core in cores.values()).rpartition(" ")[2]
    untried = f"Python 3.{int(newest.partition('.')[2]) + 1} has not been tried."
    return "\n".join([*lines, "", f"Ansible itself maintains ansible-core {ends}.", "", untried, ""])


def main() -> None:
    """Write, or leave with an error where README.md says something else."""
    found = README.read_text()
    wanted = BETWEEN.sub(lambda _match: text(), found)
    if sys.argv[1:] == ["--check"]:
        if found != wanted or text() not in found:
            sys.exit("README.md names other versions than versions.toml; write it with tests/tools/versions.py")
        return
    README.write_text(wanted)


if __name__ == "__main__":
    main()
