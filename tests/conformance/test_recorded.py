# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What recorded answers of AWS and field reports show, where pages are silent or were misread (§25)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    PLAIN,
    ROOT,
    a_key,
    a_published_image,
    a_registered_image,
    a_snapshot,
    a_volume,
    an_image,
    an_instance,
    copied,
    copy,
    image_of,
    keys_of,
    launch,
    mappings_of,
    snapshot_ids,
    snapshot_of,
)
from .place import Place, a_name, image, nothing_created, reached, refused, settled, snapshot
from .rules import rule

TOO_MANY = "The maximum number of filter values specified on a single call is 200"
DATA = "/dev/sdf"


def values(count: int) -> list[str]:
    """Return so many different filter values."""
    return [f"conformance-{number}" for number in range(count)]


def an_image_of(place: Place, instance_id: str, **request: t.Any) -> dict[str, t.Any]:
    """Create an image of a stopped instance, wait until it is available, and return it."""
    made = place.ec2.create_image(InstanceId=instance_id, Name=a_name(), NoReboot=True, **request)
    found = settled(place, image, made["ImageId"])
    assert found["State"] == "available", found.get("StateReason")
    return found


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("describe_images", "name"),
        ("describe_snapshots", "description"),
        ("describe_volumes", "snapshot-id"),
        ("describe_instances", "image-id"),
        ("describe_tags", "resource-id"),
    ],
)
@rule("25.3", "convox/rack#2205", "apache/druid#1954", "ansible/ansible#16184")
def test_two_hundred_filter_values_a_call(home: Place, action: str, name: str) -> None:
    """A call may have 200 filter values, and no more."""
    describe = getattr(home.ec2, action)
    describe(Filters=[{"Name": name, "Values": values(200)}])
    with refused("FilterLimitExceeded", says=TOO_MANY):
        describe(Filters=[{"Name": name, "Values": values(201)}])


@pytest.mark.aws_safe
@rule("25.3", "gjbae1212/gossm#47")
def test_filter_values_are_counted_together(home: Place) -> None:
    """The values of all filters of a call count together."""
    filters = [{"Name": "name", "Values": values(150)}, {"Name": "tag-key", "Values": values(51)}]
    with refused("FilterLimitExceeded", says=TOO_MANY):
        home.ec2.describe_images(Filters=filters)


@pytest.mark.aws_safe
@rule("18", "SP#2276")
def test_disabled_images_must_be_asked_for_to_filter_by_that_state(home: Place) -> None:
    """To filter by the state disabled without IncludeDisabled is an error, not an empty list."""
    filters = [{"Name": "state", "Values": ["available", "disabled"]}]
    with refused("InvalidParameter", says="'IncludeDisabled' must be set to 'true' in the request"):
        home.ec2.describe_images(Owners=["self"], Filters=filters)
    home.ec2.describe_images(Owners=["self"], Filters=filters, IncludeDisabled=True)


@rule("25.1", "EC2 guide, AMI ancestry")
def test_created_images_name_the_image_of_their_instance_as_source(home: Place) -> None:
    """CreateImage sets SourceImageId too, beside SourceInstanceId, which a copy never has."""
    source = an_image(home)
    instance_id = an_instance(home, source, state="stopped")["InstanceId"]
    made, copy_ = an_image_of(home, instance_id), copied(home, source)
    assert (made["SourceImageId"], made["SourceImageRegion"]) == (source, home.region)
    assert made["SourceInstanceId"] == instance_id
    assert copy_["SourceImageId"] == source and "SourceInstanceId" not in copy_


def ephemeral(device: str, number: int) -> dict[str, str]:
    """Return the mapping of an instance store disk."""
    return {"DeviceName": device, "VirtualName": f"ephemeral{number}"}


