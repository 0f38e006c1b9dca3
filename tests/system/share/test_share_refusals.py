# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWS would refuse, or answer with a success that is none, is one sentence before anything is changed."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from emulated_aws.catalogue_images import IMAGES as IMAGES_OF_ALL
from system.share.sharing import AWAY, BY_NAME, FRIEND, HOME, ORGANIZATION, STRANGER, UNIT, Sharing, snapshots_in

OTHER_UNIT = "arn:aws:organizations::999999999999:ou/o-0123456789/ou-ab12-99999999"
ALL: dict[str, t.Any] = {"launch_permissions": {"group_names": ["all"]}}


def require_refused(sharing: Sharing, *names: str, words: t.Iterable[str], **options: t.Any) -> None:
    """Demand the same sentence in check mode and without, and not one call that could change something."""
    sharing.emulator.clear_calls()
    for check in (True, False):
        result = sharing(*names, check=check, **options)
        assert result.failed and [one for one in words if one not in result.msg] == [], result.msg
        assert "\n" not in result.msg and "Traceback" not in result.msg
        assert (result["changed"], result["images"]) == (False, [])
    assert sharing.look.mutations() == []


OPTIONS: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "no account": ({"user_ids": ["12345"]}, ("'12345'", "12 digits")),
    "an account as a number": ({"user_ids": ["21098765432"]}, ("'21098765432'", "quote it")),
    "a bare organization": ({"org_arns": ["o-0123456789"], "purpose": "launch"}, ("'o-0123456789'", "full ARN")),
    "half an organization": ({"org_arns": [ORGANIZATION[:-12]], "purpose": "launch"}, ("full ARN",)),
    "a unit for an organization": ({"org_arns": [UNIT], "purpose": "launch"}, (UNIT, "org_unit_arns takes")),
    "another partition": (
        {"org_arns": [ORGANIZATION.replace(":aws:", ":aws-cn:")], "purpose": "launch"}, ("aws-cn", "partition aws;"),
    ),
    "organizations for copying": ({"org_arns": [ORGANIZATION]}, (ORGANIZATION, "never copy", "purpose=launch")),
    "nobody": ({}, ("names nobody", "user_ids: []")),
    "nobody, exactly": ({"purge_launch_permissions": True}, ("names nobody",)),
    "an empty list": ({"user_ids": []}, ("names nobody",)),
    "both ways to choose": ({"user_ids": [FRIEND], "filters": {"name": "mixed"}}, ("drop one of both",)),
    "purge and absent": (
        {"user_ids": [FRIEND], "purge_launch_permissions": True, "state": "absent"}, ("nothing else",),
    ),
    "no purpose": ({"user_ids": [FRIEND], "purpose": None}, ("purpose is missing",)),
    "given and present": ({"given": [{}], "image_ids": None}, ("state=absent and nothing else",)),
    "given beside others": ({"given": [{}], "state": "absent"}, ("drop image_ids", "purpose")),
    "no image id": ({"user_ids": [FRIEND], "image_ids": ["ami-xyz"]}, ("'ami-xyz'", "not an image id")),
    "no region code": ({"user_ids": [FRIEND], "regions": ["here"]}, ("'here'", "not a region code")),
    "no such region": ({"user_ids": [FRIEND], "regions": [HOME, "eu-west-9"]}, ("eu-west-9", "does not exist")),
}  # fmt: skip


@pytest.mark.parametrize("case", OPTIONS)
def test_options_that_cannot_be(sharing: Sharing, case: str) -> None:
    options, words = OPTIONS[case]
    require_refused(sharing, "mixed", words=words, **options)


@pytest.mark.parametrize("options", [{}, {"image_ids": []}, {"filters": {}}, {"tags": {}}], ids=str)
def test_nothing_says_which_images(sharing: Sharing, options: dict[str, t.Any]) -> None:
    require_refused(sharing, words=["nothing says which images"], user_ids=[FRIEND], **options)


