# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CreateImage: an image of an instance, each snapshot under its volume's key (§3.1)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    ROOT,
    a_key,
    a_snapshot,
    an_image,
    an_instance,
    image_of,
    key_of,
    keys_of,
    mappings_of,
    snapshots_of,
    tagged,
    tags_of,
)
from .place import Place, a_name, image, nothing_created, reached, refused, settled, tampered
from .rules import rule

DATA = "/dev/sdf"


def create(place: Place, instance_id: str, **request: t.Any) -> str:
    """Start to create an image of a (stopped) instance and return its id."""
    request = {"Name": a_name(), "NoReboot": True, **request}
    return str(place.ec2.create_image(InstanceId=instance_id, **request)["ImageId"])


def created(place: Place, instance_id: str, **request: t.Any) -> dict[str, t.Any]:
    """Create an image of an instance, wait until it is available, and return it."""
    found = settled(place, image, create(place, instance_id, **request))
    assert found["State"] == "available", found.get("StateReason")
    return found


def stopped(place: Place, **keys: t.Any) -> str:
    """Return a stopped instance whose volumes have the given keys."""
    return str(an_instance(place, an_image(place, **keys), state="stopped")["InstanceId"])


@rule("3.1 response", "M")
def test_image_is_pending_then_available(home: Place) -> None:
    """CreateImage answers with the id alone; the image is pending, then available, and names its instance."""
    instance_id = stopped(home)
    response = home.ec2.create_image(InstanceId=instance_id, Name=a_name())
    assert set(response) - {"ResponseMetadata"} == {"ImageId"}
    found = home.until(lambda: image(home, response["ImageId"]), "image visible")
    assert found["State"] == "pending"
    last = settled(home, image, response["ImageId"])
    assert (last["State"], last["SourceInstanceId"]) == ("available", instance_id)
    assert last["OwnerId"] == home.account_id


@rule("3.1 keys", "M", "UG18-AMIEncryption")
def test_each_snapshot_inherits_its_volumes_key(home: Place) -> None:
    """There is one snapshot for each attached volume, under the key of that volume."""
    root_key, data_key = a_key(home), a_key(home)
    found = created(home, stopped(home, root=root_key, data={DATA: data_key, "/dev/sdg": PLAIN}))
    assert keys_of(home, found) == {ROOT: root_key, DATA: data_key, "/dev/sdg": PLAIN}


@rule("3.1 keys", "M", "EBS-enc")
def test_default_encryption_does_not_reach_the_snapshots(home: Place) -> None:
    """A snapshot is encrypted as its volume is, whatever the account's default."""
    instance_id = stopped(home)
    home.ec2.enable_ebs_encryption_by_default()
    assert keys_of(home, created(home, instance_id)) == {ROOT: PLAIN}


@rule("3.1 ClientToken", "M")
def test_there_is_no_client_token(home: Place) -> None:
    """CreateImage knows no ClientToken."""
    instance_id = stopped(home)
    with nothing_created(home), refused("UnknownParameter"), tampered(home.ec2, "CreateImage", ClientToken="once"):
        create(home, instance_id)


@rule("3.1 NoDevice", "M")
def test_no_device_leaves_a_volume_out(home: Place) -> None:
    """NoDevice drops a device from the image."""
    instance_id = stopped(home, data={DATA: PLAIN})
    found = created(home, instance_id, BlockDeviceMappings=[{"DeviceName": DATA, "NoDevice": ""}])
    assert set(mappings_of(found)) == {ROOT}


@rule("3.1 mappings", "M")
def test_delete_on_termination_can_be_changed(home: Place) -> None:
    """DeleteOnTermination of an existing device can be changed."""
    instance_id = stopped(home, data={DATA: PLAIN})
    wanted = not mappings_of(created(home, instance_id))[DATA]["Ebs"]["DeleteOnTermination"]
    mapping = {"DeviceName": DATA, "Ebs": {"DeleteOnTermination": wanted}}
    assert mappings_of(created(home, instance_id, BlockDeviceMappings=[mapping]))[DATA]["Ebs"][
        "DeleteOnTermination"
    ] == (wanted)


