# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between accounts: what each purpose needs, organizations, Allowed AMIs, watermarks, associated keys (§14 to §16)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    PLAIN,
    a_key,
    a_published_image,
    a_snapshot,
    an_image,
    an_instance,
    aws_managed_key,
    copied,
    copied_snapshot,
    copy,
    image_of,
    in_days,
    key_of,
    launch,
    mappings_of,
    share_image,
    share_snapshot,
    snapshot_ids,
    snapshot_of,
)
from .place import Place, a_name, image, reached, refused, settled, snapshot
from .rules import rule

ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
UNIT = "arn:aws:organizations::999999999999:ou/o-0123456789/ou-ab12-34567890"


@rule("14.1 launch", "U26-sharingamis-explicit")
def test_launching_a_shared_image_needs_no_permission_on_its_snapshots(home: Place, other: Place) -> None:
    """A shared image can be launched without a permission on its snapshots, if its key may be used."""
    source = an_image(other, root=a_key(other, shared_with=home))
    share_image(other, source, home, storage=False)
    reached(home, launch(home, source), "running")


@rule("14.1 launch", "U26-sharingamis-explicit", "U26-share-amis")
def test_launching_a_shared_image_needs_its_key(home: Place, other: Place) -> None:
    """Without the key of a shared image its instance is terminated as it starts."""
    source = an_image(other, root=a_key(other))
    share_image(other, source, home)
    reached(home, launch(home, source), "terminated")


@pytest.mark.aws_safe
@rule("14.1 volume", "UG23-ebs-modifying-snapshot-permissions")
def test_volumes_need_the_permission_on_the_snapshot(home: Place, other: Place) -> None:
    """To make a volume of a snapshot of somebody else needs its permission, not an image's."""
    source = an_image(other)
    [snapshot_id] = snapshot_ids(image_of(other, source)).values()
    share_image(other, source, home, storage=False)
    with refused("InvalidSnapshot.NotFound", "UnauthorizedOperation", status=None):
        home.ec2.create_volume(SnapshotId=snapshot_id, AvailabilityZone=home.zone)
    share_snapshot(other, snapshot_id, home)
    assert home.ec2.create_volume(SnapshotId=snapshot_id, AvailabilityZone=home.zone)["VolumeId"]


def share_with(owner: Place, image_id: str, **permission: str) -> None:
    """Add one launch permission."""
    owner.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": [permission]})


def take_from(owner: Place, image_id: str, **permission: str) -> None:
    """Remove one launch permission."""
    owner.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Remove": [permission]})


@pytest.mark.emulator_only
@pytest.mark.parametrize(
    "permission", [{"OrganizationArn": ORGANIZATION}, {"OrganizationalUnitArn": UNIT}], ids=["organization", "unit"]
)
@rule("14.1 organizations", "U26-share-amis-with-organizations-and-ous", "M8")
def test_organizations_may_launch_not_copy(home: Place, other: Place, permission: dict[str, str]) -> None:
    """Members of an organization or unit may launch an image that is shared with it; to copy it they need more."""
    source = an_image(other)
    share_with(other, source, **permission)
    assert image(home, source) is None
    home.target.join(next(iter(permission.values())), home.account_id)
    reached(home, launch(home, source), "running")
    with refused("InvalidRequest", status=None, says="permission to access the storage of this ami"):
        copy(home, source)


@pytest.mark.emulator_only
@rule("14.1 removal", "U26-share-amis-org-ou-manage")
def test_an_account_keeps_what_its_organization_gives(home: Place, other: Place) -> None:
    """To remove an account whose organization is still in the permissions succeeds, and changes nothing for it."""
    source = an_image(other)
    home.target.join(ORGANIZATION, home.account_id)
    for permission in ({"UserId": home.account_id}, {"OrganizationArn": ORGANIZATION}):
        share_with(other, source, **permission)
    take_from(other, source, UserId=home.account_id)
    assert image(home, source)
    take_from(other, source, OrganizationArn=ORGANIZATION)
    assert image(home, source) is None


def organizations(place: Place) -> t.Any:
    """Return a client of Organizations, which is at home in one region."""
    return place.target.client("organizations", region="us-east-1", account=place.account)


