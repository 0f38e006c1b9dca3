# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each action of the policies in docs/iam, taken away alone, is named before anything is copied, shared or granted."""

from __future__ import annotations

import pytest

from system.distribute.scene import CONSUMERS, FIRST, HOME, NOTHING, OWNERS, Stage, policies


def actions(names: tuple[str, ...]) -> list[str]:
    """Return every action of these policies."""
    return sorted(
        {action for policy in policies(names) for statement in policy["Statement"] for action in statement["Action"]}
    )


# What a grant of the owner gives by itself, once it is there: no policy of the consumer takes part.
BY_GRANT = {"kms:ReEncryptFrom"}


@pytest.mark.parametrize("action", actions(OWNERS))
def test_what_the_owner_lacks(stage: Stage, action: str) -> None:
    role = stage.role(owner=action)
    stage.emulator.clear_calls()
    failure = role.play("look", "find", "give")
    assert action in f"{failure}\n{role.told}"
    if failure:
        assert (stage.owner.mutations(), stage.left()) == ([], NOTHING)


@pytest.mark.parametrize("action", actions(CONSUMERS))
def test_what_a_consumer_lacks(stage: Stage, action: str) -> None:
    role = stage.role(consumer=action)
    stage.emulator.clear_calls()
    failure = role.play("look", "find")
    told = f"{failure}\n{role.told}\n{role.hosts['production'].get('distribute_error')}"
    assert stage.owner.mutations() == [], "it is asked before anything is given"
    if action in BY_GRANT:
        assert role.play() == "" and len(stage.copies(FIRST, HOME)) == 2
        return
    assert action in told
    if "distribute_error" in role.hosts["production"]:
        assert action in role.play()
        assert (stage.owner.mutations(), stage.left()) == ([], NOTHING), "nothing is given to whom may not take it"
