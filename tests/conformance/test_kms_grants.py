# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS across accounts: grants, key policies, trying without doing, keys that RAM shares, and the last use (§14)."""

from __future__ import annotations

import json
import typing as t

import pytest

from .builders import PLAIN, a_key, a_volume, an_image, copied
from .place import Place, refused
from .rules import rule

USE = ["DescribeKey", "Decrypt", "Encrypt"]
BLOB = b"conformance"


def root_of_account(place: Place) -> str:
    """Return the ARN that stands for a whole account."""
    return f"arn:aws:iam::{place.account_id}:root"


def grant(owner: Place, key: str, consumer: Place, **request: t.Any) -> dict[str, t.Any]:
    """Grant the other account the use of a key and return id and token."""
    request = {"Operations": USE, "GranteePrincipal": root_of_account(consumer), **request}
    return t.cast(dict[str, t.Any], owner.kms.create_grant(KeyId=key, **request))


def encrypted(place: Place, key: str) -> bytes:
    """Return a ciphertext under the key."""
    return t.cast(bytes, place.kms.encrypt(KeyId=key, Plaintext=BLOB)["CiphertextBlob"])


def may(place: Place, key: str) -> bool:
    """Tell whether the account may decrypt under the key, without doing it."""
    error = None
    try:
        place.kms.decrypt(KeyId=key, DryRun=True, DryRunModifiers=["IGNORE_CIPHERTEXT"])
    except place.kms.exceptions.ClientError as caught:
        error = caught.response["Error"]["Code"]
    assert error in ("DryRunOperationException", "AccessDeniedException")
    return error == "DryRunOperationException"


@pytest.mark.aws_safe
@rule("14.3 name", "K8")
def test_grants_are_named_without_dots(home: Place, other: Place) -> None:
    """A grant's name has letters, digits, and : / _ - only; a dot is refused."""
    key = a_key(home)
    assert grant(home, key, other, Name="conformance:a/b_c-1")["GrantId"]
    for name in ("conformance.a", "a b", "é"):
        with refused("ValidationException"):
            grant(home, key, other, Name=name)


@pytest.mark.aws_safe
@rule("14.3 identical parameters", "K8")
def test_the_same_name_and_parameters_give_the_same_grant(home: Place, other: Place) -> None:
    """A repeated request of the same name gives the first grant; without a name each makes another."""
    key = a_key(home)
    first, again = (grant(home, key, other, Name="conformance") for _ in range(2))
    assert first["GrantId"] == again["GrantId"]
    assert grant(home, key, other)["GrantId"] != grant(home, key, other)["GrantId"]


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    "difference",
    [
        {"RetiringPrincipal": "home"},
        {"Operations": [*USE, "RetireGrant"]},
        {"Constraints": {"EncryptionContextSubset": {"a": "b"}}},
        {"GranteePrincipal": "home"},
    ],
    ids=lambda difference: next(iter(difference)),
)
@rule("14.3 identical parameters", "K8")
def test_any_difference_makes_another_grant(home: Place, other: Place, difference: dict[str, t.Any]) -> None:
    """A request of the same name with any parameter that differs makes a second grant."""
    key = a_key(home)
    changed = {name: root_of_account(home) if value == "home" else value for name, value in difference.items()}
    first, second = grant(home, key, other, Name="x"), grant(home, key, other, **{"Name": "x", **changed})
    assert first["GrantId"] != second["GrantId"]
    assert len(home.kms.list_grants(KeyId=key)["Grants"]) == 2


@pytest.mark.aws_safe
@rule("14.3 ListGrants", "K8")
def test_grants_are_listed_by_grantee(home: Place, other: Place) -> None:
    """ListGrants with a grantee lists that grantee's grants only, with all that was granted and no token."""
    key = a_key(home)
    made = grant(home, key, other, Name="theirs")
    grant(home, key, home, Name="ours")
    [found] = home.kms.list_grants(KeyId=key, GranteePrincipal=root_of_account(other))["Grants"]
    assert (found["GrantId"], found["Name"], found["Operations"]) == (made["GrantId"], "theirs", USE)
    assert found["IssuingAccount"] == root_of_account(home) and "GrantToken" not in found
    [found] = home.kms.list_grants(KeyId=key, GrantId=made["GrantId"])["Grants"]
    assert found["GranteePrincipal"] == root_of_account(other)


