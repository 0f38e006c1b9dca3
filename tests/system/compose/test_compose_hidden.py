# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWS shows the snapshots of a new composed image and hides the image: one empty look does not make orphans of them."""

from __future__ import annotations

import typing as t

import pytest
from moto.ec2.models import ec2_backends

from emulated_aws.clock import clock
from emulated_aws.ec2.model import Lag
from emulated_aws.identity import HOME_ACCOUNT
from system.compose.asking import HOME, THREE_KEYS, Compose
from system.looking import Looking


def hide(image_id: str, seconds: float) -> None:
    """Let AWS show an image no earlier than in so many seconds."""
    image: t.Any = ec2_backends[HOME_ACCOUNT][HOME].amis[image_id]
    image.lag = Lag(clock.now() + seconds, clock.now() + seconds)


@pytest.mark.parametrize("hidden", [5, 60, 140])
@pytest.mark.parametrize("state", ["available", "pending"])
def test_a_hidden_image_of_an_instance_is_awaited(compose: Compose, look: Looking, hidden: int, state: str) -> None:
    before, images = set(look.snapshots(HOME)), {one["ImageId"] for one in look.images(HOME)}
    made = compose("database", method="instance", device_mapping=THREE_KEYS)
    ec2_backends[HOME_ACCOUNT][HOME].amis[made["image_id"]].state = state
    hide(made["image_id"], hidden)
    gone = compose("database", method="instance", device_mapping=THREE_KEYS, state="absent")
    assert (gone.msg, gone["image"]["removed"][0]) == ("", made["image_id"])
    assert set(look.snapshots(HOME)) == before and {one["ImageId"] for one in look.images(HOME)} == images


def test_a_hidden_image_of_snapshots_is_not_called_absent(compose: Compose, look: Looking) -> None:
    """AWS does not say for which image its snapshots were made, but refuses to delete what one uses."""
    before = set(look.snapshots(HOME))
    made = compose("database", method="snapshots", device_mapping=THREE_KEYS)
    hide(made["image_id"], 140)
    gone = compose("database", method="snapshots", device_mapping=THREE_KEYS, state="absent")
    snapshots = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert gone.failed and not gone["changed"] and set(gone["image"]["left"]) == snapshots
    assert all(one in gone.msg for one in snapshots) and "does not show that image yet" in gone.msg
    look.emulator.advance(140)
    gone = compose("database", method="snapshots", device_mapping=THREE_KEYS, state="absent")
    assert (gone.msg, gone["image"]["removed"][0], set(look.snapshots(HOME))) == ("", made["image_id"], before)


def test_a_hidden_image_that_is_met_gets_what_is_asked_for(compose: Compose, look: Looking) -> None:
    """Its name is taken when the run registers its own: what a new image would have had from birth is set on it."""
    asked: dict[str, t.Any] = {"method": "snapshots", "device_mapping": THREE_KEYS}
    first = compose("database", **asked, description="one", tags={"Team": "a"})
    hide(first["image_id"], 60)
    met = compose("database", **asked, description="two", tags={"Team": "b"}, on_failure="rollback")
    image = look.image(HOME, first["image_id"]) or {}
    assert (met.msg, met["image_id"], met["changed"]) == ("", first["image_id"], True)
    assert (image["Description"], look.user_tags(image)) == ("two", {"Team": "b"})
    assert not met["image"].get("created") and not look.calls(action=["DeleteSnapshot", "DeregisterImage"])


def test_what_another_image_uses_is_left_without_trouble(compose: Compose, look: Looking) -> None:
    made = compose("database", method="snapshots", device_mapping=THREE_KEYS)
    image = look.image(HOME, made["image_id"]) or {}
    look.ec2(HOME).register_image(
        Name="another", RootDeviceName=image["RootDeviceName"], BlockDeviceMappings=[
            {"DeviceName": one["DeviceName"], "Ebs": {"SnapshotId": one["Ebs"]["SnapshotId"]}}
            for one in image["BlockDeviceMappings"]
        ],
    )  # fmt: skip
    gone = compose("database", method="snapshots", device_mapping=THREE_KEYS, state="absent")
    assert (gone.msg, gone["image"]["removed"]) == ("", [made["image_id"]])
