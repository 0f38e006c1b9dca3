# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RunInstances: encryption at launch, device by device, and the image of several keys (§4.1, §4.4)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    ROOT,
    a_key,
    a_volume,
    an_image,
    an_instance,
    copied,
    encryption,
    image_of,
    key_of,
    keys_of,
    launch,
    share_image,
    snapshot_ids,
    volumes_of,
)
from .keys import BAD_KEYS
from .place import Place, a_name, image, instance, reached, refused, settled
from .rules import rule

DATA, MORE = "/dev/sdf", "/dev/sdg"


def launched_keys(place: Place, image_id: str, **keys: str | None) -> dict[str, str | None]:
    """Launch with encryption parameters for the root device and return the key of each volume."""
    mapping = [{"DeviceName": ROOT, "Ebs": encryption(keys["root"])}] if keys.get("root") else []
    found = an_instance(place, image_id, BlockDeviceMappings=mapping)
    return {device: key_of(each) for device, each in volumes_of(place, found["InstanceId"]).items()}


@rule("4.1 no parameters", "UG23-AMIEncryption")
def test_volumes_are_encrypted_as_the_image_is(home: Place) -> None:
    """Without parameters plain stays plain, and an own encrypted snapshot keeps its key."""
    key = a_key(home)
    assert launched_keys(home, an_image(home, data={DATA: key})) == {ROOT: PLAIN, DATA: key}


@rule("4.1 no parameters", "UG23-AMIEncryption")
def test_volumes_of_a_shared_image_get_the_default_key(home: Place, other: Place) -> None:
    """Without parameters a shared encrypted snapshot's volume gets our default key."""
    source, default = an_image(other, root=a_key(other, shared_with=home)), a_key(home)
    share_image(other, source, home)
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    assert launched_keys(home, source) == {ROOT: default}


@pytest.mark.parametrize("root_encrypted", [False, True], ids=["omitted", "encrypted"])
@rule("4.1 table", "EBS-enc", "UG23-AMIEncryption")
def test_default_encryption_at_launch(home: Place, root_encrypted: bool) -> None:
    """Encryption by default encrypts what is plain; an own encrypted snapshot keeps its key even so."""
    key, default = a_key(home), a_key(home)
    source = an_image(home, data={DATA: key})
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    home.ec2.enable_ebs_encryption_by_default()
    assert launched_keys(home, source, root=DEFAULT_KEY if root_encrypted else PLAIN) == {ROOT: default, DATA: key}


@rule("4.1 Encrypted", "UG23-AMIEncryption")
def test_encrypted_alone_means_the_default_key(home: Place) -> None:
    """Encrypted without a key gives a plain root the default key, and leaves an encrypted one its own."""
    key, default = a_key(home), a_key(home)
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    assert launched_keys(home, an_image(home), root=DEFAULT_KEY) == {ROOT: default}
    assert launched_keys(home, an_image(home, root=key), root=DEFAULT_KEY) == {ROOT: key}


@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@rule("4.1 KmsKeyId", "UG23-AMIEncryption")
def test_reencryption_at_launch(home: Place, source_key: str | None) -> None:
    """Encrypted and a key encrypt, or re-encrypt, the root at launch."""
    key = a_key(home)
    assert launched_keys(home, an_image(home, root=source_key), root=key) == {ROOT: key}


@rule("4.1 KmsKeyId", "UG23-AMIEncryption")
def test_each_device_may_have_its_own_key(home: Place) -> None:
    """One call may give each device another key, and leave others alone."""
    keys: dict[str, str | None] = {ROOT: a_key(home), DATA: a_key(home), MORE: PLAIN}
    source = an_image(home, data={DATA: DEFAULT_KEY, MORE: PLAIN})
    mapping = [{"DeviceName": device, "Ebs": encryption(key)} for device, key in keys.items() if key]
    found = an_instance(home, source, BlockDeviceMappings=mapping)
    assert {device: key_of(each) for device, each in volumes_of(home, found["InstanceId"]).items()} == keys


