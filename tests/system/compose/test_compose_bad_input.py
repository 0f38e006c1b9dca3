# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: a clear error, and nothing changed."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.compose.asking import (
    AWAY,
    HOME,
    METHODS,
    SOURCES,
    THREE_KEYS,
    Compose,
    everything,
    instance_of,
)
from system.looking import Looking

VENDOR = "111122223333"
OS_ABROAD = "arn:aws:kms:eu-west-1:123456789012:key/00000002-0000-4000-8000-000000000003"


def root(**options: t.Any) -> dict[str, t.Any]:
    """Ask for one thing about the root device."""
    return {"device_mapping": [{"device_name": "/dev/xvda", **options}]}


def extra(**options: t.Any) -> dict[str, t.Any]:
    """Ask for an added device."""
    return {"device_mapping": [{"device_name": "/dev/sdz", **options}]}


def data(**options: t.Any) -> dict[str, t.Any]:
    """Ask for one thing about the data device, which has 50 GiB of gp3."""
    return {"device_mapping": [{"device_name": "/dev/sdf", **options}]}


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        pytest.param(
            "database",
            extra(kms_key_id="alias/os"),
            ["/dev/sdz", "snapshot_id or volume_size"],
            id="device neither in the source nor described",
        ),
        pytest.param(
            "database",
            extra(no_device=True),
            ["/dev/sdz is not in the source", "/dev/sdf"],
            id="dropped device not in the source",
        ),
        pytest.param("database", root(no_device=True), ["/dev/xvda", "root"], id="root dropped"),
        pytest.param(
            "database",
            {"device_mapping": [THREE_KEYS[0], THREE_KEYS[0]]},
            ["/dev/xvda", "listed twice"],
            id="device listed twice",
        ),
        pytest.param(
            "database", data(volume_size=49), ["/dev/sdf", "49 GiB", "50 GiB"], id="smaller than its snapshot"
        ),
        pytest.param("database", data(volume_type="gp2", iops=4000), ["/dev/sdf", "iops", "gp2"], id="iops of gp2"),
        pytest.param("database", data(volume_type="io1"), ["/dev/sdf", "io1", "need iops"], id="io1 without iops"),
        pytest.param(
            "database",
            data(volume_type="io1", iops=2501),
            ["2501", "2500", "50 for each GiB"],
            id="iops beyond the size",
        ),
        pytest.param(
            "database",
            data(volume_type="io2", iops=1000, throughput=200),
            ["throughput", "io2"],
            id="throughput of io2",
        ),
        pytest.param("database", data(iops=3000, throughput=751), ["751", "750"], id="throughput beyond iops"),
        pytest.param("database", data(throughput=100), ["100 MiB/s", "125 to 2000"], id="throughput too low"),
        pytest.param("database", data(iops=2999), ["2999", "3000 to 80000"], id="iops too low"),
        pytest.param("database", data(volume_type="st1"), ["st1", "125 to 16384"], id="too small for its type"),
        pytest.param("database", data(volume_type="gp9"), ["gp9", "does not exist"], id="no such type"),
        pytest.param(
            "database", root(kms_key_id=OS_ABROAD), [OS_ABROAD, "eu-west-1", "us-east-1"], id="key of another region"
        ),
        pytest.param("database", {"kms_key_id": OS_ABROAD}, [OS_ABROAD, "eu-west-1"], id="default key elsewhere"),
        pytest.param("database", root(kms_key_id="os"), ["'os'", "alias/os"], id="alias without prefix"),
        pytest.param(
            "database", root(kms_key_id="alias/none"), ["/dev/xvda", "alias/none", "does not exist"], id="no such key"
        ),
        pytest.param(
            "database", root(kms_key_id="alias/disabled"), ["/dev/xvda", "Disabled", "enable it"], id="disabled key"
        ),
        pytest.param("database", root(kms_key_id="alias/dying"), ["/dev/xvda", "PendingDeletion"], id="dying key"),
        pytest.param("database", root(kms_key_id="alias/asymmetric"), ["/dev/xvda", "symmetric"], id="asymmetric key"),
        pytest.param(
            "database", {"instance_id": "i-0123456789abcdef0"}, ["exclude each other"], id="image and instance"
        ),
        pytest.param(None, {}, ["neither source_image_id nor instance_id"], id="neither image nor instance"),
        pytest.param("archived", {}, ["archived", "RestoreSnapshotTier"], id="archived snapshot"),
        pytest.param(
            "vendor-launch-only", {"method": "snapshots"}, ["create-volume permission"], id="foreign snapshot"
        ),
        pytest.param(
            "database",
            extra(snapshot_id="snap-0123456789abcdef0"),
            ["/dev/sdz", "is found neither"],
            id="added snapshot that is not there",
        ),
        pytest.param(
            "database",
            data(snapshot_id="snap-0123456789abcdef0"),
            ["in the source already"],
            id="snapshot for a device of the source",
        ),
        pytest.param("database", {"name": "no"}, ["3 to 128"], id="name too short"),
        pytest.param(
            "database",
            {"name": "plain-root"},
            ["taken by image", SOURCES["plain-root"], "/dev/sdf is missing"],
            id="name taken",
        ),
        pytest.param(
            "database", {"name": "disabled"}, ["taken by image", "it is disabled"], id="name of a hidden image"
        ),
        pytest.param(
            "ephemeral",
            {"device_mapping": [{"device_name": "/dev/sdb", "kms_key_id": "alias/os"}]},
            ["/dev/sdb", "ephemeral"],
            id="key for an ephemeral disk",
        ),
        pytest.param(
            "locked-out", {"kms_key_id": "alias/os"}, ["cannot be decrypted", "Disabled"], id="source under a dead key"
        ),
        pytest.param(
            "database", {"deprecate_at": "2001-01-01T00:00:00Z"}, ["in the past"], id="deprecated in the past"
        ),
        pytest.param("instance-store", {}, ["instance store"], id="no EBS volume"),
        pytest.param("stuck-pending", {}, ["pending, not available"], id="source pending"),
        pytest.param(
            "database", {"region": AWAY, "method": "instance"}, ["ec2_ami_encrypted_copy"], id="instance abroad"
        ),
        pytest.param(
            "windows", {"region": AWAY}, ["billing information", "ec2_ami_encrypted_copy"], id="licence abroad"
        ),
        pytest.param(
            "database",
            {"method": "snapshots", "instance": {"instance_type": "t3.micro"}},
            ["no instance"],
            id="instance options without an instance",
        ),
        pytest.param(
            "database",
            {"launch_permissions": {"group_names": ["all"]}, "kms_key_id": "alias/os"},
            ["cannot be public"],
            id="public",
        ),
        pytest.param(
            "database",
            {"launch_permissions": {"user_ids": [VENDOR]}},
            ["AWS managed key"],
            id="shared under the AWS managed key",
        ),
        pytest.param("database", {"region": "eu-north-9"}, ["eu-north-9", "does not exist"], id="no such region"),
        pytest.param("database", {"wait_timeout": 0}, ["wait_timeout"], id="no time to wait"),
        pytest.param("database", {"tags": {"sealed.ami:recipe": "x"}}, ["reserved"], id="a tag of ours"),
        pytest.param("database", root(volume_size=8, no_device=True), ["volume_size"], id="dropped and described"),
    ],
)
def test_bad_input_is_refused(
    compose: Compose, look: Looking, source: str | None, options: dict[str, t.Any], words: list[str]
) -> None:
    for check in (True, False):
        refused = compose(source, check=check, **options)
        assert refused.failed and refused["changed"] is False
        assert not [word for word in words if word not in refused.msg], refused.msg
    assert look.mutations() == []


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        pytest.param(
            [
                {"device_name": "/dev/sdf", "kms_key_id": "alias/os"},
                {"device_name": "/dev/sdg", "kms_key_id": "alias/golden"},
            ],
            ["/dev/sdf has key", "00000003-", "wanted key alias/os", "/dev/sdg has key"],
            id="other keys",
        ),
        pytest.param(
            [{"device_name": "/dev/sdz", "kms_key_id": "alias/os"}],
            ["/dev/sdz is not in the source", "attach"],
            id="no such device",
        ),
        pytest.param(
            [{"device_name": "/dev/sdf", "volume_size": 60}], ["volume_size is 60", "has 50"], id="other size"
        ),
        pytest.param(
            [{"device_name": "/dev/sdf", "snapshot_id": "snap-0123456789abcdef0"}], ["with instance_id"], id="snapshot"
        ),
        pytest.param([{"device_name": "/dev/xvda", "no_device": True}], ["root"], id="root dropped"),
    ],
)
def test_an_instance_that_is_not_as_asked_is_refused(
    compose: Compose, look: Looking, devices: list[dict[str, t.Any]], words: list[str]
) -> None:
    refused = compose(None, instance_id=instance_of(look), device_mapping=devices)
    assert refused.failed and not [word for word in words if word not in refused.msg], refused.msg
    assert look.mutations() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"instance_id": "i-0123456789abcdef0"}, ["not found"], id="no such instance"),
        pytest.param({"instance_id": "database"}, ["not an instance id"], id="no instance id"),
        pytest.param({"method": "instance"}, ["for source_image_id"], id="a method"),
        pytest.param({"source_region": AWAY}, ["own region"], id="another region"),
    ],
)
def test_an_instance_asked_for_wrongly_is_refused(
    compose: Compose, look: Looking, options: dict[str, t.Any], words: list[str]
) -> None:
    refused = compose(None, **{"instance_id": instance_of(look), **options})
    assert refused.failed and not [word for word in words if word not in refused.msg], refused.msg
    assert look.mutations() == []


