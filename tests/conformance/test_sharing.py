# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch permissions of images and volume permissions of snapshots (§5.4)."""

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
    copy,
    image_of,
    share_image,
    share_snapshot,
    snapshot_ids,
    volumes_of,
)
from .place import Place, image, refused, tampered
from .rules import rule

NOT_SHAREABLE_IMAGE = "Snapshots encrypted with the AWS Managed CMK can't be shared. Specify another snapshot."
NOT_SHAREABLE_SNAPSHOT = "Encrypted snapshots with EBS default key cannot be shared"


def launch_permissions(place: Place, image_id: str) -> list[dict[str, str]]:
    """Return the launch permissions of an image."""
    shown = place.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")
    return t.cast(list[dict[str, str]], shown["LaunchPermissions"])


def volume_permissions(place: Place, snapshot_id: str) -> list[dict[str, str]]:
    """Return the create-volume permissions of a snapshot."""
    shown = place.ec2.describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
    return t.cast(list[dict[str, str]], shown["CreateVolumePermissions"])


@pytest.mark.aws_safe
@rule("5.4 images", "M")
def test_launch_permissions_are_added_and_removed(home: Place, other: Place) -> None:
    """LaunchPermission adds and removes accounts."""
    image_id, user = an_image(home), {"UserId": other.account_id}
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [user]})
    assert launch_permissions(home, image_id) == [user]
    assert image(other, image_id)
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Remove": [user]})
    assert launch_permissions(home, image_id) == [] and image(other, image_id) is None


@pytest.mark.aws_safe
@rule("5.4 images", "M")
def test_launch_permissions_in_the_other_form(home: Place, other: Place) -> None:
    """Attribute, OperationType and UserIds do the same."""
    image_id = an_image(home)
    request = {"ImageId": image_id, "Attribute": "launchPermission", "UserIds": [other.account_id]}
    home.ec2.modify_image_attribute(OperationType="add", **request)
    assert launch_permissions(home, image_id) == [{"UserId": other.account_id}]
    home.ec2.modify_image_attribute(OperationType="remove", **request)
    assert launch_permissions(home, image_id) == []


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    ("form", "kind"), [("OrganizationArn", "organization/o-"), ("OrganizationalUnitArn", "ou/o-0123456789/ou-abcd-")]
)
@rule("5.4 organizations", "UG23-share-amis-with-organizations", "M")
def test_organizations_are_named_in_full(home: Place, form: str, kind: str) -> None:
    """Organisations and their units are named by full ARN; the bare id will not do."""
    image_id = an_image(home)
    arn = f"arn:aws:organizations::{home.account_id}:{kind}0123456789"
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{form: arn}]})
    assert launch_permissions(home, image_id) == [{form: arn}]
    with refused():
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{form: arn.rpartition("/")[2]}]})


@pytest.mark.aws_safe
@pytest.mark.parametrize("user", ["12345", "somebody", "1234567890123"])
@rule("5.4 images", "ERR")
def test_bad_users(home: Place, user: str) -> None:
    """What is no account is refused with InvalidAMIAttributeItemValue."""
    image_id = an_image(home)
    with refused("InvalidAMIAttributeItemValue"):
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"UserId": user}]})
    assert launch_permissions(home, image_id) == []


@pytest.mark.aws_safe
@rule("5.4 images", "ERR")
def test_pending_image_cannot_be_shared(home: Place, other: Place) -> None:
    """An image that is not available yet is refused with InvalidAMIID.Unavailable."""
    pending = copy(home, an_image(home), Encrypted=True, KmsKeyId=a_key(home))
    home.until(lambda: image(home, pending), f"{pending} visible")
    with refused("InvalidAMIID.Unavailable"):
        share_image(home, pending, other, storage=False)


@pytest.mark.aws_safe
@rule("5.4 images", "M")
def test_one_attribute_per_call(home: Place, other: Place) -> None:
    """One call changes one attribute."""
    image_id = an_image(home)
    permission = {"Add": [{"UserId": other.account_id}]}
    with refused():
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=permission, Description={"Value": "new"})
    assert launch_permissions(home, image_id) == []


@pytest.mark.aws_safe
@rule("5.4 images", "M")
def test_description_can_be_changed(home: Place) -> None:
    """The description of an image can be changed."""
    image_id = an_image(home)
    home.ec2.modify_image_attribute(ImageId=image_id, Description={"Value": "new"})
    assert image_of(home, image_id)["Description"] == "new"


