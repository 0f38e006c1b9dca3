# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever is said to be able to start an image can, and whoever is said not to be cannot: both are tried."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import typing as t

import pytest
from botocore.exceptions import ClientError

from emulated_aws.catalogue_images import image_id
from emulated_aws.catalogue_keys import CONSUMER
from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT, Credentials, account_access_key
from system.audit.conftest import Audit
from system.looking import Looking

REGION = "us-east-1"
IAM = pathlib.Path(__file__).resolve().parents[3] / "docs" / "iam"
SCALING = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
ROOT, LAUNCHER = f"arn:aws:iam::{CONSUMER}:root", f"arn:aws:iam::{CONSUMER}:role/launcher"
ORGANIZATION = "arn:aws:organizations::999999999999:organization/o-0123456789"
EIGHT = ["CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext",
         "ReEncryptFrom", "ReEncryptTo"]  # fmt: skip
ALL = [f"kms:{one}" for one in EIGHT]
Statement = dict[str, t.Any]


def let(principal: t.Any = ROOT, *, action: t.Any = "kms:*", effect: str = "Allow", **more: t.Any) -> Statement:
    """Return a statement of a key policy."""
    named = principal if principal == "*" else {"AWS": principal}
    return {"Effect": effect, "Principal": named, "Action": action, "Resource": "*", **more}


def documented(name: str) -> list[Statement]:
    """Return the statements of a policy of the documentation."""
    return t.cast("list[Statement]", json.loads((IAM / f"kms-key-policy-{name}.json").read_text())["Statement"])


GUIDE = documented("consumer")


@dataclasses.dataclass
class Place:
    """An image of ours under a key of ours, and whoever tries to start it."""

    emulator: Emulator
    image: str
    key: str

    @property
    def look(self) -> Looking:
        """Return our own account."""
        return Looking(self.emulator)

    def policy(self, statements: t.Sequence[Statement]) -> None:
        """Replace what the key policy has beside its owner."""
        owner = let(f"arn:aws:iam::{HOME_ACCOUNT}:root")
        document = {"Version": "2012-10-17", "Statement": [owner, *statements]}
        self.look.kms(REGION).put_key_policy(KeyId=self.key, PolicyName="default", Policy=json.dumps(document))

    def grant(self, grantee: str, operations: t.Sequence[str] = EIGHT, **more: t.Any) -> None:
        """Grant the use of the key."""
        if "aws-service-role" in grantee:
            account = grantee.split(":")[4]
            with contextlib.suppress(ClientError):
                iam: t.Any = self.emulator.session(account=account).client("iam")
                iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
        self.look.kms(REGION).create_grant(
            KeyId=self.key, GranteePrincipal=grantee, Operations=list(operations), **more
        )

    def starts(self, account: str, as_: Credentials | None = None) -> bool:
        """Start an instance as somebody of the account and tell whether it runs."""
        ec2 = self._client("ec2", account, as_)
        try:
            made = ec2.run_instances(ImageId=self.image, MinCount=1, MaxCount=1, InstanceType="t3.small")
        except ClientError:
            return False
        return self._runs(account, [one["InstanceId"] for one in made["Instances"]])

    def scales(self, account: str) -> bool:
        """Start an instance by an Auto Scaling group of the account and tell whether it runs."""
        ec2, scaling = self._client("ec2", account), self._client("autoscaling", account)
        data = {"ImageId": self.image, "InstanceType": "t3.small"}
        try:
            made = ec2.create_launch_template(LaunchTemplateName="tried", LaunchTemplateData=data)["LaunchTemplate"]
            scaling.create_auto_scaling_group(
                AutoScalingGroupName="tried", MinSize=0, MaxSize=1, DesiredCapacity=1,
                AvailabilityZones=[f"{REGION}a"], LaunchTemplate={"LaunchTemplateId": made["LaunchTemplateId"]},
            )  # fmt: skip
        except ClientError:
            return False
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["tried"])["AutoScalingGroups"]
        return self._runs(account, [one["InstanceId"] for one in group["Instances"]])

    def _runs(self, account: str, instance_ids: list[str]) -> bool:
        self.emulator.advance(600)
        if not instance_ids:
            return False
        shown = self._client("ec2", account).describe_instances(InstanceIds=instance_ids)["Reservations"]
        return [one["State"]["Name"] for each in shown for one in each["Instances"]] == ["running"]

    def _client(self, service: str, account: str, as_: Credentials | None = None) -> t.Any:
        credentials = as_ or Credentials(account_access_key(account), "emulated")
        session: t.Any = self.emulator.session(credentials=credentials)
        return session.client(service, region_name=REGION)


