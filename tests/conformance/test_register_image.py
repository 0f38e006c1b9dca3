# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RegisterImage: an image from given snapshots (§3.2)."""

from __future__ import annotations

import base64
import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    ROOT,
    a_key,
    a_registered_image,
    a_snapshot,
    an_image,
    image_of,
    keys_of,
    mappings_of,
    root_of,
    snapshot_ids,
    tagged,
    tags_of,
)
from .place import Place, a_name, image, nothing_created, refused, tampered
from .rules import rule


@pytest.mark.aws_safe
@rule("3.2 defaults", "M")
def test_defaults_are_those_of_old(home: Place) -> None:
    """Without more an image is for i386 and paravirtual, and has no ENA support."""
    image_id = home.ec2.register_image(
        Name=a_name(), RootDeviceName=ROOT, BlockDeviceMappings=root_of(a_snapshot(home))
    )["ImageId"]
    found = home.until(lambda: image(home, image_id), f"{image_id} visible")
    assert (found["Architecture"], found["VirtualizationType"]) == ("i386", "paravirtual")
    assert not found.get("EnaSupport", False)


@pytest.mark.aws_safe
@rule("3.2 encryption", "M")
def test_snapshots_keep_their_keys(home: Place) -> None:
    """An image consists of the very snapshots it was given, each under its key."""
    root, data, plain = a_key(home), a_key(home), PLAIN
    given = {ROOT: a_snapshot(home, key=root), "/dev/sdf": a_snapshot(home, key=data), "/dev/sdg": a_snapshot(home)}
    mappings = [{"DeviceName": name, "Ebs": {"SnapshotId": snapshot_id}} for name, snapshot_id in given.items()]
    found = image_of(home, a_registered_image(home, mappings))
    assert snapshot_ids(found) == given
    assert keys_of(home, found) == {ROOT: root, "/dev/sdf": data, "/dev/sdg": plain}


@rule("3.2 encryption", "M")
def test_default_encryption_does_not_change_an_image(home: Place) -> None:
    """Registering does not encrypt, whatever the account's default."""
    snapshot_id = a_snapshot(home)
    home.ec2.enable_ebs_encryption_by_default()
    found = image_of(home, a_registered_image(home, root_of(snapshot_id)))
    assert keys_of(home, found) == {ROOT: PLAIN} and mappings_of(found)[ROOT]["Ebs"]["Encrypted"] is False


@pytest.mark.aws_safe
@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@pytest.mark.parametrize("encrypted", [True, False])
@rule("3.2 encryption", "M", "terraform-provider-aws tests")
def test_encrypted_cannot_be_said_of_a_snapshot(home: Place, source_key: str | None, encrypted: bool) -> None:
    """With a snapshot the encryption cannot be stated, not even truly."""
    snapshot_id = a_snapshot(home, key=source_key)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id, Encrypted=encrypted))


@pytest.mark.aws_safe
@rule("3.2 encryption", "M")
def test_no_key_in_mappings(home: Place) -> None:
    """KmsKeyId is not supported in the mappings of RegisterImage."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id, Encrypted=True, KmsKeyId="alias/aws/ebs"))


@pytest.mark.aws_safe
@rule("3.2 input", "M", "CEA")
def test_what_describe_shows_is_no_input(home: Place) -> None:
    """The mappings that DescribeImages shows cannot be registered as they are."""
    mappings = image_of(home, an_image(home))["BlockDeviceMappings"]
    with nothing_created(home), refused():
        a_registered_image(home, mappings)


@pytest.mark.aws_safe
@rule("3.2 mappings", "M")
def test_mappings_are_kept(home: Place) -> None:
    """Type, size, IOPS, throughput, DeleteOnTermination and instance store devices are as registered."""
    ebs = {"VolumeType": "gp3", "VolumeSize": 9, "Iops": 3500, "Throughput": 200, "DeleteOnTermination": False}
    given = [*root_of(a_snapshot(home), **ebs), {"DeviceName": "/dev/sdc", "VirtualName": "ephemeral0"}]
    shown = mappings_of(image_of(home, a_registered_image(home, given)))
    assert {name: shown[ROOT]["Ebs"][name] for name in ebs} == ebs
    assert shown["/dev/sdc"]["VirtualName"] == "ephemeral0" and "Ebs" not in shown["/dev/sdc"]


@pytest.mark.aws_safe
@rule("3.2 mappings", "M")
def test_size_is_the_snapshots_unless_given(home: Place) -> None:
    """A device is as large as its snapshot unless told otherwise."""
    shown = mappings_of(image_of(home, a_registered_image(home, root_of(a_snapshot(home, size=3)))))
    assert shown[ROOT]["Ebs"]["VolumeSize"] == 3


@pytest.mark.aws_safe
@rule("3.2 mappings", "M")
def test_size_is_at_least_the_snapshots(home: Place) -> None:
    """A device cannot be smaller than its snapshot."""
    snapshot_id = a_snapshot(home, size=3)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id, VolumeSize=2))


BOOT: dict[str, dict[str, t.Any]] = {
    "architecture": {"Architecture": "arm64"},
    "legacy-bios": {"BootMode": "legacy-bios"},
    "uefi": {"BootMode": "uefi"},
    "uefi-preferred": {"BootMode": "uefi-preferred"},
    "tpm": {"BootMode": "uefi", "TpmSupport": "v2.0"},
    "imds": {"ImdsSupport": "v2.0"},
    "sriov": {"SriovNetSupport": "simple"},
    "ena": {"EnaSupport": True},
    "description": {"Description": "an image"},
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("given", BOOT.values(), ids=BOOT)
@rule("3.2 attributes", "M", "UG23-ami-boot")
def test_attributes_are_kept(home: Place, given: dict[str, t.Any]) -> None:
    """What decides how an image boots is as registered."""
    found = image_of(home, an_image(home, **given))
    assert {name: found[name] for name in given} == given


@pytest.mark.aws_safe
@rule("3.2 attributes", "UG23-ami-boot")
def test_boot_mode_is_not_invented(home: Place) -> None:
    """Without a boot mode the image has none: the instance type decides."""
    found = image_of(home, an_image(home))
    assert "BootMode" not in found and "TpmSupport" not in found and "ImdsSupport" not in found


@pytest.mark.aws_safe
@pytest.mark.parametrize("boot_mode", ["uefi-preferred", "legacy-bios"])
@rule("3.2 TpmSupport", "flatcar/mantle#582", "UG23-set-ami-boot-mode")
def test_tpm_requires_uefi(home: Place, boot_mode: str) -> None:
    """TpmSupport requires the boot mode uefi, not uefi-preferred."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id), TpmSupport="v2.0", BootMode=boot_mode)