def a_unit(place: Place, parent: str) -> dict[str, str]:
    """Make an organizational unit and return its id and ARN."""
    made = organizations(place).create_organizational_unit(ParentId=parent, Name=a_name("unit"))
    return t.cast(dict[str, str], made["OrganizationalUnit"])


def invited(place: Place, member: Place) -> None:
    """Let the other account join the organization of the place."""
    target = {"Id": member.account_id, "Type": "ACCOUNT"}
    handshake = organizations(place).invite_account_to_organization(Target=target)["Handshake"]
    assert handshake["State"] in ("REQUESTED", "OPEN")
    accepted = organizations(member).accept_handshake(HandshakeId=handshake["Id"])["Handshake"]
    assert accepted["State"] == "ACCEPTED"


@rule("14.1 organizations", "U26-share-amis-with-organizations-and-ous", "ORG8")
def test_units_give_to_all_units_below_as_long_as_accounts_stay(home: Place, other: Place) -> None:
    """What is shared with a unit reaches the accounts of units below it, until they are moved away or leave."""
    organization = organizations(home).create_organization()["Organization"]
    root = organizations(home).list_roots()["Roots"][0]["Id"]
    top, beside = a_unit(home, root), a_unit(home, root)
    below = a_unit(home, top["Id"])
    by_unit, by_organization = an_image(home), an_image(home)
    share_with(home, by_unit, OrganizationalUnitArn=top["Arn"])
    share_with(home, by_organization, OrganizationArn=organization["Arn"])
    invited(home, other)

    def seen() -> list[bool]:
        return [image(other, one) is not None for one in (by_unit, by_organization)]

    place, found = root, {}
    for name, unit in (("below", below), ("top", top), ("beside", beside)):
        organizations(home).move_account(
            AccountId=other.account_id, SourceParentId=place, DestinationParentId=unit["Id"]
        )
        place, found[name] = unit["Id"], seen()
    assert found == {"below": [True, True], "top": [True, True], "beside": [False, True]}
    organizations(other).leave_organization()
    assert seen() == [False, False]


@rule("14.2b units", "K8", "ORG8")
def test_keys_shared_with_a_unit_reach_its_accounts(home: Place, other: Place) -> None:
    """A key that RAM shares with a unit serves the accounts in it, and no longer once they have left."""
    organizations(home).create_organization()
    root = organizations(home).list_roots()["Roots"][0]["Id"]
    unit, key = a_unit(home, root), a_key(home)
    ram = home.target.client("ram", region=home.region, account=home.account)
    ram.create_resource_share(name="conformance", resourceArns=[key], principals=[unit["Arn"]])
    invited(home, other)
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)
    organizations(home).move_account(AccountId=other.account_id, SourceParentId=root, DestinationParentId=unit["Id"])
    assert other.kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
    organizations(other).leave_organization()
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)


@rule("14.1 organizations", "ORG8")
def test_accounts_join_by_invitation_and_leave_or_are_removed(home: Place, other: Place) -> None:
    """An account joins once it accepts; in an organization it can accept no other, and the management account stays."""
    with refused("AWSOrganizationsNotInUseException"):
        organizations(home).invite_account_to_organization(Target={"Id": other.account_id, "Type": "ACCOUNT"})
    organizations(home).create_organization()
    with refused("HandshakeNotFoundException"):
        organizations(other).accept_handshake(HandshakeId="h-0123456789")
    invited(home, other)
    assert organizations(other).describe_organization()["Organization"]["MasterAccountId"] == home.account_id
    accounts = organizations(home).list_accounts()["Accounts"]
    assert {one["Id"]: one["JoinedMethod"] for one in accounts}[other.account_id] == "INVITED"
    with refused("MasterCannotLeaveOrganizationException"):
        organizations(home).leave_organization()
    with refused("HandshakeConstraintViolationException", "DuplicateHandshakeException"):
        organizations(home).invite_account_to_organization(Target={"Id": other.account_id, "Type": "ACCOUNT"})
    organizations(home).remove_account_from_organization(AccountId=other.account_id)
    with refused("AWSOrganizationsNotInUseException"):
        organizations(other).leave_organization()


