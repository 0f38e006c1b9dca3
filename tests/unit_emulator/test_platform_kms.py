# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of KMS: what EBS finds behind a reference, and what the API answers. Rules: aws_rules §7."""

from __future__ import annotations

import json
import typing as t

import pytest
from botocore.exceptions import ClientError

from emulated_aws.client import Emulator, EmulatorError
from emulated_aws.kms import keys

HOME, CONSUMER = "123456789012", "210987654321"


def a_key(emulator: Emulator, **parameters: t.Any) -> dict[str, t.Any]:
    """Make a key in the home account's us-east-1 and return its metadata."""
    return dict(emulator.session().client("kms").create_key(**parameters)["KeyMetadata"])


def refusal(call: t.Callable[[], t.Any]) -> tuple[str, int, str]:
    """Return code, HTTP status and message of the error that the call ends in."""
    with pytest.raises(ClientError) as caught:
        call()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    return error["Code"], metadata["HTTPStatusCode"], error["Message"]


def test_all_four_forms_lead_to_one_key(in_process_emulator: Emulator) -> None:
    key = a_key(in_process_emulator)
    kms = in_process_emulator.session().client("kms")
    kms.create_alias(AliasName="alias/os", TargetKeyId=key["KeyId"])
    alias_arn = f"arn:aws:kms:us-east-1:{HOME}:alias/os"
    for reference in (key["KeyId"], key["Arn"], "alias/os", alias_arn):
        assert keys.resolve(HOME, "us-east-1", reference) == keys.KeyVerdict(key["Arn"], True, "")
        assert kms.describe_key(KeyId=reference)["KeyMetadata"]["Arn"] == key["Arn"]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        pytest.param("os", "Invalid keyId 'os'", id="alias without its prefix"),
        pytest.param("alias/gone", "is not found", id="unknown alias"),
        pytest.param("12345678-1234-1234-1234-123456789012", "does not exist", id="unknown id"),
        pytest.param(f"arn:aws:kms:eu-west-1:{HOME}:alias/os", "Invalid arn eu-west-1", id="alias of another region"),
        pytest.param("", "Invalid keyId ''", id="nothing"),
    ],
)
def test_reference_that_leads_nowhere(in_process_emulator: Emulator, reference: str, words: str) -> None:
    verdict = keys.resolve(HOME, "us-east-1", reference)
    assert not verdict.usable
    assert words in verdict.reason


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        pytest.param({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}, "symmetric", id="asymmetric"),
        pytest.param({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}, "symmetric", id="hmac"),
        pytest.param({"Origin": "EXTERNAL"}, "PendingImport", id="no material yet"),
    ],
)
def test_key_of_the_wrong_kind(in_process_emulator: Emulator, parameters: dict[str, str], words: str) -> None:
    verdict = keys.resolve(HOME, "us-east-1", a_key(in_process_emulator, **parameters)["Arn"])
    assert not verdict.usable
    assert words in verdict.reason


def test_states_follow_each_other(in_process_emulator: Emulator) -> None:
    key = a_key(in_process_emulator)["Arn"]
    kms = in_process_emulator.session().client("kms")

    def state() -> tuple[str, bool]:
        return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], keys.resolve(HOME, "us-east-1", key).usable

    kms.disable_key(KeyId=key)
    assert state() == ("Disabled", False)
    assert refusal(lambda: kms.encrypt(KeyId=key, Plaintext=b"x"))[:2] == ("DisabledException", 400)
    kms.enable_key(KeyId=key)
    assert state() == ("Enabled", True)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert state() == ("PendingDeletion", False)
    assert refusal(lambda: kms.enable_key(KeyId=key))[0] == "KMSInvalidStateException"
    in_process_emulator.advance(7 * 86400)
    assert refusal(lambda: kms.describe_key(KeyId=key))[0] == "NotFoundException"