@rule("3.2 UefiData", "M")
def test_uefi_data_is_an_attribute_of_its_own(home: Place) -> None:
    """UefiData is not in DescribeImages but in DescribeImageAttribute."""
    data = base64.b64encode(b"AMZNUEFI" + bytes(32)).decode()
    image_id = an_image(home, BootMode="uefi", UefiData=data)
    shown = home.ec2.describe_image_attribute(ImageId=image_id, Attribute="uefiData")
    assert shown["UefiData"]["Value"] == data and "UefiData" not in image_of(home, image_id)


@rule("3.2 UefiData", "M")
def test_uefi_data_is_limited(home: Place) -> None:
    """UefiData has at most 64000 characters."""
    snapshot_id = a_snapshot(home)
    a_registered_image(home, root_of(snapshot_id), BootMode="uefi", UefiData="A" * 64000)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id), BootMode="uefi", UefiData="A" * 64004)


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    "wrong",
    [{"Architecture": "x87"}, {"BootMode": "floppy"}, {"VirtualizationType": "real"}, {"TpmSupport": "v1.2"}],
    ids=lambda wrong: next(iter(wrong)),
)
@rule("3.2 attributes", "M", "ERR")
def test_values_outside_the_lists(home: Place, wrong: dict[str, str]) -> None:
    """A value that the API does not list is refused."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id), **wrong)


@pytest.mark.aws_safe
@rule("3.2 TagSpecifications", "M")
def test_only_the_image_can_be_tagged(home: Place) -> None:
    """TagSpecifications tag the image only; snapshots exist already."""
    snapshot_id = a_snapshot(home)
    found = image_of(home, a_registered_image(home, root_of(snapshot_id), TagSpecifications=tagged("image", Kind="i")))
    assert tags_of(found) == {"Kind": "i"}
    with nothing_created(home), refused():
        a_registered_image(home, root_of(snapshot_id), TagSpecifications=tagged("snapshot", Kind="s"))


@pytest.mark.aws_safe
@rule("3.2 ClientToken", "M")
def test_there_is_no_client_token(home: Place) -> None:
    """RegisterImage knows no ClientToken."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused("UnknownParameter"), tampered(home.ec2, "RegisterImage", ClientToken="once"):
        a_registered_image(home, root_of(snapshot_id))


@pytest.mark.aws_safe
@rule("3.2 Name", "ERR", "P#3377")
def test_names_are_unique(home: Place) -> None:
    """A name in use is refused with InvalidAMIName.Duplicate, which names the image that has it."""
    name, snapshot_id = a_name(), a_snapshot(home)
    first = a_registered_image(home, root_of(snapshot_id), Name=name)
    with nothing_created(home), refused("InvalidAMIName.Duplicate", says=f"{name} is already in use by AMI {first}"):
        a_registered_image(home, root_of(snapshot_id), Name=name)


@pytest.mark.aws_safe
@rule("3.2 Name", "ERR")
def test_names_are_unique_per_account_and_region(home: Place, away: Place) -> None:
    """The same name may be used in another region."""
    name = a_name()
    assert an_image(home, Name=name) != an_image(away, Name=name)


@pytest.mark.aws_safe
@rule("3.2 snapshots", "ERR")
def test_absent_snapshot(home: Place) -> None:
    """A snapshot that does not exist cannot back an image."""
    with nothing_created(home), refused("InvalidSnapshot.NotFound", "InvalidBlockDeviceMapping"):
        a_registered_image(home, root_of("snap-0123456789abcdef0"))


@pytest.mark.aws_safe
@rule("3.2 snapshots", "ERR")
def test_snapshot_of_another_account(home: Place, other: Place) -> None:
    """A snapshot that is not shared with us cannot back our image."""
    snapshot_id = a_snapshot(other)
    with (
        nothing_created(home),
        refused("InvalidSnapshot.NotFound", "AuthFailure", "UnauthorizedOperation", status=None),
    ):
        a_registered_image(home, root_of(snapshot_id))


@pytest.mark.aws_safe
@rule("3.2 in use", "M", "ERR")
def test_backing_snapshots_cannot_be_deleted(home: Place) -> None:
    """A snapshot is in use as long as an image is registered that it backs."""
    image_id = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    words = f"The snapshot {snapshot_id} is currently in use by {image_id}"
    with refused("InvalidSnapshot.InUse", says=words):
        home.ec2.delete_snapshot(SnapshotId=snapshot_id)
    home.ec2.deregister_image(ImageId=image_id)
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@pytest.mark.aws_safe
@rule("3.2 DryRun", "M")
def test_dry_run(home: Place) -> None:
    """A dry run that would succeed is refused with DryRunOperation."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused("DryRunOperation", status=None):
        a_registered_image(home, root_of(snapshot_id), DryRun=True)
