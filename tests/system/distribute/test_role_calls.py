# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls the owner makes: as many as there are images, whatever the number of accounts, but for grants."""

from __future__ import annotations

import collections

from system.distribute.scene import AWAY, HOME, OWNER, TARGETS, Stage

THREE = TARGETS.replace(f", {AWAY}]", "]")
ONE = THREE.partition("\n  - account: staging")[0]


def calls(stage: Stage, *, dry: bool) -> dict[str, int]:
    """Return how often the owner made each call, and forget them all."""
    found = [one for one in stage.emulator.calls(account=OWNER) if bool(one["parameters"].get("DryRun")) == dry]
    return dict(collections.Counter(one["action"] for one in found))


def test_the_owner_s_calls(stage: Stage) -> None:
    counted = {}
    for name, targets in {"one": ONE, "three": THREE}.items():
        stage.reset()
        role = stage.role(targets)
        stage.emulator.clear_calls()
        assert role.play() == ""
        counted[name] = calls(stage, dry=False), calls(stage, dry=True)
    (few, few_dry), (many, many_dry) = counted["one"], counted["three"]
    of_grants = {"CreateGrant", "RevokeGrant", "ListGrants", "DescribeKey", "GetCallerIdentity"}
    for action in sorted({*few, *many} - of_grants):
        assert many[action] == few[action], f"{action} is made for each account"
    # Two images, each under a key of its own, and each of three accounts for which both are granted.
    assert (few["CreateGrant"], many["CreateGrant"]) == (few["RevokeGrant"], many["RevokeGrant"]) == (2, 6)
    assert few["ModifyImageAttribute"] == few["ModifySnapshotAttribute"] == 4, "each image is given and taken once"
    assert {name: many_dry[name] for name in few_dry if name not in of_grants} == {
        name: count for name, count in few_dry.items() if name not in of_grants
    }


def test_a_run_with_nothing_to_do_tries_nothing(stage: Stage) -> None:
    role = stage.role(ONE)
    assert role.play() == ""
    stage.emulator.clear_calls()
    again = stage.role(ONE)
    assert (again.play(), again.changed, stage.owner.mutations()) == ("", [], [])
    assert [one["action"] for one in stage.emulator.calls() if one["parameters"].get("DryRun")] == []
    assert stage.copies("210987654321", HOME)