@pytest.mark.aws_safe
@rule("14.3 removal", "K8")
def test_revoked_grants_are_gone(home: Place, other: Place) -> None:
    """RevokeGrant takes the grant away; an unknown one is not found."""
    key = a_key(home)
    made = grant(home, key, other)
    home.kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert home.kms.list_grants(KeyId=key)["Grants"] == []
    with refused("NotFoundException", "InvalidGrantIdException"):
        home.kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])


@pytest.mark.aws_safe
@rule("14.3 removal", "K8")
def test_grants_are_retired_by_those_named_in_them(home: Place, other: Place) -> None:
    """A grant is retired by its token or id, by the retiring principal or a grantee that may; not by other grantees."""
    key = a_key(home)
    plain = grant(home, key, other)
    with refused("AccessDeniedException"):
        other.kms.retire_grant(KeyId=key, GrantId=plain["GrantId"])
    home.kms.retire_grant(GrantToken=plain["GrantToken"])
    for more in ({"RetiringPrincipal": root_of_account(other)}, {"Operations": [*USE, "RetireGrant"]}):
        made = grant(home, key, other, **more)
        other.kms.retire_grant(KeyId=key, GrantId=made["GrantId"])
    assert home.kms.list_grants(KeyId=key)["Grants"] == []


@pytest.mark.emulator_only
@rule("14.3 consistency", "K8", "KMS23-grants")
def test_grants_take_effect_after_a_while_or_by_token(home: Place, other: Place) -> None:
    """Until a grant is known everywhere its grantee is denied, unless the call has the grant's token."""
    home.target.configure(grant_consistency_seconds=300)
    key = a_key(home)
    token = grant(home, key, other)["GrantToken"]
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)
    other.kms.describe_key(KeyId=key, GrantTokens=[token])
    home.target.pass_time(300)
    other.kms.describe_key(KeyId=key)


@pytest.mark.emulator_only
@rule("14.3 consistency", "K8", "KMS23-grants")
def test_revocation_takes_effect_after_a_while(home: Place, other: Place) -> None:
    """A revoked grant is not listed any more, and may count for a while."""
    key = a_key(home)
    made = grant(home, key, other)
    home.target.configure(grant_consistency_seconds=300)
    home.kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
    assert home.kms.list_grants(KeyId=key)["Grants"] == []
    other.kms.describe_key(KeyId=key)
    home.target.pass_time(300)
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)


@pytest.mark.emulator_only
@rule("14.3 limits", "KMS23-grants")
def test_a_key_has_a_limited_number_of_grants(home: Place, other: Place) -> None:
    """A grant beyond the quota of a key is refused with LimitExceededException."""
    home.target.configure(grants_per_key=2)
    key = a_key(home)
    made = [grant(home, key, other) for _ in range(2)]
    with refused("LimitExceededException"):
        grant(home, key, other)
    home.kms.revoke_grant(KeyId=key, GrantId=made[0]["GrantId"])
    grant(home, key, other)


@pytest.mark.aws_safe
@rule("14.3 passing on", "KMS23-grants")
def test_grantees_pass_on_their_own_operations_only(home: Place, other: Place) -> None:
    """Who may grant by a grant may pass on the operations of that grant, and no others."""
    key = a_key(home)
    grant(home, key, other, Operations=["DescribeKey", "Decrypt", "CreateGrant"])
    third = "arn:aws:iam::444455556666:root"
    other.kms.create_grant(KeyId=key, GranteePrincipal=third, Operations=["Decrypt"])
    with refused("AccessDeniedException"):
        other.kms.create_grant(KeyId=key, GranteePrincipal=third, Operations=["Decrypt", "Encrypt"])


@pytest.mark.aws_safe
@rule("14.3 constraints", "K8")
def test_constraints_bind_to_an_encryption_context(home: Place, other: Place) -> None:
    """A grant with a constraint serves for calls with that encryption context only."""
    key = a_key(home)
    grant(home, key, other, Constraints={"EncryptionContextSubset": {"purpose": "a"}})
    other.kms.encrypt(KeyId=key, Plaintext=BLOB, EncryptionContext={"purpose": "a", "more": "b"})
    with refused("AccessDeniedException"):
        other.kms.encrypt(KeyId=key, Plaintext=BLOB, EncryptionContext={"purpose": "b"})
    other.kms.describe_key(KeyId=key)