@pytest.fixture
def place(emulator: Emulator) -> Place:
    """Return an image that the consumer may launch, whose key lets its owner alone in."""
    found = Place(emulator, image_id("exported"), Looking(emulator).key_arn("alias/shared", REGION))
    found.policy([])
    return found


def entry_of(audit: Audit, place: Place, account: str = CONSUMER, **options: t.Any) -> dict[str, t.Any]:
    """Return what the audit says of one account."""
    answer = audit(image_ids=[place.image], launchable_by=[account], **options)
    assert answer.failure is None
    (entry,) = answer.image(place.image)["launchable_by"]
    assert entry["account_id"] == account
    assert bool(entry["missing"]) == (False in (entry["instances"], entry["autoscaling"]))
    assert entry["unknown"] or None not in (entry["instances"], entry["autoscaling"])
    return t.cast("dict[str, t.Any]", entry)


def hold(place: Place, said: tuple[bool | None, bool | None], account: str, as_: Credentials | None = None) -> None:
    """Try what was said; what is not known may be either."""
    tried = place.starts(account, as_), place.scales(account)
    assert tuple(other if one is None else one for one, other in zip(said, tried, strict=True)) == tried


TAGGED: dict[str, t.Any] = {"Condition": {"StringEquals": {"aws:PrincipalTag/Team": "web"}}}
STRANGERS: dict[str, t.Any] = {"Condition": {"StringNotEquals": {"kms:CallerAccount": HOME_ACCOUNT}}}
THROUGH_EC2: dict[str, t.Any] = {"Condition": {"StringEquals": {
    "kms:ViaService": f"ec2.{REGION}.amazonaws.com", "kms:CallerAccount": CONSUMER}}}  # fmt: skip
