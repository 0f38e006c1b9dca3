# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance that is held for tasks of the user: the image is made of this one, and nothing else is taken for it."""

from __future__ import annotations

import typing as t

import pytest

from system.compose.asking import ALIASES, EMPTY_VOLUME, HOME, SOURCES, THREE_KEYS, Compose, sealed
from system.looking import Looking, tags

WITH_EMPTY = [*THREE_KEYS, EMPTY_VOLUME]
ASKED: t.Final[dict[str, t.Any]] = {"name": "held", "method": "instance", "device_mapping": WITH_EMPTY}
HOLD: t.Final = {"hold": True}


def instances(look: Looking) -> dict[str, dict[str, t.Any]]:
    """Return the living instances of the source image."""
    wanted = [{"Name": "image-id", "Values": [SOURCES["database"]]}]
    found = look.ec2(HOME).describe_instances(Filters=wanted)["Reservations"]
    alive = [one for entry in found for one in entry["Instances"] if one["State"]["Name"] != "terminated"]
    return {one["InstanceId"]: one for one in alive}


def devices(instance: t.Mapping[str, t.Any]) -> set[str]:
    """Return the devices that have a volume."""
    return {one["DeviceName"] for one in instance["BlockDeviceMappings"]}


@pytest.fixture
def before(look: Looking) -> set[str]:
    """Return the instances that were there before."""
    return set(instances(look))


def test_the_image_is_made_of_the_instance_that_was_held(compose: Compose, look: Looking, before: set[str]) -> None:
    held = compose("database", **ASKED, instance=HOLD)
    assert (held.msg, held["image"]["action"], held["image_id"]) == ("", "prepared", None)
    instance_id = held["image"]["instance_id"]
    (builder,) = [one for name, one in instances(look).items() if name not in before]
    assert (builder["InstanceId"], builder["State"]["Name"]) == (instance_id, "running")
    assert devices(builder) == {*ALIASES, "/dev/sdh"}

    # An interrupted run has stopped it already: it runs again, and no other is launched.
    look.ec2(HOME).stop_instances(InstanceIds=[instance_id])
    again = compose("database", **ASKED, instance=HOLD)
    assert again["image"]["instance_id"] == instance_id
    assert instances(look)[instance_id]["State"]["Name"] == "running"

    look.emulator.clear_calls()
    made = compose("database", **ASKED, instance={"held_instance_id": instance_id})
    assert (made.msg, made["image"]["action"]) == ("", "composed")
    assert sealed(look, HOME, made["image_id"]) == {**ALIASES, "/dev/sdh": "alias/golden"}
    assert look.emulator.calls(action="RunInstances") == []
    assert (look.image(HOME, made["image_id"]) or {})["SourceInstanceId"] == instance_id
    assert set(instances(look)) == before


def test_check_mode_says_what_holding_would_do(compose: Compose, look: Looking) -> None:
    look.emulator.clear_calls()
    planned = compose("database", **ASKED, instance=HOLD, check=True, diff=True)
    assert (planned["changed"], planned["image"]["action"]) == (True, "prepared")
    assert look.mutations() == []


@pytest.mark.parametrize("wears", ["all tags", "no tags"])
def test_an_instance_that_was_not_launched_for_the_image_is_left_alone(
    compose: Compose, look: Looking, before: set[str], wears: str
) -> None:
    held = compose("database", **ASKED, instance=HOLD)
    builder = instances(look)[held["image"]["instance_id"]]
    worn = tags(builder) if wears == "all tags" else {"Name": "production"}
    carried = [{"Key": key, "Value": value} for key, value in worn.items()]
    launched = look.ec2(HOME).run_instances(
        ImageId=SOURCES["database"], MinCount=1, MaxCount=1, InstanceType="t3.small",
        TagSpecifications=[{"ResourceType": "instance", "Tags": carried}],
    )  # fmt: skip
    decoy = launched["Instances"][0]["InstanceId"]
    refused = compose("database", **ASKED, instance={"held_instance_id": decoy})
    assert refused.failed and decoy in refused.msg and "was not launched for" in refused.msg
    assert instances(look)[decoy]["State"]["Name"] in ("pending", "running")
    assert devices(instances(look)[decoy]) == set(ALIASES)
    assert [one for one in look.images(HOME) if one["Name"] == "held"] == []


@pytest.mark.parametrize("other", ["a device less", "another size"])
def test_an_instance_that_was_held_for_other_devices_is_left_alone(
    compose: Compose, look: Looking, before: set[str], other: str
) -> None:
    """It is ours, and of this very name; its volumes are not what is asked for now."""
    held = compose("database", **ASKED, instance=HOLD)["image"]["instance_id"]
    mapping = ASKED["device_mapping"][:-1]
    if other == "another size":
        mapping = [*mapping, {**ASKED["device_mapping"][-1], "volume_size": 6}]
    refused = compose("database", **{**ASKED, "device_mapping": mapping}, instance={"held_instance_id": held})
    assert refused.failed and f"instance {held} was not launched for image 'held' with these devices" in refused.msg
    assert instances(look)[held]["State"]["Name"] == "running" and set(instances(look)) == {*before, held}
    made = compose("database", **ASKED, instance={"held_instance_id": held})
    assert (made.msg, set(instances(look))) == ("", before)