def calls_with_dry_run(place: Place, key: str, blob: bytes) -> dict[str, tuple[t.Any, dict[str, t.Any]]]:
    """Return calls that know DryRun, and what they need."""
    kms = place.kms
    grant_id = kms.create_grant(KeyId=key, GranteePrincipal=root_of_account(place), Operations=["Decrypt"])["GrantId"]
    request = {"GranteePrincipal": root_of_account(place), "Operations": ["Decrypt"]}
    return {
        "Encrypt": (kms.encrypt, {"KeyId": key, "Plaintext": BLOB}),
        "Decrypt": (kms.decrypt, {"CiphertextBlob": blob}),
        "ReEncrypt": (kms.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
        "GenerateDataKey": (kms.generate_data_key, {"KeyId": key, "KeySpec": "AES_256"}),
        "GenerateDataKeyWithoutPlaintext": (
            kms.generate_data_key_without_plaintext,
            {"KeyId": key, "KeySpec": "AES_256"},
        ),
        "CreateGrant": (kms.create_grant, {"KeyId": key, **request}),
        "RevokeGrant": (kms.revoke_grant, {"KeyId": key, "GrantId": grant_id}),
        "RetireGrant": (kms.retire_grant, {"KeyId": key, "GrantId": grant_id}),
    }


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    "action",
    [
        "Encrypt",
        "Decrypt",
        "ReEncrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "CreateGrant",
        "RevokeGrant",
        "RetireGrant",
    ],
)
@rule("14.2 DryRun", "KA26", "KT", "K8")
def test_dry_runs_succeed_as_an_error(home: Place, action: str) -> None:
    """A dry run that would succeed is refused with DryRunOperationException, HTTP 400, and does nothing."""
    key = a_key(home)
    call, request = calls_with_dry_run(home, key, encrypted(home, key))[action]
    with refused("DryRunOperationException", status=400):
        call(DryRun=True, **request)
    assert len(home.kms.list_grants(KeyId=key)["Grants"]) == 1


@pytest.mark.aws_safe
@rule("14.2 DryRun", "KT")
def test_dry_runs_of_the_disallowed_are_denied(home: Place, other: Place) -> None:
    """A dry run tells a missing permission and a disabled key as the true call would."""
    key = a_key(home)
    with refused("AccessDeniedException"):
        other.kms.encrypt(KeyId=key, Plaintext=BLOB, DryRun=True)
    home.kms.disable_key(KeyId=key)
    with refused("DisabledException"):
        home.kms.encrypt(KeyId=key, Plaintext=BLOB, DryRun=True)


@pytest.mark.aws_safe
@rule("14.2 IGNORE_CIPHERTEXT", "K8", "KA26")
def test_permissions_are_tried_without_a_ciphertext(home: Place, other: Place) -> None:
    """With IGNORE_CIPHERTEXT a dry run of Decrypt or ReEncrypt needs the key's name in place of a ciphertext."""
    theirs, ours = a_key(other, shared_with=home), a_key(home)
    assert may(home, theirs) and may(home, ours)
    request = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"], "DestinationKeyId": ours}
    with refused("DryRunOperationException"):
        home.kms.re_encrypt(SourceKeyId=theirs, **request)
    with refused("AccessDeniedException"):
        home.kms.re_encrypt(SourceKeyId=a_key(other), **request)
    with refused("ValidationException"):
        home.kms.re_encrypt(**request)
    with refused("ValidationException"):
        home.kms.decrypt(DryRun=True, DryRunModifiers=["IGNORE_CIPHERTEXT"])


@pytest.mark.aws_safe
@rule("14.2 ReEncrypt", "K8", "KMS23-key-policy-modifying-external-accounts")
def test_data_are_re_encrypted_across_accounts(home: Place, other: Place) -> None:
    """ReEncrypt takes a source key of another account that allows it, and a key that was not meant is refused."""
    theirs, ours = a_key(other, shared_with=home), a_key(home)
    blob = encrypted(other, theirs)
    answer = home.kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=ours)
    assert (answer["SourceKeyId"], answer["KeyId"]) == (theirs, ours)
    assert home.kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])["Plaintext"] == BLOB
    with refused("IncorrectKeyException"):
        home.kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=a_key(home), DestinationKeyId=ours)
    with refused("AccessDeniedException"):
        home.kms.decrypt(CiphertextBlob=encrypted(other, a_key(other)))


