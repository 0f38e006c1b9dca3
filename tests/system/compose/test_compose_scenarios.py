# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios S5 and S6: one image, several keys, by either method, of an image or of an instance."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.compose.asking import (
    ALIASES,
    AWAY,
    EMPTY_VOLUME,
    HOME,
    METHODS,
    SOURCES,
    THREE_KEYS,
    Compose,
    aliases,
    everything,
    instance_of,
    sealed,
)
from system.looking import Looking, tags

WITH_EMPTY = [*THREE_KEYS, EMPTY_VOLUME]
SETTINGS = {"copy_seconds_minimum": 300.0, "snapshot_seconds_per_gib": 5.0, "instance_start_seconds": 40.0,
            "instance_stop_seconds": 30.0, "volume_create_seconds": 15.0}  # fmt: skip


def mapping(look: Looking, image_id: str) -> list[dict[str, t.Any]]:
    """Return an image's mapping without snapshot ids, in the order of the devices."""
    devices = (look.image(HOME, image_id) or {})["BlockDeviceMappings"]
    plain = [
        {**one, "Ebs": {name: value for name, value in one["Ebs"].items() if name != "SnapshotId"}}
        if "Ebs" in one
        else one
        for one in devices
    ]
    return sorted(plain, key=lambda one: str(one["DeviceName"]))


@pytest.mark.parametrize("method", METHODS)
def test_three_keys_reach_the_volumes_of_an_instance(
    compose: Compose, look: Looking, emulator: Emulator, method: str
) -> None:
    """S6: an instance launched from the image has volumes under the three keys."""
    emulator.configure(**SETTINGS)
    made = compose("database", method=method, device_mapping=WITH_EMPTY)
    assert (made.msg, made["changed"], made["image"]["action"]) == ("", True, "composed")
    expected = {**ALIASES, "/dev/sdh": "alias/golden"}
    assert sealed(look, HOME, made["image_id"]) == expected
    instance = look.ec2(HOME).run_instances(ImageId=made["image_id"], MinCount=1, MaxCount=1, InstanceType="t3.small")
    wanted = [{"Name": "attachment.instance-id", "Values": [instance["Instances"][0]["InstanceId"]]}]
    volumes = look.ec2(HOME).describe_volumes(Filters=wanted)["Volumes"]
    keys = {volume["Attachments"][0]["Device"]: volume.get("KmsKeyId") for volume in volumes}
    assert aliases(look, HOME, keys) == expected


def test_both_methods_make_the_same(compose: Compose, look: Looking) -> None:
    made = {method: compose("database", name=method, method=method, device_mapping=WITH_EMPTY) for method in METHODS}
    by_snapshots, by_instance = (made[method] for method in METHODS)
    assert mapping(look, by_snapshots["image_id"]) == mapping(look, by_instance["image_id"])
    recipes = {made[method]["image"]["tags"]["sealed.ami:recipe"] for method in METHODS}
    assert len(recipes) == 1 and "" not in recipes
    assert by_snapshots["image"]["new_storage_gib"] == by_instance["image"]["new_storage_gib"] == 85


@pytest.mark.parametrize("method", METHODS)
def test_again_changes_nothing(compose: Compose, look: Looking, method: str) -> None:
    asked: dict[str, t.Any] = {
        "method": method, "device_mapping": WITH_EMPTY, "tags": {"Team": "db"}, "snapshot_tags": {"Tier": "gold"},
        "launch_permissions": {"user_ids": ["210987654321"]}, "deprecate_at": "2030-01-31T00:00:00Z",
        "deregistration_protection": "enabled", "description": "three keys",
    }  # fmt: skip
    first = compose("database", **asked)
    assert (first.msg, first["changed"]) == ("", True)
    before, calls = everything(look, HOME), len(look.mutations())
    again, checked = compose("database", **asked), compose("database", check=True, **asked)
    assert (again.msg, again["changed"], again["image"]["action"]) == ("", False, "unchanged")
    assert checked["images"] == again["images"]
    assert (everything(look, HOME), len(look.mutations())) == (before, calls)


