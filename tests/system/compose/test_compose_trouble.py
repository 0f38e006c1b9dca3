# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Trouble on the way: lost answers, quotas, dead keys, time that runs out. Nothing is made twice or left unnamed."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws import inprocess
from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT
from emulated_aws.kms.keys import store
from emulated_aws.wire import Answer, Request
from system.compose.asking import (
    ALIASES,
    EMPTY_VOLUME,
    HOME,
    METHODS,
    SOURCES,
    THREE_KEYS,
    Compose,
    instance_of,
    sealed,
)
from system.looking import Looking
from system.virtual_time import VirtualTime

WITH_EMPTY = [*THREE_KEYS, EMPTY_VOLUME]
SLOW = {
    "copy_seconds_minimum": 300.0, "snapshot_seconds_per_gib": 10.0, "instance_start_seconds": 40.0,
    "instance_stop_seconds": 30.0, "volume_create_seconds": 15.0,
}  # fmt: skip
LAG = {"not_found_lag": 40.0, "tag_filter_lag": 60.0}
CREATING = {
    "snapshots": ["CopySnapshot", "CreateVolume", "CreateSnapshot", "RegisterImage"],
    "instance": ["RunInstances", "CreateVolume", "AttachVolume", "CreateImage"],
}


def existing(look: Looking) -> set[str]:
    """Return the ids of what is there and was not from the start."""
    images = {one["ImageId"] for one in look.ec2(HOME).describe_images(Owners=["self"])["Images"]}
    volumes = {one["VolumeId"] for one in look.ec2(HOME).describe_volumes()["Volumes"]}
    reservations = look.ec2(HOME).describe_instances()["Reservations"]
    instances = {
        one["InstanceId"]
        for reservation in reservations
        for one in reservation["Instances"]
        if one["State"]["Name"] != "terminated"
    }
    return {*images, *volumes, *instances, *look.snapshots(HOME)}


# How often a call that takes no client token takes effect in one run.
WITHOUT_TOKEN = {"CopySnapshot": 3, "CreateSnapshot": 1, "RegisterImage": 1, "CreateImage": 1}
# A throttled call has no effect.
LOSSES = [("drop", "before"), ("drop", "after"), ("server_error", "before"), ("server_error", "after"),
          ("throttled", "before")]  # fmt: skip


@pytest.mark.parametrize(("kind", "when"), LOSSES)
@pytest.mark.parametrize(("method", "action"), [(method, action) for method in METHODS for action in CREATING[method]])
def test_a_lost_answer_makes_nothing_twice(
    compose: Compose, look: Looking, emulator: Emulator, method: str, action: str, when: str, kind: str
) -> None:
    emulator.configure(**SLOW, **LAG)
    emulator.faults.add(kind, action=action, nth=1, when=when)
    before = existing(look)
    made = compose("database", method=method, device_mapping=WITH_EMPTY)
    assert (made.msg, made["changed"]) == ("", True)
    emulator.advance(120)
    expected = {made["image_id"], *(one["snapshot_id"] for one in made["image"]["snapshots"])}
    assert existing(look) - before == expected
    # Nor is anything made twice that is swept up afterwards: a call without a client token is not repeated blindly.
    if action in WITHOUT_TOKEN:
        done = [call for call in look.calls(action=action) if call["took_effect"]]
        assert len(done) == WITHOUT_TOKEN[action]
        # AWS refuses a second image of the name; it is not to be asked for one either.
        assert when == "before" or len(look.calls(action=action)) == WITHOUT_TOKEN[action]
    assert compose("database", method=method, device_mapping=WITH_EMPTY)["changed"] is False