@pytest.mark.aws_safe
@rule("4.1 KmsKeyId", "UG23-AMIEncryption")
def test_key_needs_encrypted(home: Place) -> None:
    """KmsKeyId without Encrypted is refused."""
    source = an_image(home)
    with refused():
        launch(home, source, BlockDeviceMappings=[{"DeviceName": ROOT, "Ebs": {"KmsKeyId": "alias/aws/ebs"}}])


@rule("4.1 DeviceName", "UG23-AMIEncryption")
def test_other_device_name_adds_a_volume(home: Place) -> None:
    """A mapping whose device the image does not have adds a volume instead of changing one."""
    key = a_key(home)
    added = {"DeviceName": DATA, "Ebs": {"VolumeSize": 2, **encryption(key)}}
    found = volumes_of(home, an_instance(home, an_image(home), BlockDeviceMappings=[added])["InstanceId"])
    assert {device: key_of(each) for device, each in found.items()} == {ROOT: PLAIN, DATA: key}
    assert found[DATA]["Size"] == 2 and not found[DATA].get("SnapshotId")


@rule("4.1 DeviceName", "M")
def test_no_device_leaves_a_volume_out(home: Place) -> None:
    """NoDevice drops a device of the image."""
    source = an_image(home, data={DATA: PLAIN})
    found = an_instance(home, source, BlockDeviceMappings=[{"DeviceName": DATA, "NoDevice": ""}])
    assert set(volumes_of(home, found["InstanceId"])) == {ROOT}


@rule("4.1 DeviceName", "M")
def test_volumes_come_from_the_images_snapshots(home: Place) -> None:
    """Each volume is made from the image's snapshot, with the size that the override asks for."""
    source = an_image(home, data={DATA: PLAIN})
    found = an_instance(home, source, BlockDeviceMappings=[{"DeviceName": DATA, "Ebs": {"VolumeSize": 4}}])
    volumes = volumes_of(home, found["InstanceId"])
    assert {name: each["SnapshotId"] for name, each in volumes.items()} == snapshot_ids(image_of(home, source))
    assert (volumes[ROOT]["Size"], volumes[DATA]["Size"]) == (1, 4)
    assert {each["AvailabilityZone"] for each in volumes.values()} == {home.zone}


@pytest.mark.parametrize("bad_key", BAD_KEYS, ids=lambda bad_key: bad_key.__name__)
@rule("4.1 bad key", "repost kms-iam-ec2-permission", "M")
def test_bad_key_fails_later(home: Place, away: Place, bad_key: t.Callable[[Place, Place], str]) -> None:
    """A key that cannot be used is found out later: the instance goes from pending to terminated, and says why."""
    mapping = [{"DeviceName": ROOT, "Ebs": encryption(bad_key(home, away))}]
    instance_id = launch(home, an_image(home), BlockDeviceMappings=mapping)
    found = reached(home, instance_id, "terminated", "running")
    assert found["State"]["Name"] == "terminated"
    assert found["StateReason"]["Code"] == "Client.InternalError"
    assert found["StateReason"]["Message"].endswith(
        ("Client error on launch", "KMS key provided is in an incorrect state")
    )


@rule("6 default key", "M")
def test_disabled_default_key_fails_launches(home: Place) -> None:
    """Where the account's default key is disabled, instances that need it fail to launch."""
    source, default = an_image(home), a_key(home)
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=default)
    home.ec2.enable_ebs_encryption_by_default()
    home.kms.disable_key(KeyId=default)
    found = reached(home, launch(home, source), "terminated", "running")
    assert found["State"]["Name"] == "terminated"


@rule("4.1 bad key", "repost kms-iam-ec2-permission")
def test_disabled_key_fails_a_start(home: Place) -> None:
    """An instance whose volume's key was disabled goes from pending back to stopped when started."""
    key = a_key(home)
    instance_id = an_instance(home, an_image(home, root=key), state="stopped")["InstanceId"]
    home.kms.disable_key(KeyId=key)
    home.ec2.start_instances(InstanceIds=[instance_id])
    found = reached(home, instance_id, "stopped", "running", "terminated")
    assert found["State"]["Name"] == "stopped" and found["StateReason"]["Code"] == "Client.InternalError"


