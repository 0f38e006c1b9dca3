# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources as AWS really has them: roots with two names, ephemeral disks that are not shown, UEFI data out of reach."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.compose.asking import HOME, SOURCES, Compose, everything, sealed
from system.looking import Looking

ROOT = "/dev/sda1"


def an_odd_image(look: Looking, emulator: Emulator) -> str:
    """Return an image whose root is called /dev/sda1 and whose mapping has /dev/sda."""
    snapshots = [one["Ebs"]["SnapshotId"] for one in (look.image(HOME, SOURCES["mixed"]) or {})["BlockDeviceMappings"]]
    mapping = [
        {"DeviceName": name, "Ebs": {"SnapshotId": one}}
        for name, one in zip(("/dev/sda", "/dev/sdf"), snapshots, strict=True)
    ]
    odd = look.ec2(HOME).register_image(
        Name="odd", RootDeviceName="/dev/sda", Architecture="x86_64", VirtualizationType="hvm", EnaSupport=True,
        BlockDeviceMappings=mapping,
    )["ImageId"]  # fmt: skip
    changes = [{"path": "Images.*.RootDeviceName", "set": ROOT}]
    emulator.faults.add("mutate", action="DescribeImages", resource=odd, changes=changes)
    return str(odd)


def test_a_root_with_two_names_is_one_device(compose: Compose, look: Looking, emulator: Emulator) -> None:
    odd = an_odd_image(look, emulator)
    for number, name in enumerate((ROOT, "/dev/sda")):
        wanted = [{"device_name": name, "kms_key_id": "alias/os"}]
        asked: dict[str, t.Any] = {"name": f"of-odd-{number}", "source_image_id": odd, "kms_key_id": "alias/data"}
        made = compose(None, device_mapping=wanted, **asked)
        assert made.msg == ""
        assert sealed(look, HOME, made["image_id"]) == {"/dev/sda": "alias/os", "/dev/sdf": "alias/data"}
        assert compose(None, device_mapping=wanted, **asked)["changed"] is False


def test_neither_name_of_the_root_can_be_dropped(compose: Compose, look: Looking, emulator: Emulator) -> None:
    odd = an_odd_image(look, emulator)
    before = len(look.mutations())
    for check in (True, False):
        for name in (ROOT, "/dev/sda"):
            mapping = [{"device_name": name, "no_device": True}]
            refused = compose(None, check=check, source_image_id=odd, device_mapping=mapping)
            assert refused.failed and "root device" in refused.msg
    assert len(look.mutations()) == before


@pytest.mark.parametrize("gone", [False, True], ids=["its image is there", "its image is gone"])
def test_an_instance_of_an_image_with_ephemeral_disks(
    compose: Compose, look: Looking, oracle: Guard, gone: bool
) -> None:
    """Every Ubuntu and Windows image has some; CreateImage keeps them, DescribeInstances hides them."""
    source = compose("ephemeral", name="under-a-key", kms_key_id="alias/os")["image_id"]
    launched = look.ec2(HOME).run_instances(ImageId=source, MinCount=1, MaxCount=1, InstanceType="t3.micro")
    instance_id = launched["Instances"][0]["InstanceId"]
    oracle.given(instance_id, to=["CreateImage"])
    look.emulator.advance(60)
    if gone:
        look.ec2(HOME).deregister_image(ImageId=source)
        look.emulator.advance(200)
    made = compose(None, instance_id=instance_id)
    assert made.msg == ""
    image = look.image(HOME, made["image_id"]) or {}
    shown = {one["DeviceName"]: one.get("VirtualName") for one in image["BlockDeviceMappings"]}
    assert shown == {"/dev/sdb": "ephemeral0", "/dev/sdc": "ephemeral1", "/dev/xvda": None}
    assert compose(None, instance_id=instance_id)["changed"] is False
    dropped = compose(
        None, name="without", instance_id=instance_id, device_mapping=[{"device_name": "/dev/sdb", "no_device": True}]
    )
    assert dropped.msg == ""
    image = look.image(HOME, dropped["image_id"]) or {}
    assert {one["DeviceName"] for one in image["BlockDeviceMappings"]} == {"/dev/sdc", "/dev/xvda"}


@pytest.mark.parametrize("check", [True, False])
def test_uefi_data_that_a_policy_hides_are_not_lost(
    compose: Compose, look: Looking, emulator: Emulator, check: bool
) -> None:
    before = everything(look, HOME)
    emulator.faults.add("access_denied", action="DescribeImageAttribute")
    refused = compose("uefi-tpm", check=check, method="snapshots", kms_key_id="alias/os")
    assert refused.failed and "ec2:DescribeImageAttribute" in refused.msg and refused["changed"] is False
    emulator.faults.clear()
    assert everything(look, HOME) == before


def test_uefi_data_of_another_account_are_said_to_be_its_own(
    compose: Compose, look: Looking, emulator: Emulator
) -> None:
    emulator.faults.add(
        "error", action="DescribeImageAttribute", code="AuthFailure", status=400, message="Not authorized for image"
    )
    made = compose("uefi-tpm", method="snapshots", kms_key_id="alias/os")
    assert made.msg == "" and [one for one in made.warnings if "to its owner" in one]
    # A warning is all that users see: AnsibleAWSModule.warn would add a deprecation of its own.
    assert not made.get("deprecations")
    emulator.faults.clear()
    made = compose("uefi-tpm", name="by-instance", method="instance", kms_key_id="alias/os")
    assert (made.msg, made.warnings) == ("", [])