@rule("25.2", "recorded")
def test_created_images_keep_the_ephemeral_mappings_of_their_instance(home: Place) -> None:
    """CreateImage keeps the ephemeral mappings, which DescribeInstances never shows."""
    root = {"DeviceName": ROOT, "Ebs": {"SnapshotId": a_snapshot(home)}}
    source = a_registered_image(home, [root, ephemeral("/dev/sdb", 0), ephemeral("/dev/sdc", 1)])
    found = an_instance(home, source, state="stopped")
    assert [each["DeviceName"] for each in found["BlockDeviceMappings"]] == [ROOT]
    mappings = mappings_of(an_image_of(home, found["InstanceId"]))
    assert {name: each.get("VirtualName") for name, each in mappings.items()} == {
        ROOT: None,
        "/dev/sdb": "ephemeral0",
        "/dev/sdc": "ephemeral1",
    }


@rule("25.2", "recorded")
def test_an_attached_volume_takes_the_place_of_an_ephemeral_mapping(home: Place) -> None:
    """A volume that is attached where the image has an ephemeral disk is in the image that is created."""
    key = a_key(home)
    root = {"DeviceName": ROOT, "Ebs": {"SnapshotId": a_snapshot(home)}}
    source = a_registered_image(home, [root, ephemeral("/dev/sdb", 0)])
    instance_id = an_instance(home, source, state="stopped")["InstanceId"]
    home.ec2.attach_volume(InstanceId=instance_id, VolumeId=a_volume(home, key=key), Device="/dev/sdb")
    found = an_image_of(home, instance_id)
    assert keys_of(home, found) == {ROOT: PLAIN, "/dev/sdb": key}
    assert "VirtualName" not in mappings_of(found)["/dev/sdb"]


def an_image_with_a_mismatched_root(place: Place, **data: str) -> str:
    """Register an image whose root is /dev/sda1 and whose mapping has /dev/sda."""
    mappings = [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": a_snapshot(place)}}]
    mappings += [{"DeviceName": name, "Ebs": {"SnapshotId": found}} for name, found in data.items()]
    return a_registered_image(place, mappings, RootDeviceName="/dev/sda1")


@pytest.mark.aws_safe
@rule("25.4", "recorded")
def test_root_sda1_with_the_mapping_sda_can_be_registered_and_copied(home: Place) -> None:
    """An image with the root /dev/sda1 and the mapping /dev/sda is registered, and copied as it is."""
    for found in (image_of(home, source := an_image_with_a_mismatched_root(home)), copied(home, source)):
        assert (found["RootDeviceName"], set(snapshot_ids(found))) == ("/dev/sda1", {"/dev/sda"})


@rule("25.4", "recorded")
def test_root_sda1_with_the_mapping_sda_can_be_launched_and_imaged(home: Place) -> None:
    """An instance of such an image has a root volume, of which an image can be created."""
    instance_id = an_instance(home, an_image_with_a_mismatched_root(home), state="stopped")["InstanceId"]
    found = an_image_of(home, instance_id)
    assert found["RootDeviceName"] == "/dev/sda1" and set(snapshot_ids(found)) == {"/dev/sda"}


@rule("25.4", "recorded")
def test_root_sda1_with_the_mapping_sda_cannot_lose_its_root(home: Place) -> None:
    """The root cannot be left out of a created image under either name."""
    instance_id = an_instance(home, an_image_with_a_mismatched_root(home), state="stopped")["InstanceId"]
    for name in ("/dev/sda", "/dev/sda1"):
        with refused("InvalidBlockDeviceMapping", "InvalidRequest"), nothing_created(home):
            home.ec2.create_image(
                InstanceId=instance_id, Name=a_name(), BlockDeviceMappings=[{"DeviceName": name, "NoDevice": ""}]
            )


@pytest.mark.emulator_only
@rule("25.5", "M")
def test_deregistered_images_are_listed_for_a_while(home: Place) -> None:
    """A deregistered image shows as such for a short time, then as an empty list, then as NotFound."""
    home.target.configure(deregistered_image_listed_seconds=60, deregistered_image_known_seconds=600)
    image_id = an_image(home)
    home.ec2.create_tags(Resources=[image_id], Tags=[{"Key": "a", "Value": "b"}])
    home.ec2.deregister_image(ImageId=image_id)
    by_tag = [{"Name": "tag:a", "Values": ["b"]}]
    listed = home.ec2.describe_images(Owners=["self"], Filters=by_tag)["Images"]
    assert [(each["ImageId"], each["State"]) for each in listed] == [(image_id, "deregistered")]
    assert image_of(home, image_id)["State"] == "deregistered"
    home.target.pass_time(61)
    assert home.ec2.describe_images(ImageIds=[image_id])["Images"] == []
    assert home.ec2.describe_images(Owners=["self"], Filters=by_tag)["Images"] == []
    home.target.pass_time(600)
    with refused("InvalidAMIID.NotFound"):
        home.ec2.describe_images(ImageIds=[image_id])


@pytest.mark.emulator_only
@rule("25.5", "M")
def test_deregistered_images_that_are_listed_yet_are_of_no_use(home: Place) -> None:
    """A deregistered image that is listed yet cannot be copied, launched or deregistered, and frees its snapshots."""
    home.target.configure(deregistered_image_listed_seconds=60)
    image_id = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    home.ec2.deregister_image(ImageId=image_id)
    for attempt in (
        lambda: copy(home, image_id),
        lambda: launch(home, image_id),
        lambda: home.ec2.deregister_image(ImageId=image_id),
    ):
        with refused("InvalidAMIID.Unavailable", "InvalidAMIID.NotFound"):
            attempt()
    home.ec2.delete_snapshot(SnapshotId=snapshot_id)


@rule("25.6", "Orange-Cyberdefense/GOAD#304")
def test_launching_an_image_that_is_not_shared(home: Place, other: Place) -> None:
    """To launch an image of somebody else that is not shared is an AuthFailure that names it, with HTTP 400."""
    image_id = an_image(other)
    with refused("AuthFailure", says=f"Not authorized for images: [{image_id}]"):
        launch(home, image_id)


@pytest.mark.aws_safe
@rule("25.6", "recorded")
def test_attributes_of_an_image_that_is_not_shared(home: Place, other: Place) -> None:
    """To read an attribute of, change or deregister somebody else's image is an AuthFailure that names it."""
    image_id = an_image(other)
    for attempt in (
        lambda: home.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission"),
        lambda: home.ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "ours"}),
        lambda: home.ec2.deregister_image(ImageId=image_id),
    ):
        with refused("AuthFailure", status=None, says=f"Not authorized for image:{image_id}"):
            attempt()