OF_ORGANIZATION: dict[str, t.Any] = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-0123456789"}}}
UNLESS_FOR_AWS: dict[str, t.Any] = {"Condition": {"Bool": {"kms:GrantIsForAWSResource": "false"}}}
POLICIES: dict[str, tuple[list[Statement], bool | None]] = {
    "nothing": ([], False),
    "the guide's": (GUIDE, True),
    "the account by its id": ([let(CONSUMER)], True),
    "another account": ([let("arn:aws:iam::111122223333:root")], False),
    "everything but CreateGrant": ([let(NotAction="kms:CreateGrant", action=None)], False),
    "no Decrypt": ([let(action=[one for one in ALL if one != "kms:Decrypt"])], False),
    "wildcards": ([let(action=["kms:C?eateGrant", "KMS:De*", "kms:ReEncrypt*", "kms:GenerateDataKey*"])], True),
    "the least, whose rest is not documented": ([let(action=["kms:CreateGrant", "kms:D*"])], None),
    "another key alone": ([let(Resource="arn:aws:kms:us-east-1:123456789012:key/other")], False),
    "by EC2 for this account": ([let("*", **THROUGH_EC2)], True),
    "by another service": ([let(Condition={"StringEquals": {"kms:ViaService": "rds.us-east-1.amazonaws.com"}})], False),
    "a tag that nobody knows": ([let(**TAGGED)], None),
    "an operator that is not understood": ([let(Condition={"NumericEquals": {"kms:CallerAccount": CONSUMER}})], None),
    "an organization that is not known": ([let("*", **OF_ORGANIZATION)], None),
    "not somebody": ([{**let(), "Principal": None, "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}}], None),
    "a denial to strangers": ([*GUIDE, let("*", effect="Deny", **STRANGERS)], False),
    "a denial that may meet": ([*GUIDE, let("*", effect="Deny", **TAGGED)], None),
    "a denial of what EBS does not do": (
        [*GUIDE, let("*", action="kms:CreateGrant", effect="Deny", **UNLESS_FOR_AWS)],
        True,
    ),
    "a denial to another account": ([*GUIDE, let("arn:aws:iam::111122223333:root", effect="Deny")], True),
}


@pytest.mark.parametrize("name", POLICIES)
def test_policies(audit: Audit, place: Place, name: str) -> None:
    statements, instances = POLICIES[name]
    place.policy([{key: value for key, value in one.items() if value is not None} for one in statements])
    before = entry_of(audit, place)
    assert (before["instances"], before["launch_permission"]) == (instances, True)
    assert before["autoscaling"] is not True
    place.grant(f"arn:aws:iam::{CONSUMER}:{SCALING}")
    said = entry_of(audit, place)
    # A denial meets the role as it meets the account; what else the policy says of the account is nothing to it.
    denied = {"a denial to strangers": False, "a denial that may meet": None}
    assert (said["instances"], said["autoscaling"]) == (instances, denied.get(name, True))
    hold(place, (said["instances"], said["autoscaling"]), CONSUMER)


def test_grants_alone_let_somebody_in(audit: Audit, place: Place) -> None:
    place.grant(LAUNCHER)
    said = entry_of(audit, place)
    assert (said["instances"], said["autoscaling"]) == (True, False)
    (key,) = said["kms_keys"]
    assert (key["via"], key["principals"]) == (["grant"], [LAUNCHER])
    launcher = place.emulator.principal(LAUNCHER, [{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]}])  # fmt: skip
    hold(place, (True, False), CONSUMER, launcher)


@pytest.mark.parametrize(
    ("grantee", "operations", "more"),
    [
        (LAUNCHER, EIGHT, {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}),
        (LAUNCHER, ["CreateGrant", "Decrypt", "DescribeKey"], {}),
        (LAUNCHER, ["Decrypt", "DescribeKey"], {}),
        ("arn:aws:iam::111122223333:root", EIGHT, {}),
    ],
    ids=["bound to a context", "the least", "too little", "somebody else's"],
)
def test_other_grants_promise_nothing(
    audit: Audit, place: Place, grantee: str, operations: list[str], more: dict[str, t.Any]
) -> None:
    place.grant(grantee, operations, **more)
    said = entry_of(audit, place)
    unsure = bool(more) or (grantee == LAUNCHER and "CreateGrant" in operations)
    assert (said["instances"], said["autoscaling"]) == (None if unsure else False, False)
    hold(place, (said["instances"], said["autoscaling"]), CONSUMER)


def test_keys_that_are_open_to_different_roles_start_nothing(audit: Audit, place: Place) -> None:
    """Each key of the image has somebody who may use it, but nobody may use them all."""
    other = dataclasses.replace(place, image=image_id("database-sealed"))
    add = {"Add": [{"UserId": CONSUMER}]}
    place.look.ec2(REGION).modify_image_attribute(ImageId=other.image, LaunchPermission=add)
    may = [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}]
    keys = [place.look.key_arn(alias, REGION) for alias in ("alias/os", "alias/data", "alias/logs")]
    roles = [f"{LAUNCHER}-{number}" for number in range(3)]
    for key, role in zip(keys, roles, strict=True):
        dataclasses.replace(other, key=key).grant(role)
    said = entry_of(audit, other)
    assert [one["instances"] for one in said["kms_keys"]] == [True] * 3 and said["instances"] is False
    assert any("no principal" in one and roles[0] in one for one in said["missing"])
    credentials = [place.emulator.principal(role, may) for role in roles]
    assert not any(other.starts(CONSUMER, one) for one in credentials)
    for key in keys[1:]:
        dataclasses.replace(other, key=key).grant(roles[0])
    said = entry_of(audit, other)
    assert (said["instances"], said["autoscaling"]) == (True, False)
    assert [other.starts(CONSUMER, one) for one in credentials] == [True, False, False]


def test_what_is_said_to_be_missing_is_what_is_missing(audit: Audit, place: Place) -> None:
    """Each is done as it is told, and nothing else."""
    ec2 = place.look.ec2(REGION)
    ec2.modify_image_attribute(ImageId=place.image, LaunchPermission={"Remove": [{"UserId": CONSUMER}]})
    said = entry_of(audit, place)
    assert (said["instances"], said["autoscaling"], said["launch_permission"]) == (False, False, False)
    permission, statements, grant = said["missing"]
    assert "ec2_ami_share" in permission and "kms_key_grant" in grant and f"{ROOT[:-5]}:{SCALING}" in grant
    ec2.modify_image_attribute(ImageId=place.image, LaunchPermission={"Add": [{"UserId": CONSUMER}]})
    assert entry_of(audit, place)["missing"] == [statements, grant]
    pasted, _end = json.JSONDecoder().raw_decode(statements[statements.index('[{"Sid"') :])
    place.policy(pasted)
    assert entry_of(audit, place)["missing"] == [grant]
    place.grant(f"{ROOT[:-5]}:{SCALING}")
    said = entry_of(audit, place)
    assert (said["instances"], said["autoscaling"], said["missing"], said["unknown"]) == (True, True, [], [])
    hold(place, (True, True), CONSUMER)


@pytest.mark.parametrize("grants", [True, False], ids=["EBS takes it", "EBS does not take it"])
def test_a_resource_share_is_told_and_promises_nothing(audit: Audit, place: Place, grants: bool) -> None:
    """Whether EBS takes it is not documented, so that neither answer would be right."""
    place.emulator.configure(ram_key_shares_grant=grants)
    ram: t.Any = place.emulator.session().client("ram", region_name=REGION)
    ram.create_resource_share(name="keys", resourceArns=[place.key], principals=[CONSUMER])
    said = entry_of(audit, place)
    assert (said["instances"], said["autoscaling"], said["missing"]) == (None, None, [])
    assert said["kms_keys"][0]["via"] == ["ram"] and all("resource share" in one for one in said["unknown"])
    other = entry_of(audit, place, "111122223333")
    assert (other["instances"], other["kms_keys"][0]["via"]) == (False, [])


@pytest.mark.parametrize(
    ("policy", "scaling"), [("autoscaling", True), (None, False)], ids=["named in the policy", "left to IAM"]
)
def test_our_own_account(audit: Audit, place: Place, policy: str | None, scaling: bool) -> None:
    if policy:
        iam: t.Any = place.emulator.session().client("iam")
        iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
        place.policy(documented(policy))
    said = entry_of(audit, place, HOME_ACCOUNT)
    assert (said["instances"], said["autoscaling"]) == (True, scaling)
    hold(place, (True, scaling), HOME_ACCOUNT)


@pytest.mark.parametrize(
    ("name", "account", "said"),
    [
        ("default-key", HOME_ACCOUNT, (True, True)),
        ("default-key", CONSUMER, (False, False)),
        ("plain-root", CONSUMER, (False, False)),
        ("plain-root", HOME_ACCOUNT, (True, True)),
        ("locked-out", HOME_ACCOUNT, (False, False)),
        ("disabled", HOME_ACCOUNT, (False, False)),
        ("vendor-plain", CONSUMER, (None, None)),
    ],
)
def test_other_images(
    audit: Audit, emulator: Emulator, name: str, account: str, said: tuple[bool | None, bool | None]
) -> None:
    owner = "111122223333" if name.startswith("vendor") else HOME_ACCOUNT
    place = Place(emulator, image_id(name, account=owner), "")
    entry = entry_of(audit, place, account)
    assert (entry["instances"], entry["autoscaling"]) == said
    hold(place, said, account)


def test_an_organization_that_aws_does_not_tell_of_is_not_known(audit: Audit, place: Place) -> None:
    place.policy(GUIDE)
    place.emulator.organization(ORGANIZATION, CONSUMER)
    change = {"Remove": [{"UserId": CONSUMER}], "Add": [{"OrganizationArn": ORGANIZATION}]}
    place.look.ec2(REGION).modify_image_attribute(ImageId=place.image, LaunchPermission=change)
    said = entry_of(audit, place)
    assert (said["instances"], said["autoscaling"], said["launch_permission"]) == (None, False, None)
    assert any("organizations:DescribeAccount" in one for one in said["unknown"])


def test_members_of_our_organization_are_let_in_by_it(audit: Audit, place: Place) -> None:
    api: t.Any = place.emulator.session().client("organizations")
    organization = api.create_organization()["Organization"]
    handshake = api.invite_account_to_organization(Target={"Id": CONSUMER, "Type": "ACCOUNT"})["Handshake"]
    consumer: t.Any = place.emulator.session(account=CONSUMER).client("organizations")
    consumer.accept_handshake(HandshakeId=handshake["Id"])
    change = {"Remove": [{"UserId": CONSUMER}], "Add": [{"OrganizationArn": organization["Arn"]}]}
    place.look.ec2(REGION).modify_image_attribute(ImageId=place.image, LaunchPermission=change)
    place.policy([let("*", Condition={"StringEquals": {"aws:PrincipalOrgID": organization["Id"]}})])
    said = entry_of(audit, place)
    # Whether the role of Auto Scaling counts as a member is not documented.
    assert (said["instances"], said["autoscaling"], said["launch_permission"]) == (True, None, True)
    hold(place, (True, None), CONSUMER)
    place.policy([let("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-somebodyelse"}})])
    said = entry_of(audit, place)
    assert (said["instances"], said["launch_permission"]) == (False, True)
    hold(place, (False, None), CONSUMER)