GIVEN: dict[str, tuple[list[dict[str, t.Any]], str]] = {
    "nothing": ([], "given is empty"),
    "no image": ([{"region": HOME}], "not an image id"),
    "no region": ([{"image_id": BY_NAME["mixed"]}], "not a region code"),
    "no result": ([{"image_id": BY_NAME["mixed"], "region": HOME}], "none of an earlier result"),
    "no account": (
        [{"image_id": BY_NAME["mixed"], "region": HOME, "given": {"user_ids": ["x"]}, "snapshots": []}], "12 digits",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GIVEN)
def test_what_was_given_cannot_be(sharing: Sharing, case: str) -> None:
    given, words = GIVEN[case]
    options = {"given": given, "launch_permissions": None, "purpose": None, "state": "absent"}
    require_refused(sharing, words=[words], **options)


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize(
    "options",
    [{"filters": {"name": "no-such-image"}}, {"tags": {"Team": "nobody"}}, {"filters": {"owner-id": FRIEND}}],
    ids=str,
)
def test_nothing_selected_is_no_success(sharing: Sharing, options: dict[str, t.Any], state: str) -> None:
    words = ["no image of this account", HOME, "nothing selected"]
    require_refused(sharing, words=words, user_ids=[FRIEND], state=state, **options)


IMAGES: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "default-key": ({}, ("AWS managed key", "ec2_ami_encrypted_copy")),
    "disabled": ({}, ("is disabled", "ec2:EnableImage", "state: available")),
    "stuck-pending": ({}, ("is pending", "Wait until")),
    "stuck-failed": ({}, ("is failed",)),
    "instance-store": ({}, ("no snapshot", "purpose=launch")),
    "archived": ({}, ("archived", "ec2:RestoreSnapshotTier")),
    "vendor-plain": ({}, ("belongs to account 111122223333", "only its owner")),
    "ami-0123456789abcdef0": ({}, ("is not found in us-east-1",)),
    "mixed": (ALL, ("encrypted snapshots", "never public")),
    "marketplace": (ALL, ("product codes",)),
}


@pytest.mark.parametrize("name", IMAGES)
def test_images_that_cannot_be_shared(sharing: Sharing, name: str) -> None:
    options, words = IMAGES[name]
    require_refused(sharing, name, words=[BY_NAME.get(name, name), *words], user_ids=[FRIEND], **options)


def test_the_default_key_forbids_launching_too(sharing: Sharing) -> None:
    require_refused(sharing, "default-key", words=["AWS managed key"], user_ids=[FRIEND], purpose="launch")


def test_one_bad_image_stops_all(sharing: Sharing) -> None:
    require_refused(
        sharing, "mixed", "default-key", "disabled", words=["AWS managed key", "is disabled"], user_ids=[FRIEND]
    )


def test_an_image_on_an_outpost(sharing: Sharing) -> None:
    outpost = f"arn:aws:outposts:{HOME}:123456789012:outpost/op-0123456789abcdef0"
    ec2 = sharing.look.ec2(HOME)
    key = sharing.look.key_arn("alias/golden", HOME)
    made = ec2.copy_image(
        Name="local", SourceImageId=BY_NAME["plain-root"], SourceRegion=HOME, DestinationOutpostArn=outpost,
        Encrypted=True, KmsKeyId=key,
    )["ImageId"]  # fmt: skip
    sharing.emulator.advance(4000)
    for purpose in ("launch", "copy"):
        require_refused(sharing, made, words=[outpost, "cannot be shared"], user_ids=[FRIEND], purpose=purpose)


def test_a_watermark_forbids_everybody(sharing: Sharing) -> None:
    sharing.look.ec2(HOME).attach_image_watermark(ImageId=BY_NAME["plain-root"], WatermarkName="golden")
    require_refused(sharing, "plain-root", words=["watermark", "golden", "never public"], **ALL)
    assert not sharing("plain-root", user_ids=[FRIEND]).failed


@pytest.mark.parametrize("what", ["image", "snapshot"])
def test_block_public_access_forbids_everybody(sharing: Sharing, what: str) -> None:
    ec2 = sharing.look.ec2(HOME)
    if what == "image":
        ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    else:
        ec2.enable_snapshot_block_public_access(State="block-all-sharing")
    require_refused(sharing, "plain-root", words=["blocks public access", what], **ALL)
    ec2.disable_image_block_public_access()
    ec2.disable_snapshot_block_public_access()
    assert not sharing("plain-root", **ALL).failed
    assert sharing.state("plain-root") == (["{'Group': 'all'}"], [["{'Group': 'all'}"]])


