# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the emulated AWS as a package for those who have the collection and not the checkout.

``emulator_package.py [FOLDER]`` leaves a wheel in ``.work/emulator``, or in the folder.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

import yaml
from processes import ROOT, WORK, begin, copy_sources, must_run

PLACE = WORK / "emulator"
# What moto's server needs; moto's own list of it would bring five times as much, for services that are not emulated.
NEEDED = ("moto", "boto3", "botocore", "Flask", "flask-cors", "Werkzeug", "PyYAML", "cryptography", "py-partiql-parser")
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "sealed-emulator"
version = "{version}"
description = "An emulated AWS for images, snapshots and keys, to rehearse plays of the Ansible collection sealed.ami"
license = {{ text = "GPL-3.0-or-later" }}
requires-python = ">=3.11"
dependencies = {dependencies}

[tool.setuptools]
packages = {packages}

[tool.setuptools.package-data]
"*" = ["*.json", "*.md"]
"""
MAIN = '''\
"""Run the emulated AWS: ``python -m sealed_emulator --help``."""

import sys

from emulated_aws.__main__ import main

sys.exit(main())
'''


def pins() -> list[str]:
    """Return what the emulator needs, in the releases that it is tested with."""
    lines = (ROOT / "tests" / "requirements" / "dev.txt").read_text().splitlines()
    by_name = {line.partition("==")[0].lower(): line for line in lines if "==" in line}
    # The SDK may be newer or older; the modules' own floor holds.
    return [by_name[name.lower()] if name not in ("boto3", "botocore") else name for name in NEEDED]


def build(folder: pathlib.Path) -> pathlib.Path:
    """Return the wheel, made of what git tracks."""
    sources = PLACE / "sources"
    copy_sources(sources, keep=lambda name: name.startswith("tests/emulated_aws/"))
    shutil.move(sources / "tests" / "emulated_aws", sources / "emulated_aws")
    (sources / "sealed_emulator").mkdir()
    (sources / "sealed_emulator" / "__init__.py").write_text(
        '"""The emulated AWS under the name that is released."""\n'
    )
    (sources / "sealed_emulator" / "__main__.py").write_text(MAIN)
    packages = sorted(
        str(path.parent.relative_to(sources)).replace("/", ".") for path in sources.glob("*/**/__init__.py")
    )
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    text = PYPROJECT.format(
        version=re.sub(r"-(alpha|beta|rc)\.", r"\1", version), dependencies=pins(), packages=packages
    )
    (sources / "pyproject.toml").write_text(text)
    for stale in folder.glob("sealed_emulator-*.whl"):
        stale.unlink()
    options = ("--wheel", "--no-isolation", "--outdir", folder)
    must_run(sys.executable, "-m", "build", *options, sources, cwd=sources)
    (wheel,) = folder.glob("sealed_emulator-*.whl")
    return wheel


def main() -> None:
    """Say where the wheel is."""
    begin()
    folder = pathlib.Path(sys.argv[1]) if sys.argv[1:] else PLACE
    wheel = build(folder.resolve())
    print(f"{wheel}: pip install it, then python -m sealed_emulator", flush=True)


if __name__ == "__main__":
    main()