@pytest.mark.aws_safe
@rule("14.1 cancel", "U26-cancel-sharing-an-ami")
def test_consumers_can_cancel_what_names_them(home: Place, other: Place) -> None:
    """An account can take itself out of an image's permissions, once and for its own id only."""
    source = an_image(other)
    share_image(other, source, home, storage=False)
    assert home.ec2.cancel_image_launch_permission(ImageId=source)["Return"] is True
    assert image(home, source) is None
    assert other.ec2.describe_image_attribute(ImageId=source, Attribute="launchPermission")["LaunchPermissions"] == []


@pytest.mark.emulator_only
@rule("14.1 cancel", "U26-cancel-sharing-an-ami")
def test_consumers_cannot_cancel_what_their_organization_gives(home: Place, other: Place) -> None:
    """A permission of an organization cannot be cancelled by a member."""
    source = an_image(other)
    home.target.join(ORGANIZATION, home.account_id)
    share_with(other, source, OrganizationArn=ORGANIZATION)
    with refused():
        home.ec2.cancel_image_launch_permission(ImageId=source)
    assert image(home, source)


@pytest.mark.aws_safe
@rule("14.1 reset", "U26-sharingamis-explicit")
def test_resetting_takes_all_permissions(home: Place, other: Place) -> None:
    """ResetImageAttribute removes every permission; the owner keeps the image."""
    source = an_image(other)
    share_image(other, source, home, storage=False)
    other.ec2.reset_image_attribute(ImageId=source, Attribute="launchPermission")
    assert image(home, source) is None and image(other, source)


@rule("22 block public access", "M8")
def test_blocking_all_sharing_hides_public_snapshots(home: Place, other: Place) -> None:
    """block-all-sharing treats public snapshots as private, though their attribute stays."""
    snapshot_id = a_snapshot(other)
    other.ec2.modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission={"Add": [{"Group": "all"}]})
    assert snapshot(home, snapshot_id)
    other.ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    assert snapshot(home, snapshot_id) is None
    shown = other.ec2.describe_snapshot_attribute(SnapshotId=snapshot_id, Attribute="createVolumePermission")
    assert shown["CreateVolumePermissions"] == [{"Group": "all"}]
    other.ec2.disable_snapshot_block_public_access()
    assert snapshot(home, snapshot_id)


def allow(place: Place, *criteria: dict[str, t.Any], state: str = "enabled") -> None:
    """Set the criteria of Allowed AMIs, and apply them."""
    place.ec2.replace_image_criteria_in_allowed_images_settings(ImageCriteria=list(criteria))
    place.ec2.enable_allowed_images_settings(AllowedImagesSettingsState=state)


@rule("14.5 Allowed AMIs", "U26-ec2-allowed-amis", "ERR")
def test_images_that_are_not_allowed_do_not_exist(home: Place, other: Place) -> None:
    """Images of others that meet no criterion are not found, launched or copied; own images always are."""
    source, own = an_image(other), an_image(home)
    share_image(other, source, home)
    allow(home, {"ImageProviders": ["amazon"]})
    for attempt in (lambda: launch(home, source), lambda: copy(home, source)):
        with refused("InvalidAMIID.NotFound"):
            attempt()
    assert image(home, source) is None and image(home, own)
    found = home.ec2.get_allowed_images_settings()
    assert (found["State"], found["ManagedBy"]) == ("enabled", "account")
    home.ec2.disable_allowed_images_settings()
    assert image(home, source)


def criteria_of(other: Place, found: dict[str, t.Any]) -> dict[str, tuple[dict[str, t.Any], bool]]:
    """Return criteria and whether the image meets them."""
    marked = {"WatermarkKey": f"{other.account_id}:golden*"}
    return {
        "provider": ({"ImageProviders": [other.account_id]}, True),
        "other provider": ({"ImageProviders": ["aws-marketplace"]}, False),
        "name": ({"ImageNames": ["conformance-*"]}, True),
        "other name": ({"ImageNames": ["web-?", found["Name"].upper()]}, False),
        "both": ({"ImageProviders": [other.account_id], "ImageNames": ["web-*"]}, False),
        "young": ({"CreationDateCondition": {"MaximumDaysSinceCreated": 1}}, True),
        "not deprecated": ({"DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": 0}}, True),
        "watermark": ({"ImageWatermarks": [marked]}, True),
        "watermark elsewhere": ({"ImageWatermarks": [{**marked, "SourceImageRegion": "eu-west-3"}]}, False),
    }