def test_cancelled_deletion_leaves_the_key_disabled(in_process_emulator: Emulator) -> None:
    key = a_key(in_process_emulator)["Arn"]
    kms = in_process_emulator.session().client("kms")
    kms.schedule_key_deletion(KeyId=key)
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert refusal(lambda: kms.cancel_key_deletion(KeyId=key))[0] == "KMSInvalidStateException"


def test_aws_managed_key_is_made_by_looking_at_it(in_process_emulator: Emulator) -> None:
    kms = in_process_emulator.session().client("kms")

    def target() -> str | None:
        aliases = kms.get_paginator("list_aliases").paginate().build_full_result()["Aliases"]
        return next(one.get("TargetKeyId") for one in aliases if one["AliasName"] == "alias/aws/ebs")

    assert target() is None
    metadata = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert metadata["KeyManager"] == "AWS"
    assert target() == metadata["KeyId"]
    assert keys.aws_managed_ebs_key(HOME, "us-east-1") == metadata["Arn"]
    assert keys.resolve(HOME, "us-east-1", "alias/aws/ebs") == keys.KeyVerdict(metadata["Arn"], True, "", "AWS")
    assert not keys.resolve(CONSUMER, "us-east-1", metadata["Arn"]).usable
    assert refusal(lambda: kms.disable_key(KeyId=metadata["KeyId"]))[0] == "AccessDeniedException"


def test_multi_region_key_keeps_its_id_and_changes_its_arn(in_process_emulator: Emulator) -> None:
    primary = a_key(in_process_emulator, MultiRegion=True)
    session = in_process_emulator.session()
    session.client("kms").replicate_key(KeyId=primary["KeyId"], ReplicaRegion="eu-west-1")
    there = session.client("kms", region_name="eu-west-1").describe_key(KeyId=primary["KeyId"])["KeyMetadata"]
    assert primary["KeyId"].startswith("mrk-")
    assert there["Arn"] == primary["Arn"].replace("us-east-1", "eu-west-1")
    assert there["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": {"Arn": primary["Arn"], "Region": "us-east-1"},
        "ReplicaKeys": [{"Arn": there["Arn"], "Region": "eu-west-1"}],
    }
    session.client("kms").disable_key(KeyId=primary["KeyId"])
    assert keys.resolve(HOME, "eu-west-1", there["Arn"]).usable
    assert not keys.resolve(HOME, "us-east-1", primary["Arn"]).usable


def test_primary_key_waits_for_its_replicas(in_process_emulator: Emulator) -> None:
    primary = a_key(in_process_emulator, MultiRegion=True)
    kms = in_process_emulator.session().client("kms")
    kms.replicate_key(KeyId=primary["KeyId"], ReplicaRegion="eu-west-1")
    kms.schedule_key_deletion(KeyId=primary["KeyId"], PendingWindowInDays=7)
    in_process_emulator.advance(8 * 86400)
    metadata = kms.describe_key(KeyId=primary["KeyId"])["KeyMetadata"]
    assert (metadata["KeyState"], "DeletionDate" in metadata) == ("PendingReplicaDeletion", False)


@pytest.mark.parametrize(("state", "usable"), [("Unavailable", False), ("Creating", False), ("Updating", True)])
def test_states_that_no_call_leads_to(in_process_emulator: Emulator, state: str, usable: bool) -> None:
    key = a_key(in_process_emulator)["Arn"]
    in_process_emulator.set_key_state(key, state)
    shown = in_process_emulator.session().client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    assert (shown, keys.resolve(HOME, "us-east-1", key).usable) == (state, usable)
    with pytest.raises(EmulatorError, match="one of"):
        in_process_emulator.set_key_state(key, "Melted")


