# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every statement about versions says what ``versions.toml`` says."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import tomllib
import typing as t

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = tomllib.loads((ROOT / "tests" / "requirements" / "versions.toml").read_text())
SUPPORTED = TABLE["supported"]
AMAZON = f">={SUPPORTED['amazon-aws']},<{SUPPORTED['amazon-aws-before']}"
MODULES = sorted((ROOT / "plugins" / "modules").glob("[!_]*.py"))


def loaded(name: str) -> t.Any:
    """Return what a YAML file holds."""
    return yaml.safe_load((ROOT / name).read_text())


def test_the_readme() -> None:
    subprocess.run([sys.executable, ROOT / "tests" / "tools" / "versions.py", "--check"], check=True)


def test_galaxy_and_the_execution_environment_take_the_same_amazon_aws() -> None:
    assert loaded("galaxy.yml")["dependencies"] == {"amazon.aws": AMAZON}
    collections = loaded("execution-environment.yml")["dependencies"]["galaxy"]["collections"]
    assert {one["name"]: one["version"] for one in collections}["amazon.aws"] == AMAZON


def test_the_floor_of_ansible_core() -> None:
    assert loaded("meta/runtime.yml")["requires_ansible"] == f">={SUPPORTED['ansible-core']}"
    roles = sorted(ROOT.glob("roles/*/meta/main.yml"))
    assert roles
    floor = SUPPORTED["ansible-core"].removesuffix(".0")
    assert {loaded(str(path))["galaxy_info"]["min_ansible_version"] for path in roles} == {floor}
    assert min(TABLE["cores"], key=lambda core: int(core.partition(".")[2])) == floor


def test_the_execution_environment_takes_cores_that_are_tested() -> None:
    wanted = loaded("execution-environment.yml")["dependencies"]["ansible_core"]["package_pip"]
    lowest, highest = re.fullmatch(r"ansible-core>=2\.(\d+)\.0,<2\.(\d+)\.0", wanted).groups()  # type: ignore[union-attr]
    assert {f"2.{minor}" for minor in range(int(lowest), int(highest))} <= set(TABLE["cores"])
    assert f"2.{highest}" not in TABLE["cores"]


def test_the_requirements_of_the_sdk() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        f"boto3>={SUPPORTED['boto3']}",
        f"botocore>={SUPPORTED['boto3']}",
    ]
    connection = (ROOT / "plugins" / "module_utils" / "_aws" / "connection.py").read_text()
    assert re.findall(r'OLDEST_BOTOCORE: t.Final = "([\d.]+)"', connection) == [SUPPORTED["boto3"]]


def test_the_floor_of_python() -> None:
    assert loaded("tests/config.yml")["modules"]["python_requires"] == f">={SUPPORTED['python']}"
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert (
        pyproject["tool"]["ruff"]["per-file-target-version"]["plugins/**"]
        == f"py{SUPPORTED['python'].replace('.', '')}"
    )


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_modules_page_asks_for_what_the_module_asks_for(path: pathlib.Path) -> None:
    command = [str(pathlib.Path(sys.executable).parent / "ansible-doc"), "--json", f"sealed.ami.{path.stem}"]
    page = yaml.safe_load(subprocess.run(command, capture_output=True, check=True).stdout)
    assert page[f"sealed.ami.{path.stem}"]["doc"]["requirements"] == [
        f"python >= {SUPPORTED['python']}",
        f"boto3 >= {SUPPORTED['boto3']}",
        f"botocore >= {SUPPORTED['boto3']}",
    ]


def test_every_core_has_its_libraries_and_the_reduced_matrix_has_every_python() -> None:
    for core in TABLE["cores"].values():
        assert set(core["modules"]) == set(TABLE["libraries"])
        assert core["reduced"] in TABLE["libraries"]
    of_all = {python for core in TABLE["cores"].values() for python in core["modules"].values()}
    assert {core["modules"][core["reduced"]] for core in TABLE["cores"].values()} == of_all
    assert SUPPORTED["python"] in of_all


def test_the_oldest_libraries_are_the_floor() -> None:
    assert TABLE["libraries"]["oldest"]["boto3"] == SUPPORTED["boto3"]
    for one in TABLE["libraries"].values():
        assert {f"boto3=={one['boto3']}", f"botocore=={one['boto3']}"} <= set(one["packages"])


def test_the_newest_libraries_are_those_of_the_newest_ansible() -> None:
    lock = (ROOT / "tests" / "requirements" / "dev-3.12.txt").read_text()
    assert f"ansible=={TABLE['libraries']['newest']['ansible']}\n" in lock
    newest = max(TABLE["cores"], key=lambda core: int(core.partition(".")[2]))
    assert f"ansible-core=={TABLE['cores'][newest]['ansible-core']}\n" in lock


def test_no_text_names_another_floor() -> None:
    texts = [*ROOT.glob("docs/**/*.rst"), *ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    claims = re.compile(r"(ansible-core|amazon\.aws|boto3|botocore)`*\s*(?:>=|from)\s*`*([\d.]+\d)")
    floors = {name: SUPPORTED["boto3" if name == "botocore" else name.replace(".", "-")] for name in
              ("ansible-core", "amazon.aws", "boto3", "botocore")}  # fmt: skip
    found = [(path.name, *claim) for path in texts for claim in claims.findall(path.read_text())]
    assert [claim for claim in found if not floors[claim[1]].startswith(claim[2])] == []
