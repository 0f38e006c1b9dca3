# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the virtual environments of the matrix: one ansible-core with one set of libraries each."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pathlib
import re
import shutil
import sys
import typing as t
import zipfile

from processes import ROOT, WORK, must_run

PINS = ROOT / "tests" / "requirements"
HERE = WORK / "matrix"
PREFIX = "ansible_collections/amazon/aws/"
# What the unit tests need beside Ansible and boto3, and what amazon.aws needs.
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "python-dateutil", "jmespath")


@dataclasses.dataclass(frozen=True)
class Combination:
    """An ansible-core release and the releases of the libraries, as ``matrix.toml`` names them."""

    name: str
    core: dict[str, str]
    libraries: dict[str, t.Any]

    @property
    def folder(self) -> pathlib.Path:
        """Return the environment's folder; other pins get another one."""
        pins = json.dumps([sys.version, self.core, self.libraries, (PINS / "dev.txt").read_text()])
        return HERE / f"{self.name}-{hashlib.sha256(pins.encode()).hexdigest()[:8]}"

    @property
    def own_pins(self) -> list[str]:
        """Return the pins that make this combination."""
        return [*(f"{name}=={version}" for name, version in self.core.items()), *self.libraries["packages"]]

    def all_pins(self) -> str:
        """Return the pins of this combination, and those of dev.txt for all other packages."""
        named = {package_name(line) for line in self.own_pins}
        lines = (PINS / "dev.txt").read_text().splitlines()
        return "\n".join([*self.own_pins, *(line for line in lines if package_name(line) not in named)])

    def describe(self) -> str:
        """Say in one line what is in it."""
        return f"{self.name}: {', '.join(self.own_pins)}, amazon.aws {self.libraries['amazon-aws']}"


def package_name(requirement: str) -> str:
    """Return the name in the form that compares."""
    return re.sub("[-_.]+", "-", requirement.partition("==")[0]).lower()


def install(one: Combination) -> None:
    """Make the environment, unless it is there; the marker comes last, so that half of one is never used."""
    marker = one.folder / "complete"
    if marker.exists():
        return
    for outdated in HERE.glob(f"{one.name}-*/"):
        shutil.rmtree(outdated)
    must_run(sys.executable, "-m", "venv", one.folder)
    constraints = one.folder / "constraints.txt"
    constraints.write_text(one.all_pins())
    pip = (one.folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    must_run(*pip, "install", "-qq", "-c", constraints, *one.own_pins, *TOOLS)
    packages = next(one.folder.glob("lib/python*/site-packages"))
    unpack_amazon_aws(one, packages)
    ours = packages / "ansible_collections" / "sealed"
    ours.mkdir()
    (ours / "ami").symlink_to(ROOT, target_is_directory=True)
    marker.touch()


def unpack_amazon_aws(one: Combination, packages: pathlib.Path) -> None:
    """Take the collection out of the wheel of the ``ansible`` package that carries the wanted release."""
    release, expected = one.libraries["ansible"], one.libraries["amazon-aws"]
    pip = (sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary", ":all:")
    must_run(*pip, "--python-version", "3.13", "--dest", HERE, f"ansible=={release}")
    with zipfile.ZipFile(HERE / f"ansible-{release}-py3-none-any.whl") as wheel:
        wheel.extractall(packages, [name for name in wheel.namelist() if name.startswith(PREFIX)])
    manifest = json.loads((packages / PREFIX / "MANIFEST.json").read_text())
    if (version := manifest["collection_info"]["version"]) != expected:
        sys.exit(f"ansible {release} carries amazon.aws {version}, not {expected}")