@pytest.mark.parametrize(
    "case",
    [
        "provider",
        "other provider",
        "name",
        "other name",
        "both",
        "young",
        "not deprecated",
        "watermark",
        "watermark elsewhere",
    ],
)
@rule("14.5 criteria", "U26-ec2-allowed-amis", "M8")
def test_criteria_for_images(home: Place, other: Place, case: str) -> None:
    """Within a criterion all must hold, within a list one; criteria are alternatives."""
    source = an_image(other)
    other.ec2.attach_image_watermark(ImageId=source, WatermarkName="golden-2026")
    share_image(other, source, home, storage=False)
    criterion, meets = criteria_of(other, image_of(other, source))[case]
    allow(home, criterion)
    assert bool(image(home, source)) == meets
    allow(home, {"ImageProviders": ["amazon"]}, {"ImageProviders": [other.account_id]})
    assert image(home, source)


@rule("14.5 audit mode", "U26-ec2-allowed-amis", "M8")
def test_audit_mode_only_tells(home: Place, other: Place) -> None:
    """In audit mode nothing is hidden; ImageAllowed tells what would be."""
    source, own = an_image(other), an_image(home)
    share_image(other, source, home, storage=False)
    allow(home, {"ImageProviders": ["amazon"]}, state="audit-mode")
    assert image_of(home, source)["ImageAllowed"] is False and image_of(home, own)["ImageAllowed"] is True
    reached(home, launch(home, source), "running")


@pytest.mark.emulator_only
@rule("14.5 policy", "M8", "U26-ec2-allowed-amis")
def test_declarative_policies_bind_the_account(home: Place) -> None:
    """Where a declarative policy manages Allowed AMIs, the account cannot change them."""
    home.target.configure(allowed_images_managed_by="declarative-policy")
    assert home.ec2.get_allowed_images_settings()["ManagedBy"] == "declarative-policy"
    with refused(status=None):
        home.ec2.disable_allowed_images_settings()


def marks(found: dict[str, t.Any]) -> list[str]:
    """Return the keys of an image's watermarks."""
    return sorted(mark["WatermarkKey"] for mark in found.get("ImageWatermarks", []))


@rule("16 watermarks", "M8", "UG-wm")
def test_watermarks_go_on_to_copies_and_images_of_instances(home: Place, away: Place) -> None:
    """A watermark names the account and the first image, and goes on through CopyImage and CreateImage."""
    source = an_image(home)
    key = home.ec2.attach_image_watermark(ImageId=source, WatermarkName="golden 2026")["WatermarkKey"]
    assert key == f"{home.account_id}:golden 2026"
    copy_ = copied(away, source, home)
    instance_id = an_instance(home, source, state="stopped")["InstanceId"]
    made = home.ec2.create_image(InstanceId=instance_id, Name=a_name(), NoReboot=True)["ImageId"]
    for found in (copy_, settled(home, image, made)):
        [mark] = found["ImageWatermarks"]
        assert (mark["WatermarkKey"], mark["SourceImageId"], mark["SourceImageRegion"]) == (key, source, home.region)
    home.ec2.detach_image_watermark(ImageId=source, WatermarkKey=key)
    assert marks(image_of(home, source)) == [] and marks(image_of(away, copy_["ImageId"])) == [key]
    assert home.ec2.detach_image_watermark(ImageId=source, WatermarkKey=key)["Return"] is True


@pytest.mark.emulator_only
@pytest.mark.parametrize(
    ("guide", "name"), [(False, "image-watermark.watermark-key"), (True, "image-watermark-key")], ids=["model", "guide"]
)
@rule("16 watermarks", "M8", "UG-wm")
def test_images_are_found_by_watermark_under_both_readings(home: Place, guide: bool, name: str) -> None:
    """The filter by a watermark's key has one name in the model and another one in the guide."""
    home.target.configure(watermark_filter_guide_name=guide)
    marked, _other = an_image(home), an_image(home)
    key = home.ec2.attach_image_watermark(ImageId=marked, WatermarkName="golden 2026")["WatermarkKey"]
    found = home.ec2.describe_images(Owners=["self"], Filters=[{"Name": name, "Values": [key]}])["Images"]
    assert [each["ImageId"] for each in found] == [marked]


