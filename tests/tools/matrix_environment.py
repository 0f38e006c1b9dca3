# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of ``matrix.py``: each a virtual environment that is made once and kept."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import typing as t
import zipfile

from processes import ROOT, WORK, must_run

PINS = ROOT / "tests" / "requirements"
HERE = WORK / "matrix"
PREFIX = "ansible_collections/amazon/aws/"
# What the tests of whole playbooks read results by.
CALLBACKS = "ansible_collections/ansible/posix/"
# What the unit tests need beside Ansible and boto3, and what amazon.aws needs.
TOOLS = ("pytest", "pytest-xdist", "hypothesis", "python-dateutil", "jmespath", "tzdata")


@functools.cache
def interpreter(version: str) -> str:
    """Return a Python of that version: from PATH, or from where pyenv keeps them."""
    for candidate in (shutil.which(f"python{version}"), *_of_pyenv(version)):
        # A shim of pyenv's is there for every version, and works for those that are switched on.
        question = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if (
            candidate
            and subprocess.run(question, capture_output=True, text=True, check=False).stdout.strip() == version
        ):
            return str(candidate)
    sys.exit(f"Python {version} is missing, which a part of the matrix needs: pyenv install {version}")


def _of_pyenv(version: str) -> list[str]:
    root = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    return [str(path) for path in sorted(root.glob(f"versions/{version}.*/bin/python"))]


@dataclasses.dataclass(frozen=True)
class Combination:
    """An ansible-core release, the releases of the libraries, and the Python where the modules run."""

    name: str
    core: dict[str, t.Any]
    libraries: dict[str, t.Any]
    module_python: str

    @property
    def folder(self) -> pathlib.Path:
        """Return the environment's folder; other pins get another one."""
        pins = json.dumps([self.core, self.libraries, PREFIX, CALLBACKS, (PINS / "dev.txt").read_text()])
        return HERE / f"{self.name}-{hashlib.sha256(pins.encode()).hexdigest()[:8]}"

    @property
    def modules_folder(self) -> pathlib.Path:
        """Return the folder of the environment that the modules run in."""
        return HERE / f"modules-{self.module_python}-boto3-{self.libraries['boto3']}"

    @property
    def own_pins(self) -> list[str]:
        """Return the pins that make this combination."""
        core = [f"{name}=={self.core[name]}" for name in ("ansible-core", "resolvelib")]
        return [*core, *self.libraries["packages"]]

    def all_pins(self) -> str:
        """Return the pins of this combination, and those of dev.txt for all other packages."""
        named = {package_name(line) for line in self.own_pins}
        lines = (PINS / "dev.txt").read_text().splitlines()
        return "\n".join([*self.own_pins, *(line for line in lines if package_name(line) not in named)])

    def describe(self) -> str:
        """Say in one line what is in it."""
        kit = " and ".join(_for(self.module_python, self.libraries["boto3"]))
        where = f"on Python {self.core['python']}, modules on Python {self.module_python} with {kit}"
        return f"{self.name}: {', '.join(self.own_pins)}, amazon.aws {self.libraries['amazon-aws']}, {where}"


def package_name(requirement: str) -> str:
    """Return the name in the form that compares."""
    return re.sub("[-_.]+", "-", requirement.partition("==")[0]).lower()


def install(one: Combination) -> None:
    """Make the environments, unless they are there; the marker comes last, so that half of one is never used."""
    _install_modules(one)
    marker = one.folder / "complete"
    if marker.exists():
        return
    for outdated in HERE.glob(f"{one.name}-*/"):
        shutil.rmtree(outdated)
    must_run(interpreter(one.core["python"]), "-m", "venv", one.folder)
    constraints = one.folder / "constraints.txt"
    constraints.write_text(one.all_pins())
    pip = (one.folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    must_run(*pip, "install", "-qq", "-c", constraints, *one.own_pins, *TOOLS)
    packages = next(one.folder.glob("lib/python*/site-packages"))
    unpack_collections(one, packages)
    ours = packages / "ansible_collections" / "sealed"
    ours.mkdir()
    (ours / "ami").symlink_to(ROOT, target_is_directory=True)
    marker.touch()


def _install_modules(one: Combination) -> None:
    """Make what the documentation asks of a bare interpreter: the AWS SDK, and packaging to tell its version."""
    marker = one.modules_folder / "complete"
    if marker.exists():
        return
    shutil.rmtree(one.modules_folder, ignore_errors=True)
    must_run(interpreter(one.module_python), "-m", "venv", one.modules_folder)
    version = one.libraries["boto3"]
    pip = (one.modules_folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    must_run(*pip, "install", "-qq", *_for(one.module_python, version), "packaging")
    marker.touch()


def _for(python: str, version: str) -> list[str]:
    """Return the releases of the SDK, or its names for the newest there are: those of today have left Python 3.9."""
    return (
        ["boto3", "botocore"]
        if python == "3.9" and version != "1.35.0"
        else [f"boto3=={version}", f"botocore=={version}"]
    )


def unpack_collections(one: Combination, packages: pathlib.Path) -> None:
    """Take the collections out of the wheel of the ``ansible`` package that carries the wanted release."""
    release, expected = one.libraries["ansible"], one.libraries["amazon-aws"]
    wheel = HERE / f"ansible-{release}-py3-none-any.whl"
    if not wheel.exists():
        pip = (sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary", ":all:")
        must_run(*pip, "--python-version", "3.13", "--dest", HERE, f"ansible=={release}")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages, [name for name in archive.namelist() if name.startswith((PREFIX, CALLBACKS))])
    manifest = json.loads((packages / PREFIX / "MANIFEST.json").read_text())
    if (version := manifest["collection_info"]["version"]) != expected:
        sys.exit(f"ansible {release} carries amazon.aws {version}, not {expected}")