@pytest.mark.parametrize("method", METHODS)
def test_check_mode_predicts_the_run(compose: Compose, look: Looking, method: str) -> None:
    asked: dict[str, t.Any] = {"method": method, "device_mapping": WITH_EMPTY, "tags": {"Team": "db"}}
    before = everything(look, HOME)
    predicted = compose("database", check=True, diff=True, **asked)
    assert (everything(look, HOME), look.mutations()) == (before, [])
    made = compose("database", diff=True, **asked)
    ids: dict[str, t.Any] = {"image_id": None, "snapshots": [{"snapshot_id": None}] * 4}
    unknown = {**made["image"], "image_id": ids["image_id"]}
    unknown["snapshots"] = [{**one, "snapshot_id": None} for one in made["image"]["snapshots"]]
    shown = {**predicted["image"], "snapshots": sorted(predicted["image"]["snapshots"], key=repr)}
    assert shown == {**unknown, "snapshots": sorted(unknown["snapshots"], key=repr)}
    assert predicted["changed"] is made["changed"] is True
    (difference,) = predicted["diff"]
    rows = [line for line in difference["after"].splitlines() if line.startswith("/dev/")]
    assert [row.split()[0] for row in rows] == ["/dev/sdf", "/dev/sdg", "/dev/sdh", "/dev/xvda"]
    assert look.key_arn("alias/data", HOME) in rows[0] and "(new)" in rows[0]


def test_nothing_is_left_beside_the_image(compose: Compose, look: Looking) -> None:
    for method in METHODS:
        before = everything(look, HOME)
        compose("database", name=method, method=method, device_mapping=WITH_EMPTY)
        after = everything(look, HOME)
        assert (after["volumes"], after["instances"]) == (before["volumes"], before["instances"])
        assert len(after["snapshots"]) == len(before["snapshots"]) + 4
    # Nor does anything hang on AWS's refusal to delete what an image uses.
    assert look.calls(action="DeleteSnapshot") == []


def test_snapshots_under_their_key_are_used_as_they_are(compose: Compose, look: Looking) -> None:
    source = look.image(HOME, SOURCES["database-sealed"]) or {}
    made = compose("database-sealed", kms_key_id=None, device_mapping=[{**THREE_KEYS[2], "kms_key_id": "alias/golden"}])
    assert made.msg == ""
    assert [call["parameters"]["SourceSnapshotId"] for call in look.calls(action="CopySnapshot")] == [
        one["Ebs"]["SnapshotId"] for one in source["BlockDeviceMappings"] if one["DeviceName"] == "/dev/sdg"
    ]
    assert sealed(look, HOME, made["image_id"]) == {**ALIASES, "/dev/sdg": "alias/golden"}
    assert made["image"]["new_storage_gib"] == 20
    tagged = compose("database-sealed", kms_key_id=None, tags={"Team": "db"}, device_mapping=[
        {**THREE_KEYS[2], "kms_key_id": "alias/golden"}])  # fmt: skip
    assert tagged["image"]["action"] == "updated"
    backing = {one["DeviceName"]: one["Ebs"]["SnapshotId"] for one in source["BlockDeviceMappings"]}
    assert look.user_tags(look.snapshots(HOME)[backing["/dev/sdf"]]) == {}


def test_removal_leaves_what_was_used_as_it_was(compose: Compose, look: Looking) -> None:
    asked: dict[str, t.Any] = {"device_mapping": [{**THREE_KEYS[2], "kms_key_id": "alias/golden"}]}
    before = everything(look, HOME)
    made = compose("database-sealed", **asked)
    look.ec2(HOME).deregister_image(ImageId=SOURCES["database-sealed"])
    gone = compose("database-sealed", state="absent", **asked)
    assert (gone.msg, gone["image"]["action"], gone["changed"]) == ("", "removed", True)
    copied = {one["snapshot_id"] for one in made["image"]["snapshots"] if one["device_name"] == "/dev/sdg"}
    assert set(gone["image"]["removed"]) == {made["image_id"], *copied}
    assert len(everything(look, HOME)["snapshots"]) == len(before["snapshots"])
    assert compose("database-sealed", state="absent", **asked)["changed"] is False