def test_another_account_needs_the_key_policy_or_a_grant(in_process_emulator: Emulator) -> None:
    key = a_key(in_process_emulator)["Arn"]
    home = in_process_emulator.session().client("kms")
    consumer = in_process_emulator.session(account=CONSUMER).client("kms")
    assert refusal(lambda: consumer.describe_key(KeyId=key))[0] == "AccessDeniedException"
    assert not keys.resolve(CONSUMER, "us-east-1", key).usable
    share(home, key, CONSUMER)
    assert consumer.describe_key(KeyId=key)["KeyMetadata"]["AWSAccountId"] == HOME
    assert keys.resolve(CONSUMER, "us-east-1", key).usable
    other = a_key(in_process_emulator)["Arn"]
    operations: t.Any = ["DescribeKey", "CreateGrant", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo", "Decrypt"]
    home.create_grant(KeyId=other, GranteePrincipal=f"arn:aws:iam::{CONSUMER}:root", Operations=operations)
    assert keys.resolve(CONSUMER, "us-east-1", other).usable
    assert not keys.resolve("111122223333", "us-east-1", other).usable


def share(kms: t.Any, key: str, account: str) -> None:
    """Let the other account use the key."""
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    policy["Statement"].append({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))


def test_errors_have_the_names_of_aws(in_process_emulator: Emulator) -> None:
    kms = in_process_emulator.session().client("kms")
    key = a_key(in_process_emulator)
    kms.create_alias(AliasName="alias/a", TargetKeyId=key["KeyId"])
    codes = {
        "NotFoundException": lambda: kms.create_grant(KeyId="alias/a", GranteePrincipal="x", Operations=["Decrypt"]),
        "AlreadyExistsException": lambda: kms.create_alias(AliasName="alias/a", TargetKeyId=key["KeyId"]),
        "InvalidArnException": lambda: kms.describe_key(KeyId="arn:aws:kms:nonsense"),
        "MalformedPolicyDocumentException": lambda: kms.put_key_policy(
            KeyId=key["KeyId"], PolicyName="default", Policy="x"
        ),
        "UnsupportedOperationException": lambda: kms.replicate_key(KeyId=key["KeyId"], ReplicaRegion="eu-west-1"),
    }
    assert {code: refusal(call)[0] for code, call in codes.items()} == {code: code for code in codes}


def test_aliases_come_in_pages(in_process_emulator: Emulator) -> None:
    kms = in_process_emulator.session().client("kms")
    key = a_key(in_process_emulator)
    for number in range(5):
        kms.create_alias(AliasName=f"alias/a{number}", TargetKeyId=key["KeyId"])
    pages = list(kms.get_paginator("list_aliases").paginate(KeyId=key["KeyId"], PaginationConfig={"PageSize": 2}))
    assert [[alias["AliasName"][-1] for alias in page["Aliases"]] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]


def test_tags_and_grants_are_listed(in_process_emulator: Emulator) -> None:
    kms = in_process_emulator.session().client("kms")
    key = a_key(in_process_emulator, Tags=[{"TagKey": "team", "TagValue": "db"}])
    kms.tag_resource(KeyId=key["Arn"], Tags=[{"TagKey": "stage", "TagValue": "prod"}])
    tags = {tag["TagKey"]: tag["TagValue"] for tag in kms.list_resource_tags(KeyId=key["Arn"])["Tags"]}
    assert tags == {"team": "db", "stage": "prod"}
    grantee = "arn:aws:iam::123456789012:root"
    first = kms.create_grant(KeyId=key["Arn"], GranteePrincipal=grantee, Operations=["Decrypt"], Name="n")
    again = kms.create_grant(KeyId=key["Arn"], GranteePrincipal=grantee, Operations=["Decrypt"], Name="n")
    assert again["GrantId"] == first["GrantId"]
    assert [grant["KeyId"] for grant in kms.list_grants(KeyId=key["Arn"])["Grants"]] == [key["Arn"]]


def test_encryption_works_for_real(in_process_emulator: Emulator) -> None:
    kms = in_process_emulator.session().client("kms")
    key = a_key(in_process_emulator)["Arn"]
    kms.create_alias(AliasName="alias/x", TargetKeyId=key)
    sealed = kms.encrypt(KeyId="alias/x", Plaintext=b"words")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"words"
