# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the documentation, played by ansible-playbook against the emulated AWS, and results as it says."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
import yaml

from ansible_collections.sealed.ami.plugins.modules import kms_key_grant as module
from emulated_aws.catalogue_keys import KEYS, key_id
from emulated_aws.identity import HOME_ACCOUNT
from oracle.guard import Guard
from system.running import RunModule, RunPlaybook

TASKS: list[dict[str, t.Any]] = yaml.safe_load(module.EXAMPLES)
RETURNED: dict[str, t.Any] = yaml.safe_load(module.RETURN)


@pytest.fixture(autouse=True)
def keys(oracle: Guard) -> None:
    """Hand the keys of our account over."""
    numbers = [spec.number for spec in KEYS if spec.account == HOME_ACCOUNT]
    arns = [f"arn:aws:kms:us-east-1:{HOME_ACCOUNT}:key/{key_id(number, 'us-east-1')}" for number in numbers]
    oracle.given(*arns, to=["CreateGrant"])


def test_examples_do_what_they_say(run_playbook: RunPlaybook, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}], sort_keys=False))
    played = run_playbook(path)
    assert played.status == 0, played.output + played.errors
    results = [played.result(task["name"]) for task in TASKS]
    assert [[grant["action"] for grant in one["grants"]] for one in results] == [["granted"]] * 3 + [["revoked"], []]


@pytest.mark.parametrize("check", [True, False])
def test_results_are_as_documented(run_module: RunModule, check: bool) -> None:
    result = run_module("kms_key_grant", check=check, **TASKS[0]["sealed.ami.kms_key_grant"])
    assert set(result) - {"invocation", "warnings"} == set(RETURNED)
    assert set(result["grants"][0]) == set(RETURNED["grants"]["contains"])