@pytest.mark.emulator_only
@rule("25.6", "agentsea/surfkit#88", "ERR")
def test_asking_for_an_image_that_is_not_shared_under_both_readings(home: Place, other: Place) -> None:
    """DescribeImages answers the id of an image that is not shared with NotFound, or with an empty list."""
    image_id = an_image(other)
    with refused("InvalidAMIID.NotFound"):
        home.ec2.describe_images(ImageIds=[image_id])
    home.target.configure(unshared_image_by_id="empty")
    assert home.ec2.describe_images(ImageIds=[image_id])["Images"] == []
    with refused("InvalidAMIID.NotFound"):
        home.ec2.describe_images(ImageIds=["ami-00000000000000bad"])


@pytest.mark.emulator_only
@rule("25.8", "recorded")
def test_marketplace_images_of_others_cannot_be_copied(home: Place) -> None:
    """A Marketplace image of another account cannot be copied, shared as it may be."""
    source = a_published_image(home, billed_as="marketplace", owned=False)["ImageId"]
    with refused("InvalidRequest", says="Images from AWS Marketplace cannot be copied to another AWS account."):
        copy(home, source)


@pytest.mark.aws_safe
@rule("25.9", "recorded")
def test_deregistering_always_reports_on_snapshots(home: Place) -> None:
    """DeregisterImage answers DeleteSnapshotResults, empty when it was not asked to delete any."""
    assert home.ec2.deregister_image(ImageId=an_image(home))["DeleteSnapshotResults"] == []


@pytest.mark.aws_safe
@pytest.mark.parametrize(("cooldown", "answer"), [(False, "enabled-without-cooldown"), (True, "enabled-with-cooldown")])
@rule("25.9", "recorded")
def test_protecting_an_image_answers_how(home: Place, cooldown: bool, answer: str) -> None:
    """EnableImageDeregistrationProtection answers what DescribeImages shows from then on."""
    image_id = an_image(home)
    found = home.ec2.enable_image_deregistration_protection(ImageId=image_id, WithCooldown=cooldown)
    assert found["Return"] == answer == image_of(home, image_id)["DeregistrationProtection"]


