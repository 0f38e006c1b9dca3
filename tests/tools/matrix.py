# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test the versions that ``versions.toml`` lists: all, ``--reduced`` each core once, or of these the ones named.

The reduced matrix has all Pythons for modules, and of the demo two scenarios.
"""

from __future__ import annotations

import sys
import tomllib

from checks import Check, chosen, run_all
from matrix_environment import HERE, PINS, Combination, install, interpreter
from processes import BIN, ROOT, begin, environment, locked

TOOLS = ROOT / "tests" / "tools"
# Every playbook with each variable alone, with all of them, and with all blank.
VARIABLES = ("tests/variables", "tests/system/playbooks/test_every_variable.py")
TARGETS = """\
plugin: sealed.ami.image_targets
kms_key_id: alias/golden
accounts:
  - account: production
    account_id: "123456789012"
    regions: [eu-west-1, us-east-1]
"""


def combinations(*, is_reduced: bool = False) -> list[Combination]:
    """Return every core with every set of libraries, or with the one for the reduced matrix."""
    table = tomllib.loads((PINS / "versions.toml").read_text())
    return [
        Combination(f"{name}-{libraries}", core, table["libraries"][libraries], core["modules"][libraries])
        for name, core in table["cores"].items()
        for libraries in table["libraries"]
        if not is_reduced or libraries == core["reduced"]
    ]


def checks(one: Combination, *, is_reduced: bool) -> list[Check]:
    """Return what has to pass: pure tests, the inventory, the real thing from end to end, and ansible-test's own."""
    tools, modules = one.folder / "bin", one.modules_folder / "bin" / "python"
    targets = HERE / "production.image_targets.yml"
    targets.write_text(TARGETS)
    # Whatever Ansible or Python say of us that will not work some day is an error today.
    loud = environment(ANSIBLE_DEPRECATION_WARNINGS="true", ANSIBLE_LOCALHOST_WARNING="false")
    units = (
        tools / "python",
        "-W",
        "error::DeprecationWarning",
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "-p",
        "no:cacheprovider",
    )
    inventory = (tools / "ansible-inventory", "-i", targets, "--list", "--export")
    demo = (sys.executable, TOOLS / "demo.py", "--strict", "--ansible-playbook", tools / "ansible-playbook")
    scenes = ("--module-python", modules, *(("--scenes", "S3", "S6") if is_reduced else ()))
    found: list[Check] = [
        (f"{one.name} units", (*units, "tests/unit"), {"env": loud}),
        (f"{one.name} inventory", inventory, {"env": loud}),
        (f"{one.name} demo", (*demo, *scenes), {"env": loud}),
    ]
    if not is_reduced and one.name.endswith("-newest"):
        player = {"SEALED_AMI_TESTS_PLAY_BY": str(tools / "ansible-playbook"), "SEALED_AMI_TESTS_PYTHON": str(modules)}
        playing = (BIN / "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *VARIABLES)
        # An old botocore refuses some of the variables, with a sentence.
        found.append((f"{one.name} variables", playing, {"env": {**loud, **player}}))
        found.append((f"{one.name} sanity", (tools / "python", TOOLS / "ansible_test.py", "sanity"), {}))
    return found


def prepare(found: list[Combination]) -> None:
    """Make all environments; a Python that is missing is said first of all."""
    for one in found:
        interpreter(one.core["python"])
        interpreter(one.module_python)
    HERE.mkdir(parents=True, exist_ok=True)
    with locked("matrix"):
        for one in found:
            print(f"--- {one.describe()}", flush=True)
            install(one)


def main() -> None:
    """Prepare all combinations, then test them one after the other."""
    begin()
    words = sys.argv[1:]
    if is_reduced := words[:1] == ["--reduced"]:
        del words[0]
    found = combinations(is_reduced=is_reduced)
    if names := chosen(words, [one.name for one in found]):
        found = [one for one in found if one.name in names]
    prepare(found)
    run_all(check for one in found for check in checks(one, is_reduced=is_reduced))


if __name__ == "__main__":
    main()