def policy_for(place: Place, *principals: str, **more: t.Any) -> str:
    """Return a key policy that leaves the key to its account, and allows its use to the principals."""
    own = {"Effect": "Allow", "Principal": {"AWS": root_of_account(place)}, "Action": "kms:*", "Resource": "*"}
    use = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "kms:*", "Resource": "*"} | more
    return json.dumps({"Version": "2012-10-17", "Statement": [own, use]})


@pytest.mark.aws_safe
@rule("14.2 principals", "TEKS")
def test_key_policies_name_existing_principals(home: Place) -> None:
    """A key policy with a principal that does not exist, such as an unmade service-linked role, is refused."""
    role = f"arn:aws:iam::{home.account_id}:role/aws-service-role/autoscaling.amazonaws.com"
    absent = policy_for(home, f"{role}/AWSServiceRoleForAutoScaling_conformance")
    key = a_key(home)
    words = "Policy contains a statement with one or more invalid principals."
    with refused("MalformedPolicyDocumentException", says=words):
        home.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=absent)
    with refused("MalformedPolicyDocumentException", says=words):
        home.kms.create_key(Policy=absent)


@rule("14.2 principals", "TEKS", "ASG23-key-policy-requirements-EBS-encryption")
def test_service_linked_roles_can_be_named_once_they_are_made(home: Place) -> None:
    """A service-linked role that was made can be named in a key policy and be granted the use of the key."""
    iam = home.target.client("iam", region=home.region, account=home.account)
    made = iam.create_service_linked_role(AWSServiceName="autoscaling.amazonaws.com", CustomSuffix="conformance")
    role, key = made["Role"]["Arn"], a_key(home)
    home.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy_for(home, role))
    assert home.kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"])["GrantId"]
    with refused("InvalidArnException"):
        home.kms.create_grant(KeyId=key, GranteePrincipal=f"{role}_other", Operations=["Decrypt"])


@pytest.mark.emulator_only
@rule("14.2 principals", "TEKS")
def test_principals_are_not_checked_under_the_other_reading(home: Place) -> None:
    """Which principals of a key policy are looked up is open; the emulator can do without."""
    home.target.configure(key_policy_checks_principals=False)
    a_key(home)
    home.kms.create_key(Policy=policy_for(home, "arn:aws:iam::999999999999:role/nobody"))


@pytest.mark.aws_safe
@rule("14.2 conditions", "MOJ", "KMS23-conditions-kms")
def test_grants_can_be_limited_to_one_grantee(home: Place, other: Place) -> None:
    """A key policy may allow CreateGrant for one grantee only, or for AWS's services only."""
    role = f"arn:aws:iam::{other.account_id}:role/one"
    condition = {"StringEquals": {"kms:GranteePrincipal": role}}
    key = a_key(home)
    policy = policy_for(home, root_of_account(other), Condition=condition)
    home.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    other.kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"], DryRun=False)
    with refused("AccessDeniedException"):
        other.kms.create_grant(KeyId=key, GranteePrincipal=f"{role}-more", Operations=["Decrypt"])
    for_services = policy_for(home, root_of_account(other), Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})
    home.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=for_services)
    with refused("AccessDeniedException"):
        other.kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"])


@pytest.mark.aws_safe
@rule("14.2 across accounts", "KMS23-key-policy-modifying-external-accounts")
def test_policies_of_other_accounts_keys_are_not_shown(home: Place, other: Place) -> None:
    """Whoever may use a key of another account may describe it, but not read its policy or last use."""
    key = a_key(home, shared_with=other)
    other.kms.describe_key(KeyId=key)
    with refused("AccessDeniedException"):
        other.kms.get_key_policy(KeyId=key)
    with refused("AccessDeniedException"):
        other.kms.get_key_last_usage(KeyId=key)


@pytest.fixture
def shared(home: Place, other: Place) -> tuple[str, str]:
    """Return a key that RAM shares with the other account, and the share."""
    ram = home.target.client("ram", region=home.region, account=home.account)
    key = a_key(home)
    share = ram.create_resource_share(name="conformance", resourceArns=[key], principals=[other.account_id])
    return key, share["resourceShare"]["resourceShareArn"]