@pytest.mark.aws_safe
@rule("25.9", "recorded")
def test_copied_snapshots_name_no_volume(home: Place) -> None:
    """The volume of a copied snapshot is vol-ffffffff."""
    [copied_id] = snapshot_ids(copied(home, an_image(home))).values()
    assert snapshot_of(home, copied_id)["VolumeId"] == "vol-ffffffff"


@pytest.mark.aws_safe
@rule("25.10", "recorded")
def test_what_has_no_tags_shows_none(home: Place) -> None:
    """Tags is missing, not empty, on what has no tags; the SseType of a snapshot is not shown."""
    image_id = an_image(home, root=a_key(home))
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    assert not {"Tags"} & set(image_of(home, image_id))
    assert not {"Tags", "SseType"} & set(snapshot_of(home, snapshot_id))


@rule("25.10", "recorded")
def test_running_instances_give_no_reason(home: Place) -> None:
    """A running instance has no StateReason; a stopped one has."""
    instance_id = launch(home, an_image(home))
    assert "StateReason" not in reached(home, instance_id, "running")
    home.ec2.stop_instances(InstanceIds=[instance_id])
    assert reached(home, instance_id, "stopped")["StateReason"]["Code"] == "Client.UserInitiatedShutdown"


@pytest.mark.emulator_only
@pytest.mark.parametrize("names_state", [True, False])
@rule("25.11", "hashicorp/packer#12683")
def test_launch_under_a_disabled_key_under_both_readings(home: Place, names_state: bool) -> None:
    """A launch that fails on a disabled key tells its state, or only of a client error."""
    home.target.configure(failed_launch_names_key_state=names_state)
    key = a_key(home)
    source = an_image(home, root=key)
    home.kms.disable_key(KeyId=key)
    reason = reached(home, launch(home, source), "terminated")["StateReason"]
    assert reason == {
        "Code": "Client.InternalError",
        "Message": "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
        if names_state
        else "Client.InternalError: Client error on launch",
    }


@rule("25.13", "recorded", "M")
def test_descriptions_of_snapshots_name_what_they_were_made_for(home: Place) -> None:
    """AWS describes the snapshots that it makes for an image by the image, and by the instance or the source."""
    source = an_image(home)
    [original] = snapshot_ids(image_of(home, source)).values()
    instance_id = an_instance(home, source, state="stopped")["InstanceId"]
    made, copy_ = an_image_of(home, instance_id), copied(home, source)
    [of_instance], [of_copy] = snapshot_ids(made).values(), snapshot_ids(copy_).values()
    described = snapshot_of(home, of_instance)["Description"]
    assert described.startswith(f"Created by CreateImage({instance_id}) for {made['ImageId']}")
    described = snapshot_of(home, of_copy)["Description"]
    assert described.startswith(
        f"Copied for DestinationAmi {copy_['ImageId']} from SourceAmi {source} for SourceSnapshot {original}"
    )


@rule("25.13", "M")
def test_instances_show_the_token_they_were_launched_with(home: Place) -> None:
    """DescribeInstances shows the ClientToken of the launch, which no later call can change."""
    token = a_name("token")
    found = an_instance(home, an_image(home), ClientToken=token)
    assert found["ClientToken"] == token
    assert an_instance(home, an_image(home)).get("ClientToken", "") != token


@rule("25.13", "M")
def test_snapshots_show_the_volume_they_were_made_of(home: Place) -> None:
    """A snapshot of a volume shows the volume's id for good, also after the volume is gone."""
    volume_id = a_volume(home)
    snapshot_id = home.ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
    assert settled(home, snapshot, snapshot_id)["VolumeId"] == volume_id
    home.ec2.delete_volume(VolumeId=volume_id)
    assert snapshot_of(home, snapshot_id)["VolumeId"] == volume_id
