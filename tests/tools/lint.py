# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read all sources without running them: style, types, YAML, playbooks and roles, licenses, changelog.

Only what git tracks is read, so that a log beside it is no mistake: tools that are told of no file get a folder with
just that. ``lint.py --changed`` reads what differs from the main branch, without the checks that need the whole.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import typing as t

from checks import Check, run_all
from processes import BIN, ROOT, WORK, begin, copy_sources, environment, git, locked, tracked, untracked

TOOLS = ROOT / "tests" / "tools"
MAIN = ("origin/main", "main")
SHOWN = 10
# What git tracks; its place stays the same, as mypy remembers files by their place.
SOURCES = WORK / "lint" / "sources"
# American English; "catalogue" is a verb of the emulated AWS, "writeable" is Ansible's, "Cancelled" is AWS's.
SPELLING = ("--builtin", "clear,rare,en-GB_to_en-US", "-D", "-", "-L", "catalogue,writeable,cancelled")
# What people read as text, or as messages, comments and names.
OURS = (
    "changelogs/fragments/",
    "extensions/",
    "playbooks/",
    "plugins/",
    "roles/",
    "tests/tools/",
    "tests/emulated_aws/",
)


def collection_tree() -> pathlib.Path:
    """Return a folder where what git tracks appears under its importable name, as mypy must see it."""
    tree = SOURCES.parent
    link = tree / "ansible_collections" / "sealed" / "ami"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(f"../../{SOURCES.name}", target_is_directory=True)
    return tree


def main_branch() -> str | None:
    """Return the name of the branch that this one will be a part of; None where the checkout has none."""
    return next((name for name in MAIN if git("rev-parse", "--verify", "--quiet", name, check=False)), None)


def changed() -> list[str]:
    """Return the tracked files that differ from where this branch left the main one, or else from the last commit."""
    main = main_branch()
    found = git("diff", "--name-only", "-z", *(("--merge-base", main) if main else ("HEAD",)))
    return [name for name in found if (ROOT / name).exists()]


def style(names: t.Sequence[str]) -> list[Check]:
    """Return the checks that read file by file."""
    python = [name for name in names if name.endswith(".py")]
    yaml = [name for name in names if name.endswith((".yml", ".yaml"))]
    checks: list[Check] = []
    if python:
        checks.append(("ruff check", (BIN / "ruff", "check", "--quiet", "--force-exclude", *python), {}))
        checks.append(("ruff format", (BIN / "ruff", "format", "--check", "--quiet", "--force-exclude", *python), {}))
    if prose := [name for name in names if is_prose(name)]:
        checks.append(("codespell", (BIN / "codespell", *SPELLING, *prose), {}))
    if worded := [name for name in names if is_prose(name) or is_test(name)]:
        checks.append(("words", (sys.executable, TOOLS / "words.py", *worded), {}))
    if yaml:
        checks.append(("yamllint", (BIN / "yamllint", "--strict", *yaml), {}))
    return checks


def is_prose(name: str) -> bool:
    """Tell whether users and contributors read it: documents, and messages, comments and names in sources."""
    is_document = name.endswith((".md", ".rst", ".inc")) and not name.startswith(("tests/", "LICENSES/"))
    return is_document or (name.startswith(OURS) and name.endswith((".py", ".yml", ".md", ".j2", ".toml")))


def is_test(name: str) -> bool:
    """Tell whether it is a test or what tests are made of: they may misspell on purpose, but in words of today."""
    spelled_out = name.endswith("test_words.py")
    return name.startswith(("tests/", ".github/")) and name.endswith((".py", ".yml", ".md")) and not spelled_out


def types(names: t.Sequence[str]) -> list[Check]:
    """Return the runs of mypy that these files have a part in."""
    mypy = (BIN / "mypy", "--config-file", SOURCES / "pyproject.toml", "--cache-dir", WORK / "mypy_cache")
    tree = {"cwd": collection_tree()}
    python = [name for name in names if name.endswith(".py")]
    # The unit tests are read under the collection's name, as they import each other by it.
    folders = {name.split("/")[1] for name in python if name.startswith("tests/")}
    typed_tests = [f"tests/{name}" for name in sorted(folders - {"tools", "unit"})]
    checks: list[Check] = []
    if any(name.startswith("plugins/") for name in python):
        checks.append(("mypy plugins", (*mypy, "ansible_collections/sealed/ami/plugins"), tree))
    if "unit" in folders:
        checks.append(("mypy unit tests", (*mypy, "ansible_collections/sealed/ami/tests/unit"), tree))
    if "tools" in folders:
        checks.append(("mypy tools", (*mypy, "tests/tools"), {"cwd": SOURCES}))
    if typed_tests:
        environment_of_tests = environment(MYPYPATH=os.fspath(collection_tree()))
        checks.append(("mypy tests", (*mypy, *typed_tests), {"cwd": SOURCES, "env": environment_of_tests}))
    return checks


def whole() -> list[Check]:
    """Return the checks that are told of no file."""
    return [
        ("ansible-lint", (BIN / "ansible-lint", "-q"), {"cwd": SOURCES}),
        ("reuse", (BIN / "reuse", "--root", SOURCES, "lint", "--lines"), {}),
        ("antsibull-changelog", (BIN / "antsibull-changelog", "lint"), {"cwd": SOURCES}),
    ]


def main() -> None:
    """Run every linter, also after one has failed."""
    begin()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changed", action="store_true", help="only what differs from the main branch")
    only_changed = parser.parse_args().changed
    if others := untracked():
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        print(f"not tracked by git, so not looked at: {', '.join(others[:SHOWN])}{more}", flush=True)
    names = changed() if only_changed else tracked()
    with locked("lint"):
        copy_sources(SOURCES)
        commits: Check = ("commits", (sys.executable, TOOLS / "commits.py"), {})
        run_all([commits, *style(names), *types(names), *([] if only_changed else whole())])


if __name__ == "__main__":
    main()
