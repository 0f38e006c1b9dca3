# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prepare a release: ``release.py VERSION [REPOSITORY]`` writes the changelog, builds, and has the artifact judged.

Everything happens on a copy of the sources; the checkout is touched only when all of it has worked.
"""

from __future__ import annotations

import pathlib
import re
import shutil
import sys

import emulator_package
from processes import BIN, ROOT, WORK, begin, copy_sources, environment, must_run

PLACE = WORK / "release"
VERSION = re.compile(r"\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?")
# What galaxy-importer does without the network and without containers; "make test" runs the linters and ansible-test.
IMPORTER = """\
[galaxy-importer]
LOG_LEVEL_MAIN = INFO
CHECK_REQUIRED_TAGS = True
CHECK_CHANGELOG = True
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = False
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""
WRITTEN = ("galaxy.yml", "CHANGELOG.rst", "CHANGELOG.md", "changelogs/changelog.yaml")


def set_metadata(path: pathlib.Path, *, version: str, repository: str | None) -> None:
    """Write the version, and the repository if one is given, into a galaxy.yml."""
    text = re.sub(r"^version: .*$", f"version: {version}", path.read_text(), flags=re.MULTILINE)
    if repository:
        text = re.sub(r"^repository: .*\n", "", text, flags=re.MULTILINE)
        text = text.replace("readme: README.md\n", f"readme: README.md\nrepository: {repository}\n")
    if not re.search(r"^repository: ", text, re.MULTILINE):
        sys.exit("Galaxy wants the address of the repository: make release VERSION=… REPOSITORY=https://…")
    path.write_text(text)


def judge(artifact: pathlib.Path) -> None:
    """Leave unless galaxy-importer takes the artifact."""
    configuration = PLACE / "galaxy-importer.cfg"
    configuration.write_text(IMPORTER)
    variables = environment(GALAXY_IMPORTER_CONFIG=str(configuration))
    must_run(BIN / "python", "-m", "galaxy_importer.main", artifact, cwd=PLACE, env=variables)


def require_modules(laid: pathlib.Path) -> None:
    """Leave unless the changelog names every module: each was new once."""
    text = (laid / "CHANGELOG.rst").read_text()
    names = [f"sealed.ami.{path.stem}" for path in (laid / "plugins" / "modules").glob("[!_]*.py")]
    if missing := [name for name in names if f"- {name} - " not in text]:
        sys.exit(f"the changelog does not name {', '.join(missing)}")


def main() -> None:
    """Leave the artifact in ``.work/release`` and the changelog in the checkout."""
    begin()
    version, repository = [*sys.argv[1:], "", ""][:2]
    if not VERSION.fullmatch(version):
        sys.exit("make release VERSION=1.0.0 REPOSITORY=https://…: the version is three numbers")
    sources = PLACE / "sources"
    copy_sources(sources)
    set_metadata(sources / "galaxy.yml", version=version, repository=repository or None)
    # antsibull-changelog reads the plugins of a collection only where it is called by its name.
    laid = PLACE / "ansible_collections" / "sealed" / "ami"
    shutil.rmtree(laid, ignore_errors=True)
    laid.parent.mkdir(parents=True, exist_ok=True)
    sources.rename(laid)
    changelog = BIN / "antsibull-changelog"
    must_run(changelog, "lint", cwd=laid)
    # A version that is prepared already takes in what has come since.
    # The copy lies in a folder that git ignores: asked for its files, git would know of none, and no module be new.
    alone = environment(GIT_CEILING_DIRECTORIES=str(PLACE))
    must_run(changelog, "release", "--version", version, "--update-existing", cwd=laid, env=alone)
    require_modules(laid)
    for stale in PLACE.glob("*.tar.gz"):
        stale.unlink()
    must_run(BIN / "ansible-galaxy", "collection", "build", "--output-path", PLACE, laid)
    (artifact,) = PLACE.glob("*.tar.gz")
    judge(artifact)
    wheel = emulator_package.build(PLACE)
    for name in WRITTEN:
        shutil.copy(laid / name, ROOT / name)
    for fragment in (ROOT / "changelogs" / "fragments").glob("*.yml"):
        if not (laid / "changelogs" / "fragments" / fragment.name).exists():
            fragment.unlink()
    print(f"{wheel.relative_to(ROOT)} goes beside it, for those who want to rehearse without a checkout")
    print(f"\n{artifact.relative_to(ROOT)} is ready: look at the changelog, run make test, commit, tag and publish.")


if __name__ == "__main__":
    main()