def test_quotas_are_waited_for(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.configure(**SLOW, concurrent_snapshot_copies=1)
    made = compose("database", device_mapping=THREE_KEYS)
    assert made.msg == "" and sealed(look, HOME, made["image_id"]) == ALIASES
    refused = [call for call in look.calls(action="CopySnapshot") if call["error"] == "ResourceLimitExceeded"]
    assert 0 < len(refused) < 5


def test_no_more_than_twenty_copies_at_once(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.configure(**SLOW)
    snapshot = look.ec2(HOME).describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["plain-root"]}])
    snapshot_id = snapshot["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    letters = "bcdefghijklmnopqrstuvwx"
    mapping = [{"device_name": f"/dev/sd{letter}", "snapshot_id": snapshot_id} for letter in letters]
    made = compose("plain-root", kms_key_id="alias/data", device_mapping=mapping, wait_timeout=36000)
    assert made.msg == "" and len(made["image"]["snapshots"]) == 24
    assert {call["error"] for call in look.calls(action="CopySnapshot")} == {None}


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize("method", METHODS)
def test_a_key_that_is_switched_off_on_the_way(
    compose: Compose, look: Looking, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, method: str, on_failure: str
) -> None:
    emulator.configure(**SLOW)
    before, key = existing(look), look.key_arn("alias/data", HOME)
    serve = inprocess.application().serve

    def switching_off(request: Request) -> Answer:
        answer = serve(request)
        if request.action in ("CopySnapshot", "RunInstances"):
            store(HOME_ACCOUNT, HOME).disable_key(key.rpartition("/")[2])
        return answer

    monkeypatch.setattr(inprocess.application(), "serve", switching_off)
    failed = compose("database", method=method, device_mapping=THREE_KEYS, on_failure=on_failure)
    reason = "Given key ID is not accessible" if method == "snapshots" else "key provided is in an incorrect state"
    assert failed.failed and reason in failed.msg and f"alias/data ({key}) in us-east-1 is Disabled" in failed.msg
    emulator.advance(600)
    left = existing(look) - before
    assert left == set(failed["image"]["created"])
    assert (failed["image_id"], failed["image"]["state"]) == (None, "absent")
    assert bool(left) == ((method, on_failure) == ("snapshots", "keep"))
    monkeypatch.undo()
    look.kms(HOME).enable_key(KeyId=key)


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize("method", METHODS)
def test_a_failure_names_what_is_there(
    compose: Compose, look: Looking, emulator: Emulator, method: str, on_failure: str
) -> None:
    emulator.configure(**SLOW)
    before = existing(look)
    action = "RegisterImage" if method == "snapshots" else "CreateImage"
    emulator.faults.add("error", action=action, code="InvalidBlockDeviceMapping", status=400, message="No such luck.")
    failed = compose("database", method=method, device_mapping=WITH_EMPTY, on_failure=on_failure)
    assert failed.failed and "No such luck." in failed.msg
    emulator.advance(600)
    left = existing(look) - before
    assert left == set(failed["image"]["created"])
    assert len(left) == (4 if (method, on_failure) == ("snapshots", "keep") else 0)
    assert not [one for one in left if not one.startswith("snap-")]
    emulator.faults.clear()
    made = compose("database", method=method, device_mapping=WITH_EMPTY)
    assert made.msg == ""
    assert left <= {one["snapshot_id"] for one in made["image"]["snapshots"]}


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param({"tag_filter_lag": 600}, id="tags are not found yet"),
        pytest.param({"tag_filter_lag": 600, "image": True}, id="nor is the image shown"),
        pytest.param({"tag_filter_lag": 0, "image": True}, id="the image is not shown yet"),
    ],
)
def test_a_rollback_finds_the_snapshots_of_an_image_that_hides_them(
    compose: Compose, look: Looking, emulator: Emulator, hidden: dict[str, t.Any]
) -> None:
    """A pending image does not show them; AWS's descriptions of them name the image."""
    emulator.configure(**SLOW, tag_filter_lag=hidden["tag_filter_lag"])
    before = existing(look)
    if hidden.get("image"):
        empty = [{"path": "Images", "set": []}]
        emulator.faults.add("mutate", action="DescribeImages", region=HOME, skip=4, changes=empty)
    failed = compose("database", method="instance", device_mapping=THREE_KEYS, on_failure="rollback", wait_timeout=150)
    assert failed.failed
    emulator.faults.clear()
    emulator.advance(1000)
    assert existing(look) - before == set(failed["image"]["created"]) == set()