@pytest.mark.parametrize(
    ("data_key", "ebs"),
    [
        pytest.param(PLAIN, {"VolumeSize": 9}, id="size"),
        pytest.param(PLAIN, {"Encrypted": True}, id="encrypt-a-plain-volume"),
        pytest.param(PLAIN, {"KmsKeyId": "alias/aws/ebs"}, id="key"),
        pytest.param(DEFAULT_KEY, {"Encrypted": True, "KmsKeyId": "alias/aws/ebs"}, id="key-of-an-encrypted-volume"),
    ],
)
@rule("3.1 mappings", "M")
def test_existing_volumes_cannot_be_changed_otherwise(home: Place, data_key: str | None, ebs: dict[str, t.Any]) -> None:
    """Neither size, encryption nor key of an existing volume can be changed by CreateImage."""
    instance_id = stopped(home, data={DATA: data_key})
    with nothing_created(home), refused():
        create(home, instance_id, BlockDeviceMappings=[{"DeviceName": DATA, "Ebs": ebs}])


@pytest.mark.parametrize("encrypted", [True, False])
@rule("3.1 Encrypted", "M")
def test_encrypted_means_nothing_for_an_encrypted_volume(home: Place, encrypted: bool) -> None:
    """For an existing encrypted volume Encrypted may be true, or false, which is ignored."""
    key = a_key(home)
    mapping = {"DeviceName": DATA, "Ebs": {"Encrypted": encrypted}}
    found = created(home, stopped(home, data={DATA: key}), BlockDeviceMappings=[mapping])
    assert keys_of(home, found)[DATA] == key


@rule("3.1 Encrypted", "M")
def test_encrypted_false_is_true_of_a_plain_volume(home: Place) -> None:
    """For an existing plain volume Encrypted may be false."""
    mapping = {"DeviceName": DATA, "Ebs": {"Encrypted": False}}
    found = created(home, stopped(home, data={DATA: PLAIN}), BlockDeviceMappings=[mapping])
    assert keys_of(home, found)[DATA] is PLAIN


@pytest.mark.parametrize("encrypted", [True, False])
@rule("3.1 Encrypted", "M")
def test_added_snapshots_take_no_encryption(home: Place, encrypted: bool) -> None:
    """For a device added from a snapshot Encrypted must be omitted, whatever its value."""
    instance_id, snapshot_id = stopped(home), a_snapshot(home)
    mapping = {"DeviceName": "/dev/sdh", "Ebs": {"SnapshotId": snapshot_id, "Encrypted": encrypted}}
    with nothing_created(home), refused():
        create(home, instance_id, BlockDeviceMappings=[mapping])


@rule("3.1 Encrypted", "M")
def test_added_snapshots_and_empty_volumes(home: Place) -> None:
    """A device can be added from a snapshot, or as an empty volume that is to be encrypted."""
    key = a_key(home)
    snapshot_id = a_snapshot(home, key=key)
    added = [
        {"DeviceName": "/dev/sdh", "Ebs": {"SnapshotId": snapshot_id}},
        {"DeviceName": "/dev/sdi", "Ebs": {"VolumeSize": 2, "Encrypted": True}},
    ]
    mappings = mappings_of(created(home, stopped(home), BlockDeviceMappings=added))
    assert mappings["/dev/sdh"]["Ebs"]["SnapshotId"] == snapshot_id
    assert mappings["/dev/sdi"]["Ebs"]["VolumeSize"] == 2 and mappings["/dev/sdi"]["Ebs"]["Encrypted"] is True


@rule("3.1 TagSpecifications", "M")
def test_image_and_snapshots_can_be_tagged(home: Place) -> None:
    """TagSpecifications tag the image, and all its snapshots alike."""
    specifications = tagged("image", Kind="image") + tagged("snapshot", Kind="snapshot")
    found = created(home, stopped(home, data={DATA: PLAIN}), TagSpecifications=specifications)
    assert tags_of(found) == {"Kind": "image"}
    assert [tags_of(each) for each in snapshots_of(home, found).values()] == [{"Kind": "snapshot"}] * 2


@rule("3.1 TagSpecifications", "M")
def test_other_resource_types_cannot_be_tagged(home: Place) -> None:
    """TagSpecifications for anything but image and snapshot make the request fail."""
    instance_id = stopped(home)
    with nothing_created(home), refused():
        create(home, instance_id, TagSpecifications=tagged("volume", Kind="volume"))


@rule("3.1 Name", "ERR", "openshift-tools PR 993")
def test_names_are_unique(home: Place) -> None:
    """A name that another image of ours has is refused with InvalidAMIName.Duplicate, which names that image."""
    instance_id, name = stopped(home), a_name()
    first = created(home, instance_id, Name=name)["ImageId"]
    with nothing_created(home), refused("InvalidAMIName.Duplicate", says=first):
        create(home, instance_id, Name=name)


