# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of IAM on request: what a policy lets a principal do, and what EC2 may do with keys on its behalf."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from emulated_aws.catalogue_images import image_id
from emulated_aws.catalogue_keys import key_id
from emulated_aws.client import Emulator, EmulatorError
from emulated_aws.identity import Credentials

HOME, CONSUMER = "123456789012", "210987654321"
USER = f"arn:aws:iam::{HOME}:user/copier"
ROLE = f"arn:aws:iam::{HOME}:role/copier"
KEY = f"arn:aws:kms:eu-west-1:{HOME}:key/{key_id(2, 'eu-west-1')}"
EC2_ACTIONS = ("ec2:CopyImage", "ec2:CreateTags", "ec2:DescribeImages", "ec2:DescribeSnapshots")
KMS_ACTIONS = (
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptTo",
    "kms:Decrypt",
)


@pytest.fixture
def seeded(in_process_emulator: Emulator) -> Emulator:
    """Return an emulator with the catalogue in it."""
    in_process_emulator.seed("full")
    return in_process_emulator


def policy(*actions: str, resource: str | list[str] = "*", **more: t.Any) -> dict[str, t.Any]:
    """Return a policy that allows the actions."""
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource} | more
    return {"Version": "2012-10-17", "Statement": [statement]}


def client(emulator: Emulator, *policies: dict[str, t.Any], service: str = "ec2", arn: str = USER) -> t.Any:
    """Return a client of a principal that may do only what the policies allow."""
    session: t.Any = emulator.session(credentials=emulator.principal(arn, policies), region="eu-west-1")
    return session.client(service)


def session_client(emulator: Emulator, answer: t.Any) -> t.Any:
    """Return an EC2 client with the credentials that STS answered."""
    chosen = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
    return emulator.session(credentials=chosen).client("ec2")


def copy(ec2: t.Any) -> t.Any:
    """Copy the plain image to Ireland under ``alias/os``, tagged, and return the image as it ends."""
    tags = [{"ResourceType": kind, "Tags": [{"Key": "a", "Value": "b"}]} for kind in ("image", "snapshot")]
    made = ec2.copy_image(
        SourceImageId=image_id("plain-root"),
        SourceRegion="us-east-1",
        Name="copy",
        Encrypted=True,
        KmsKeyId="alias/os",
        TagSpecifications=tags,
    )
    return ec2.describe_images(ImageIds=[made["ImageId"]])["Images"][0]


