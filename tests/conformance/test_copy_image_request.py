# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage: its parameters, one by one (§1.1)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    a_key,
    a_snapshot,
    an_alias,
    an_image,
    copied,
    copy,
    key_of,
    keys_of,
    snapshots_of,
    tagged,
    tags_of,
)
from .place import Place, a_name, image, nothing_created, refused
from .rules import rule

# What AWS may call a key without encryption: the code is verified for CreateVolume only.
KEY_WITHOUT_ENCRYPTION = ("InvalidParameterDependency", "InvalidParameterCombination", "InvalidRequest")


@pytest.mark.aws_safe
@rule("1.1 response", "M")
def test_response_is_the_image_id_alone(home: Place) -> None:
    """CopyImage answers with the new image's id and nothing about its snapshots or state."""
    source = an_image(home)
    response = home.ec2.copy_image(SourceImageId=source, SourceRegion=home.region, Name=a_name())
    assert set(response) - {"ResponseMetadata"} == {"ImageId"}
    assert response["ImageId"].startswith("ami-") and response["ImageId"] != source


@pytest.mark.aws_safe
@pytest.mark.parametrize("missing", ["SourceImageId", "SourceRegion", "Name"])
@rule("1.1 required", "M", "ERR")
def test_required_parameters(home: Place, missing: str) -> None:
    """SourceImageId, SourceRegion and Name are required."""
    request = {"SourceImageId": "ami-0123456789abcdef0", "SourceRegion": home.region, "Name": a_name()}
    del request[missing]
    with nothing_created(home), refused("MissingParameter"):
        home.raw_ec2.copy_image(**request)


@pytest.mark.aws_safe
@rule("1.1 SourceRegion", "ERR")
def test_unknown_source_region(home: Place) -> None:
    """A source region that is no region code is refused with InvalidRegion."""
    with nothing_created(home), refused("InvalidRegion"):
        home.ec2.copy_image(SourceImageId="ami-0123456789abcdef0", SourceRegion="moon-west-1", Name=a_name())


@pytest.mark.aws_safe
@pytest.mark.parametrize("name", ["ab", "x" * 129, "semi;colon", "st*r", "ümlaut"])
@rule("1.1 Name", "M", "ERR")
def test_malformed_names(home: Place, name: str) -> None:
    """A name of less than 3 or more than 128 characters, or with others than AWS lists, is malformed."""
    source = an_image(home)
    with nothing_created(home), refused("InvalidAMIName.Malformed"):
        home.raw_ec2.copy_image(SourceImageId=source, SourceRegion=home.region, Name=name)


@pytest.mark.aws_safe
@pytest.mark.parametrize("suffix", ["()[] ./-'@_", ""])
@rule("1.1 Name", "M")
def test_names_keep_every_allowed_character(home: Place, suffix: str) -> None:
    """Letters, digits, and ( ) [ ] space . / - ' @ _ are allowed and kept."""
    name = f"{a_name()}{suffix}"
    assert copied(home, an_image(home), Name=name)["Name"] == name


@pytest.mark.aws_safe
@rule("1.1 Name", "openshift-tools PR 993", "ERR")
def test_duplicate_name_is_a_second_image_or_refused(home: Place) -> None:
    """A second copy under one name makes a second image, or is refused with InvalidAMIName.Duplicate."""
    source, name = an_image(home), a_name()
    first = copied(home, source, Name=name)["ImageId"]
    try:
        second = copy(home, source, Name=name)
    except home.ec2.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidAMIName.Duplicate"
    else:
        assert second != first


@pytest.mark.emulator_only
@pytest.mark.parametrize("allowed", [True, False])
@rule("1.1 Name", "openshift-tools PR 993", "ERR")
def test_duplicate_name_under_both_readings(home: Place, allowed: bool) -> None:
    """Whether CopyImage accepts a name in use is open; the emulator can do either."""
    home.target.configure(copy_image_duplicate_names=allowed)
    source, name = an_image(home), a_name()
    first = copied(home, source, Name=name)["ImageId"]
    if allowed:
        assert copied(home, source, Name=name)["ImageId"] != first
    else:
        with refused("InvalidAMIName.Duplicate", says=name):
            copy(home, source, Name=name)


@pytest.mark.aws_safe
@rule("1.1 Description", "M")
def test_description_is_taken_from_the_request(home: Place) -> None:
    """The copy has the description that was asked for, not the source's."""
    source = an_image(home, Description="of the source")
    assert copied(home, source, Description="of the copy")["Description"] == "of the copy"