def test_an_unencrypted_volume_is_refused(compose: Compose, look: Looking) -> None:
    plain = look.ec2(HOME).run_instances(ImageId=SOURCES["mixed"], MinCount=1, MaxCount=1, InstanceType="t3.micro")
    before = len(look.mutations())
    refused = compose(None, instance_id=plain["Instances"][0]["InstanceId"])
    assert refused.failed and "/dev/xvda" in refused.msg and "not encrypted" in refused.msg
    assert len(look.mutations()) == before


def test_no_default_network_is_refused(compose: Compose, look: Looking) -> None:
    for subnet in look.ec2(HOME).describe_subnets()["Subnets"]:
        look.ec2(HOME).delete_subnet(SubnetId=subnet["SubnetId"])
    before = len(look.mutations())
    refused = compose("database", method="instance", device_mapping=THREE_KEYS)
    assert refused.failed and "no default VPC" in refused.msg and "instance.subnet_id" in refused.msg
    assert len(look.mutations()) == before


@pytest.mark.parametrize("method", METHODS)
def test_a_composed_image_that_differs_is_never_replaced(compose: Compose, look: Looking, method: str) -> None:
    made = compose("database", method=method, device_mapping=THREE_KEYS)
    before, calls = everything(look, HOME), len(look.mutations())
    other = [{**THREE_KEYS[0], "kms_key_id": "alias/golden"}, *THREE_KEYS[1:]]
    refused = compose("database", method=method, device_mapping=other)
    assert refused.failed
    words = [made["image_id"], "/dev/xvda has key", "wanted key alias/golden"]
    assert not [word for word in words if word not in refused.msg], refused.msg
    assert "/dev/sdf" not in refused.msg
    assert (everything(look, HOME), len(look.mutations())) == (before, calls)


def test_archived_and_foreign_snapshots_to_add_are_refused(compose: Compose, look: Looking, emulator: Emulator) -> None:
    archived = (look.image(HOME, SOURCES["archived"]) or {})["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    vendor = Looking(emulator, account=VENDOR)
    foreign = (vendor.image(HOME, SOURCES["vendor-private"]) or {})["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    for method in METHODS:
        first = compose("database", method=method, **extra(snapshot_id=archived))
        assert first.failed and archived in first.msg and "archived" in first.msg
        second = compose("database", method=method, **extra(snapshot_id=foreign))
        assert second.failed and foreign in second.msg and "create-volume permission" in second.msg
    assert look.mutations() == []