def refusal(call: t.Callable[[], t.Any]) -> tuple[str, int, str]:
    """Return code, HTTP status and message of the error that the call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    return error["Code"], metadata["HTTPStatusCode"], error["Message"]


@pytest.mark.parametrize("arn", [USER, ROLE])
def test_exactly_the_needed_actions_suffice(seeded: Emulator, arn: str) -> None:
    assert copy(client(seeded, policy(*EC2_ACTIONS, *KMS_ACTIONS), arn=arn))["State"] == "available"


@pytest.mark.parametrize("missing", [action for action in EC2_ACTIONS if action != "ec2:DescribeSnapshots"])
def test_without_one_ec2_action_the_call_is_refused(seeded: Emulator, missing: str) -> None:
    allowed = [action for action in EC2_ACTIONS + KMS_ACTIONS if action != missing]
    code, status, message = refusal(lambda: copy(client(seeded, policy(*allowed))))
    assert (code, status) == ("UnauthorizedOperation", 403)
    assert f"User: {USER} is not authorized to perform: {missing}" in message


@pytest.mark.parametrize("missing", KMS_ACTIONS)
def test_without_one_kms_action_the_copy_fails_later(seeded: Emulator, missing: str) -> None:
    allowed = [action for action in EC2_ACTIONS + KMS_ACTIONS if action != missing]
    assert copy(client(seeded, policy(*allowed)))["State"] == "failed"


def test_principals_without_policies_may_do_everything(seeded: Emulator) -> None:
    client(seeded, policy("s3:*"))
    assert copy(seeded.session(region="eu-west-1").client("ec2"))["State"] == "available"


def test_lifted_policies_bind_no_longer(seeded: Emulator) -> None:
    ec2 = client(seeded, policy("s3:*"))
    assert refusal(lambda: copy(ec2))[0] == "UnauthorizedOperation"
    seeded.lift(USER)
    assert copy(ec2)["State"] == "available"


def test_kms_refuses_in_its_own_words(seeded: Emulator) -> None:
    kms = client(seeded, policy("kms:ListAliases"), service="kms")
    assert kms.list_aliases()["Aliases"]
    code, status, message = refusal(lambda: kms.describe_key(KeyId="alias/os"))
    assert (code, status) == ("AccessDeniedException", 400)
    assert message == (
        f"User: {USER} is not authorized to perform: kms:DescribeKey on resource: {KEY} "
        "because no identity-based policy allows the kms:DescribeKey action"
    )
    assert refusal(kms.list_keys)[0] == "AccessDeniedException"


def test_only_for_use_through_ec2(seeded: Emulator) -> None:
    through = {"StringEquals": {"kms:ViaService": "ec2.eu-west-1.amazonaws.com"}}
    policies = policy(*EC2_ACTIONS), policy(*KMS_ACTIONS, resource=KEY, Condition=through)
    assert copy(client(seeded, *policies))["State"] == "available"
    assert refusal(lambda: client(seeded, *policies, service="kms").describe_key(KeyId="alias/os"))[0] == (
        "AccessDeniedException"
    )


def test_grants_only_for_aws_resources(seeded: Emulator) -> None:
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    others = [action for action in KMS_ACTIONS if action != "kms:CreateGrant"]
    policies = policy(*EC2_ACTIONS, *others), policy("kms:CreateGrant", Condition=condition)
    assert copy(client(seeded, *policies))["State"] == "available"
    kms = client(seeded, *policies, service="kms")
    call = lambda: kms.create_grant(KeyId=KEY, GranteePrincipal=USER, Operations=["Decrypt"])  # noqa: E731  # one use
    assert refusal(call)[0] == "AccessDeniedException"


def test_aws_managed_key_needs_no_kms_permission(seeded: Emulator) -> None:
    ec2 = client(seeded, policy(*EC2_ACTIONS))
    source = {"SourceImageId": image_id("plain-root"), "SourceRegion": "us-east-1"}
    made = ec2.copy_image(**source, Name="copy", Encrypted=True)["ImageId"]
    assert ec2.describe_images(ImageIds=[made])["Images"][0]["State"] == "available"


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        pytest.param({"resource": "arn:aws:ec2:*::image/*"}, None, id="any image"),
        pytest.param({"resource": f"arn:aws:ec2:*::image/{image_id('plain-root')}"}, None, id="this image"),
        pytest.param({"resource": f"arn:aws:ec2:*::image/{image_id('mixed')}"}, "denied", id="another image"),
        pytest.param({"Condition": {"StringEquals": {"aws:ResourceTag/Team": "platform"}}}, None, id="right tag"),
        pytest.param({"Condition": {"StringEquals": {"ec2:ResourceTag/Team": "other"}}}, "denied", id="wrong tag"),
        pytest.param({"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}}, "denied", id="region"),
    ],
)
def test_resources_and_conditions(seeded: Emulator, statement: dict[str, t.Any], code: str | None) -> None:
    principal = seeded.principal(USER, [policy("ec2:DeregisterImage", **statement)])
    ec2 = seeded.session(credentials=principal).client("ec2")
    if code is None:
        ec2.deregister_image(ImageId=image_id("plain-root"))
        assert seeded.session().client("ec2").describe_images(ImageIds=[image_id("plain-root")])["Images"] == []
    else:
        assert refusal(lambda: ec2.deregister_image(ImageId=image_id("plain-root")))[0] == "UnauthorizedOperation"


def test_tags_only_at_birth(seeded: Emulator) -> None:
    condition = {"StringEquals": {"ec2:CreateAction": "CopyImage"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}
    untagged = policy("ec2:CopyImage", "ec2:DescribeImages", *KMS_ACTIONS)
    ec2 = client(seeded, untagged, policy("ec2:CreateTags", Condition=condition))
    image = copy(ec2)
    assert image["Tags"] == [{"Key": "a", "Value": "b"}]
    late = lambda: ec2.create_tags(Resources=[image["ImageId"]], Tags=[{"Key": "a", "Value": "c"}])  # noqa: E731  # one use
    assert refusal(late)[0] == "UnauthorizedOperation"


@pytest.mark.parametrize(("actions", "result"), [((), "missing-permissions"), (("ec2:DeleteSnapshot",), "success")])
def test_snapshots_of_an_image_need_their_own_permission(seeded: Emulator, actions: tuple[str], result: str) -> None:
    principal = seeded.principal(USER, [policy("ec2:DeregisterImage", *actions)])
    ec2 = seeded.session(credentials=principal).client("ec2")
    answer = ec2.deregister_image(ImageId=image_id("plain-root"), DeleteAssociatedSnapshots=True)
    assert [one["ReturnCode"] for one in answer["DeleteSnapshotResults"]] == [result]


def test_source_key_is_needed_too(seeded: Emulator) -> None:
    source_key = f"arn:aws:kms:us-east-1:{HOME}:key/{key_id(1, 'us-east-1')}"
    both = policy(*EC2_ACTIONS), policy("kms:*", resource=KEY)
    parameters = {"SourceImageId": image_id("encrypted-root"), "SourceRegion": "us-east-1", "Encrypted": True}

    def state(*policies: dict[str, t.Any]) -> str:
        ec2 = client(seeded, *policies)
        made = ec2.copy_image(**parameters, Name="copy", KmsKeyId=KEY)["ImageId"]
        return str(ec2.describe_images(ImageIds=[made])["Images"][0]["State"])

    assert state(*both) == "failed"
    needed = ["kms:DescribeKey", "kms:CreateGrant", "kms:Decrypt", "kms:ReEncryptFrom"]
    assert state(*both, policy(*needed, resource=source_key)) == "available"
    for missing in needed:
        rest = [action for action in needed if action != missing]
        assert state(*both, policy(*rest, resource=source_key)) == "failed"


def test_policy_that_cannot_be_judged_is_refused(seeded: Emulator) -> None:
    with pytest.raises(EmulatorError, match="DateGreaterThan is not supported"):
        seeded.principal(USER, [policy("ec2:*", Condition={"DateGreaterThan": {"aws:CurrentTime": "2026"}})])
    with pytest.raises(EmulatorError, match="needs statements"):
        seeded.principal(USER, [{}])


def test_explicit_deny_is_named(seeded: Emulator) -> None:
    forbidden = {"Statement": {"Effect": "Deny", "Action": "ec2:CopyImage", "Resource": "*"}}
    message = refusal(lambda: copy(client(seeded, policy("*"), forbidden)))[2]
    assert message.endswith("with an explicit deny in an identity-based policy")


@pytest.mark.parametrize("account", ["200000000001", "200000000002"])
def test_roles_can_be_assumed_of_accounts_that_have_joined_alone(seeded: Emulator, account: str) -> None:
    sts = seeded.session().client("sts")
    role = f"arn:aws:iam::{account}:role/anyone"
    with pytest.raises(ClientError, match="AccessDenied"):
        sts.assume_role(RoleArn=role, RoleSessionName="play")
    seeded.organization("arn:aws:organizations::123456789012:organization/o-1234567890", account)
    assert (
        sts.assume_role(RoleArn=role, RoleSessionName="play")["AssumedRoleUser"]["Arn"]
        == f"arn:aws:sts::{account}:assumed-role/anyone/play"
    )
    # It stays, whatever it leaves; and those that were there have kept their names.
    seeded.organization("arn:aws:organizations::123456789012:organization/o-1234567890", account, leave=True)
    assert sts.assume_role(RoleArn=role, RoleSessionName="play")["Credentials"]
    assert seeded.state()["accounts"]["123456789012"] == "home"


def test_assumed_roles_are_bound_by_their_policies(seeded: Emulator) -> None:
    far_role = f"arn:aws:iam::{CONSUMER}:role/reader"
    seeded.principal(far_role, [policy("ec2:DescribeImages")])
    sts = client(seeded, policy("sts:AssumeRole", resource=far_role), service="sts")
    answer = sts.assume_role(RoleArn=far_role, RoleSessionName="play")["Credentials"]
    assert refusal(lambda: sts.assume_role(RoleArn=ROLE, RoleSessionName="play"))[:2] == ("AccessDenied", 403)
    there = session_client(seeded, answer)
    assert "Images" in there.describe_images(Owners=["self"])
    assert refusal(lambda: there.describe_snapshots(OwnerIds=["self"]))[0] == "UnauthorizedOperation"


def test_session_policy_narrows(seeded: Emulator) -> None:
    narrow = json.dumps(policy("ec2:DescribeImages"))
    sts = seeded.session().client("sts")
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="play", Policy=narrow)["Credentials"]
    ec2 = session_client(seeded, answer)
    assert ec2.describe_images(Owners=["self"])["Images"]
    assert refusal(lambda: ec2.describe_snapshots(OwnerIds=["self"]))[0] == "UnauthorizedOperation"


def test_everybody_may_ask_who_they_are(seeded: Emulator) -> None:
    assert client(seeded, policy("s3:*"), service="sts").get_caller_identity()["Arn"] == USER


def denied_untagged(action: str, kind: str) -> dict[str, t.Any]:
    """Return a policy of an organization that demands the tag CostCenter on what is made."""
    statement = {
        "Effect": "Deny",
        "Action": action,
        "Resource": f"arn:aws:ec2:*:*:{kind}/*",
        "Condition": {"Null": {"aws:RequestTag/CostCenter": "true"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize("kind", ["image", "snapshot"])
def test_tags_are_demanded_of_each_kind_that_a_call_makes(seeded: Emulator, kind: str) -> None:
    """aws:RequestTag is judged for each kind of new resource (IAM and Organizations guides; aws_rules §25.14)."""
    seeded.service_control([denied_untagged("ec2:CopyImage", kind)])
    session: t.Any = seeded.session(region="eu-west-1")
    ec2 = session.client("ec2")
    asked = {"SourceImageId": image_id("plain-root"), "SourceRegion": "us-east-1", "Name": "copy"}
    other = {"image": "snapshot", "snapshot": "image"}[kind]
    tags = [{"Key": "CostCenter", "Value": "1"}]
    for specified in ([], [{"ResourceType": other, "Tags": tags}]):
        with pytest.raises(ClientError) as caught:
            ec2.copy_image(**asked, TagSpecifications=specified)
        words = caught.value.response["Error"]["Message"]
        assert "ec2:CopyImage" in words and "with an explicit deny in a service control policy" in words
    assert ec2.copy_image(**asked, TagSpecifications=[{"ResourceType": kind, "Tags": tags}])["ImageId"]


def test_organizations_bind_everybody_in_the_account(seeded: Emulator) -> None:
    """What a service control policy denies, administrators cannot do either; other accounts can."""
    policies = [{"Statement": [{"Effect": "Deny", "Action": "ec2:DeregisterImage", "Resource": "*"}]}]
    seeded.service_control(policies)
    with pytest.raises(ClientError, match="service control policy"):
        seeded.session().client("ec2").deregister_image(ImageId=image_id("plain-root"))
    other = seeded.session(account="111122223333").client("ec2")
    other.deregister_image(ImageId=image_id("plain-root", account="111122223333"))


def test_regions_that_are_not_enabled(seeded: Emulator) -> None:
    """In a region that is not enabled, EC2 knows no credentials, and KMS no token (aws_rules §25.6)."""
    seeded.configure(regions_not_enabled=["eu-west-1"])
    session = seeded.session(region="eu-west-1")
    with pytest.raises(ClientError, match=r"AuthFailure.*not able to validate the provided access credentials"):
        session.client("ec2").describe_images()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        session.client("kms").list_keys()
    seeded.session().client("ec2").describe_images(Owners=["self"])