@rule("16 watermarks", "U26-ami-ancestry")
def test_registered_images_get_no_watermark(home: Place) -> None:
    """RegisterImage knows no source image, so no watermark goes on."""
    source = an_image(home)
    home.ec2.attach_image_watermark(ImageId=source, WatermarkName="golden")
    found = image_of(home, source)
    request = {"RootDeviceName": found["RootDeviceName"], "BlockDeviceMappings": list(mappings_of(found).values())}
    for mapping in request["BlockDeviceMappings"]:
        mapping["Ebs"].pop("Encrypted")
    made = home.ec2.register_image(Name=a_name(), VirtualizationType="hvm", **request)["ImageId"]
    assert marks(image_of(home, made)) == []


@rule("16 watermarks", "M8", "UG-wm")
def test_limits_of_watermarks(home: Place, other: Place) -> None:
    """An image has at most five watermarks; only the owner attaches them, and not to a public image or conversely."""
    source = an_image(home)
    for number in range(5):
        home.ec2.attach_image_watermark(ImageId=source, WatermarkName=f"mark-{number}")
    with refused():
        home.ec2.attach_image_watermark(ImageId=source, WatermarkName="mark-5")
    with refused():
        share_with(home, source, Group="all")
    share_image(home, source, other)
    with refused(status=None):
        other.ec2.attach_image_watermark(ImageId=source, WatermarkName="theirs")
    public = an_image(home)
    share_with(home, public, Group="all")
    with refused():
        home.ec2.attach_image_watermark(ImageId=public, WatermarkName="mark")
    by_key = [{"Name": "image-watermark.watermark-key", "Values": [f"{home.account_id}:mark-1"]}]
    assert [one["ImageId"] for one in home.ec2.describe_images(Filters=by_key)["Images"]] == [source]


@rule("16 instance types", "M8")
def test_images_are_launched_on_the_types_they_are_for(home: Place) -> None:
    """An image launches on supported types only, and never on unsupported ones; nothing said lifts it."""
    source = an_image(home)
    specify = home.ec2.replace_image_instance_type_specification
    for said in ({"SupportedInstanceTypes": ["m5.large"]}, {"UnsupportedInstanceTypes": ["t3.micro"]}):
        specify(ImageId=source, InstanceTypeSpecification=said)
        [(name, [shown])] = image_of(home, source)["InstanceTypeSpecification"].items()
        assert said == {name: [shown["InstanceType"]]}
        with refused("InvalidParameterCombination"):
            launch(home, source)
        launch(home, source, InstanceType="m5.large")
    specify(ImageId=source)
    launch(home, source)


@rule("16 instance types", "M8")
def test_patterns_of_instance_types(home: Place) -> None:
    """A type may have wildcards; it must be supported where any is, and not unsupported. Each stands there once."""
    source = an_image(home)
    specify = home.ec2.replace_image_instance_type_specification
    specify(ImageId=source, InstanceTypeSpecification={"SupportedInstanceTypes": ["m5.*"]})
    launch(home, source, InstanceType="m5.large")
    with refused("InvalidParameterCombination"):
        launch(home, source, InstanceType="t3.micro")
    both = {"SupportedInstanceTypes": ["m5.*"], "UnsupportedInstanceTypes": ["*.large"]}
    specify(ImageId=source, InstanceTypeSpecification=both)
    with refused("InvalidParameterCombination"):
        launch(home, source, InstanceType="m5.large")
    wrong: list[dict[str, list[str]]] = [
        {"SupportedInstanceTypes": ["m5.large", "m5.large"]},
        {"SupportedInstanceTypes": ["m5.large"], "UnsupportedInstanceTypes": ["m5.large"]},
        {"SupportedInstanceTypes": ["m5.**"]},
        {"UnsupportedInstanceTypes": ["a" * 25]},
    ]
    for said in wrong:
        with refused():
            specify(ImageId=source, InstanceTypeSpecification=said)