@pytest.mark.aws_safe
@rule("5.4 ImdsSupport", "M")
def test_imds_support_is_irreversible(home: Place) -> None:
    """ImdsSupport can be set to v2.0, and never taken back."""
    image_id = an_image(home)
    home.ec2.modify_image_attribute(ImageId=image_id, ImdsSupport={"Value": "v2.0"})
    assert image_of(home, image_id)["ImdsSupport"] == "v2.0"
    with refused():
        home.ec2.modify_image_attribute(ImageId=image_id, ImdsSupport={"Value": "v1.0"})


@pytest.mark.aws_safe
@rule("5.4 default key", "PP#270", "P#7499")
def test_image_under_the_aws_managed_key_cannot_be_shared(home: Place, other: Place) -> None:
    """An image with a snapshot under aws/ebs cannot be shared: InvalidParameter, in these words."""
    image_id = an_image(home, data={"/dev/sdf": DEFAULT_KEY})
    with refused("InvalidParameter", says=NOT_SHAREABLE_IMAGE):
        share_image(home, image_id, other, storage=False)
    assert launch_permissions(home, image_id) == []


@pytest.mark.aws_safe
@rule("5.4 default key", "PP#270", "P#7499")
def test_snapshot_under_the_aws_managed_key_cannot_be_shared(home: Place, other: Place) -> None:
    """A snapshot under aws/ebs cannot be shared: OperationNotPermitted, in these words."""
    snapshot_id = a_snapshot(home, key=DEFAULT_KEY)
    with refused("OperationNotPermitted", says=NOT_SHAREABLE_SNAPSHOT):
        share_snapshot(home, snapshot_id, other)
    assert volume_permissions(home, snapshot_id) == []


@pytest.mark.aws_safe
@rule("5.4 default key", "P#7346")
def test_customer_managed_keys_can_be_shared(home: Place, other: Place) -> None:
    """An image under a customer managed key can be shared, with its snapshots."""
    image_id = an_image(home, root=a_key(home))
    share_image(home, image_id, other)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    assert launch_permissions(home, image_id) == volume_permissions(home, snapshot_id) == [{"UserId": other.account_id}]


@rule("5.4 default key", "PP#270")
def test_customers_default_key_can_be_shared(home: Place, other: Place) -> None:
    """It is the AWS managed key that cannot be shared, not the account's default key as such."""
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=a_key(home))
    snapshot_id = a_snapshot(home, key=DEFAULT_KEY)
    share_snapshot(home, snapshot_id, other)
    assert volume_permissions(home, snapshot_id) == [{"UserId": other.account_id}]


@pytest.mark.aws_safe
@rule("5.4 public", "M")
def test_encrypted_images_and_snapshots_are_never_public(home: Place) -> None:
    """Neither an image with an encrypted snapshot nor that snapshot can be made public."""
    image_id = an_image(home, root=a_key(home))
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    with refused(status=None):
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
    with refused(status=None):
        home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission={"Add": [{"Group": "all"}]})
    assert image_of(home, image_id)["Public"] is False


@rule("5.4 public", "M")
def test_plain_images_can_be_public(home: Place, other: Place) -> None:
    """A plain image can be made public: anybody sees it, and it says so."""
    image_id = an_image(home)
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [{"Group": "all"}]})
    assert launch_permissions(home, image_id) == [{"Group": "all"}]
    assert image_of(other, image_id)["Public"] is True


@pytest.mark.aws_safe
@rule("5.4 snapshots", "M")
def test_volume_permissions_are_added_and_removed(home: Place, other: Place) -> None:
    """CreateVolumePermission adds and removes accounts, in both forms."""
    snapshot_id, user = a_snapshot(home), {"UserId": other.account_id}
    share_snapshot(home, snapshot_id, other)
    assert volume_permissions(home, snapshot_id) == [user]
    home.ec2.modify_snapshot_attribute(
        SnapshotId=snapshot_id,
        Attribute="createVolumePermission",
        OperationType="remove",
        UserIds=[other.account_id],
    )
    assert volume_permissions(home, snapshot_id) == []