@rule("14.2b shared keys", "K8")
def test_ram_shares_keys(home: Place, other: Place, shared: tuple[str, str]) -> None:
    """A key that RAM shares is listed for, and used by, the other account until the share is deleted."""
    key, share = shared
    other.kms.describe_key(KeyId=key)
    found = other.kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"]
    assert [each["KeyArn"] for each in found] == [key]
    assert key not in [each["KeyArn"] for each in other.kms.list_keys()["Keys"]]
    home.target.client("ram", region=home.region, account=home.account).delete_resource_share(resourceShareArn=share)
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)
    assert other.kms.list_keys(ResourceOwners=["SELF", "OTHER_ACCOUNTS_VIA_RAM"])["Keys"] == []


@rule("14.2b AWS_RAM", "K8")
def test_ram_keeps_a_policy_of_its_own(home: Place, shared: tuple[str, str]) -> None:
    """A shared key has a second policy, AWS_RAM, which RAM alone can change; other keys have none."""
    key, _share = shared
    assert home.kms.list_key_policies(KeyId=key)["PolicyNames"] == ["default", "AWS_RAM"]
    assert home.kms.get_key_policy(KeyId=key, PolicyName="AWS_RAM")["PolicyName"] == "AWS_RAM"
    with refused("ValidationException", says="The AWS_RAM policy can only be managed by the RAM service."):
        home.kms.put_key_policy(KeyId=key, PolicyName="AWS_RAM", Policy=policy_for(home, root_of_account(home)))
    plain = a_key(home)
    assert home.kms.list_key_policies(KeyId=plain)["PolicyNames"] == ["default"]
    with refused("NotFoundException"):
        home.kms.get_key_policy(KeyId=plain, PolicyName="AWS_RAM")


@rule("14.2b shared keys", "K8")
def test_markers_serve_one_list_of_keys(home: Place) -> None:
    """NextMarker of ListKeys serves only with the same ResourceOwners."""
    for _ in range(3):
        a_key(home)
    page = home.kms.list_keys(Limit=1)
    assert page["Truncated"] and home.kms.list_keys(Limit=1, Marker=page["NextMarker"])["Keys"]
    with refused("InvalidMarkerException"):
        home.kms.list_keys(Limit=1, Marker=page["NextMarker"], ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])


@pytest.mark.emulator_only
@rule("14.2b shared keys", "K8")
def test_shared_keys_under_both_readings(home: Place, other: Place, shared: tuple[str, str]) -> None:
    """Whether a share alone opens a key is open, and lists of shared keys lag behind."""
    key, _share = shared
    home.target.configure(ram_key_shares_grant=False, ram_list_lag_seconds=60)
    with refused("AccessDeniedException"):
        other.kms.describe_key(KeyId=key)
    assert other.kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"] == []
    home.target.pass_time(60)
    assert other.kms.list_keys(ResourceOwners=["OTHER_ACCOUNTS_VIA_RAM"])["Keys"]


@pytest.mark.aws_safe
@rule("22 GetKeyLastUsage", "K8")
def test_the_last_use_of_a_key(home: Place) -> None:
    """GetKeyLastUsage names the last successful operation and its time; of an unused key it tells dates only."""
    key = a_key(home)
    unused = home.kms.get_key_last_usage(KeyId=key)
    assert unused["KeyLastUsage"] == {} and unused["TrackingStartDate"] >= unused["KeyCreationDate"]
    home.kms.encrypt(KeyId=key, Plaintext=BLOB)
    used = home.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    assert used["Operation"] == "Encrypt" and used["Timestamp"] >= unused["KeyCreationDate"]
    home.kms.describe_key(KeyId=key)
    with refused("DryRunOperationException"):
        home.kms.generate_data_key(KeyId=key, KeySpec="AES_256", DryRun=True)
    assert home.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"] == "Encrypt"


@pytest.mark.aws_safe
@rule("22 GetKeyLastUsage", "K8")
def test_copies_and_volumes_use_their_keys(home: Place) -> None:
    """EBS uses a key when a copy runs; an image under a key that rests does not."""
    key, source = a_key(home), an_image(home, root=PLAIN)
    copied(home, source, Encrypted=True, KmsKeyId=key)
    used = home.kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    assert used["Operation"] in ("GenerateDataKeyWithoutPlaintext", "ReEncrypt")
    assert a_volume(home, key=key)