def test_no_more_than_a_thousand(sharing: Sharing) -> None:
    many = [f"{number:012}" for number in range(1, 1000)]
    sharing.allow("mixed", *({"UserId": one} for one in many))
    assert not sharing("mixed", user_ids=[FRIEND], purpose="launch").failed
    require_refused(sharing, "mixed", words=["1001", "AWS takes 1000"], user_ids=[STRANGER], purpose="launch")
    assert not sharing("mixed", user_ids=[FRIEND], purpose="launch")["changed"]


def test_more_changes_than_a_call_takes(sharing: Sharing) -> None:
    many = [f"{number:012}" for number in range(1, 700)]
    assert not sharing("plain-root", user_ids=many).failed
    assert len(sharing.volumes("plain-root")[0]) == len(sharing.launch("plain-root")) == 699
    assert not sharing("plain-root", user_ids=many, state="absent").failed
    assert sharing.state("plain-root") == ([], [[]])


COVERED: dict[str, tuple[dict[str, str], dict[str, t.Any], tuple[str, ...]]] = {
    "everybody": ({"Group": "all"}, {"user_ids": [FRIEND]}, (FRIEND, "group all")),
    "everybody for an organization": (
        {"Group": "all"}, {"org_arns": [ORGANIZATION]}, (ORGANIZATION, "group all"),
    ),
    "the organization of a unit": (
        {"OrganizationArn": ORGANIZATION}, {"launch_permissions": {"org_unit_arns": [UNIT]}}, (UNIT, ORGANIZATION),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", COVERED)
def test_what_another_entry_still_gives(sharing: Sharing, case: str) -> None:
    entry, options, words = COVERED[case]
    sharing.allow("plain-root", entry)
    words = (*words, "keeps access", "Name that entry")
    require_refused(sharing, "plain-root", words=words, state="absent", purpose="launch", **options)
    named = {"user_ids": [FRIEND], "group_names": ["all"], "org_arns": [ORGANIZATION], "org_unit_arns": [UNIT]}
    result = sharing("plain-root", launch_permissions=named, state="absent", purpose="launch")
    assert result.actions == ["unshared"] and sharing.launch("plain-root") == []


def test_a_public_snapshot_still_gives(sharing: Sharing) -> None:
    image = sharing.look.image(HOME, BY_NAME["plain-root"])
    (snapshot_id,) = snapshots_in(image or {})
    sharing("plain-root", user_ids=[FRIEND])
    public = {"Add": [{"Group": "all"}]}
    sharing.look.ec2(HOME).modify_snapshot_attribute(SnapshotId=snapshot_id, CreateVolumePermission=public)
    require_refused(sharing, "plain-root", words=[snapshot_id, "group all"], user_ids=[FRIEND], state="absent")


@pytest.mark.parametrize("entry", [{"OrganizationArn": ORGANIZATION}, {"OrganizationalUnitArn": UNIT}], ids=str)
def test_who_belongs_where_may_not_be_known(sharing: Sharing, entry: dict[str, str]) -> None:
    sharing.allow("mixed", {"UserId": FRIEND}, entry)
    result = sharing("mixed", user_ids=[FRIEND], state="absent", purpose="launch")
    assert result.actions == ["unshared"] and sharing.launch("mixed") == [entry]
    (warning,) = result.warnings
    assert f"{FRIEND} may still have access" in warning and next(iter(entry.values())) in warning
    again = sharing("mixed", user_ids=[FRIEND], state="absent", purpose="launch")
    assert again.warnings == [warning] and not again["changed"]


def test_a_unit_beside_what_is_taken_back(sharing: Sharing) -> None:
    sharing.allow("mixed", {"OrganizationArn": ORGANIZATION}, {"OrganizationalUnitArn": OTHER_UNIT})
    result = sharing("mixed", org_arns=[ORGANIZATION], state="absent")
    assert sharing.launch("mixed") == [{"OrganizationalUnitArn": OTHER_UNIT}]
    assert [one for one in result.warnings if f"{ORGANIZATION} may still have access" in one and OTHER_UNIT in one]


class Organization:
    """A real organization of our account, with a unit that has the account of a friend, or only invited it."""

    def __init__(self, sharing: Sharing, *, inside: bool):
        session = sharing.emulator.session()
        api: t.Any = session.client("organizations")
        self.arn = api.create_organization()["Organization"]["Arn"]
        root = api.list_roots()["Roots"][0]["Id"]
        upper = api.create_organizational_unit(ParentId=root, Name="upper")["OrganizationalUnit"]
        lower = api.create_organizational_unit(ParentId=upper["Id"], Name="lower")["OrganizationalUnit"]
        beside = api.create_organizational_unit(ParentId=root, Name="beside")["OrganizationalUnit"]
        self.upper, self.lower, self.beside = upper["Arn"], lower["Arn"], beside["Arn"]
        if inside:
            target = {"Id": FRIEND, "Type": "ACCOUNT"}
            handshake = api.invite_account_to_organization(Target=target)["Handshake"]
            friend: t.Any = sharing.emulator.session(account=FRIEND).client("organizations")
            friend.accept_handshake(HandshakeId=handshake["Id"])
            api.move_account(AccountId=FRIEND, SourceParentId=root, DestinationParentId=lower["Id"])


@pytest.mark.parametrize("where", ["arn", "upper", "lower"])
def test_an_organization_that_has_the_account(sharing: Sharing, where: str) -> None:
    arn = getattr(Organization(sharing, inside=True), where)
    kind = "OrganizationArn" if where == "arn" else "OrganizationalUnitArn"
    sharing.allow("mixed", {"UserId": FRIEND}, {kind: arn})
    require_refused(
        sharing, "mixed", words=[FRIEND, arn, "keeps access"], user_ids=[FRIEND], state="absent", purpose="launch"
    )
    option = "org_arns" if where == "arn" else "org_unit_arns"
    both = {"user_ids": [FRIEND], option: [arn]}
    assert not sharing("mixed", launch_permissions=both, state="absent", purpose="launch").failed
    assert sharing.launch("mixed") == []


def test_an_organization_without_the_account(sharing: Sharing) -> None:
    organization = Organization(sharing, inside=False)
    sharing.allow("mixed", {"UserId": FRIEND}, {"OrganizationArn": organization.arn})
    result = sharing("mixed", user_ids=[FRIEND], state="absent", purpose="launch")
    assert (result.actions, result.warnings) == (["unshared"], [])


def test_a_unit_without_the_account(sharing: Sharing) -> None:
    organization = Organization(sharing, inside=True)
    sharing.allow("mixed", {"UserId": FRIEND}, {"OrganizationalUnitArn": organization.beside})
    result = sharing("mixed", user_ids=[FRIEND], state="absent", purpose="launch")
    assert (result.actions, result.warnings) == (["unshared"], [])


def test_a_snapshot_that_another_shared_image_uses_stays_shared(sharing: Sharing) -> None:
    """Both images are composed of the same snapshots; the account may go on copying the other one."""
    ec2 = sharing.look.ec2(HOME)
    source = sharing.look.image(HOME, BY_NAME["mixed"]) or {}
    other = ec2.register_image(
        Name="sibling", RootDeviceName="/dev/xvda", Architecture="x86_64", VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshots_in(source)[0]}}],
    )["ImageId"]  # fmt: skip
    sharing("mixed", other, user_ids=[FRIEND, STRANGER])
    sharing(other, user_ids=[STRANGER], state="absent", purpose="launch")
    result = sharing("mixed", user_ids=[FRIEND, STRANGER], state="absent")
    both = [{"UserId": FRIEND}]
    assert sharing.launch("mixed") == [] and sharing.launch(other) == both
    assert sharing.volumes("mixed") == [both, []]
    kept = {one["snapshot_id"]: one["kept"] for one in result["images"][0]["snapshots"]}
    assert kept[snapshots_in(source)[0]] == [{"name": FRIEND, "image_ids": [other]}]
    assert [one for one in result.warnings if FRIEND in one and other in one and "keeps its permission" in one]
    together = sharing("mixed", other, user_ids=[FRIEND], state="absent")
    assert not together.failed and sharing.volumes("mixed") == [[], []]


