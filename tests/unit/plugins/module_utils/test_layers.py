# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the layers apart: what decides knows neither AWS, Ansible nor the clock, and one package alone knows boto3."""

from __future__ import annotations

import ast
import pathlib
import re
import sys
import typing as t

import pytest

COLLECTION = pathlib.Path(__file__).resolve().parents[4]
PLUGINS = COLLECTION / "plugins"
OURS = "ansible_collections.sealed.ami."
# Whatever reads the world outside the arguments, or changes it.
IMPURE_MODULES = frozenset(
    {
        "asyncio",
        "concurrent",
        "http",
        "io",
        "logging",
        "os",
        "pathlib",
        "random",
        "secrets",
        "select",
        "shutil",
        "signal",
    }
    | {"socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid"}
)
IMPURE_CALLS = frozenset({"now", "utcnow", "today", "open", "print", "input", "exec", "eval", "__import__"})
BOTO = frozenset({"boto3", "botocore", "aiobotocore", "s3transfer"})
# Folders of a layer that are no slice: what slices share.
SHARED = frozenset({"proofs"})


def sources(*folders: str) -> list[pathlib.Path]:
    """Return the Python files under folders of ``plugins``, as far as they exist."""
    return sorted(path for folder in folders for path in (PLUGINS / folder).rglob("*.py"))


def label(path: pathlib.Path) -> str:
    """Name a file as people do."""
    return path.relative_to(COLLECTION).as_posix()


def imported(path: pathlib.Path) -> set[str]:
    """Return the dotted names that a file imports; ours begin with ``plugins.``, however they are written."""
    package = path.relative_to(COLLECTION).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            prefix = [*base, *filter(None, [node.module])]
            names.update(".".join([*prefix, alias.name]) for alias in node.names)
    return {name[len(OURS) :] if name.startswith(OURS) else name for name in names}


def called(path: pathlib.Path) -> set[str]:
    """Return the names of the functions and methods that a file calls."""
    functions = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {function.attr for function in functions if isinstance(function, ast.Attribute)} | {
        function.id for function in functions if isinstance(function, ast.Name)
    }


def outside(names: t.Iterable[str], *packages: str) -> set[str]:
    """Return the names that belong neither to the standard library nor to the given packages of ours."""
    return {
        name
        for name in names
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not any(name.startswith(f"plugins.module_utils.{package}.") for package in packages)
    }


def slice_of(name: str) -> str:
    """Return the slice (copy, compose, audit ...) that a dotted name of ours lies in; "" for the root of a layer."""
    layer = re.match(r"plugins\.module_utils\._(?:image|execute)\.(.+)", name)
    first = layer[1].partition(".")[0] if layer else ""
    if first in SHARED:
        return ""
    return first if any((PLUGINS / "module_utils" / root / first).is_dir() for root in ("_image", "_execute")) else ""


@pytest.mark.parametrize("path", sources("module_utils/_image"), ids=label)
def test_deciding_is_pure(path: pathlib.Path) -> None:
    names = imported(path)
    assert not outside(names, "_image")
    assert not {name for name in names if name.partition(".")[0] in IMPURE_MODULES}
    assert not called(path) & IMPURE_CALLS


@pytest.mark.parametrize("path", sources("module_utils/_execute"), ids=label)
def test_doing_uses_plans_and_the_gateway(path: pathlib.Path) -> None:
    assert not outside(imported(path), "_image", "_aws", "_execute")


@pytest.mark.parametrize("path", sources("module_utils/_image", "module_utils/_execute"), ids=label)
def test_slices_do_not_import_each_other(path: pathlib.Path) -> None:
    """What two slices share lies at the root of its layer, and the root knows no slice."""
    own = slice_of(path.relative_to(COLLECTION).with_suffix("").as_posix().replace("/", "."))
    used = {slice_of(name) for name in imported(path)} - {""}
    assert used <= {own}


@pytest.mark.parametrize("path", sources("module_utils/_aws"), ids=label)
def test_the_gateway_knows_nothing_above_it(path: pathlib.Path) -> None:
    assert not {
        name for name in imported(path) if name.startswith(("plugins.module_utils._execute.", "plugins.modules."))
    }


@pytest.mark.parametrize("path", [path for path in sources(".") if "_aws" not in path.parts], ids=label)
def test_only_the_gateway_knows_boto(path: pathlib.Path) -> None:
    assert not {name for name in imported(path) if name.partition(".")[0] in BOTO}


@pytest.mark.parametrize("path", sources("."), ids=label)
def test_nothing_private_of_another_collection_is_used(path: pathlib.Path) -> None:
    foreign = {name for name in imported(path) if name.startswith("ansible_collections.")}
    assert not {name for name in foreign if any(part.startswith("_") for part in name.split("."))}


@pytest.mark.parametrize(
    ("line", "name"),
    [
        pytest.param("import re", "re", id="plain"),
        pytest.param("from .model import Image", "plugins.module_utils._image.model.Image", id="sibling"),
        pytest.param("from . import model", "plugins.module_utils._image.model", id="package"),
        pytest.param("from .._aws.gateway import Gateway", "plugins.module_utils._aws.gateway.Gateway", id="parent"),
        pytest.param(f"from {OURS}plugins.modules import x", "plugins.modules.x", id="absolute"),
        pytest.param("def f():\n    import botocore.session", "botocore.session", id="inside a function"),
    ],
)
def test_imports_are_found(line: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setattr(sys.modules[__name__], "COLLECTION", tmp_path)
    path = tmp_path / "plugins" / "module_utils" / "_image" / "planner.py"
    path.parent.mkdir(parents=True)
    path.write_text(line)
    assert imported(path) == {name}
