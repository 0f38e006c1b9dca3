# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS shows the snapshots of a new copy and hides the copy: one empty look does not make orphans of them."""

from __future__ import annotations

import typing as t

import pytest
from moto.ec2.models import ec2_backends

from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG, KEY_TAG
from emulated_aws.clock import clock
from emulated_aws.ec2.model import Lag
from emulated_aws.identity import HOME_ACCOUNT
from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import copied_snapshots, ids
from system.looking import Looking

GOLDEN: dict[str, t.Any] = {"kms_key_id": "alias/golden"}


def hide(image_id: str, seconds: float) -> None:
    """Let AWS show an image no earlier than in so many seconds."""
    image: t.Any = ec2_backends[HOME_ACCOUNT][AWAY].amis[image_id]
    image.lag = Lag(clock.now() + seconds, clock.now() + seconds)


@pytest.mark.parametrize("hidden", [5, 60, 140])
@pytest.mark.parametrize("is_pending", [pytest.param(True, id="pending"), pytest.param(False, id="available")])
def test_a_hidden_copy_is_removed_and_not_bereft(copy: Copy, look: Looking, hidden: int, is_pending: bool) -> None:
    made = copy("plain-root", **GOLDEN)
    if is_pending:
        image: t.Any = ec2_backends[HOME_ACCOUNT][AWAY].amis[made["image_id"]]
        image.state = "pending"
    hide(made["image_id"], hidden)
    before = clock.now()
    gone = copy("plain-root", **GOLDEN, state="absent")
    assert (gone.msg, gone["image"]["removed"][0]) == ("", made["image_id"])
    assert hidden <= clock.now() - before < hidden + 60
    assert (ids(look), copied_snapshots(look)) == (set(), set())


@pytest.mark.parametrize("check", [True, False])
def test_a_hidden_copy_keeps_its_snapshots_beside_a_new_key(copy: Copy, look: Looking, check: bool) -> None:
    """``superseded`` looks for what copies under other keys have left."""
    old = copy("plain-root", kms_key_id="alias/os")
    hide(old["image_id"], 100)
    new = copy("plain-root", **GOLDEN, superseded="deregister", check=check)
    assert (new.msg, new["image"]["action"]) == ("", "replaced")
    assert check or (new["image"]["removed"][0], ids(look)) == (old["image_id"], {new["image_id"]})


@pytest.mark.parametrize(("age", "waits"), [(0, True), (900, True), (1100, False)])
def test_the_snapshots_of_a_copy_that_is_gone(copy: Copy, look: Looking, age: int, waits: bool) -> None:
    """Old ones are nobody's at the first look; young ones once AWS cannot be hiding their image any more."""
    made = copy("plain-root", **GOLDEN)
    look.ec2(AWAY).deregister_image(ImageId=made["image_id"])
    look.emulator.advance(age)
    before = clock.now()
    gone = copy("plain-root", **GOLDEN, state="absent")
    assert (gone.msg, gone["changed"], copied_snapshots(look)) == ("", True, set())
    assert (clock.now() - before >= 150) is waits


@pytest.mark.parametrize("tag", [COPY_TAG, KEY_TAG])
def test_for_snapshots_that_stay_in_any_case_nobody_waits(copy: Copy, look: Looking, tag: str) -> None:
    """Without one of our tags a snapshot is not proven to be ours."""
    made = copy("plain-root", **GOLDEN)
    snapshots = sorted(copied_snapshots(look))
    look.ec2(AWAY).delete_tags(Resources=snapshots, Tags=[{"Key": tag}])
    look.ec2(AWAY).deregister_image(ImageId=made["image_id"])
    before = clock.now()
    gone = copy("plain-root", **GOLDEN, state="absent")
    assert (gone.msg, gone["changed"], sorted(copied_snapshots(look))) == ("", False, snapshots)
    assert clock.now() - before < 30