@pytest.mark.aws_safe
@rule("5.4 snapshots", "M")
def test_permissions_are_added_or_removed(home: Place, other: Place) -> None:
    """One call adds or removes volume permissions, not both."""
    snapshot_id, user = a_snapshot(home), {"UserId": other.account_id}
    with refused():
        home.ec2.modify_snapshot_attribute(
            SnapshotId=snapshot_id, CreateVolumePermission={"Add": [user], "Remove": [{"Group": "all"}]}
        )
    assert volume_permissions(home, snapshot_id) == []


@pytest.mark.aws_safe
@rule("5.4 reset", "M")
def test_permissions_can_be_reset(home: Place, other: Place) -> None:
    """Resetting takes all permissions of an image or a snapshot away."""
    image_id = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    share_image(home, image_id, other)
    home.ec2.reset_image_attribute(ImageId=image_id, Attribute="launchPermission")
    home.ec2.reset_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
    assert launch_permissions(home, image_id) == volume_permissions(home, snapshot_id) == []


@rule("5.3 block public access", "M")
def test_public_sharing_can_be_blocked(home: Place) -> None:
    """With public access blocked, neither images nor snapshots can be made public."""
    image_id = an_image(home)
    [snapshot_id] = snapshot_ids(image_of(home, image_id)).values()
    home.ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    home.ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    public = {"Add": [{"Group": "all"}]}
    with refused(status=None):
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=public)
    with refused(status=None):
        home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission=public)
    home.ec2.disable_image_block_public_access()
    home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=public)


@pytest.mark.emulator_only
@rule("14.1 entities of an image", "U26-ami-quotas")
def test_an_image_is_shared_with_a_thousand_entities(home: Place) -> None:
    """An image is shared with at most a thousand accounts, organizations and units; the code is not documented."""
    image_id, users = an_image(home), [{"UserId": f"{number:012}"} for number in range(1, 1002)]
    organization = {"OrganizationArn": f"arn:aws:organizations::{home.account_id}:organization/o-0123456789"}

    def change(**changes: list[dict[str, str]]) -> None:
        home.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission=changes)

    change(Add=users[:500])
    change(Add=[*users[500:999], organization])
    with refused():
        change(Add=users[999:1000])
    change(Add=users[:1])
    change(Add=users[999:1000], Remove=[organization])
    assert launch_permissions(home, image_id) == users[:1000]


@rule("5.4 snapshots", "M")
def test_changes_of_one_call_are_limited(home: Place) -> None:
    """One call changes at most 500 volume permissions."""
    snapshot_id, users = a_snapshot(home), [{"UserId": f"{number:012}"} for number in range(1, 502)]
    with refused():
        home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission={"Add": users})
    home.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission={"Add": users[1:]})
    assert len(volume_permissions(home, snapshot_id)) == 500


@pytest.mark.aws_safe
@rule("5.4 snapshots", "M")
def test_no_organizations_for_snapshots(home: Place) -> None:
    """Snapshots cannot be shared with an organization."""
    snapshot_id, arn = a_snapshot(home), f"arn:aws:organizations::{home.account_id}:organization/o-0123456789"
    request = {"SnapshotId": snapshot_id, "Attribute": "createVolumePermission", "OperationType": "add"}
    with refused("UnknownParameter"), tampered(home.ec2, "ModifySnapshotAttribute", **{"OrganizationArn.1": arn}):
        home.ec2.modify_snapshot_attribute(UserIds=[home.account_id], **request)


@rule("5.4 launch", "UG23-sharingamis-explicit", "OBS")
def test_launching_needs_the_key_but_not_the_storage(home: Place, other: Place) -> None:
    """To launch a shared encrypted image its key must be shared too; its snapshots need not be."""
    key = a_key(other, shared_with=home)
    source = an_image(other, root=key)
    share_image(other, source, home, storage=False)
    assert set(volumes_of(home, an_instance(home, source)["InstanceId"])) == {ROOT}


@pytest.mark.aws_safe
@rule("5.4 snapshots", "UG-perm")
def test_shared_snapshots_make_volumes(home: Place, other: Place) -> None:
    """A shared snapshot makes volumes, one that is not shared does not."""
    snapshot_id = a_snapshot(other, key=PLAIN)
    with refused("InvalidSnapshot.NotFound", "AuthFailure", "UnauthorizedOperation", status=None):
        home.ec2.create_volume(AvailabilityZone=home.zone, SnapshotId=snapshot_id)
    share_snapshot(other, snapshot_id, home)
    assert home.ec2.create_volume(AvailabilityZone=home.zone, SnapshotId=snapshot_id)["SnapshotId"] == snapshot_id