def test_devices_are_added_and_dropped(compose: Compose, look: Looking) -> None:
    snapshot = next(
        one["Ebs"]["SnapshotId"]
        for one in (look.image(HOME, SOURCES["mixed"]) or {})["BlockDeviceMappings"]
        if one["DeviceName"] == "/dev/sdf"
    )
    asked = [
        {"device_name": "/dev/xvda", "kms_key_id": "alias/os", "volume_size": 20},
        {"device_name": "/dev/sdg", "no_device": True},
        {"device_name": "/dev/sdi", "snapshot_id": snapshot, "kms_key_id": "alias/logs", "volume_type": "io2",
         "iops": 3000, "delete_on_termination": True},
    ]  # fmt: skip
    made = {
        method: compose("database", name=method, method=method, device_mapping=asked, kms_key_id="alias/golden")
        for method in METHODS
    }
    assert [one.msg for one in made.values()] == ["", ""]
    for one in made.values():
        assert sealed(look, HOME, one["image_id"]) == {
            "/dev/xvda": "alias/os", "/dev/sdf": "alias/golden", "/dev/sdi": "alias/logs"
        }  # fmt: skip
    by_snapshots, by_instance = (mapping(look, one["image_id"]) for one in made.values())
    assert by_snapshots == by_instance
    assert {one["DeviceName"]: one["Ebs"]["VolumeSize"] for one in by_snapshots} == {
        "/dev/sdf": 50, "/dev/sdi": 20, "/dev/xvda": 20
    }  # fmt: skip


def test_across_regions(compose: Compose, look: Looking) -> None:
    made = compose("database-sealed", region=AWAY, device_mapping=THREE_KEYS)
    assert made.msg == ""
    assert sealed(look, AWAY, made["image_id"]) == ALIASES
    assert {call["region"] for call in look.calls(action="CopySnapshot")} == {AWAY}


@pytest.mark.parametrize("method", METHODS)
def test_ephemeral_disks_stay(compose: Compose, look: Looking, method: str) -> None:
    made = compose("ephemeral", method=method, kms_key_id="alias/os")
    shown = {one["DeviceName"]: one.get("VirtualName") for one in mapping(look, made["image_id"])}
    assert shown == {"/dev/sdb": "ephemeral0", "/dev/sdc": "ephemeral1", "/dev/xvda": None}


@pytest.mark.parametrize("method", METHODS)
def test_a_volume_that_starts_empty_comes_under_a_key(compose: Compose, look: Looking, method: str) -> None:
    made = compose("blank-volume", method=method, kms_key_id="alias/os")
    assert made.msg == ""
    assert sealed(look, HOME, made["image_id"]) == {"/dev/xvda": "alias/os", "/dev/sdf": "alias/os"}
    assert compose("blank-volume", method=method, kms_key_id="alias/os")["changed"] is False


@pytest.mark.parametrize("source", ["uefi-tpm", "arm64", "paravirtual"])
def test_what_makes_an_image_boot_is_carried(compose: Compose, look: Looking, source: str) -> None:
    made = compose(source, method="snapshots", kms_key_id="alias/os")
    assert made.msg == ""
    before, after = (look.image(HOME, one) or {} for one in (SOURCES[source], made["image_id"]))
    names = ("Architecture", "VirtualizationType", "EnaSupport", "SriovNetSupport", "BootMode", "TpmSupport",
             "ImdsSupport", "KernelId", "RamdiskId", "RootDeviceName")  # fmt: skip
    assert {name: after.get(name) for name in names} == {name: before.get(name) for name in names}
    data = [look.ec2(HOME).describe_image_attribute(ImageId=one, Attribute="uefiData").get("UefiData", {})
            for one in (SOURCES[source], made["image_id"])]  # fmt: skip
    assert data[0] == data[1]
    assert len(look.calls(action="DescribeImageAttribute")) == 2 + (source == "uefi-tpm")


