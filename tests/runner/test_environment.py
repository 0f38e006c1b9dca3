# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment as ansible-builder lays it out: the right collections and packages, and nothing else."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import textwrap
import typing as t

import pytest
import yaml

from .engine import BIN, ROOT, Command, quiet_environment

OWN_FILES = {"meta/execution-environment.yml", "requirements.txt", "bindep.txt", "galaxy.yml"}


def build(*arguments: str | pathlib.Path) -> str:
    """Run ansible-builder and return what it says."""
    command: Command = [BIN / "ansible-builder", *arguments]
    return subprocess.run(command, env=quiet_environment(), capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the build context that users get."""
    folder = tmp_path_factory.mktemp("builder") / "context"
    definition = ROOT / "execution-environment.yml"
    build("create", "--file", definition, "--context", folder, "--output-filename", "Containerfile")
    return folder


def requirements(path: pathlib.Path) -> list[str]:
    """Return the lines of a requirements file that ask for something."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return sorted(filter(None, lines))


def galaxy() -> dict[str, t.Any]:
    """Return what the collection says of itself."""
    return t.cast(dict[str, t.Any], yaml.safe_load((ROOT / "galaxy.yml").read_text()))


def test_context_holds_the_containerfile_and_what_it_needs_only(context: pathlib.Path) -> None:
    files = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
    own = {name for name in files if not name.startswith("_build/scripts/")}
    assert own == {"Containerfile", "_build/requirements.yml"}
    assert not [name for name in files for word in (str(ROOT), str(context)) if word in (context / name).read_text()]


def test_collections_are_ours_and_those_we_need(context: pathlib.Path) -> None:
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert {entry["name"]: entry["version"] for entry in wanted} == {
        "sealed.ami": ">=1.0.0,<2.0.0",
        "amazon.aws": galaxy()["dependencies"]["amazon.aws"],
        "awx.awx": ">=24.6.1",
    }


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Return the build context of the guide's recipe for machines without a registry."""
    folder = tmp_path_factory.mktemp("offline")
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst").read_text()
    (block,) = re.findall(r"^    # offline.yml\n((?:    .*\n)+)", guide, re.MULTILINE)
    (folder / "offline.yml").write_text(textwrap.dedent(block))
    for entry in yaml.safe_load(block)["dependencies"]["galaxy"]["collections"]:
        (folder / pathlib.Path(entry["name"]).name).write_text("an archive")
    (folder / "wheels").mkdir()
    (folder / "wheels" / "boto3-1.44.0-py3-none-any.whl").write_text("a wheel")
    context = folder / "context"
    build("create", "--file", folder / "offline.yml", "--context", context, "--output-filename", "Containerfile")
    return context


def test_the_offline_recipe_takes_every_collection_from_a_file_of_its_context(offline: pathlib.Path) -> None:
    wanted = yaml.safe_load((offline / "_build" / "requirements.yml").read_text())["collections"]
    assert {entry["type"] for entry in wanted} == {"file"}
    for entry in wanted:
        assert (offline / "_build" / entry["name"]).is_file()
    names = {"-".join(pathlib.Path(entry["name"]).name.split("-")[:2]) for entry in wanted}
    assert names == {"sealed-ami", "amazon-aws", "awx-awx"}
    assert f"sealed-ami-{galaxy()['version']}.tar.gz" in {pathlib.Path(entry["name"]).name for entry in wanted}


def test_the_offline_recipe_lets_pip_ask_nobody(offline: pathlib.Path) -> None:
    lines = (offline / "Containerfile").read_text().splitlines()
    first_pip = next(number for number, line in enumerate(lines) if "pip install" in line)
    for needed in ("COPY _build/wheels /wheels", "ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels"):
        assert lines.index(needed) < first_pip
    assert (offline / "_build" / "wheels" / "boto3-1.44.0-py3-none-any.whl").is_file()
    assert 'ARG PKGMGR="/usr/bin/apt-get"' in lines


def test_the_guides_audit_in_a_container_names_its_regions() -> None:
    """Without regions all of the account's are looked at; without paths the reports end with the container."""
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_awx.rst").read_text()
    (command,) = re.findall(r"podman run .*?\n    \$", guide, re.DOTALL)
    assert "-e audit_regions=" in command
    assert "-e audit_html_path= -e audit_json_path=" in command


def test_ansible_core_is_one_that_the_collection_supports(context: pathlib.Path) -> None:
    text = (context / "Containerfile").read_text()
    wanted = yaml.safe_load((ROOT / "execution-environment.yml").read_text())["dependencies"]["ansible_core"]
    assert wanted["package_pip"] in text
    supported = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"]
    oldest, ours = (re.search(r">=(\d+)\.(\d+)", one) for one in (wanted["package_pip"], supported))
    assert oldest and ours and tuple(map(int, oldest.groups())) >= tuple(map(int, ours.groups()))
    assert 'ARG PYCMD="/usr/bin/python3.' in text
    assert "FROM $EE_BASE_IMAGE AS base" in text


def test_python_and_system_packages_come_from_the_collection(tmp_path: pathlib.Path) -> None:
    installed = tmp_path / "ansible_collections" / "sealed" / "ami"
    for name in OWN_FILES:
        (installed / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, installed / name)
    found = yaml.safe_load(build("introspect", tmp_path))
    assert sorted(line.partition("#")[0].strip() for line in found["python"]) == requirements(ROOT / "requirements.txt")
    assert [line.partition(">=")[0] for line in requirements(ROOT / "requirements.txt")] == ["boto3", "botocore"]
    assert found["system"] == []
