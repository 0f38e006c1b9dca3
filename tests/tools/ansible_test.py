# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``ansible-test`` on a copy of the sources, laid out as it demands: ``ansible_test.py sanity|units [...]``."""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

from processes import BIN, WORK, begin, copy_sources, environment, locked, must_run

# ansible-test keeps its own environments under HOME; ours is part of the checkout.
HOME = WORK / "home"
COLLECTIONS = WORK / "ansible_collections"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# It fetches this script from a site that many networks do not let through. The pip that comes with Python does as well.
CACHE = HOME / ".ansible" / "test" / "cache"
PIP_SCRIPT_TEXT = """\
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
options = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *options]))
"""


def site_packages() -> pathlib.Path:
    """Return the folder of the packages of this environment."""
    return pathlib.Path(next(path for path in sys.path if path.endswith("site-packages")))


def prepare_home() -> None:
    """Make the home folder, where pip finds the user's settings and its cache as it does elsewhere."""
    CACHE.mkdir(parents=True, exist_ok=True)
    (source,) = pathlib.Path(site_packages(), "ansible_test", "_internal").glob("python_requirements.py")
    for version in re.findall(r"\bpip='([\d.]+)'", source.read_text()):
        (CACHE / f"get_pip_{version.replace('.', '_')}.py").write_text(PIP_SCRIPT_TEXT)
    for name in (".config/pip", ".cache/pip"):
        link = HOME / name
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(pathlib.Path.home() / name, target_is_directory=True)


def lay_out_collection() -> pathlib.Path:
    """Copy this collection and, beside it, the one it depends on; return the folder to test in."""
    place = COLLECTIONS / "sealed" / "ami"
    # The environment that ansible-test made there is used again; the rest is laid again.
    output, kept = place / "tests" / "output", WORK / "ansible-test-output"
    if output.exists():
        shutil.rmtree(kept, ignore_errors=True)
        output.rename(kept)
    copy_sources(place, keep=is_tested)
    if kept.exists():
        kept.rename(output)
    # Without a repository of its own it would ask ours, which ignores this folder.
    must_run("git", "init", "--quiet", place)
    shutil.copytree(site_packages() / "ansible_collections" / "amazon", COLLECTIONS / "amazon", dirs_exist_ok=True)
    return place


def is_tested(name: str) -> bool:
    """Leave out the tools, the emulator and its tests, which ruff and mypy read: they are no part of the collection."""
    return not name.startswith("tests/") or name.startswith(("tests/config.yml", "tests/sanity/", "tests/unit/"))


def main() -> None:
    """Test in an environment that ansible-test makes itself, so that it can change nothing in ours."""
    begin()
    command, *arguments = sys.argv[1:]
    with locked("ansible-test"):
        prepare_home()
        options = ("--venv", "--python", PYTHON, "--color", "no", *arguments)
        must_run(BIN / "ansible-test", command, *options, cwd=lay_out_collection(), env=environment(HOME=str(HOME)))
    print(f"ansible-test {command}: passed")


if __name__ == "__main__":
    main()
