# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Play playbooks by their full names: once in check mode, twice in earnest, and once more in check mode."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import ROOT, Play, RunPlaybook

PLAYBOOKS = ROOT / "playbooks"


@dataclasses.dataclass(frozen=True)
class Rounds:
    """The runs of one playbook in their order."""

    predicted: Play
    first: Play
    second: Play
    predicted_after: Play


class PlayRounds(t.Protocol):
    """``rounds("s3_encrypt", sealed_ami_wait=True)``, over the example variables of that playbook.

    ``options`` are those of ansible-playbook.
    """

    def __call__(self, name: str, *options: str, **extra: t.Any) -> Rounds: ...


def example_variables(name: str) -> dict[str, t.Any]:
    """Return the example variables of a playbook, which users pass with ``-e @file``."""
    return t.cast("dict[str, t.Any]", yaml.safe_load((PLAYBOOKS / "vars" / f"{name}.yml").read_text()))


@pytest.fixture
def served_look(served_emulator: Emulator) -> Looking:
    """Look at our account in the emulator of a process."""
    return Looking(served_emulator)


@pytest.fixture
def rounds(run_playbook: RunPlaybook, served_look: Looking) -> PlayRounds:
    """Play all rounds, and demand of each what holds for every playbook."""

    def run(name: str, *options: str, **extra: t.Any) -> Rounds:
        path = pathlib.Path(f"sealed.ami.{name}")
        variables = {**example_variables(name), **extra}
        before = run_playbook(path, "--check", "--diff", *options, **variables)
        assert before.status == 0, before.explain()
        assert served_look.mutations() == [], "check mode has changed something"
        first = run_playbook(path, *options, **variables)
        assert first.status == 0, first.explain()
        assert first.changed > 0 and before.changed > 0
        served_look.emulator.clear_calls()
        second = run_playbook(path, *options, **variables)
        assert (second.status, second.changed) == (0, 0), second.explain()
        after = run_playbook(path, "--check", "--diff", *options, **variables)
        assert (after.status, after.changed) == (0, 0), after.explain()
        assert served_look.mutations() == [], "a second run has changed something"
        return Rounds(before, first, second, after)

    return run
