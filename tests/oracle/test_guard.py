# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard sees what is done to a running emulator, through both transports, and lets impostors stand beside it."""

from __future__ import annotations

import typing as t

import boto3
import pytest
from botocore.config import Config

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator
from emulated_aws.fixtures import emulator_process, in_process_emulator
from oracle.guard import Guard, verdict
from oracle.judge import Violation

__all__ = ["emulator_process", "in_process_emulator"]
REGION = "eu-west-1"
OWN = {"sealed.ami:copy": "token", "Team": "platform"}


@pytest.fixture(params=["in_process_emulator", "emulator_process"])
def watched(request: pytest.FixtureRequest) -> t.Iterator[tuple[Emulator, Guard]]:
    """Return an emulator and the guard that watches it."""
    emulator: Emulator = request.getfixturevalue(request.param)
    guard = Guard()
    Emulator.watcher = guard
    try:
        emulator.reset(seed="full")
        assert guard.violations == []
        yield emulator, guard
    finally:
        Emulator.watcher = None
        emulator.reset()


def product(emulator: Emulator) -> t.Any:
    """Return a client that calls as the product does."""
    session: boto3.Session = emulator.session()
    return session.client("ec2", region_name=REGION, config=Config(user_agent_extra="sealed.ami"))


def copied(ec2: t.Any, **more: t.Any) -> str:
    """Copy an image with tags of the product's and return the copy's id."""
    specifications = [
        {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in OWN.items()]}
        for kind in ("image", "snapshot")
    ]
    asked = {"SourceImageId": image_id("plain-root"), "SourceRegion": "us-east-1", "Name": "copy", **more}
    return str(ec2.copy_image(**asked, TagSpecifications=specifications)["ImageId"])


def tagged(ec2: t.Any) -> dict[str, set[str]]:
    """Return the ids of everything that carries the tag, by kind."""
    where = [{"Name": "tag:sealed.ami:copy", "Values": ["token"]}]
    reservations = ec2.describe_instances(Filters=where)["Reservations"]
    return {
        "image": {one["ImageId"] for one in ec2.describe_images(Filters=where)["Images"]},
        "snapshot": {one["SnapshotId"] for one in ec2.describe_snapshots(Filters=where)["Snapshots"]},
        "volume": {one["VolumeId"] for one in ec2.describe_volumes(Filters=where)["Volumes"]},
        "instance": {one["InstanceId"] for each in reservations for one in each["Instances"]},
    }


def test_impostors_stand_beside_what_the_product_makes(watched: tuple[Emulator, Guard]) -> None:
    emulator, guard = watched
    ours, hands = product(emulator), emulator.session().client("ec2", region_name=REGION)
    made = copied(ours, Encrypted=True, KmsKeyId="alias/golden")
    seen, shown = tagged(ours), tagged(hands)
    assert {kind: len(ids) for kind, ids in seen.items()} == {"image": 3, "snapshot": 7, "volume": 4, "instance": 1}
    assert shown["image"] == {made} and len(shown["snapshot"]) == 1
    assert not shown["volume"] and not shown["instance"]
    every_id = set().union(*seen.values())
    assert every_id - set().union(*shown.values()) == set(emulator.impostors()["ids"])
    assert tagged(ours) == seen, "they are still there after somebody else has looked"
    emulator.reset()
    assert guard.violations == []


def test_nobody_imitates_what_is_made_by_hand(watched: tuple[Emulator, Guard]) -> None:
    emulator, _guard = watched
    copied(emulator.session().client("ec2", region_name=REGION))
    assert emulator.impostors()["ids"] == []


@pytest.mark.parametrize("kind", ["image", "snapshot", "volume", "instance"])
def test_an_impostor_that_is_touched_is_found(watched: tuple[Emulator, Guard], kind: str) -> None:
    emulator, guard = watched
    ours = product(emulator)
    copied(ours)
    impostors = tagged(ours)[kind] & set(emulator.impostors()["ids"])
    first = sorted(impostors)[0]
    {
        "image": lambda: ours.deregister_image(ImageId=first),
        "snapshot": lambda: ours.create_tags(Resources=[first], Tags=[{"Key": "a", "Value": "b"}]),
        "volume": lambda: ours.create_tags(Resources=[first], Tags=[{"Key": "a", "Value": "b"}]),
        "instance": lambda: ours.terminate_instances(InstanceIds=[first]),
    }[kind]()
    emulator.reset()
    rules = [one.rule for one in guard.violations]
    assert any("that is not ours" in rule for rule in rules)
    assert any(rule.startswith("something with our tags was touched") for rule in rules)


def test_time_alone_touches_no_impostor(watched: tuple[Emulator, Guard]) -> None:
    emulator, guard = watched
    copied(product(emulator), Encrypted=True)
    emulator.advance(10**7)
    emulator.reset()
    assert guard.violations == []


def test_what_the_product_leaves_is_found(watched: tuple[Emulator, Guard]) -> None:
    emulator, guard = watched
    ours = product(emulator)
    made = copied(ours)
    emulator.advance(1)
    ours.deregister_image(ImageId=made)
    emulator.clear_calls()
    emulator.reset()
    assert [one.rule for one in guard.violations] == [
        "an unencrypted snapshot is left unnamed",
        "a snapshot of no image is left unnamed",
    ]


def test_the_verdict_names_each_violation_once() -> None:
    assert verdict([Violation("bad", "x"), Violation("bad", "x")]) == "the product went astray: bad: x"
    assert verdict([]) == ""