def test_what_is_held_can_be_removed_and_the_image_stays(compose: Compose, look: Looking, before: set[str]) -> None:
    made = compose("database", name="held", device_mapping=WITH_EMPTY)
    assert made.msg == ""
    held = compose("database", **{**ASKED, "name": "other"}, instance=HOLD)
    assert held["image"]["action"] == "prepared"
    for name in ("other", "held"):
        gone = compose("database", **{**ASKED, "name": name}, instance=HOLD, state="absent")
        assert (gone.msg, gone["changed"]) == ("", name == "other")
    assert set(instances(look)) == before
    assert look.image(HOME, made["image_id"]) is not None


def test_a_held_instance_that_is_gone_is_said(compose: Compose, look: Looking, before: set[str]) -> None:
    held = compose("database", **ASKED, instance=HOLD)
    look.ec2(HOME).terminate_instances(InstanceIds=[held["image"]["instance_id"]])
    failed = compose("database", **ASKED, instance={"held_instance_id": held["image"]["instance_id"]})
    assert failed.failed and held["image"]["instance_id"] in failed.msg and "is gone" in failed.msg
    assert set(instances(look)) <= before | {held["image"]["instance_id"]}


def test_a_plain_run_takes_no_instance_that_is_held(compose: Compose, look: Looking, before: set[str]) -> None:
    """Tasks may have come half-way on it: only who names it says that they are done."""
    held = compose("database", **ASKED, instance=HOLD)["image"]["instance_id"]
    made = compose("database", **ASKED)
    assert (made.msg, made["image"]["action"]) == ("", "composed")
    assert (look.image(HOME, made["image_id"]) or {})["SourceInstanceId"] != held
    assert set(instances(look)) == before and held in made["image"]["removed"]


def test_a_disk_of_the_user_on_the_instance_stays(compose: Compose, look: Looking, before: set[str]) -> None:
    """Scripts tag what is attached to an instance after it; the disk is named as nothing that the run made."""
    ec2, held = look.ec2(HOME), compose("database", **ASKED, instance=HOLD)["image"]["instance_id"]
    builder = instances(look)[held]
    kinds = [{"ResourceType": "volume", "Tags": builder["Tags"]}]
    zone = builder["Placement"]["AvailabilityZone"]
    disk = ec2.create_volume(AvailabilityZone=zone, Size=5, Encrypted=True, TagSpecifications=kinds)["VolumeId"]
    look.emulator.advance(100)
    ec2.attach_volume(VolumeId=disk, InstanceId=held, Device="/dev/sdx")
    failed = compose("database", **ASKED, instance={"held_instance_id": held})
    assert failed.failed and "/dev/sdx is not wanted" in failed.msg
    assert set(instances(look)) == before and failed["image"]["created"] == []
    (shown,) = ec2.describe_volumes(VolumeIds=[disk])["Volumes"]
    assert shown["State"] == "available"
    gone = compose("database", **ASKED, instance=HOLD, state="absent")
    assert gone["changed"] is False and [one for one in gone.warnings if disk in one]


@pytest.mark.parametrize("trouble", ["the name is taken", "a key is disabled", "images may not be read"])
def test_a_refusal_names_the_instance_that_is_still_held(
    compose: Compose, look: Looking, before: set[str], trouble: str
) -> None:
    held = compose("database", **ASKED, instance=HOLD)["image"]["instance_id"]
    if trouble == "the name is taken":
        taken = {"SourceImageId": SOURCES["database"], "SourceRegion": HOME, "Name": "held", "Encrypted": True}
        look.ec2(HOME).copy_image(**taken)
    elif trouble == "a key is disabled":
        look.kms(HOME).disable_key(KeyId=look.key_arn("alias/data", HOME))
    else:
        look.emulator.faults.add("access_denied", action="DescribeImages")
    refused = compose("database", **ASKED, instance={"held_instance_id": held})
    look.emulator.faults.clear()
    assert refused.failed and f"instance {held} is still held" in refused.msg
    assert held in instances(look)
    gone = compose("database", **ASKED, instance=HOLD, state="absent")
    assert gone["changed"] and set(instances(look)) == before


@pytest.mark.parametrize("nth", [2, 3])
def test_one_answer_without_the_held_instance_does_not_say_that_it_is_gone(
    compose: Compose, look: Looking, before: set[str], nth: int
) -> None:
    held = compose("database", **ASKED, instance=HOLD)["image"]["instance_id"]
    # The first look searches for what earlier runs have left; the third is for the instance itself.
    changes = [{"path": "Reservations", "set": []}]
    look.emulator.faults.add("mutate", action="DescribeInstances", nth=nth, changes=changes)
    made = compose("database", **ASKED, instance={"held_instance_id": held})
    assert (made.msg, made["image"]["action"]) == ("", "composed")
    assert (look.image(HOME, made["image_id"]) or {})["SourceInstanceId"] == held
    assert set(instances(look)) == before