def test_a_disabled_image_leaves_its_snapshots_shared(sharing: Sharing) -> None:
    sharing("mixed", user_ids=[FRIEND])
    sharing.look.ec2(HOME).disable_image(ImageId=BY_NAME["mixed"])
    (first, second) = snapshots_in(
        sharing.look.ec2(HOME).describe_images(ImageIds=[BY_NAME["mixed"]], IncludeDisabled=True)["Images"][0]
    )
    result = sharing("mixed", user_ids=[FRIEND], state="absent")
    assert result.actions == ["unshared"], result.msg
    assert sharing.volume(first) == sharing.volume(second) == []


def test_a_key_of_no_use_is_warned_of(sharing: Sharing) -> None:
    result = sharing("locked-out", user_ids=[FRIEND])
    assert [one for one in result.warnings if "Disabled" in one and "nobody can launch" in one]


def test_ids_are_looked_for_in_each_region(sharing: Sharing) -> None:
    names = ("mixed", "mixed-eu")
    assert sharing(*names, regions=[HOME, AWAY], user_ids=[FRIEND], check=True).actions == ["shared", "shared"]
    require_refused(sharing, *names, words=[BY_NAME["mixed-eu"], HOME], user_ids=[FRIEND])


POLICIES = pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam"
USER = "arn:aws:iam::123456789012:user/sharer"
POLICY_NAMES = ("share-images", "share-images-organizations")
LOOKS = ("organizations:DescribeAccount", "organizations:DescribeOrganization", "organizations:ListParents")


