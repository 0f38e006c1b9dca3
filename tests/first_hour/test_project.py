# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md's "In an existing project", word for word: the built artifact, a fresh environment, no checkout."""

from __future__ import annotations

import os
import pathlib
import shlex
import subprocess
import sys
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from first_hour.documents import ROOT, blocks, commands
from first_hour.galaxy import pack, serve
from first_hour.test_walk import README, first_play

BIN = pathlib.Path(sys.executable).parent
PACKAGES = BIN.parent / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
CORE = next(line for path in sorted((ROOT / "tests/requirements").glob("dev-*.txt")) if path.stem[4:].split(".")
            <= [str(part) for part in sys.version_info[:2]] for line in path.read_text().splitlines()
            if line.startswith("ansible-core=="))  # fmt: skip


class Project:
    """A folder with a virtual environment in which nothing but ansible-core is installed."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        self.run(f"pip install -q {CORE}")

    def run(self, command: str, **extra: str) -> str:
        """Run a command of the project's; it fails if the command does."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        path = f"{self.folder / 'venv' / 'bin'}{os.pathsep}{kept['PATH']}"
        own = {"PATH": path, "HOME": str(self.folder), "ANSIBLE_NOCOLOR": "1", "PIP_CACHE_DIR": _pip_cache()}
        done = subprocess.run(
            shlex.split(command),
            cwd=self.folder,
            env={**kept, **own, **extra},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr


def _pip_cache() -> str:
    return subprocess.run(
        [sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Build the collection from what git tracks, as README.md says."""
    sources = tmp_path_factory.mktemp("sources")
    subprocess.run(["git", "clone", "--quiet", ROOT, sources], check=True)
    build = next(command for command in commands(README) if command.endswith("collection build"))
    subprocess.run([BIN / "ansible-galaxy", *shlex.split(build)[1:]], cwd=sources, check=True, capture_output=True)
    (built,) = sources.glob("*.tar.gz")
    return built


@pytest.fixture
def project(tmp_path: pathlib.Path) -> Project:
    """Return an empty project."""
    return Project(tmp_path)


@pytest.fixture(scope="module")
def aws() -> t.Iterator[Emulator]:
    """Return an emulated AWS with the images that the play names."""
    with Emulator.start(seed="full", clock="real") as running:
        yield running


def named(start: str) -> str:
    """Return the command of README.md that begins so."""
    (found,) = [command for command in commands(README) if command.startswith(start)]
    return found


def play_twice(project: Project, aws: Emulator) -> None:
    """Play README.md's first play; the second run changes nothing."""
    (project.folder / "first.yml").write_text(first_play())
    command = (
        named(".venv/bin/ansible-playbook -i localhost, first.yml --check")
        .partition(" --check")[0]
        .removeprefix(".venv/bin/")
    )
    aws.reset(seed="full")
    first, second = project.run(command, **aws.env()), project.run(command, **aws.env())
    assert "changed=1" in first
    assert "changed=0" in second
    assert "WARNING" not in first + second


def test_from_galaxy(project: Project, artifact: pathlib.Path, aws: Emulator, tmp_path: pathlib.Path) -> None:
    (requirements,) = [block for block in blocks(README, "yaml") if block.startswith("collections:")]
    assert yaml.safe_load(requirements)["collections"][0]["name"] == "sealed.ami"
    (tmp_path / "collections").mkdir()
    (tmp_path / "collections" / "requirements.yml").write_text(requirements)
    amazon = pack(PACKAGES / "ansible_collections" / "amazon" / "aws", tmp_path)
    with serve([artifact, amazon]) as url:
        project.run(named("ansible-galaxy collection install -r"), ANSIBLE_GALAXY_SERVER=f"{url}/api/")
    project.run(named("pip install boto3"))
    play_twice(project, aws)


def test_from_a_checkout_without_galaxy(
    project: Project, artifact: pathlib.Path, aws: Emulator, tmp_path: pathlib.Path
) -> None:
    # The package "ansible" brings amazon.aws along; the rest of it would take a minute to install.
    here = next((tmp_path / "venv").glob("lib/python*/site-packages")) / "ansible_collections" / "amazon"
    here.mkdir(parents=True)
    (here / "aws").symlink_to(PACKAGES / "ansible_collections" / "amazon" / "aws", target_is_directory=True)
    (tmp_path / artifact.name).symlink_to(artifact)
    project.run(named("ansible-galaxy collection install --offline"))
    project.run(named("pip install boto3"))
    play_twice(project, aws)
