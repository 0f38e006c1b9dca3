# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook: images of one account end in three others, under their keys, and nothing is left of the way there."""

from __future__ import annotations

import pathlib

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.distribute.scene import (
    AWAY,
    CONSUMERS,
    DIRECT,
    HOME,
    KEYS,
    LOCKED,
    NOTHING,
    OWNER,
    OWNERS,
    SMALL,
    TARGETS,
    Accounts,
)
from system.looking import tags
from system.running import RunPlaybook

PLAYBOOK = pathlib.Path("sealed.ami.distribute")
QUICK = {"distribute_wait_delay": 1, "distribute_grant_timeout": 0}


class Scene(Accounts):
    """The same accounts, with a file of targets for whole plays."""

    def __init__(self, emulator: Emulator, oracle: Guard, folder: pathlib.Path) -> None:
        super().__init__(emulator, oracle)
        self.path = folder / "mine.image_targets.yml"
        self.path.write_text(TARGETS)
        self.allow("image-owner", OWNER, OWNERS)
        for number in KEYS:
            self.allow("image-copier", number, CONSUMERS)


@pytest.fixture
def scene(served_emulator: Emulator, oracle: Guard, tmp_path: pathlib.Path) -> Scene:
    """Return three accounts with a key in two regions each."""
    return Scene(served_emulator, oracle, tmp_path)


def test_three_accounts_and_two_regions(scene: Scene, run_playbook: RunPlaybook) -> None:
    assert scene.left() == NOTHING
    played = run_playbook(PLAYBOOK, "-i", str(scene.path), "--forks", "3", **QUICK)
    assert played.status == 0, played.explain()
    for number, alias in KEYS.items():
        for region in (HOME, AWAY):
            look = scene.consumers[number]
            copies = scene.copies(number, region)
            assert len(copies) == 2
            for image in copies:
                assert set(look.keys(region, image["ImageId"]).values()) == {look.key_arn(alias, region)}
                assert tags(image)["Stage"] == "golden"
    assert scene.left() == NOTHING


def test_killed_taken_up_and_nothing_to_do(scene: Scene, run_playbook: RunPlaybook) -> None:
    """The first run ends once everything is given; the second makes no other intermediate, and leaves none."""
    scene.path.write_text(SMALL.replace(DIRECT, LOCKED))
    options = ("-i", str(scene.path))
    given = run_playbook(PLAYBOOK, *options, "--tags", "owner", **QUICK)
    assert given.status == 0, given.explain()
    left = scene.left()
    assert (len(left["alias/data"]), len(left["intermediates"]), left[LOCKED]) == (1, 1, ([], []))
    shared = scene.owner.ec2(HOME).describe_image_attribute(
        ImageId=left["intermediates"][0], Attribute="launchPermission"
    )
    assert shared["LaunchPermissions"] == [{"UserId": "210987654321"}]

    played = run_playbook(PLAYBOOK, *options, **QUICK)
    assert played.status == 0, played.explain()
    copies = [one["parameters"] for one in scene.emulator.calls(action="CopyImage")]
    made = [one for one in copies if one["SourceImageId"] == LOCKED and not one.get("DryRun")]
    assert len(made) == 1, "the intermediate was made twice"
    assert scene.left() == NOTHING and len(scene.copies("210987654321", HOME)) == 1

    scene.emulator.clear_calls()
    again = run_playbook(PLAYBOOK, *options, **QUICK)
    assert (again.status, again.changed) == (0, 0), again.explain()
    assert scene.owner.mutations() == []


def test_a_consumer_that_fails_keeps_everything_and_is_named(scene: Scene, run_playbook: RunPlaybook) -> None:
    scene.path.write_text(SMALL)
    scene.allow("image-copier", "210987654321", ("info", "grant"))
    # Asked beforehand, it would be given nothing.
    failed = run_playbook(PLAYBOOK, "-i", str(scene.path), **QUICK, distribute_check_key_access="false")
    assert failed.status != 0
    for word in ("production", DIRECT):
        assert word in failed.explain()
    assert scene.left()[DIRECT][0] and len(scene.left()["alias/golden"]) == 1
