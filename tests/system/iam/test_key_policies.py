# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key policies that the guide names, each on the key that it names: they open what they say and no more."""

from __future__ import annotations

import json
import pathlib
import re
import textwrap
import typing as t

import pytest
import yaml
from botocore.exceptions import ClientError

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.running import RunModule

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
GUIDE = DOCS / "docsite" / "rst" / "guide_many_accounts.rst"
OWNER, CONSUMER = "123456789012", "210987654321"
REGION = "us-east-1"
AUTO_SCALING = f"arn:aws:iam::{CONSUMER}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


def named_in_guide(beginning: str) -> list[str]:
    """Return the policies that a bullet of the guide names, found by how it begins."""
    bullets = re.split(r"^\* ", GUIDE.read_text(), flags=re.MULTILINE)
    (bullet,) = [text for text in bullets if " ".join(text.split()).startswith(beginning)]
    return re.findall(r"docs/iam/(kms-key-policy-[a-z-]+)\.json", bullet.partition("\n\n")[0])


# "Key policy requirements for use with encrypted volumes" in the guide of Auto Scaling (aws_rules §14.4).
OPERATIONS = [
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
    "CreateGrant",
]


def grants_in_guide() -> dict[str, dict[str, t.Any]]:
    """Return the options of the tasks in which the guide makes grants, by their purpose."""
    blocks = re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE.read_text())
    tasks = [one for block in blocks for one in yaml.safe_load(textwrap.dedent(block)) if isinstance(one, dict)]
    found = [task["sealed.ami.kms_key_grant"] for task in tasks if "sealed.ami.kms_key_grant" in task]
    return {options["purpose"]: options for options in found}