@rule("9 tokens", "M", "ERR")
def test_client_token(home: Place) -> None:
    """The same token and parameters give the same instance, others a mismatch; once terminated it says so."""
    source, token = an_image(home), a_name("token")
    first = launch(home, source, ClientToken=token)
    assert launch(home, source, ClientToken=token) == first
    with refused("IdempotentParameterMismatch"):
        launch(home, source, ClientToken=token, InstanceType="t3.small")
    reached(home, first, "running")
    home.ec2.terminate_instances(InstanceIds=[first])
    reached(home, first, "terminated")
    with refused("IdempotentInstanceTerminated"):
        launch(home, source, ClientToken=token)


@rule("4.1 ClientToken", "API-DescribeInstances")
def test_instances_are_found_by_their_client_token(home: Place) -> None:
    """The filter takes wildcards, finds terminated instances too, and no other one."""
    source, token = an_image(home), a_name("token")
    first, second = launch(home, source, ClientToken=f"{token}-a"), launch(home, source, ClientToken=f"{token}-b")
    launch(home, source)
    reached(home, second, "running")
    home.ec2.terminate_instances(InstanceIds=[second])
    reached(home, second, "terminated")
    for wanted, ids in ((f"{token}-*", {first, second}), (f"{token}-a", {first}), (token, set())):
        filters = [{"Name": "client-token", "Values": [wanted]}]
        found = home.ec2.describe_instances(Filters=filters)["Reservations"]
        assert {one["InstanceId"] for each in found for one in each["Instances"]} == ids


@pytest.mark.aws_safe
@rule("4.1 image", "ERR")
def test_absent_image(home: Place) -> None:
    """An image that does not exist cannot be launched."""
    with refused("InvalidAMIID.NotFound"):
        launch(home, "ami-0123456789abcdef0")


@rule("4.1 states", "M")
def test_instances_start_stop_and_end(home: Place) -> None:
    """An instance is pending, running, stopping, stopped, and for a while terminated."""
    instance_id = launch(home, an_image(home))
    states = [(instance(home, instance_id) or {})["State"]["Name"]]
    reached(home, instance_id, "running")
    home.ec2.stop_instances(InstanceIds=[instance_id])
    states.append((instance(home, instance_id) or {})["State"]["Name"])
    reached(home, instance_id, "stopped")
    home.ec2.terminate_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "terminated")
    assert states == ["pending", "stopping"]


@rule("4.4 procedure", "UG18-AMIEncryption")
def test_image_of_several_keys_as_documented(home: Place) -> None:
    """Launch under key #1, attach volumes under keys #2 and #3, CreateImage: the image has all three."""
    keys: dict[str, str | None] = {ROOT: a_key(home), DATA: a_key(home), MORE: a_key(home)}
    first = copied(home, an_image(home), **encryption(keys[ROOT]))
    instance_id = an_instance(home, first["ImageId"], state="stopped")["InstanceId"]
    for device in (DATA, MORE):
        volume_id = a_volume(home, key=keys[device])
        home.ec2.attach_volume(VolumeId=volume_id, InstanceId=instance_id, Device=device)
    home.until(lambda: len(volumes_of(home, instance_id)) == 3, "volumes attached")
    image_id = home.ec2.create_image(InstanceId=instance_id, Name=a_name(), NoReboot=True)["ImageId"]
    assert keys_of(home, settled(home, image, image_id)) == keys
    relaunched = volumes_of(home, an_instance(home, image_id)["InstanceId"])
    assert {device: key_of(each) for device, each in relaunched.items()} == keys


@rule("4.4 procedure", "UG23-AMIEncryption")
def test_image_of_several_keys_by_one_launch(home: Place) -> None:
    """The cheaper way: one launch with a key for each device, stop, CreateImage."""
    keys: dict[str, str | None] = {ROOT: a_key(home), DATA: a_key(home)}
    mapping = [{"DeviceName": device, "Ebs": encryption(key)} for device, key in keys.items()]
    source = an_image(home, data={DATA: PLAIN})
    found = an_instance(home, source, state="stopped", BlockDeviceMappings=mapping)
    image_id = home.ec2.create_image(InstanceId=found["InstanceId"], Name=a_name(), NoReboot=True)["ImageId"]
    assert keys_of(home, settled(home, image, image_id)) == keys
