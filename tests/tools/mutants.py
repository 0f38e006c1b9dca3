# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoil the collection on purpose and demand that a test fails: ``mutants.py [hand|FILE ...]``.

``hand`` plays the mutants of ``tests/mutants/hand.toml``; a file of ``tests/mutants/layers.toml`` is given to
cosmic-ray, which changes each operator, number and condition in it. What no test kills has a reason in
``tests/mutants/survivors.toml``, or the run fails. Everything happens in a copy of the sources.
"""

from __future__ import annotations

import ast
import collections
import contextlib
import json
import os
import pathlib
import shlex
import sqlite3
import subprocess
import sys
import tomllib
import typing as t

from processes import BIN, ROOT, WORK, begin, copy_sources, environment, locked, must_run, started

HERE = ROOT / "tests" / "mutants"
PINS = ROOT / "tests" / "requirements" / "mutants.txt"
PLACE = WORK / "mutants"
TREE = PLACE / "tree"
SOURCES = TREE / "ansible_collections" / "sealed" / "ami"
LONGEST_SECONDS = 300.0
# Line and column.
Place = tuple[int, int]
# No operator of these says anything about what the code decides: types, and arithmetic that no code here does.
MEANINGLESS = ("ExceptionReplacer", "RemoveDecorator")


def prepare() -> dict[str, str]:
    """Install the tool, copy the sources, and return the environment in which the copy is the collection."""
    if not (PLACE / "venv" / "bin" / "cosmic-ray").exists():
        must_run(sys.executable, "-m", "venv", PLACE / "venv")
    pip = (PLACE / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    must_run(*pip, "install", "-qq", "--no-deps", "-r", PINS)
    copy_sources(SOURCES)
    return environment(PYTHONPATH=os.fspath(TREE), PYTHONDONTWRITEBYTECODE="1")


def pytest(selection: t.Iterable[str]) -> list[str]:
    """Return the command that stops at the first test to fail."""
    return [os.fspath(BIN / "python"), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *selection]


def passes(selection: t.Sequence[str], variables: dict[str, str]) -> bool:
    """Tell whether every chosen test passes on the copy; one that hangs does not."""
    options = {"cwd": SOURCES, "env": variables, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with started(pytest(selection), **options) as process:
        try:
            return process.wait(LONGEST_SECONDS) == 0
        except subprocess.TimeoutExpired:
            return False


def by_hand(variables: dict[str, str]) -> list[str]:
    """Play the mutants that people made, and return what is wrong with them."""
    mutants = tomllib.loads((HERE / "hand.toml").read_text())["mutant"]
    selections = sorted({tuple(mutant["tests"]) for mutant in mutants})
    wrong = [f"{shlex.join(one)}: fails without any mutant" for one in selections if not passes(one, variables)]
    for mutant in mutants:
        path = SOURCES / mutant["file"]
        text = path.read_text()
        if text.count(mutant["find"]) != 1:
            verdict = f"{mutant['file']} does not hold its text exactly once: bring it up to date"
        else:
            path.write_text(text.replace(mutant["find"], mutant["put"]))
            verdict = "survives" if passes(mutant["tests"], variables) else ""
            path.write_text(text)
        print(f"{verdict or 'killed':10} {mutant['name']}", flush=True)
        wrong += [f"{mutant['name']}: {verdict}"] if verdict else []
    return wrong


def by_machine(name: str, tests: t.Sequence[str], variables: dict[str, str]) -> list[str]:
    """Let cosmic-ray spoil one file at every place, and return the survivors without a reason."""
    config, session = PLACE / "cosmic-ray.toml", PLACE / f"{name.replace('/', '-')}.sqlite"
    command = shlex.join(pytest(tests))
    config.write_text(
        f'[cosmic-ray]\nmodule-path = ["{name}"]\ntimeout = 60.0\nexcluded-modules = []\n'
        f'test-command = {json.dumps(command)}\n[cosmic-ray.distributor]\nname = "local"\n'
    )
    tool = PLACE / "venv" / "bin" / "cosmic-ray"
    session.unlink(missing_ok=True)
    # Unit tests need none of the plugins, the import of which takes longer than the tests.
    bare = {**variables, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    # Only the untouched sources may leave bytecode behind, for Python to take where a file is as it was.
    must_run(tool, "baseline", config, cwd=SOURCES, env={**bare, "PYTHONDONTWRITEBYTECODE": ""})
    must_run(tool, "init", config, session, cwd=SOURCES, env=bare)
    leave_out(session, meaningless(session, (SOURCES / name).read_text()))
    must_run(tool, "exec", config, session, cwd=SOURCES, env=bare)
    dump = subprocess.run([tool, "dump", session], check=True, capture_output=True, text=True, env=variables).stdout
    return [line for line in survivors(name, dump) if line not in reasons()]


def meaningless(session: pathlib.Path, source: str) -> list[str]:
    """Return the jobs of a session whose mutant says nothing about what the code decides."""
    typed = list(for_readers(source))
    with contextlib.closing(sqlite3.connect(session)) as database:
        specs = database.execute("SELECT job_id, operator_name, start_pos_row, start_pos_col FROM mutation_specs")
        found = [(job_id, name.rpartition("/")[2], (row, column)) for job_id, name, row, column in specs]
    return [
        job_id
        for job_id, operator, place in found
        if operator.startswith(MEANINGLESS)
        or (operator.startswith("ReplaceBinaryOperator") and any(a <= place < b for a, b in typed))
    ]


def leave_out(session: pathlib.Path, job_ids: t.Iterable[str]) -> None:
    """Take jobs out of a session, as cosmic-ray's own filters do: what nobody judges is not worth its tests."""
    ids = [(one,) for one in job_ids]
    with contextlib.closing(sqlite3.connect(session)) as database, database:
        for table in ("mutation_specs", "work_items"):
            database.executemany(f"DELETE FROM {table} WHERE job_id = ?", ids)