@pytest.mark.parametrize(
    "action", ["kms:GetKeyPolicy", "kms:ListGrants", "ec2:DescribeImageAttribute", "kms:DescribeKey"]
)
def test_what_may_not_be_read_is_not_known(audit: Audit, place: Place, action: str) -> None:
    place.policy(GUIDE if action != "kms:ListGrants" else [])
    if action != "kms:ListGrants":
        place.grant(f"arn:aws:iam::{CONSUMER}:{SCALING}")
    statements = [
        {"Effect": "Allow", "Action": ["ec2:*", "kms:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": action, "Resource": "*"},
    ]
    auditor = place.emulator.principal(
        f"arn:aws:iam::{HOME_ACCOUNT}:user/auditor", [{"Version": "2012-10-17", "Statement": statements}]
    )
    said = entry_of(audit, place, credentials=auditor)
    assert (said["instances"], said["autoscaling"], said["missing"]) == (None, None, [])
    if action != "kms:DescribeKey":
        assert any(action in one for one in said["unknown"])


def test_nothing_is_read_that_was_not_asked_for(audit: Audit, place: Place) -> None:
    place.emulator.clear_calls()
    assert audit(image_ids=[place.image]).image(place.image)["launchable_by"] == []
    assert not place.emulator.calls(action=["GetKeyPolicy", "ListGrants", "DescribeImageAttribute"])


def test_calls_do_not_grow_with_accounts(audit: Audit, place: Place) -> None:
    def asked(accounts: list[str]) -> dict[str, int]:
        place.emulator.clear_calls()
        audit(image_ids=[place.image], launchable_by=accounts)
        return place.emulator.counts(service=["ec2", "kms"])

    assert asked([CONSUMER]) == asked([CONSUMER, "111122223333", HOME_ACCOUNT])