@pytest.mark.emulator_only
@pytest.mark.parametrize("carried", [True, False])
@rule("16 copies", "M8", "PP#249", "PP#262")
def test_what_copies_carry_under_both_readings(home: Place, carried: bool) -> None:
    """Whether copies carry deprecation and instance types is open."""
    home.target.configure(copy_image_carries_deprecation=carried, copy_image_carries_instance_types=carried)
    source = an_image(home)
    types = {"SupportedInstanceTypes": ["m5.large"]}
    home.ec2.replace_image_instance_type_specification(ImageId=source, InstanceTypeSpecification=types)
    home.ec2.enable_image_deprecation(ImageId=source, DeprecateAt=in_days(home, source, 30))
    found = copied(home, source)
    assert ("DeprecationTime" in found) == carried and ("InstanceTypeSpecification" in found) == carried


def associated(place: Place, snapshot_id: str) -> list[str]:
    """Return the associated keys of a snapshot."""
    return [one["KmsKeyId"] for one in snapshot_of(place, snapshot_id).get("AssociatedKmsKeys", [])]


@pytest.mark.aws_safe
@rule("15 associated keys", "M8")
def test_an_associated_key_is_a_second_way_to_the_data(home: Place, other: Place) -> None:
    """Who may use an associated key may copy a snapshot without its own key, which stays what it is."""
    own, second = a_key(home), a_key(home, shared_with=other)
    snapshot_id = a_snapshot(home, key=own)
    share_snapshot(home, snapshot_id, other)
    theirs = a_key(other)
    request = {"SourceSnapshotId": snapshot_id, "SourceRegion": home.region, "Encrypted": True, "KmsKeyId": theirs}
    failed = settled(other, snapshot, other.ec2.copy_snapshot(**request)["SnapshotId"])
    assert failed["State"] == "error"
    assert home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=second)["Return"] is True
    assert associated(home, snapshot_id) == [second] and key_of(snapshot_of(home, snapshot_id)) == own
    assert key_of(copied_snapshot(other, snapshot_id, home, Encrypted=True, KmsKeyId=theirs)) == theirs
    home.ec2.disassociate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=second)
    assert associated(home, snapshot_id) == []
    failed = settled(other, snapshot, other.ec2.copy_snapshot(**request)["SnapshotId"])
    assert failed["State"] == "error"


@pytest.mark.aws_safe
@rule("15 associated keys", "M8")
def test_only_encrypted_snapshots_take_another_key(home: Place) -> None:
    """A key is associated with an encrypted snapshot."""
    with refused():
        home.ec2.associate_kms_key_id(SnapshotId=a_snapshot(home, key=PLAIN), KmsKeyId=a_key(home))


@pytest.mark.emulator_only
@rule("15 open points", "M8")
def test_associated_keys_under_both_readings(home: Place) -> None:
    """How many keys, whether beside an AWS managed one, when a bad one is found and if copies carry them are open."""
    snapshot_id = a_snapshot(home, key=aws_managed_key(home))
    keys = [a_key(home) for _ in range(2)]
    with refused():
        home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=keys[0])
    home.target.configure(associated_keys_allowed_on_aws_managed=True)
    home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=keys[0])
    with refused():
        home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=keys[1])
    home.target.configure(associated_keys_limit=2)
    home.kms.disable_key(KeyId=keys[1])
    with refused():
        home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=keys[1])
    home.target.configure(associate_key_checks="async")
    home.ec2.associate_kms_key_id(SnapshotId=snapshot_id, KmsKeyId=keys[1])
    assert associated(home, snapshot_id) == [keys[0]]
    mine = a_key(home)
    for carried in (False, True):
        home.target.configure(copies_carry_associated_keys=carried)
        made = copied_snapshot(home, snapshot_id, home, Encrypted=True, KmsKeyId=mine)
        assert associated(home, made["SnapshotId"]) == ([keys[0]] if carried else [])


@pytest.mark.emulator_only
@rule("14.1 tags", "U26-sharingamis-explicit")
def test_tags_are_not_shown_to_consumers(home: Place) -> None:
    """Tags of the owner are not shown to those that an image is shared with."""
    found = a_published_image(home, billed_as="marketplace", owned=False)
    assert "Tags" not in found
