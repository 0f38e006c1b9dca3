# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row in the table of attributes is all that documentation, roles, playbooks and inventory need."""

from __future__ import annotations

import ast
import pathlib
import shutil
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = {"encrypted_copy": 2, "image_from_instance": 1, "multi_key_image": 1}


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tools"))


@pytest.fixture
def tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """Return a copy of what a row is written into."""
    for folder in ("plugins", "roles", "playbooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def rows(**further: t.Any) -> list[t.Any]:
    """Return the rows of the table, and one more if there is something to say about it."""
    from options import ATTRIBUTE_ROWS, Row

    new = [Row("boot_song", {"type": "str"}, meaning=("What it sings.",), **further)] if further else []
    return [*ATTRIBUTE_ROWS, *new]


def parsed(path: pathlib.Path) -> t.Any:
    """Return the YAML in a file, which in a Python file is its documentation."""
    if path.suffix != ".py":
        return yaml.safe_load(path.read_text())
    tree = ast.walk(ast.parse(path.read_text()))
    blocks = [one for one in tree if isinstance(one, ast.Assign) and isinstance(one.value, ast.Constant)]
    return next(
        yaml.safe_load(str(t.cast(ast.Constant, one.value).value))
        for one in blocks
        if isinstance(one.targets[0], ast.Name) and one.targets[0].id == "DOCUMENTATION"
    )


def found(node: t.Any, name: str) -> t.Iterator[t.Any]:
    """Return whatever stands under a name, however deep."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node if isinstance(node, list) else []):
        if key == name:
            yield value
        yield from found(value, name)


def test_the_checkout_has_everything(tree: pathlib.Path) -> None:
    from options import write

    assert write(tree, rows()) == []


def test_a_row_reaches_everything_that_an_older_one_has_reached(tree: pathlib.Path) -> None:
    from options import write

    changed = {path for path in write(tree, rows(answer="text")) if not path.endswith(".md")}
    text = {path: (tree / path).read_text() for path in changed}
    older = {
        str(path.relative_to(tree))
        for path in tree.rglob("*")
        if path.suffix in {".yml", ".py"} and "module_utils" not in path.parts and "imds_support" in path.read_text()
    }
    assert changed == older
    assert {path: text[path].count("boot_song") for path in changed} == {
        path: text[path].count("imds_support") for path in changed
    }
    assert write(tree, rows(answer="text")) == []


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_is_yaml_in_its_place(tree: pathlib.Path, role: str) -> None:
    from options import write

    write(tree, rows(answer="dict"))
    folder = tree / "roles" / role
    specification = parsed(folder / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert specification[f"{role}_boot_song"]["type"] == "raw"
    assert ("boot_song" in specification.get(f"{role}_destinations", {}).get("options", {})) == (ROLES[role] == 2)
    assert parsed(folder / "defaults" / "main.yml")[f"{role}_boot_song"] == ""
    passed = list(found(parsed(folder / "tasks" / "main.yml"), "boot_song"))
    assert passed and set(passed) == {f"{{{{ {role}_boot_song | sealed.ami.answer('dict', omit) }}}}"}


@pytest.mark.parametrize("of_destination", [True, False])
def test_documentation(tree: pathlib.Path, of_destination: bool) -> None:
    from options import write

    write(tree, rows(of_destination=of_destination))
    for name in ("doc_fragments/image.py", "inventory/image_targets.py"):
        assert parsed(tree / "plugins" / name)["options"]["boot_song"]["description"] == ["What it sings."]
    options = parsed(tree / "plugins" / "modules" / "ec2_ami_encrypted_copy.py")["options"]
    assert ("boot_song" in options["destinations"]["suboptions"]) == of_destination
    assert "boot_song" not in options


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        ({"answer": "tags"}, "answer('tags', sealed_ami__own.boot_song | default(omit))"),
        ({"answer": "text"}, "answer('text', sealed_ami__own.boot_song | default(omit))"),
    ],
)
def test_a_fleet_falls_back_on_the_file_of_targets(tree: pathlib.Path, further: dict[str, str], expected: str) -> None:
    from options import write

    write(tree, rows(**further))
    passed = list(found(parsed(tree / "playbooks" / "fleet_copy.yml"), "boot_song"))
    assert len(passed) == 1 and expected in passed[0] and "sealed_ami_boot_song | default('')" in passed[0]