def test_time_runs_out_and_the_next_run_resumes(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.configure(**SLOW)
    before = existing(look)
    late = compose("database", device_mapping=THREE_KEYS, wait_timeout=60)
    assert late.failed and "wait_timeout of 60 s" in late.msg and "resumes" in late.msg
    assert existing(look) - before == set(late["image"]["created"])
    made = compose("database", device_mapping=THREE_KEYS)
    assert {one["snapshot_id"] for one in made["image"]["snapshots"]} == set(late["image"]["created"])
    assert len(look.calls(action="CopySnapshot")) == 3


def test_the_snapshots_of_a_pending_image_are_named(compose: Compose, look: Looking, emulator: Emulator) -> None:
    """A pending image does not show its snapshots; their tags do, and how far they are."""
    emulator.configure(**SLOW)
    before = existing(look)
    late = compose(None, instance_id=instance_of(look), device_mapping=THREE_KEYS, wait_timeout=60)
    assert late.failed and late["image"]["state"] == "pending"
    assert existing(look) - before == set(late["image"]["created"])
    assert len(late["image"]["created"]) == 4


@pytest.mark.parametrize("kind", ["throttled", "unreachable"])
@pytest.mark.parametrize("from_instance", [pytest.param(False, id="copies"), pytest.param(True, id="of an instance")])
def test_the_timeout_holds_where_aws_cannot_be_asked(
    compose: Compose, look: Looking, emulator: Emulator, virtual_time: VirtualTime, kind: str, from_instance: bool
) -> None:
    emulator.configure(copy_seconds_minimum=3000, snapshot_seconds_per_gib=3000.0)
    instance_id = instance_of(look) if from_instance else None
    emulator.faults.add(kind, action="Describe*", starts_in=10)
    begun = virtual_time.now()
    source = None if from_instance else "database"
    late = compose(source, instance_id=instance_id, device_mapping=THREE_KEYS, wait_timeout=30)
    assert late.failed and "wait_timeout of 30 s" in late.msg and late["image"]["created"]
    assert virtual_time.now() - begun == pytest.approx(30, abs=2)


@pytest.mark.parametrize("wait_timeout", [20, 60, 300])
def test_an_instance_never_outlives_its_task(
    compose: Compose, look: Looking, emulator: Emulator, wait_timeout: int
) -> None:
    emulator.configure(**SLOW)
    before = existing(look)
    late = compose("database", method="instance", device_mapping=WITH_EMPTY, wait_timeout=wait_timeout)
    assert late.failed and f"wait_timeout of {wait_timeout} s" in late.msg
    assert existing(look) == before
    assert late["image"]["created"] == []
    assert compose("database", method="instance", device_mapping=WITH_EMPTY).msg == ""


def test_a_key_that_aws_chose_otherwise_is_seen(compose: Compose, look: Looking, emulator: Emulator) -> None:
    """AWS decides about keys in the end; what it made under another key is never registered."""
    emulator.configure(**SLOW)
    wrong = look.key_arn("alias/golden", HOME)
    change = {"path": "Snapshots.*.KmsKeyId", "set": wrong}
    # The first looks are at the source and at what earlier runs have left.
    emulator.faults.add("mutate", action="DescribeSnapshots", skip=2, changes=[change])
    failed = compose("database", device_mapping=THREE_KEYS, on_failure="rollback")
    assert failed.failed and wrong in failed.msg and "wanted key alias/" in failed.msg
    assert look.calls(action="RegisterImage") == [] and failed["image"]["created"] == []


def test_a_device_that_aws_dropped_is_missed(compose: Compose, emulator: Emulator) -> None:
    changes = [{"path": "Images.*.BlockDeviceMappings", "keep": 1}]
    # The first looks are at the source and at images of the name.
    emulator.faults.add("mutate", action="DescribeImages", skip=2, changes=changes)
    failed = compose("database", device_mapping=THREE_KEYS)
    assert failed.failed and "is not sealed" in failed.msg
    assert [word for word in ("/dev/sdg is missing", "/dev/xvda is missing") if word not in failed.msg] == []
    assert failed["image"]["image_id"] in failed["image"]["created"]


def test_nothing_plain_is_made_on_the_way(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.configure(**SLOW)
    for method in METHODS:
        assert compose("database", name=method, method=method, device_mapping=WITH_EMPTY).msg == ""
    sent: list[dict[str, t.Any]] = [
        call["parameters"] for call in look.calls(action="C*") if call["action"] in ("CopySnapshot", "CreateVolume")
    ]
    assert len(sent) == 5 and all(one["Encrypted"] and one["KmsKeyId"] for one in sent)
    (launch,) = look.calls(action="RunInstances")
    mappings = launch["parameters"]["BlockDeviceMappings"]
    assert len(mappings) == 3 and all(one["Ebs"]["Encrypted"] and one["Ebs"]["KmsKeyId"] for one in mappings)
    for action in ("RegisterImage", "CreateImage"):
        (made,) = look.calls(action=action)
        for one in made["parameters"]["BlockDeviceMappings"]:
            assert {"Encrypted", "KmsKeyId"}.isdisjoint(one["Ebs"])


@pytest.mark.parametrize("fault", ["out of reach", "an empty answer"])
@pytest.mark.parametrize("method", METHODS)
def test_a_volume_that_is_not_shown_is_not_gone(
    compose: Compose, look: Looking, emulator: Emulator, virtual_time: VirtualTime, method: str, fault: str
) -> None:
    """An outage of 100 s, or one answer without the volume, says nothing about it, nor about its key."""
    emulator.configure(**SLOW)

    def disturb() -> None:
        if fault == "out of reach":
            emulator.faults.add("unreachable", action="DescribeVolumes")
            virtual_time.later(100, emulator.faults.clear)
        else:
            changes = [{"path": "Volumes", "set": []}]
            emulator.faults.add("mutate", action="DescribeVolumes", nth=1, changes=changes)

    virtual_time.later(3, disturb)
    made = compose("database", method=method, device_mapping=WITH_EMPTY)
    assert made.msg == "" and sealed(look, HOME, made["image_id"]) == {**ALIASES, "/dev/sdh": "alias/golden"}


def test_what_is_not_shown_at_the_end_is_removed_all_the_same(
    compose: Compose, look: Looking, emulator: Emulator
) -> None:
    """Answers without any volume say nothing: each that was made is deleted, and AWS says when it is gone."""
    before = existing(look)
    emulator.faults.add("error", action="CreateImage", code="InvalidBlockDeviceMapping", status=400, message="No.")
    serve = inprocess.application().serve

    def emptying(request: Request) -> Answer:
        if request.action == "CreateImage":
            emulator.faults.add("mutate", action="DescribeVolumes", changes=[{"path": "Volumes", "set": []}])
        return serve(request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inprocess.application(), "serve", emptying)
        failed = compose("database", method="instance", device_mapping=WITH_EMPTY)
    emulator.faults.clear()
    assert failed.failed and failed["image"]["created"] == []
    assert existing(look) == before


@pytest.mark.parametrize("is_lost", [False, True], ids=["made by this run", "AWS's answer was lost"])
def test_an_image_without_its_billing_goes_if_this_run_made_it(
    compose: Compose, look: Looking, emulator: Emulator, is_lost: bool
) -> None:
    changes = [{"path": "Images.*.UsageOperation", "set": "RunInstances:0010"}]
    emulator.faults.add("mutate", action="DescribeImages", resource=SOURCES["plain-root"], changes=changes)
    if is_lost:
        emulator.faults.add("drop", action="RegisterImage", nth=1, when="after")
    failed = compose("plain-root", method="snapshots", kms_key_id="alias/os")
    emulator.faults.clear()
    assert failed.failed and "lost billing information" in failed.msg
    assert [one["State"] for one in look.images(HOME) if one["Name"] == "composed"] == ["available"] * is_lost


@pytest.mark.parametrize("goes_on", [False, True], ids=["for a while", "for good"])
def test_a_snapshot_in_use_is_not_said_to_be_removed(
    compose: Compose, look: Looking, emulator: Emulator, virtual_time: VirtualTime, goes_on: bool
) -> None:
    """AWS may count a snapshot as used after its image is gone: the builder's task has run out, and cleans up."""
    before = existing(look)
    emulator.configure(snapshot_seconds_per_gib=3000.0)
    emulator.faults.add("error", action="DeleteSnapshot", code="InvalidSnapshot.InUse", status=400, message="In use.")
    if not goes_on:
        virtual_time.later(250, emulator.faults.clear)
    late = compose("database", method="instance", device_mapping=THREE_KEYS, wait_timeout=200)
    emulator.faults.clear()
    left = existing(look) - before
    assert late.failed and left == {one for one in late["image"]["created"] if one.startswith("snap-")}
    assert bool(left) is goes_on and not left & set(late["image"]["removed"])


def deregistered(look: Looking, emulator: Emulator, image_id: str) -> None:
    """Deregister an image that AWS goes on to show, with its name and mapping, as it may for a while."""
    shown = look.image(HOME, image_id)
    look.ec2(HOME).deregister_image(ImageId=image_id)
    emulator.advance(4000)
    changes = [{"path": "Images", "set": [{**(shown or {}), "State": "deregistered"}]}]
    emulator.faults.add("mutate", action="DescribeImages", changes=changes)


def test_a_deregistered_image_that_is_still_shown_uses_nothing(
    compose: Compose, look: Looking, emulator: Emulator
) -> None:
    before = existing(look)
    made = compose("database", device_mapping=THREE_KEYS)
    deregistered(look, emulator, made["image_id"])
    gone = compose("database", device_mapping=THREE_KEYS, state="absent")
    emulator.faults.clear()
    ids = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert gone.msg == "" and set(gone["image"]["removed"]) == ids
    assert existing(look) == before
    assert [call["action"] for call in look.calls(action="DeregisterImage")] == ["DeregisterImage"]


def test_a_superfluous_snapshot_that_is_in_use_is_named(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.faults.add("error", action="RegisterImage", code="InvalidBlockDeviceMapping", status=400, message="No.")
    useless = compose("database", device_mapping=THREE_KEYS)["image"]["created"]
    emulator.faults.clear()
    look.kms(HOME).update_alias(AliasName="alias/data", TargetKeyId=look.key_arn("alias/golden", HOME))
    emulator.faults.add("error", action="DeleteSnapshot", code="InvalidSnapshot.InUse", status=400, message="In use.")
    made = compose("database", device_mapping=THREE_KEYS)
    emulator.faults.clear()
    assert made.msg == "" and len(made["image"]["left"]) == 1 and set(made["image"]["left"]) <= set(useless)