@pytest.mark.aws_safe
@rule("1.1 Description", "M")
def test_description_is_not_inherited(home: Place) -> None:
    """Without a description the copy does not have the source's."""
    source = an_image(home, Description="of the source")
    assert copied(home, source).get("Description") != "of the source"


@pytest.mark.emulator_only
@pytest.mark.parametrize("written", [True, False])
@rule("1.1 Description", "M")
def test_default_description_under_both_readings(home: Place, written: bool) -> None:
    """What stands in an omitted description is open: nothing, or '[Copied ami-... from region]'."""
    home.target.configure(copy_image_sends_default_description=written)
    source = an_image(home)
    assert copied(home, source).get("Description", "").startswith(f"[Copied {source} from {home.region}]") == written


@pytest.mark.aws_safe
@rule("1.1 Description", "M")
def test_description_is_limited(home: Place) -> None:
    """A description has at most 255 characters."""
    source = an_image(home)
    copy(home, source, Description="x" * 255)
    with nothing_created(home), refused():
        home.raw_ec2.copy_image(SourceImageId=source, SourceRegion=home.region, Name=a_name(), Description="x" * 256)


def forms_of(place: Place, key_arn: str) -> dict[str, str]:
    """Return the four ways in which AWS lets a key be named."""
    alias = an_alias(place, key_arn)
    return {
        "id": key_arn.rpartition("/")[2],
        "arn": key_arn,
        "alias": alias,
        "alias_arn": key_arn.rpartition(":")[0] + ":" + alias,
    }


@pytest.mark.aws_safe
@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias_arn"])
@rule("1.1 KmsKeyId", "M")
def test_key_may_be_named_in_four_forms(home: Place, form: str) -> None:
    """A key may be given by id, ARN, alias or alias ARN; the snapshot always shows the key's ARN."""
    key = a_key(home)
    copy_ = copied(home, an_image(home), Encrypted=True, KmsKeyId=forms_of(home, key)[form])
    assert [key_of(each) for each in snapshots_of(home, copy_).values()] == [key]


@pytest.mark.aws_safe
@pytest.mark.parametrize("encrypted", [{}, {"Encrypted": False}], ids=["omitted", "false"])
@pytest.mark.parametrize("root", [PLAIN, DEFAULT_KEY], ids=["plain-source", "encrypted-source"])
@rule("1.3 row 9", "UG23-AMIEncryption")
def test_key_without_encryption(home: Place, root: str | None, encrypted: dict[str, t.Any]) -> None:
    """KmsKeyId without Encrypted=true is refused, whatever the source."""
    source, key = an_image(home, root=root), a_key(home)
    with nothing_created(home), refused(*KEY_WITHOUT_ENCRYPTION):
        copy(home, source, KmsKeyId=key, **encrypted)


@rule("1.3 row 9", "UG23-ebs-copy-snapshot")
def test_default_encryption_does_not_stand_in_for_encrypted(home: Place) -> None:
    """KmsKeyId needs Encrypted=true even where encryption by default is on."""
    source, key = an_image(home), a_key(home)
    home.ec2.enable_ebs_encryption_by_default()
    with nothing_created(home), refused(*KEY_WITHOUT_ENCRYPTION):
        copy(home, source, KmsKeyId=key)


@pytest.mark.aws_safe
@rule("1.1 KmsKeyId", "PP source step_ami_region_copy.go")
def test_empty_key_is_no_key(home: Place) -> None:
    """An empty KmsKeyId without Encrypted is tolerated, as Packer sends it."""
    assert set(keys_of(home, copied(home, an_image(home), KmsKeyId="")).values()) == {None}


@pytest.mark.aws_safe
@rule("1.1 CopyImageTags", "M", "UG-how")
def test_image_tags_are_copied_on_request_only(home: Place) -> None:
    """CopyImageTags copies the image's own tags; without it none come along."""
    source = an_image(home, TagSpecifications=tagged("image", Team="os"))
    assert tags_of(copied(home, source)) == {}
    assert tags_of(copied(home, source, CopyImageTags=True)) == {"Team": "os"}


@pytest.mark.aws_safe
@rule("1.1 CopyImageTags", "T#9549")
def test_snapshot_tags_are_never_copied(home: Place) -> None:
    """The tags of snapshots do not come along, CopyImageTags or not."""
    source = an_image(home)
    backing = next(iter(snapshots_of(home, image(home, source) or {}).values()))
    home.ec2.create_tags(Resources=[backing["SnapshotId"]], Tags=[{"Key": "Team", "Value": "os"}])
    copy_ = copied(home, source, CopyImageTags=True)
    assert [tags_of(each) for each in snapshots_of(home, copy_).values()] == [{}]


