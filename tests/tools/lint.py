# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read all sources without running them: style, types, YAML, playbooks and roles, licences, changelog."""

from __future__ import annotations

import os

from checks import Check, run_all
from processes import BIN, ROOT, WORK, environment, stop_on_signals


def collection_tree() -> os.PathLike[str]:
    """Return a folder where this checkout appears under its importable name, as mypy must see it."""
    tree = WORK / "tree"
    link = tree / "ansible_collections" / "sealed" / "ami"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to("../../../..", target_is_directory=True)
    return tree


def main() -> None:
    """Run every linter, also after one has failed."""
    stop_on_signals()
    mypy = (BIN / "mypy", "--config-file", ROOT / "pyproject.toml")
    # The unit tests are read under the collection's name, as they import each other by it.
    folders = {path.relative_to(ROOT).parts[1] for path in ROOT.glob("tests/*/**/*.py")} - {"tools", "unit"}
    typed_tests = [f"tests/{name}" for name in sorted(folders)]
    checks: list[Check] = [
        ("ruff check", (BIN / "ruff", "check", "--quiet"), {}),
        ("ruff format", (BIN / "ruff", "format", "--check", "--quiet"), {}),
        ("mypy plugins", (*mypy, "ansible_collections/sealed/ami/plugins"), {"cwd": collection_tree()}),
        ("mypy unit tests", (*mypy, "ansible_collections/sealed/ami/tests/unit"), {"cwd": collection_tree()}),
        ("mypy tools", (*mypy, "tests/tools"), {}),
        ("mypy tests", (*mypy, *typed_tests), {"env": environment(MYPYPATH=os.fspath(collection_tree()))}),
        ("yamllint", (BIN / "yamllint", "--strict", "."), {}),
        ("ansible-lint", (BIN / "ansible-lint", "-q"), {}),
        ("reuse", (BIN / "reuse", "lint", "--lines"), {}),
        ("antsibull-changelog", (BIN / "antsibull-changelog", "lint"), {}),
    ]
    run_all(checks)


if __name__ == "__main__":
    main()