def test_an_image_of_a_running_instance(compose: Compose, look: Looking) -> None:
    """S5: the image has the keys of the instance's volumes."""
    asked: dict[str, t.Any] = {"instance_id": instance_of(look), "device_mapping": THREE_KEYS[:2]}
    made = compose(None, **asked)
    assert (made.msg, made["image"]["action"]) == ("", "composed")
    assert sealed(look, HOME, made["image_id"]) == ALIASES
    assert [call["parameters"]["NoReboot"] for call in look.calls(action="CreateImage")] == [False]
    assert compose(None, **asked)["changed"] is False
    names = {tags(one)["sealed.ami:device"]: tags(one)["sealed.ami:kms_key"] for one in look.snapshots(HOME).values()
             if "sealed.ami:device" in tags(one)}  # fmt: skip
    assert {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data"}.items() <= names.items()
    assert names["/dev/sdg"] == look.key_arn("alias/logs", HOME)


def test_an_instance_can_be_left_running(compose: Compose, look: Looking) -> None:
    made = compose(None, instance_id=instance_of(look), no_reboot=True, device_mapping=[
        {"device_name": "/dev/sdg", "no_device": True}])  # fmt: skip
    assert made.msg == ""
    assert [call["parameters"]["NoReboot"] for call in look.calls(action="CreateImage")] == [True]
    assert set(sealed(look, HOME, made["image_id"])) == {"/dev/xvda", "/dev/sdf"}


def test_without_waiting_the_next_run_finishes(compose: Compose, look: Looking, emulator: Emulator) -> None:
    emulator.configure(snapshot_seconds_per_gib=10.0)
    asked: dict[str, t.Any] = {"instance_id": instance_of(look), "launch_permissions": {"user_ids": ["210987654321"]}}
    first = compose(None, wait=False, **asked)
    assert (first.msg, first["image"]["state"], first["changed"]) == ("", "pending", True)
    second = compose(None, **asked)
    assert (second.msg, second["image"]["state"], second["image"]["action"]) == ("", "available", "adopted")
    assert second["image_id"] == first["image_id"]
    shared = look.ec2(HOME).describe_image_attribute(ImageId=first["image_id"], Attribute="launchPermission")
    assert shared["LaunchPermissions"] == [{"UserId": "210987654321"}]
    assert compose(None, **asked)["changed"] is False


@pytest.mark.parametrize("source", ["windows", "rhel", "marketplace"])
def test_auto_keeps_billing_information(compose: Compose, look: Looking, source: str) -> None:
    made = compose(source, kms_key_id="alias/os")
    assert (made.msg, made["image"]["method"]) == ("", "instance")
    assert "billing information" in made["image"]["method_reason"]
    before, after = (look.image(HOME, one) or {} for one in (SOURCES[source], made["image_id"]))
    names = ("Platform", "PlatformDetails", "UsageOperation", "ProductCodes")
    assert {name: after.get(name) for name in names} == {name: before.get(name) for name in names}


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
def test_lost_billing_information_is_an_error(compose: Compose, look: Looking, on_failure: str) -> None:
    before = everything(look, HOME)
    lost = compose("rhel", method="snapshots", kms_key_id="alias/os", on_failure=on_failure)
    assert lost.failed and "method=instance" in lost.msg and "RunInstances:0010" in lost.msg
    after = everything(look, HOME)
    assert after["images"] == before["images"]
    kept = len(after["snapshots"]) - len(before["snapshots"])
    assert (kept, len(lost["image"]["created"])) == ((1, 1) if on_failure == "keep" else (0, 0))


def test_auto_chooses_snapshots_for_plain_linux(compose: Compose) -> None:
    made = compose("plain-root", kms_key_id="alias/os")
    assert (made["image"]["method"], "no billing" in made["image"]["method_reason"]) == ("snapshots", True)
