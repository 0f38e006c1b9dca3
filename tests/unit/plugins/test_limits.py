# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every function and file in ``plugins`` small enough to be read at once, and their types honest."""

from __future__ import annotations

import ast
import pathlib

import pytest

COLLECTION = pathlib.Path(__file__).resolve().parents[3]
FILES = sorted((COLLECTION / "plugins").rglob("*.py"))
FUNCTION_LINES, MAIN_LINES, NESTING, SAID_LINES = 40, 25, 3, 14
SAME_PARTS = 32
FILE_LINES, MODULE_LINES = 300, 120
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}

Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Block = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try)


def label(path: pathlib.Path) -> str:
    """Name a file as people do."""
    return path.relative_to(COLLECTION).as_posix()


def lines(node: ast.stmt) -> int:
    """Return how many lines a statement takes."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def code_lines(source: str) -> int:
    """Return the number of lines apart from the documentation that Ansible wants in a module."""
    documentation = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} & DOCUMENTATION
    )
    return len(source.splitlines()) - sum(lines(node) for node in documentation)


def depth(node: ast.AST, *, is_elif: bool = False) -> int:
    """Return how deep blocks are nested; an ``elif`` is as deep as its ``if``, an inner function starts at zero."""
    own = isinstance(node, Block) and not is_elif
    below = [0]
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*Function, ast.ClassDef)):
            below.append(depth(child, is_elif=isinstance(node, ast.If) and node.orelse == [child] and is_if(child)))
    return int(own) + max(below)


def is_if(node: ast.AST) -> bool:
    """Return whether the node is an ``if``."""
    return isinstance(node, ast.If)


def functions(path: pathlib.Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function of a file, methods and inner functions too."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, Function)]


@pytest.mark.parametrize("path", FILES, ids=label)
def test_files_are_short(path: pathlib.Path) -> None:
    limit = MODULE_LINES if path.parent.name == "modules" else FILE_LINES
    assert code_lines(path.read_text()) <= limit


@pytest.mark.parametrize("path", FILES, ids=label)
def test_functions_are_short(path: pathlib.Path) -> None:
    module = path.parent.name == "modules"
    limits = {node: MAIN_LINES if module and node.name == "main" else FUNCTION_LINES for node in functions(path)}
    assert not {node.name: lines(node) for node, limit in limits.items() if lines(node) > limit}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_functions_are_flat(path: pathlib.Path) -> None:
    assert not {node.name: depth(node) for node in functions(path) if depth(node) > NESTING}


@pytest.mark.parametrize("path", FILES, ids=label)
def test_long_functions_say_why(path: pathlib.Path) -> None:
    """A function that is read in two looks says what it is for; the pure conversions of a row do not need to."""
    unsaid = {node.name for node in functions(path) if lines(node) > SAID_LINES and not ast.get_docstring(node)}
    assert not {name for name in unsaid if name not in ("__init__", "main") and not name.startswith("_to_")}


def bodies(source: str) -> dict[str, str]:
    """Return what the functions of a source do, by name; the small ones may do the same by chance."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, Function):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if sum(1 for one in body for _part in ast.walk(one)) >= SAME_PARTS:
                found[node.name] = "\n".join(map(ast.dump, body))
    return found


def test_no_function_stands_in_two_files() -> None:
    places: dict[str, list[str]] = {}
    for path in FILES:
        for name, body in bodies(path.read_text()).items():
            places.setdefault(body, []).append(f"{label(path)}: {name}")
    assert not [names for names in places.values() if len(names) > 1]


BODY = "    found = [n for n in names if n and n != 'x']\n    return sorted(found, key=len, reverse=True), len(found)"


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(f'def g(names):\n    """Words."""\n{BODY}', True, id="another docstring"),
        pytest.param(f"def g(names):\n{BODY.replace('x', 'y')}", False, id="another constant"),
        pytest.param("def g(names):\n    return names", False, id="small"),
    ],
)
def test_the_same_body_is_found(other: str, is_same: bool) -> None:
    assert (bodies(f"def f(names):\n    # Why.\n{BODY}")["f"] == bodies(other).get("g")) == is_same


@pytest.mark.parametrize("path", FILES, ids=label)
def test_no_cast_hides_what_cannot_be(path: pathlib.Path) -> None:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [getattr(one, "attr", getattr(one, "id", "")) for one in calls]
    assert "cast" not in names, "change the type, or say what is wrong at that point"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param("def f(): return 1", 0, id="none"),
        pytest.param("def f():\n if a: b()\n elif c: d()\n else: e()", 1, id="elif"),
        pytest.param("def f():\n if a: b()\n else:\n  for x in y:\n   if z: e()", 3, id="else"),
        pytest.param("def f():\n with a:\n  try:\n   b()\n  except C:\n   while d:\n    if e: g()", 4, id="four"),
        pytest.param("def f():\n if a:\n  def g():\n   if b: c()", 1, id="inner function"),
    ],
)
def test_depth_is_counted(source: str, expected: int) -> None:
    assert depth(ast.parse(source).body[0]) == expected