class Account:
    """One account in one region, by its administrator."""

    def __init__(self, emulator: Emulator, number: str) -> None:
        self._emulator = emulator
        self.number = number
        session: t.Any = emulator.session(account=number, region=REGION)
        self.ec2, self.kms = session.client("ec2"), session.client("kms")
        self._administrator = session.client("sts").get_caller_identity()["Arn"]

    def credentials(self, role: str, actions: str = "*") -> Credentials:
        """Return the credentials of a role that its own account lets do everything, or only some actions."""
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
        return self._emulator.principal(role, [policy])

    def client(self, service: str, role: str, actions: str = "*") -> t.Any:
        """Return a client of such a role."""
        session: t.Any = self._emulator.session(credentials=self.credentials(role, actions), region=REGION)
        return session.client(service)

    def key(self, *policies: str) -> str:
        """Return the ARN of a new key that nobody but its administrator may use, and whom the policies let."""
        own: list[t.Any] = [
            {
                "Effect": "Allow",
                "Principal": {"AWS": self._administrator},
                "Action": "kms:*",
                "Resource": "*",
            }
        ]
        for name in policies:
            text = (DOCS / "iam" / f"{name}.json").read_text()
            own += json.loads(text.replace(OWNER, self.number))["Statement"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": own})
        return str(self.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"])


@pytest.fixture
def owner(emulator: Emulator) -> Account:
    """Return the account of the source image."""
    return Account(emulator, OWNER)


@pytest.fixture
def consumer(emulator: Emulator) -> Account:
    """Return the account of the copy."""
    # Auto Scaling can be named once its role was made (aws_rules §14.2); accounts have it by their first group.
    session: t.Any = emulator.session(account=CONSUMER, region=REGION)
    session.client("iam").create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com")
    return Account(emulator, CONSUMER)


def shared_image(emulator: Emulator, owner: Account, key: str) -> str:
    """Return an image under the key, which the consumer may launch and copy as far as the image is concerned."""
    volume = owner.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=8, Encrypted=True, KmsKeyId=key)["VolumeId"]
    emulator.advance(60)
    snapshot = owner.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    emulator.advance(600)
    image = owner.ec2.register_image(
        Name="shared",
        RootDeviceName="/dev/xvda",
        Architecture="x86_64",
        VirtualizationType="hvm",
        BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
    )["ImageId"]
    emulator.advance(60)
    added = {"Add": [{"UserId": CONSUMER}]}
    owner.ec2.modify_snapshot_attribute(
        SnapshotId=snapshot, Attribute="createVolumePermission", CreateVolumePermission=added
    )
    owner.ec2.modify_image_attribute(ImageId=image, LaunchPermission=added)
    return str(image)


def copy_state(emulator: Emulator, consumer: Account, image: str, key: str) -> tuple[str, list[str]]:
    """Return how a copy by the consumer's role ends, and the keys that its snapshots are under."""
    ec2 = consumer.client("ec2", f"arn:aws:iam::{CONSUMER}:role/image-copier")
    copy = ec2.copy_image(SourceImageId=image, SourceRegion=REGION, Name="copy", Encrypted=True, KmsKeyId=key)
    emulator.advance(3600)
    (found,) = consumer.ec2.describe_images(ImageIds=[copy["ImageId"]])["Images"]
    ids = [mapping["Ebs"].get("SnapshotId") for mapping in found["BlockDeviceMappings"]]
    snapshots = (
        consumer.ec2.describe_snapshots(SnapshotIds=[one for one in ids if one])["Snapshots"] if all(ids) else []
    )
    return found["State"], [snapshot["KmsKeyId"] for snapshot in snapshots]


SOURCE_KEY, COPY_KEY = named_in_guide("The key of the **source** image"), named_in_guide("The key of the **copy**")


@pytest.mark.parametrize(
    ("source", "copy", "state"),
    [
        pytest.param(SOURCE_KEY, COPY_KEY, "available", id="as the guide says"),
        pytest.param([], COPY_KEY, "failed", id="source key closed"),
        pytest.param(SOURCE_KEY, [], "failed", id="key of the copy closed"),
        pytest.param(COPY_KEY, SOURCE_KEY, "failed", id="swapped"),
    ],
)
def test_both_keys_are_needed_each_with_its_policy(
    emulator: Emulator, owner: Account, consumer: Account, source: list[str], copy: list[str], state: str
) -> None:
    key = consumer.key(*copy)
    found, keys = copy_state(emulator, consumer, shared_image(emulator, owner, owner.key(*source)), key)
    assert found == state
    assert state == "failed" or keys == [key]


@pytest.mark.parametrize("who", ["role/image-copier", "role/admin", "user/somebody"])
def test_the_key_of_the_copy_is_open_to_no_other_account(owner: Account, consumer: Account, who: str) -> None:
    key = consumer.key(*COPY_KEY)
    with pytest.raises(ClientError, match="AccessDenied"):
        owner.client("kms", f"arn:aws:iam::{OWNER}:{who}").describe_key(KeyId=key)


def grant(consumer: Account, key: str, grantee: str) -> str:
    """Have a role of the consumer grant the key, as Auto Scaling needs it; return the error's code, or nothing."""
    kms = consumer.client("kms", f"arn:aws:iam::{CONSUMER}:role/image-copier")
    try:
        kms.create_grant(KeyId=key, GranteePrincipal=grantee, Operations=OPERATIONS)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


AUTO_SCALING_KEY = [*SOURCE_KEY, *named_in_guide("A key of another account")]


@pytest.mark.parametrize(
    ("policies", "grantee", "code"),
    [
        pytest.param(AUTO_SCALING_KEY, AUTO_SCALING, "", id="as the guide says"),
        pytest.param(SOURCE_KEY, AUTO_SCALING, "AccessDeniedException", id="policy for consumers alone"),
        pytest.param(
            AUTO_SCALING_KEY,
            f"arn:aws:iam::{CONSUMER}:role/anybody",
            "AccessDeniedException",
            id="another role of the consumer",
        ),
        pytest.param(AUTO_SCALING_KEY, "arn:aws:iam::333333333333:root", "AccessDeniedException", id="another account"),
    ],
)
def test_the_consumer_grants_the_key_to_auto_scaling_alone(
    owner: Account, consumer: Account, policies: list[str], grantee: str, code: str
) -> None:
    assert grant(consumer, owner.key(*policies), grantee) == code


@pytest.mark.parametrize(("granted", "state"), [(True, "running"), (False, "terminated")])
def test_auto_scaling_launches_once_the_key_is_granted(
    emulator: Emulator, owner: Account, consumer: Account, granted: bool, state: str
) -> None:
    key = owner.key(*AUTO_SCALING_KEY)
    image = shared_image(emulator, owner, key)
    if granted:
        assert not grant(consumer, key, AUTO_SCALING)
    emulator.advance(600)
    ec2 = consumer.client("ec2", AUTO_SCALING, "ec2:*")  # The role's own policy names no key.
    launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t3.small")["Instances"][0]
    emulator.advance(600)
    (reservation,) = consumer.ec2.describe_instances(InstanceIds=[launched["InstanceId"]])["Reservations"]
    assert reservation["Instances"][0]["State"]["Name"] == state


@pytest.mark.parametrize(
    ("purpose", "by", "operations"),
    [
        ("autoscaling", CONSUMER, set(OPERATIONS)),
        ("copy", OWNER, {"DescribeKey", "Decrypt", "ReEncryptFrom", "CreateGrant"}),
    ],
)
def test_the_tasks_of_the_guide_make_the_grants(
    emulator: Emulator,
    run_module: RunModule,
    owner: Account,
    consumer: Account,
    oracle: Guard,
    purpose: str,
    by: str,
    operations: set[str],
) -> None:
    key = owner.key(*AUTO_SCALING_KEY)
    oracle.given(key, to=["CreateGrant"])
    owner.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=with_root(owner, key))
    who = consumer if by == CONSUMER else owner
    asked = {**grants_in_guide()[purpose], "key_id": key, "wait": False}
    credentials = who.credentials(f"arn:aws:iam::{by}:role/image-copier")
    for changed in (True, False):
        result = run_module("kms_key_grant", as_=credentials, **asked)
        assert (result.msg, result["changed"]) == ("", changed)
    (grant,) = owner.kms.list_grants(KeyId=key)["Grants"]
    assert (set(grant["Operations"]), grant["GranteePrincipal"]) == (operations, asked["grantee_principal"])


def test_a_role_that_was_granted_the_key_copies(
    emulator: Emulator, run_module: RunModule, owner: Account, consumer: Account, oracle: Guard
) -> None:
    """The grant for copies alone opens the key of the source, which no policy of the key does."""
    source_key, key = owner.key(), consumer.key(*COPY_KEY)
    oracle.given(source_key, to=["CreateGrant"])
    image = shared_image(emulator, owner, source_key)
    asked = {**grants_in_guide()["copy"], "key_id": source_key, "wait": False}
    assert run_module("kms_key_grant", **asked)["changed"]
    assert copy_state(emulator, consumer, image, key) == ("available", [key])


def with_root(owner: Account, key: str) -> str:
    """Return the key's policy with a statement that leaves the key to its account."""
    document = json.loads(owner.kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    root = {"AWS": f"arn:aws:iam::{OWNER}:root"}
    document["Statement"].append({"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"})
    return json.dumps(document)