@pytest.mark.aws_safe
@rule("1.1 TagSpecifications", "M", "UG-copy")
def test_tag_specifications_reach_the_image_and_all_snapshots(home: Place) -> None:
    """TagSpecifications tag the image, and all its snapshots alike."""
    source = an_image(home, data={"/dev/sdf": None})
    specifications = tagged("image", Kind="image") + tagged("snapshot", Kind="snapshot")
    copy_ = copied(home, source, TagSpecifications=specifications)
    assert tags_of(copy_) == {"Kind": "image"}
    assert [tags_of(each) for each in snapshots_of(home, copy_).values()] == [{"Kind": "snapshot"}] * 2


@pytest.mark.aws_safe
@rule("1.1 TagSpecifications", "M")
def test_tags_are_there_from_the_start(home: Place) -> None:
    """An image is tagged as it is made, not only once it is available."""
    pending = copy(home, an_image(home), TagSpecifications=tagged("image", Kind="image"))
    found = home.until(lambda: image(home, pending), f"{pending} visible")
    assert tags_of(found) == {"Kind": "image"}


@pytest.mark.aws_safe
@pytest.mark.parametrize("kind", ["volume", "instance"])
@rule("1.1 TagSpecifications", "M")
def test_other_resource_types_cannot_be_tagged(home: Place, kind: str) -> None:
    """TagSpecifications for anything but image and snapshot make the request fail."""
    source = an_image(home)
    with nothing_created(home), refused():
        copy(home, source, TagSpecifications=tagged(kind, Kind=kind))


@pytest.mark.aws_safe
@rule("1.1 destination", "M")
def test_destinations_exclude_each_other(home: Place) -> None:
    """Of the Outpost and the two ways to name a zone only one may be given."""
    source, outpost = an_image(home), f"arn:aws:outposts:{home.region}:{home.account_id}:outpost/op-0123456789abcdef0"
    with nothing_created(home), refused():
        copy(home, source, DestinationOutpostArn=outpost, DestinationAvailabilityZone=home.zone)


@pytest.mark.aws_safe
@pytest.mark.parametrize("minutes", [0, 10, 20, 2895])
@rule("1.1 SnapshotCopyCompletionDurationMinutes", "EBS-time")
def test_completion_duration_must_be_a_multiple_of_15(home: Place, minutes: int) -> None:
    """A time-based copy takes a multiple of 15 minutes between 15 minutes and 48 hours."""
    source = an_image(home)
    with nothing_created(home), refused():
        copy(home, source, SnapshotCopyCompletionDurationMinutes=minutes)


@rule("1.1 SnapshotCopyCompletionDurationMinutes", "EBS-time", "UG-how")
def test_completion_duration_applies_to_each_snapshot(home: Place) -> None:
    """A time-based copy makes every snapshot a time-based one."""
    source = an_image(home, data={"/dev/sdf": None})
    copy_ = copied(home, source, SnapshotCopyCompletionDurationMinutes=15)
    shown = snapshots_of(home, copy_).values()
    assert [(each["TransferType"], each["CompletionDurationMinutes"]) for each in shown] == [("time-based", 15)] * 2


@pytest.mark.aws_safe
@rule("1.1 DryRun", "M")
def test_dry_run_succeeds_as_an_error(home: Place) -> None:
    """A dry run that would succeed is refused with DryRunOperation and makes nothing."""
    source = an_image(home)
    with nothing_created(home), refused("DryRunOperation", status=None):
        copy(home, source, DryRun=True)


@pytest.mark.aws_safe
@rule("1.1 DryRun", "M")
def test_dry_run_does_not_look_at_the_key(home: Place) -> None:
    """Keys are authenticated later, so that a dry run cannot find a bad one."""
    source = an_image(home)
    with nothing_created(home), refused("DryRunOperation", status=None):
        copy(home, source, DryRun=True, Encrypted=True, KmsKeyId="alias/conformance-absent")


@pytest.mark.aws_safe
@rule("1.5 not found", "ERR")
def test_snapshot_ids_are_no_image_ids(home: Place) -> None:
    """A source that is no image id is malformed."""
    snapshot_id = a_snapshot(home)
    with nothing_created(home), refused("InvalidAMIID.Malformed"):
        copy(home, snapshot_id)