@pytest.mark.parametrize("name", ["ab", "x" * 129, "st*r"])
@rule("3.1 Name", "M", "ERR")
def test_malformed_names(home: Place, name: str) -> None:
    """A name of a wrong length or with other characters is malformed."""
    instance_id = stopped(home)
    with nothing_created(home), refused("InvalidAMIName.Malformed"):
        home.raw_ec2.create_image(InstanceId=instance_id, Name=name)


@pytest.mark.aws_safe
@rule("3.1 InstanceId", "ERR")
def test_absent_instance(home: Place) -> None:
    """An instance that does not exist is refused with InvalidInstanceID.NotFound."""
    with nothing_created(home), refused("InvalidInstanceID.NotFound"):
        create(home, "i-0123456789abcdef0")


@rule("3.1 InstanceId", "ERR")
def test_terminated_instance(home: Place) -> None:
    """There is no image of a terminated instance."""
    instance_id = stopped(home)
    home.ec2.terminate_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "terminated")
    with nothing_created(home), refused("IncorrectInstanceState", "IncorrectState", "InvalidInstanceID.NotFound"):
        create(home, instance_id)


@rule("3.1 states", "M")
def test_terminating_the_instance_too_early_fails_the_image(home: Place) -> None:
    """An image whose instance is terminated before it is available fails, and says why."""
    instance_id = stopped(home)
    image_id = create(home, instance_id)
    home.ec2.terminate_instances(InstanceIds=[instance_id])
    found = settled(home, image, image_id)
    assert found["State"] == "failed"
    assert "InstanceTerminated" in found["StateReason"]["Code"] + found["StateReason"]["Message"]


@rule("5.2 Description", "M")
def test_snapshots_say_whose_they_are(home: Place) -> None:
    """The description of such a snapshot names the instance and the image."""
    instance_id = stopped(home)
    found = created(home, instance_id)
    [shown] = snapshots_of(home, found).values()
    assert shown["Description"] == f"Created by CreateImage({instance_id}) for {found['ImageId']}"


@rule("3.1 boot", "UG23-set-ami-boot-mode")
def test_boot_settings_are_the_instances(home: Place) -> None:
    """Boot mode, TPM and ENA are inherited from the instance."""
    source = an_image(home, BootMode="uefi", TpmSupport="v2.0")
    instance_id = an_instance(home, source, state="stopped")["InstanceId"]
    found = created(home, instance_id)
    assert (found["BootMode"], found["TpmSupport"], found["EnaSupport"]) == ("uefi", "v2.0", True)


@rule("3.1 BootModeOverride", "M")
def test_boot_mode_can_be_overridden_on_uefi_only(home: Place) -> None:
    """BootModeOverride is for instances that booted by UEFI."""
    instance_id = an_instance(home, an_image(home, BootMode="legacy-bios"), state="stopped")["InstanceId"]
    with nothing_created(home), refused():
        create(home, instance_id, BootModeOverride="uefi")


@rule("3.1 keys", "M")
def test_snapshots_of_all_volumes_at_once(home: Place) -> None:
    """CreateSnapshots takes a snapshot of each attached volume, under that volume's key."""
    key = a_key(home)
    made = home.ec2.create_snapshots(InstanceSpecification={"InstanceId": stopped(home, data={DATA: key})})["Snapshots"]
    assert sorted(str(each["Encrypted"]) for each in made) == ["False", "True"]
    shown = home.ec2.describe_snapshots(SnapshotIds=[each["SnapshotId"] for each in made])["Snapshots"]
    assert {key_of(each) for each in shown} == {PLAIN, key}


@rule("3.1 DryRun", "M")
def test_dry_run(home: Place) -> None:
    """A dry run that would succeed is refused with DryRunOperation."""
    instance_id = stopped(home)
    with nothing_created(home), refused("DryRunOperation", status=None):
        create(home, instance_id, DryRun=True)


@rule("3.1 states", "M")
def test_a_running_instance_can_be_imaged_without_reboot(home: Place) -> None:
    """With NoReboot a running instance stays running."""
    instance_id = an_instance(home, an_image(home))["InstanceId"]
    created(home, instance_id)
    assert reached(home, instance_id, "running")
    assert image_of(home, created(home, instance_id)["ImageId"])["State"] == "available"
