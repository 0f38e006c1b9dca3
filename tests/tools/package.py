# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the collection, install it into an empty folder, and read its documentation from there, as a user does."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from processes import BIN, ROOT, WORK, begin, copy_sources, environment, must_run, tracked

FILES = {
    "COPYING",
    "FILES.json",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "bindep.txt",
    "requirements.txt",
}
OPTIONAL_FILES = {"CHANGELOG.md", "CHANGELOG.rst", "execution-environment.yml"}
FOLDERS = {"LICENSES", "changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles"}


def sources(pattern: str) -> list[pathlib.Path]:
    """Return the files that git tracks and whose path fits, with as many folders as the pattern has."""
    paths = map(pathlib.PurePath, tracked())
    return [ROOT / path for path in paths if path.match(pattern) and len(path.parts) == pattern.count("/") + 1]


def lay_out_sources(folder: pathlib.Path) -> None:
    """Copy what git tracks, and beside it put one of each kind that git ignores, as ``build_ignore`` has to."""
    copy_sources(folder)
    for pattern in filter(None, (folder / ".gitignore").read_text().splitlines()):
        decoy = folder / pattern.strip("/").replace("*", "decoy")
        if pattern.endswith("/"):
            decoy.mkdir(parents=True, exist_ok=True)
            decoy /= "decoy"
        decoy.touch()


def build(folder: pathlib.Path) -> pathlib.Path:
    """Build from what git tracks: a log that lies in the checkout is nobody's concern."""
    lay_out_sources(folder / "sources")
    must_run(BIN / "ansible-galaxy", "collection", "build", "--output-path", folder, folder / "sources")
    (artifact,) = folder.glob("*.tar.gz")
    return artifact


def inspect(artifact: pathlib.Path) -> None:
    """Refuse an artifact that holds what does not belong there, or lacks what does."""
    with tarfile.open(artifact) as archive:
        names = {member.name.partition("/")[0] for member in archive if member.name != "."}
    if others := names - FILES - OPTIONAL_FILES - FOLDERS:
        sys.exit(f"not meant for users, add to build_ignore in galaxy.yml: {', '.join(sorted(others))}")
    if missing := FILES - names:
        sys.exit(f"missing from the artifact: {', '.join(sorted(missing))}")


def install(artifact: pathlib.Path, folder: pathlib.Path) -> dict[str, str]:
    """Install beside the dependencies that are there already; return the environment that finds the installed copy."""
    variables = environment(ANSIBLE_COLLECTIONS_PATH=str(folder), ANSIBLE_LOCALHOST_WARNING="false")
    must_run(
        BIN / "ansible-galaxy", "collection", "install", "--offline", "--force", "-p", folder, artifact, env=variables
    )
    return variables


def documented(kind: str, variables: dict[str, str]) -> dict[str, str]:
    """Return the name and the file of every plugin of a kind, as ``ansible-doc`` finds them."""
    listing = [str(BIN / "ansible-doc"), "-t", kind, "--json"]
    command = [*listing, "--list", "sealed.ami"]
    names = json.loads(subprocess.run(command, env=variables, check=True, capture_output=True).stdout)
    if not names:
        return {}
    shown = json.loads(subprocess.run([*listing, *names], env=variables, check=True, capture_output=True).stdout)
    return {name: page.get("path") or page["doc"]["filename"] for name, page in shown.items()}


def check_documentation(folder: pathlib.Path, variables: dict[str, str]) -> None:
    """Demand a page for each module and role, out of the installed copy and not out of the checkout."""
    modules = {f"sealed.ami.{path.stem}" for path in sources("plugins/modules/*.py")}
    roles = {f"sealed.ami.{path.parts[-3]}" for path in sources("roles/*/meta/main.yml")}
    for kind, expected in (("module", modules), ("role", roles)):
        pages = documented(kind, variables)
        if missing := expected - set(pages):
            sys.exit(f"without documentation: {', '.join(sorted(missing))}")
        if elsewhere := {name for name, path in pages.items() if not path.startswith(f"{folder}{os.sep}")}:
            sys.exit(f"not read from the installed copy: {', '.join(sorted(elsewhere))}")
        print(f"ansible-doc shows {len(pages)} {kind}s: {', '.join(sorted(pages)) or 'none yet'}", flush=True)


def check_playbooks(variables: dict[str, str], folder: pathlib.Path) -> None:
    """Demand that Ansible finds and parses every playbook by its full name."""
    for path in sources("playbooks/*.yml"):
        must_run(
            BIN / "ansible-playbook",
            "--syntax-check",
            "-i",
            "localhost,",
            f"sealed.ami.{path.stem}",
            env=variables,
            cwd=folder,
        )


def main() -> None:
    """Do all of it in a folder of its own."""
    begin()
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK, prefix="package-") as name:
        folder = pathlib.Path(name)
        artifact = build(folder)
        inspect(artifact)
        variables = install(artifact, folder / "collections")
        check_documentation(folder / "collections", variables)
        check_playbooks(variables, folder)


if __name__ == "__main__":
    main()