def allowed(without: str = "") -> list[dict[str, t.Any]]:
    """Return the policies that the documentation ships for this module, perhaps with one action taken out."""
    policies = [json.loads((POLICIES / f"{name}.json").read_text()) for name in POLICY_NAMES]
    for policy in policies:
        for statement in policy["Statement"]:
            statement["Action"] = [one for one in statement["Action"] if one != without]
    return policies


@pytest.mark.parametrize("without", ["", *LOOKS])
def test_each_look_at_the_organization_is_needed(sharing: Sharing, without: str) -> None:
    """Who is in the unit beside is not covered, and neither is a stranger; without one action either is not known."""
    organization = Organization(sharing, inside=True)
    entry = {"OrganizationalUnitArn": organization.beside}
    sharing.allow("mixed", {"UserId": FRIEND}, {"UserId": STRANGER}, entry)
    reader = sharing.emulator.principal(USER, allowed(without))
    result = sharing("mixed", user_ids=[FRIEND, STRANGER], state="absent", purpose="launch", as_=reader)
    assert result.actions == ["unshared"], result.msg
    unknown = {who for who in (FRIEND, STRANGER) for one in result.warnings if f"{who} may still" in one}
    wanted = {"": set(), LOOKS[0]: {FRIEND, STRANGER}, LOOKS[1]: {STRANGER}, LOOKS[2]: {FRIEND}}
    assert unknown == wanted[without]
    assert all(without in one for one in result.warnings)


def test_an_organization_out_of_reach_is_asked_once(sharing: Sharing) -> None:
    sharing.allow("mixed", {"UserId": FRIEND}, {"UserId": STRANGER}, {"OrganizationArn": ORGANIZATION})
    sharing.emulator.faults.add("unreachable", service="organizations")
    result = sharing("mixed", user_ids=[FRIEND, STRANGER], state="absent", purpose="launch")
    assert result.actions == ["unshared"] and len(result.warnings) == 2
    assert len(sharing.look.calls(service="organizations")) == 1


def test_a_managed_key_that_may_not_be_described_is_refused_by_aws(sharing: Sharing) -> None:
    """What could not be judged is said beforehand, and AWS's refusal comes with the first call, which gives nothing."""
    sharing.emulator.faults.add("access_denied", service="kms", action="DescribeKey")
    predicted = sharing("default-key", user_ids=[FRIEND], check=True)
    assert [one for one in predicted.warnings if "kms:DescribeKey" in one and "AWS managed key" in one]
    result = sharing("default-key", user_ids=[FRIEND])
    assert result.failed and result.actions == ["failed"] and not result["changed"]
    assert sharing.state("default-key") == ([], [[]])


@pytest.mark.parametrize("setting", ["not_found", "empty"])
def test_an_image_of_somebody_else_that_is_not_shown(sharing: Sharing, setting: str) -> None:
    """Both readings of what AWS answers about it."""
    sharing.emulator.configure(unshared_image_by_id=setting)
    hidden = next(spec.image_id for spec in IMAGES_OF_ALL if spec.name == "vendor-private")
    require_refused(sharing, hidden, words=[hidden, "is not found"], user_ids=[FRIEND])