def survivors(name: str, dump: str) -> list[str]:
    """Return a line for each mutant that no test has killed: file, text of the line, operator."""
    lines = (SOURCES / name).read_text().splitlines()
    found: list[str] = []
    for entry in dump.splitlines():
        work, result = json.loads(entry)
        if result is None or result["test_outcome"] != "survived":
            continue
        for mutation in work["mutations"]:
            operator = mutation["operator_name"].rpartition("/")[2]
            found.append(f"{name}: {lines[mutation['start_pos'][0] - 1].strip()} [{operator}]")
    return found


def for_readers(source: str) -> t.Iterator[tuple[Place, Place]]:
    """Yield where annotations and heads of functions are: an operator there is a type's, or the star of a signature."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign):
            shown = node.annotation
            yield (shown.lineno, shown.col_offset), (shown.end_lineno or shown.lineno, shown.end_col_offset or 0)
        elif isinstance(node, ast.FunctionDef):
            yield (node.lineno, node.col_offset), (node.body[0].lineno, node.body[0].col_offset)


def reasons() -> dict[str, str]:
    """Return why each known survivor may live."""
    table = tomllib.loads((HERE / "survivors.toml").read_text())
    return {line: entry["reason"] for entry in table.get("survivor", []) for line in entry["lines"]}


def main() -> None:
    """Leave with status 1 where a mutant lives without a reason."""
    begin()
    layers: dict[str, list[str]] = tomllib.loads((HERE / "layers.toml").read_text())
    chosen = sys.argv[1:] or ["hand", *layers]
    if unknown := [name for name in chosen if name not in {"hand", *layers}]:
        sys.exit(f"there is no {unknown[0]!r}; there are: {', '.join(['hand', *layers])}")
    with locked("mutants"):
        variables = prepare()
        wrong: list[str] = []
        for name in chosen:
            print(f"--- {name}", flush=True)
            wrong += by_hand(variables) if name == "hand" else by_machine(name, layers[name], variables)
    for line, times in collections.Counter(wrong).items():
        print(f"{line}{f' ({times} times)' if times > 1 else ''}")
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    main()
