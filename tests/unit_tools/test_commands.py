# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever README.md and the guides tell a reader to type is there: targets, playbooks, tests, options and files."""

from __future__ import annotations

import importlib
import pathlib
import re
import shlex
import subprocess
import sys

import pytest
import yaml
from first_hour.documents import ROOT, blocks, commands, documents

BIN = pathlib.Path(sys.executable).parent
# What belongs to others and needs their servers.
FOREIGN = (
    *("export ", "podman ", "aws ", "cd ", "git ", "curl -s http://127.0.0.1:"),
    *("pip install boto3 botocore", "pip download ", "ansible-galaxy collection ", "buildah "),
)
COMMANDS = [(path.name, command) for path in documents() for command in commands(path)]


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 20


@pytest.mark.parametrize(("document", "command"), COMMANDS)
def test_a_command_means_something(document: str, command: str) -> None:
    words = shlex.split(command.removesuffix("\\").removesuffix("&").strip())
    program = words[0].removeprefix(".venv/bin/")
    if command.startswith(FOREIGN):
        return
    if program == "make":
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True)
    elif program == "pytest":
        assert all((ROOT / word).exists() for word in words[1:] if word.startswith("tests/"))
    elif program == "ansible-playbook":
        check_play(words[1:])
    elif program == "ansible":
        (module,) = [word for word in words if word.startswith("sealed.ami.")]
        assert (ROOT / "plugins" / "modules" / f"{module.removeprefix('sealed.ami.')}.py").exists()
    elif program == "ansible-builder":
        name = words[words.index("--file") + 1]
        # The file is ours, or the reader has written it a block before.
        assert (ROOT / name).exists() or any(
            f"# {name}\n" in block for path in documents() for block in blocks(path, "yaml")
        )
    elif program == "python" or program == "PYTHONPATH=tests":
        assert "emulated_aws" in command or "sealed_emulator" in command
    else:
        pytest.fail(f"{document} says {command}: add a check for it here")


def check_play(words: list[str]) -> None:
    """Demand that the playbook is there, that its files are, and that ansible-playbook takes the options."""
    (played,) = [word for word in words if word.startswith("sealed.ami.") or word.endswith(("first.yml", "play.yml"))]
    if played.startswith("sealed.ami."):
        assert (ROOT / "playbooks" / f"{played.removeprefix('sealed.ami.')}.yml").exists()
    for word in words:
        if word.startswith("@playbooks/"):
            assert (ROOT / word.removeprefix("@")).exists()
    shown = subprocess.run([BIN / "ansible-playbook", "--help"], capture_output=True, text=True, check=True).stdout
    assert [word for word in words if word.startswith("--") and word not in shown] == []
    # Without an inventory Ansible warns twice, which puzzles those who try for the first time.
    assert "-i" in words


@pytest.mark.parametrize("path", documents(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_blocks_of_yaml_can_be_read(path: pathlib.Path) -> None:
    for block in blocks(path, "yaml", "yaml+jinja"):
        assert yaml.safe_load(re.sub(r"!vault \|", "|", block)) is not None


def test_the_readme_names_every_kind_of_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tools"))
    kinds = [name for name, *_command in importlib.import_module("test").all_checks()]
    slow = importlib.import_module("test").SLOW
    sentence = re.search(r"for each of (.*?)\.\n", (ROOT / "README.md").read_text(), re.DOTALL)
    assert sentence and re.findall("`(.*?)`", sentence[1]) == [name for name in kinds if name not in slow]


def test_the_readme_shows_the_images_of_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole output is compared where the demo is played anyway; see tests/first_hour."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "tools"))
    scenes = importlib.import_module("demo_scenes").SCENES
    (sample,) = (block for block in blocks(ROOT / "README.md", "text") if "Everything is as it should be" in block)
    seen = re.findall(r"^   (\S+) +(\w+-\w+-\d) +((?:not )?compliant) +(.+)$", sample, re.MULTILINE)
    wanted = {
        (name, region, "compliant" if scene.is_compliant else "not compliant", frozenset(keys.values()))
        for scene in scenes
        for (region, name), keys in scene.wanted.items()
    }
    assert {(name, region, verdict, frozenset(keys.split(", "))) for name, region, verdict, keys in seen} == wanted
    assert re.findall(r"^   (S\d)  (.*?) +changed=0 ", sample, re.MULTILINE) == [
        (scene.number, scene.title) for scene in scenes
    ]
