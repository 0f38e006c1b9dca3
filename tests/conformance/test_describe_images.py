# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeImages and DescribeImageAttribute: what is shown to whom (§5.1)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    ROOT,
    a_key,
    a_snapshot,
    an_image,
    copied,
    copy,
    image_of,
    mappings_of,
    share_image,
    snapshot_ids,
    tagged,
)
from .place import Place, a_name, image, refused, settled
from .rules import rule


def found_ids(place: Place, **request: t.Any) -> set[str]:
    """Return the ids of the images that DescribeImages finds."""
    return {found["ImageId"] for found in place.ec2.describe_images(**request)["Images"]}


def by(**values: str) -> list[dict[str, t.Any]]:
    """Return filters; ``_`` stands for ``-`` in their names."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]


@pytest.mark.aws_safe
@rule("5.1 not found", "M", "coreos/mantle#1091")
def test_absent_image(home: Place) -> None:
    """An id of no image is refused with InvalidAMIID.NotFound, in these words."""
    with refused("InvalidAMIID.NotFound", says="The image id '[ami-0123456789abcdef0]' does not exist"):
        home.ec2.describe_images(ImageIds=["ami-0123456789abcdef0"])


@pytest.mark.aws_safe
@rule("5.1 not found", "ERR")
def test_malformed_id(home: Place) -> None:
    """What is no image id is refused with InvalidAMIID.Malformed."""
    with refused("InvalidAMIID.Malformed"):
        home.ec2.describe_images(ImageIds=["image"])


@pytest.mark.aws_safe
@rule("5.1 not found", "M", "botocore#2194")
def test_deregistered_image(home: Place) -> None:
    """A deregistered image is soon an empty list, or not found."""
    image_id = an_image(home)
    home.ec2.deregister_image(ImageId=image_id)
    home.until(lambda: image(home, image_id) is None, f"{image_id} gone")


@pytest.mark.aws_safe
@rule("5.1 fields", "M")
def test_fields_of_an_image(home: Place) -> None:
    """An image shows its owner, state, root, platform and billing."""
    found = image_of(home, an_image(home))
    assert (found["OwnerId"], found["State"], found["Public"]) == (home.account_id, "available", False)
    assert (found["RootDeviceType"], found["RootDeviceName"], found["ImageType"]) == ("ebs", ROOT, "machine")
    assert (found["PlatformDetails"], found["UsageOperation"]) == ("Linux/UNIX", "RunInstances")
    assert found["ImageLocation"].startswith(f"{home.account_id}/") and found["CreationDate"].endswith("Z")
    assert "Platform" not in found and "SourceInstanceId" not in found


@pytest.mark.emulator_only
@pytest.mark.parametrize("shown", [True, False])
@rule("5.1 KmsKeyId", "M")
def test_keys_in_mappings_under_both_readings(home: Place, shown: bool) -> None:
    """Whether mappings show a key is open: only DescribeSnapshots can be relied on."""
    home.target.configure(image_mapping_shows_key=shown)
    ebs = mappings_of(image_of(home, an_image(home, root=a_key(home))))[ROOT]["Ebs"]
    assert ebs["Encrypted"] is True and ("KmsKeyId" in ebs) == shown


@pytest.mark.aws_safe
@rule("5.1 Owners", "M")
def test_owners(home: Place, other: Place) -> None:
    """Owners takes self and account ids; what is not shared with us is not shown."""
    ours, theirs = an_image(home), an_image(other)
    assert ours in found_ids(home, Owners=["self"]) and ours in found_ids(home, Owners=[home.account_id])
    assert theirs not in found_ids(home, Owners=[other.account_id])
    share_image(other, theirs, home, storage=False)
    assert theirs in found_ids(home, Owners=[other.account_id]) and theirs not in found_ids(home, Owners=["self"])


@pytest.mark.aws_safe
@rule("5.1 ExecutableUsers", "M")
def test_executable_users(home: Place, other: Place) -> None:
    """ExecutableUsers=self shows what others let us launch, not our own."""
    ours, theirs = an_image(home), an_image(other)
    share_image(other, theirs, home, storage=False)
    executable = found_ids(home, ExecutableUsers=["self"])
    assert theirs in executable and ours not in executable


FILTERS: dict[str, t.Callable[[dict[str, t.Any]], str]] = {
    "name": lambda found: found["Name"],
    "image-id": lambda found: found["ImageId"],
    "description": lambda found: found["Description"],
    "tag:Kind": lambda found: found["Name"],
    "block-device-mapping.snapshot-id": lambda found: found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"],
}


@pytest.mark.aws_safe
@pytest.mark.parametrize("name", FILTERS)
@rule("5.1 Filters", "M")
def test_filters_that_single_out(home: Place, name: str) -> None:
    """These filters find the one image that has the value."""
    unique = a_name()
    an_image(home)
    image_id = an_image(home, Name=unique, Description=unique, TagSpecifications=tagged("image", Kind=unique))
    value = FILTERS[name](image_of(home, image_id))
    assert found_ids(home, Owners=["self"], Filters=[{"Name": name, "Values": [value]}]) == {image_id}


COMMON = {
    "architecture": ("x86_64", "arm64"),
    "block-device-mapping.encrypted": ("true", "false"),
    "boot-mode": ("uefi", "legacy-bios"),
    "ena-support": ("true", "false"),
    "is-public": ("false", "true"),
    "root-device-name": (ROOT, "/dev/sda9"),
    "root-device-type": ("ebs", "instance-store"),
    "state": ("available", "pending"),
    "tag-key": ("Kind", "Other"),
    "virtualization-type": ("hvm", "paravirtual"),
}


@pytest.mark.aws_safe
@rule("5.1 Filters", "M")
def test_filters_that_many_pass(home: Place) -> None:
    """These filters show an image under its own value and hide it under another."""
    image_id = an_image(home, root=DEFAULT_KEY, BootMode="uefi", TagSpecifications=tagged("image", Kind="any"))
    for name, (its, no) in COMMON.items():
        assert image_id in found_ids(home, Owners=["self"], Filters=[{"Name": name, "Values": [its]}]), name
        assert image_id not in found_ids(home, Owners=["self"], Filters=[{"Name": name, "Values": [no]}]), name


@pytest.mark.aws_safe
@rule("5.1 Filters", "M")
def test_filters_by_source(home: Place, away: Place) -> None:
    """Copies can be found by source-image-id and source-image-region."""
    source = an_image(home)
    copy_ = copied(away, source, home)["ImageId"]
    assert found_ids(away, Owners=["self"], Filters=by(source_image_id=source)) == {copy_}
    assert copy_ in found_ids(away, Owners=["self"], Filters=by(source_image_region=home.region))


@pytest.mark.aws_safe
@rule("5.1 Filters", "M")
def test_filters_combine(home: Place) -> None:
    """Values of one filter are alternatives, filters add up, and * and ? are wildcards."""
    first, second = a_name(), a_name()
    ids = {an_image(home, Name=first), an_image(home, Name=second)}
    either = [{"Name": "name", "Values": [first, second]}]
    assert found_ids(home, Owners=["self"], Filters=either) == ids
    assert found_ids(home, Owners=["self"], Filters=either + by(state="pending")) == set()
    assert len(found_ids(home, Owners=["self"], Filters=by(name=f"*{first[3:]}"))) == 1
    assert len(found_ids(home, Owners=["self"], Filters=by(name=f"?{first[1:]}"))) == 1


@pytest.mark.aws_safe
@rule("5.1 paging", "M", "MP")
def test_pages(home: Place) -> None:
    """MaxResults cuts the answer into pages that together hold everything once."""
    ids = {an_image(home) for _ in range(3)}
    paginator = home.ec2.get_paginator("describe_images")
    filters = [{"Name": "image-id", "Values": sorted(ids)}]
    pages = list(paginator.paginate(Owners=["self"], Filters=filters, PaginationConfig={"PageSize": 2}))
    listed = [found["ImageId"] for page in pages for found in page["Images"]]
    assert sorted(listed) == sorted(ids) and len(pages) > 1


@pytest.mark.aws_safe
@rule("5.3 disabled", "M")
def test_disabled_images_are_hidden(home: Place) -> None:
    """A disabled image is shown only with IncludeDisabled, by filter and by owner."""
    name = a_name()
    image_id = an_image(home, Name=name)
    home.ec2.disable_image(ImageId=image_id)
    assert found_ids(home, Owners=["self"], Filters=by(name=name)) == set()
    [found] = home.ec2.describe_images(Owners=["self"], Filters=by(name=name), IncludeDisabled=True)["Images"]
    assert found["State"] == "disabled"
    home.ec2.enable_image(ImageId=image_id)
    assert image_of(home, image_id)["State"] == "available"


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    ("attribute", "field", "value"),
    [
        ("description", "Description", {"Value": "described"}),
        ("launchPermission", "LaunchPermissions", []),
        ("sriovNetSupport", "SriovNetSupport", {"Value": "simple"}),
        ("bootMode", "BootMode", {"Value": "uefi"}),
        ("tpmSupport", "TpmSupport", {"Value": "v2.0"}),
        ("imdsSupport", "ImdsSupport", {"Value": "v2.0"}),
    ],
)
@rule("5.1 attributes", "M")
def test_attributes(home: Place, attribute: str, field: str, value: t.Any) -> None:
    """DescribeImageAttribute shows one attribute at a time."""
    image_id = an_image(
        home,
        Description="described",
        SriovNetSupport="simple",
        BootMode="uefi",
        TpmSupport="v2.0",
        ImdsSupport="v2.0",
    )
    assert home.ec2.describe_image_attribute(ImageId=image_id, Attribute=attribute)[field] == value


@pytest.mark.aws_safe
@rule("5.1 attributes", "M")
def test_mappings_are_no_attribute_any_more(home: Place) -> None:
    """Attribute blockDeviceMapping is refused with AuthFailure."""
    image_id = an_image(home)
    with refused("AuthFailure", status=None):
        home.ec2.describe_image_attribute(ImageId=image_id, Attribute="blockDeviceMapping")


@pytest.mark.aws_safe
@rule("5.1 attributes", "M")
def test_attributes_are_the_owners_to_see(home: Place, other: Place) -> None:
    """Launch permissions are shown to the owner only."""
    image_id = an_image(other)
    share_image(other, image_id, home, storage=False)
    with refused(status=None):
        home.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")


@pytest.mark.aws_safe
@rule("5.1 state", "M")
def test_pending_images_are_found(home: Place) -> None:
    """A pending copy is found by state, and among our own."""
    pending = copy(home, an_image(home), Encrypted=True)
    home.until(lambda: image(home, pending), f"{pending} visible")
    assert pending in found_ids(home, Owners=["self"], Filters=by(state="pending"))
    settled(home, image, pending)
    assert pending in found_ids(home, Owners=["self"], Filters=by(state="available"))


@pytest.mark.aws_safe
@rule("5.1 tags", "M")
def test_tags_can_be_changed(home: Place) -> None:
    """CreateTags and DeleteTags change the tags that DescribeImages and DescribeSnapshots show."""
    image_id = an_image(home)
    resources = [image_id, *snapshot_ids(image_of(home, image_id)).values()]
    home.ec2.create_tags(Resources=resources, Tags=[{"Key": "Kind", "Value": "any"}])
    assert image_of(home, image_id)["Tags"] == [{"Key": "Kind", "Value": "any"}]
    home.ec2.delete_tags(Resources=resources, Tags=[{"Key": "Kind"}])
    assert image_of(home, image_id).get("Tags", []) == []


@pytest.mark.aws_safe
@rule("5.1 tags", "M")
def test_tags_have_a_list_of_their_own(home: Place) -> None:
    """DescribeTags lists the tags of resources, with their type."""
    image_id = an_image(home, TagSpecifications=tagged("image", Kind="any"))
    [tag] = home.ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [image_id]}])["Tags"]
    assert tag == {"ResourceId": image_id, "ResourceType": "image", "Key": "Kind", "Value": "any"}


@pytest.mark.aws_safe
@rule("5.1 tags", "ERR")
def test_tags_of_absent_images(home: Place) -> None:
    """CreateTags on an image that does not exist is refused with InvalidAMIID.NotFound."""
    with refused("InvalidAMIID.NotFound"):
        home.ec2.create_tags(Resources=["ami-0123456789abcdef0"], Tags=[{"Key": "Kind", "Value": "any"}])


@pytest.mark.aws_safe
@rule("5.1 not found", "ERR")
def test_snapshot_of_another_region(home: Place, away: Place) -> None:
    """Images and snapshots live in one region."""
    image_id, snapshot_id = an_image(home), a_snapshot(home)
    with refused("InvalidAMIID.NotFound"):
        away.ec2.describe_images(ImageIds=[image_id])
    with refused("InvalidSnapshot.NotFound"):
        away.ec2.describe_snapshots(SnapshotIds=[snapshot_id])


@rule("14.5 Allowed AMIs", "U26-ec2-allowed-amis")
def test_allowed_images_hide_those_of_other_accounts(home: Place, other: Place) -> None:
    """An image that meets no criterion is not found; the account's own images are never restricted."""
    own, shared = an_image(home), an_image(other)
    share_image(other, shared, home)
    assert found_ids(home, ImageIds=[own, shared]) == {own, shared}
    home.ec2.enable_allowed_images_settings(AllowedImagesSettingsState="enabled")
    assert found_ids(home, Filters=by(image_id=shared)) == set()
    assert found_ids(home, ImageIds=[own]) == {own}
    with refused("InvalidAMIID.NotFound"):
        home.ec2.copy_image(SourceImageId=shared, SourceRegion=home.region, Name=a_name("copy"))
    criterion = {"ImageProviders": [other.account_id]}
    home.ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=[criterion])
    assert found_ids(home, ImageIds=[shared]) == {shared}
    told = home.ec2.get_allowed_images_settings()
    assert (told["State"], told["ImageCriteria"], told["ManagedBy"]) == ("enabled", [criterion], "account")
    assert home.ec2.disable_allowed_images_settings()["AllowedImagesSettingsState"] == "disabled"


@rule("14.5 audit mode", "U26-ec2-allowed-amis")
def test_allowed_images_in_audit_mode_hide_nothing(home: Place, other: Place) -> None:
    """In audit mode all images are found."""
    shared = an_image(other)
    share_image(other, shared, home)
    home.ec2.enable_allowed_images_settings(AllowedImagesSettingsState="audit-mode")
    assert found_ids(home, ImageIds=[shared]) == {shared}
    assert home.ec2.get_allowed_images_settings()["State"] == "audit-mode"
    home.ec2.disable_allowed_images_settings()
