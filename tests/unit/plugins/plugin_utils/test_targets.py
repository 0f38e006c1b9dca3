# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which targets a file of accounts and regions makes, and what it may not say."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.errors import RequestError
from ansible_collections.sealed.ami.plugins.plugin_utils._targets import parse_targets

ROLE = "arn:aws:iam::123456789012:role/team/image-copier"
IMAGE = "ami-0123456789abcdef0"
ZONE, OUTPOST = "us-east-1-bos-1a", "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
FOREIGN_KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def an_account(**options: t.Any) -> dict[str, t.Any]:
    """Return an account that is right, but for what is given."""
    return {"account": "production", "regions": ["eu-west-1"], **options}


def a_file(*accounts: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """Return a file of these accounts, or of one that is right, with a host for each region."""
    return {"host_per": "region", "accounts": list(accounts) or [an_account()], **options}


def a_place(**options: t.Any) -> dict[str, t.Any]:
    """Return a file with one region, of which more is said."""
    return a_file(an_account(regions=[{"region": "us-east-1", **options}]))


def only_variables(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the variables of the file's only target."""
    (target,) = parse_targets(options)
    return target.variables


def test_targets_come_in_the_order_of_the_file() -> None:
    staging = an_account(account="staging", regions=["us-east-1", {"region": "eu-west-1"}])
    names = [target.name for target in parse_targets(a_file(staging, an_account()))]
    assert names == ["staging.us-east-1", "staging.eu-west-1", "production.eu-west-1"]


def test_every_setting_becomes_a_variable() -> None:
    settings = {
        "source_image_ids": [IMAGE],
        "source_region": "us-east-1",
        "kms_key_id": "alias/golden",
        "encrypted": True,
        "copy_tags": True,
        "name": "{source_name}-sealed",
        "description": "sealed",
        "tags": {"Team": "platform"},
        "snapshot_tags": {},
        "launch_permissions": {"user_ids": ["210987654321"]},
        "deprecate_at": "2027-01-31T00:00:00Z",
        "deregistration_protection": "enabled",
        "imds_support": "v2.0",
        "watermarks": ["golden", "team platform"],
        "instance_type_specification": {"supported_instance_types": ["t3.*"]},
    }
    expected = {f"sealed_ami_{name}": value for name, value in settings.items()}
    place = {"sealed_ami_account": "production", "sealed_ami_region": "eu-west-1"}
    assert only_variables(a_file(**settings)) == {**place, **expected}


PLACES = [
    pytest.param({"availability_zone": ZONE}, ZONE, id="zone"),
    pytest.param({"availability_zone_id": "use1-bos1-az1"}, "use1-bos1-az1", id="zone by id"),
    pytest.param({"outpost_arn": OUTPOST}, "op-0123456789abcdef0", id="Outpost"),
]


@pytest.mark.parametrize(("place", "label"), PLACES)
def test_a_place_in_a_region_is_a_target_of_its_own(place: dict[str, str], label: str) -> None:
    account = an_account(regions=["us-east-1", {"region": "us-east-1", "kms_key_id": "alias/there", **place}])
    regional, local = parse_targets(a_file(account, source_region="us-east-1"))
    assert (regional.name, local.name) == ("production.us-east-1", f"production.us-east-1.{label}")
    (name,) = place
    assert f"sealed_ami_{name}" not in regional.variables
    assert local.variables[f"sealed_ami_{name}"] == place[name]
    (joined,) = parse_targets(per_account(account, source_region="us-east-1"))
    there = {"region": "us-east-1", "kms_key_id": "alias/there", **place}
    assert joined.variables["sealed_ami_destinations"] == [{"region": "us-east-1"}, there]
    assert joined.variables["sealed_ami_regions"] == ["us-east-1"]


@pytest.mark.parametrize(("place", "label"), PLACES)
def test_one_place_twice_is_refused(place: dict[str, str], label: str) -> None:
    account = an_account(regions=[{"region": "us-east-1", **place}] * 2)
    with pytest.raises(RequestError, match=f"production.us-east-1.{label} is listed twice"):
        parse_targets(per_account(account))


def test_the_innermost_setting_wins() -> None:
    region = {"region": "eu-central-1", "kms_key_id": "alias/region"}
    account = an_account(regions=["eu-west-1", region], kms_key_id="alias/account")
    other = an_account(account="staging")
    targets = parse_targets(a_file(account, other, kms_key_id="alias/file"))
    keys = {target.name: target.variables["sealed_ami_kms_key_id"] for target in targets}
    assert keys == {
        "production.eu-west-1": "alias/account",
        "production.eu-central-1": "alias/region",
        "staging.eu-west-1": "alias/file",
    }


def test_groups_of_account_and_region_are_joined() -> None:
    region = {"region": "eu-west-1", "groups": ["europe", "live"]}
    (target,) = parse_targets(a_file(an_account(groups=["live"], regions=[region])))
    assert target.groups == ("live", "europe")


@pytest.mark.parametrize(
    ("account", "name", "variables"),
    [
        pytest.param({"role_arn": ROLE}, "123456789012", {"account_id": "123456789012", "role_arn": ROLE}, id="role"),
        pytest.param({"account_id": "210987654321"}, "210987654321", {"account_id": "210987654321"}, id="id"),
        pytest.param({"account": "live", "profile": "live-admin"}, "live", {"profile": "live-admin"}, id="profile"),
        pytest.param({"account": "live"}, "live", {}, id="as the caller"),
    ],
)
def test_who_acts_in_an_account(account: dict[str, str], name: str, variables: dict[str, str]) -> None:
    (target,) = parse_targets(a_file({**account, "regions": ["eu-west-1"]}))
    assert target.name == f"{name}.eu-west-1"
    expected = {f"sealed_ami_{key}": value for key, value in variables.items()}
    assert target.variables == {"sealed_ami_account": name, "sealed_ami_region": "eu-west-1", **expected}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({}, "the file: accounts must be a list of at least one entry", id="no accounts"),
        pytest.param({"accounts": []}, "accounts must be a list", id="empty accounts"),
        pytest.param({"accounts": {"production": {}}}, "accounts must be a list", id="accounts as a mapping"),
        pytest.param(a_file("production"), "account 1: expected a mapping, not 'production'", id="account as text"),
        pytest.param(a_file(an_account(regions=[])), "account production: regions must be a list", id="no regions"),
        pytest.param(a_file(an_account(regions="Ireland;x")), "'Ireland;x' is not understood", id="no regions as text"),
        pytest.param(a_file(an_account(regions=[1])), "production, regions: expected a mapping", id="region as number"),
        pytest.param(a_file(an_account(regions=["Ireland"])), "'Ireland' is not a region code", id="no region code"),
        pytest.param(a_file(an_account(regions=[{"tags": {}}])), "is not a region code", id="nameless region"),
        pytest.param(a_file(regoins=["eu-west-1"]), "the file: regoins is unknown; known are", id="typing error"),
        pytest.param(a_file(an_account(regions=[{"region": "eu-west-1", "role_arn": ROLE}])), "role_arn is unknown",
                     id="role in a region"),
        pytest.param(a_file(an_account(), an_account()), "production.eu-west-1 is listed twice", id="account twice"),
        pytest.param(a_file(an_account(regions=["eu-west-1"] * 2)), "is listed twice", id="region twice"),
        pytest.param(a_file(an_account(secret_key="x")), "secret_key does not belong into an inventory", id="secret"),
        pytest.param(a_file(aws_session_token="x"), "aws_session_token does not belong", id="token at the top"),
        pytest.param(a_file(an_account(role_arn="role/x")), "'role/x' is not the ARN of an IAM role", id="no ARN"),
        pytest.param(a_file(an_account(role_arn=ROLE, profile="p")), "exclude each other", id="role and profile"),
        pytest.param(a_file(an_account(role_arn=ROLE, account_id="210987654321")), "is not the account of role_arn",
                     id="role of another account"),
        pytest.param(a_file(an_account(account_id=123456789012)), "account_id must be a string", id="id unquoted"),
        pytest.param(a_file(an_account(account_id="12")), "not an account id of 12 digits", id="id too short"),
        pytest.param(a_file({"regions": ["eu-west-1"]}), "give it a name in 'account'", id="nobody"),
        pytest.param(a_file(an_account(account="a.b")), "give it a name in 'account'", id="dot in name"),
        pytest.param(a_file(an_account(groups="live;x")), "'live;x' is not understood", id="no groups as text"),
        pytest.param(a_file(an_account(groups=["my-group"])), "groups must be a list of names", id="dash in group"),
        pytest.param(a_file(source_image_ids=7), "source_image_ids must be a list", id="image as number"),
        pytest.param(a_file(source_image_ids=["golden"]), "'golden' is not an image id", id="no image id"),
        pytest.param(a_file(source_image_ids=[IMAGE, IMAGE]), f"{IMAGE} is listed twice", id="image twice"),
        pytest.param(a_file(source_region="x"), "source_region 'x' is not a region code", id="source region"),
        pytest.param(a_file(kms_key_id="golden"), "an alias needs its prefix: alias/golden", id="alias prefix"),
        pytest.param(a_file(kms_key_id=FOREIGN_KEY), "us-east-1", id="key of another region"),
        pytest.param(a_file(kms_key_id="alias/a", encrypted=False), "exclude each other", id="key and no encryption"),
        pytest.param(a_file(encrypted="perhaps"), "encrypted: 'perhaps' is not understood", id="no flag"),
        pytest.param(a_file(encrypted=1), "encrypted must be a bool", id="flag as number"),
        pytest.param(a_file(tags="Team"), "tags: 'Team' is not understood", id="no tags as text"),
        pytest.param(a_file(name="a"), "name 'a' is not allowed", id="name too short"),
        pytest.param(a_file(tags={"aws:x": "y"}), "'aws:x' is reserved", id="reserved tag"),
        pytest.param(a_file(launch_permissions={"user_ids": ["1"]}), "not an account id", id="permission"),
        pytest.param(a_file(deprecate_at="soon"), "deprecate_at 'soon' is not a time", id="no time"),
        pytest.param(a_file(deregistration_protection="on"), "deregistration_protection is one of", id="protection"),
        pytest.param(a_file(imds_support="v1.0"), "imds_support is one of v2.0", id="support of IMDS"),
        pytest.param(a_file(availability_zone=ZONE), "the file: availability_zone is for one region", id="zone of all"),
        pytest.param(
            a_file(an_account(outpost_arn=OUTPOST)), "account production: outpost_arn is for one region",
            id="Outpost of an account",
        ),
        pytest.param(a_place(availability_zone="Boston!"), "'Boston!' of us-east-1 is not the name", id="no zone"),
        pytest.param(a_place(outpost_arn="op-1"), "region us-east-1: outpost_arn 'op-1' of us-east-1", id="no Outpost"),
        pytest.param(
            a_place(availability_zone=ZONE, outpost_arn=OUTPOST), "are mutually exclusive", id="zone and Outpost"
        ),
        pytest.param(
            a_place(outpost_arn=OUTPOST.replace("us-east-1", "eu-west-1")), "belongs to eu-west-1",
            id="Outpost elsewhere",
        ),
        pytest.param(
            a_place(availability_zone_id="use1-bos1-az1", source_region="eu-west-1"), "its own region alone",
            id="zone of another region than the source's",
        ),
        pytest.param(a_file(watermarks="golden, a"), "watermarks 'a' is not allowed", id="watermark too short"),
        pytest.param(
            a_file(instance_type_specification={"supported": []}), "instance_type_specification has supported",
            id="instance types",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(RequestError) as refusal:
        parse_targets(options)
    assert words in str(refusal.value)


def test_text_is_understood_as_in_a_survey() -> None:
    account = an_account(regions="eu-west-1, us-west-2", groups="live europe")
    settings = {"source_image_ids": f"{IMAGE}\r\n", "encrypted": "no", "tags": "Team=platform"}
    targets = parse_targets(a_file(account, **settings))
    assert [target.name for target in targets] == ["production.eu-west-1", "production.us-west-2"]
    assert targets[0].groups == ("live", "europe")
    found = targets[0].variables
    assert found["sealed_ami_source_image_ids"] == [IMAGE]
    assert (found["sealed_ami_encrypted"], found["sealed_ami_tags"]) == (False, {"Team": "platform"})


def test_blank_is_absent_and_none_is_empty() -> None:
    blank = dict.fromkeys(("kms_key_id", "name", "description", "deprecate_at"), "")
    assert not [name for name in only_variables(a_file(**blank)) if name.removeprefix("sealed_ami_") in blank]
    nothing = dict.fromkeys((*blank, "tags", "launch_permissions"), "none")
    found = only_variables(a_file(**nothing))
    assert [found[f"sealed_ami_{name}"] for name in nothing] == ["", "", "", "", {}, {}]


def per_account(*accounts: t.Any, **options: t.Any) -> dict[str, t.Any]:
    """Return a file of these accounts that leaves the hosts to the default, one for each account."""
    return {"accounts": list(accounts), **options}


def test_a_host_for_an_account_has_its_regions_as_destinations() -> None:
    region = {"region": "eu-central-1", "kms_key_id": "alias/own", "tags": {}, "description": "none"}
    account = an_account(regions=["eu-west-1", region], role_arn=ROLE, groups=["live"])
    other = an_account(account="staging", regions=["us-west-2"], encrypted=False)
    production, staging = parse_targets(
        per_account(account, {**other, "kms_key_id": ""}, source_image_ids=[IMAGE], name="{source_name}-sealed")
    )
    destinations = [
        {"region": "eu-west-1", "name": "{source_name}-sealed"},
        {
            "region": "eu-central-1",
            "kms_key_id": "alias/own",
            "name": "{source_name}-sealed",
            "description": "",
            "tags": {},
        },
    ]
    assert (production.name, production.groups) == ("production", ("live",))
    assert production.variables == {
        "sealed_ami_account": "production",
        "sealed_ami_account_id": "123456789012",
        "sealed_ami_role_arn": ROLE,
        "sealed_ami_source_image_ids": [IMAGE],
        "sealed_ami_regions": ["eu-west-1", "eu-central-1"],
        "sealed_ami_destinations": destinations,
    }
    assert staging.variables["sealed_ami_destinations"] == [{"region": "us-west-2", "name": "{source_name}-sealed"}]
    assert staging.variables["sealed_ami_encrypted"] is False


def test_an_account_in_two_entries_is_one_host() -> None:
    (target,) = parse_targets(per_account(an_account(), an_account(regions=["us-west-2"])))
    assert target.variables["sealed_ami_regions"] == ["eu-west-1", "us-west-2"]


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ({"source_image_ids": [IMAGE]}, "source_image_ids of us-west-2 and of eu-west-1 differ"),
        ({"source_region": "us-east-1"}, "source_region of us-west-2"),
        ({"encrypted": False}, "encrypted of us-west-2"),
        ({"copy_tags": True, "purge_tags": False}, "copy_tags, purge_tags of us-west-2"),
        ({"groups": ["west"]}, "groups of us-west-2"),
    ],
)
def test_what_one_host_cannot_say_of_two_regions_is_refused(region: dict[str, t.Any], words: str) -> None:
    account = an_account(regions=["eu-west-1", {"region": "us-west-2", **region}])
    with pytest.raises(RequestError, match=words) as refused:
        parse_targets(per_account(account))
    assert "set host_per: region" in str(refused.value)
    assert len(parse_targets(a_file(account))) == 2


def test_two_roles_under_one_name_are_refused() -> None:
    with pytest.raises(RequestError, match="role_arn of us-west-2"):
        parse_targets(per_account(an_account(role_arn=ROLE), an_account(role_arn=f"{ROLE}2", regions=["us-west-2"])))


@pytest.mark.parametrize("wrong", ["zone", "Region", "account, region"])
def test_a_host_is_per_account_or_region(wrong: str) -> None:
    with pytest.raises(RequestError, match="host_per is one of account, region"):
        parse_targets(per_account(an_account(), host_per=wrong))
