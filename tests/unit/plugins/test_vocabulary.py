# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed sets of words are those of the options and of the documentation."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COMPOSE_ARGUMENTS, COPY_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.vocabulary import (
    Action,
    AskedMethod,
    KeyAccessMode,
    MethodName,
    Protection,
)

MODULES = pathlib.Path(__file__).resolve().parents[3] / "plugins" / "modules"


@pytest.mark.parametrize(
    ("words", "choices"),
    [
        pytest.param(AskedMethod, COMPOSE_ARGUMENTS["method"]["choices"], id="method"),
        pytest.param(Protection, COMPOSE_ARGUMENTS["deregistration_protection"]["choices"], id="protection"),
        pytest.param(Protection, COPY_ARGUMENTS["deregistration_protection"]["choices"], id="protection of copies"),
        pytest.param(KeyAccessMode, COPY_ARGUMENTS["check_key_access"]["choices"], id="trying keys"),
        pytest.param(KeyAccessMode, COMPOSE_ARGUMENTS["check_key_access"]["choices"], id="trying keys to compose"),
    ],
)
def test_options_take_the_words(words: t.Any, choices: list[str]) -> None:
    assert set(t.get_args(words)) == set(choices)


def test_auto_is_no_method() -> None:
    assert set(t.get_args(AskedMethod)) - set(t.get_args(MethodName)) == {"auto"}


def test_every_action_is_documented() -> None:
    documented: set[str] = set()
    for name in ("ec2_ami_encrypted_copy", "ec2_ami_compose_keys"):
        returned = (MODULES / f"{name}.py").read_text().partition("RETURN = ")[2]
        entry = re.search(r"\n    action:\n(.*?)\n    [a-z_]+:\n", returned, re.DOTALL)
        assert entry is not None
        documented.update(re.findall(r"V\((\w+)\)", entry[1]))
    assert documented == set(t.get_args(Action))


def names_in(returned: dict[str, t.Any]) -> list[str]:
    """Return every name in the documentation of a module's result, however deep it lies."""
    found = list(returned)
    for entry in returned.values():
        found += names_in(entry.get("contains", {}))
    return found


@pytest.mark.parametrize("module", sorted(MODULES.glob("*.py")), ids=lambda path: path.stem)
def test_results_can_be_read_with_a_dot(module: pathlib.Path) -> None:
    """``result.keys`` is the method of a dictionary in Jinja; core 2.21's validate-modules refuses such a name."""
    documented = yaml.safe_load(module.read_text().partition('RETURN = r"""')[2].partition('"""')[0])
    assert not set(names_in(documented)) & set(dir(dict))
