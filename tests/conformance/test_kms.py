# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KMS: how keys are found and described, and what their states forbid (§7)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    PLAIN,
    ROOT,
    a_key,
    a_snapshot,
    an_alias,
    an_image,
    aws_managed_key,
    copied,
    copied_snapshot,
    copy,
    copy_snapshot,
    key_of,
    keys_of,
)
from .place import GONE, Place, image, refused, settled, snapshot
from .rules import rule

ABSENT = "00000000-0000-4000-8000-000000000000"
PRINCIPAL_OPERATIONS = ["DescribeKey", "Decrypt", "CreateGrant"]


def metadata(place: Place, key: str) -> dict[str, t.Any]:
    """Return what DescribeKey says of a key."""
    return t.cast(dict[str, t.Any], place.kms.describe_key(KeyId=key)["KeyMetadata"])


@pytest.mark.aws_safe
@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias ARN"])
@rule("7 DescribeKey", "K")
def test_describe_in_four_forms(home: Place, form: str) -> None:
    """DescribeKey takes id, ARN, alias and alias ARN."""
    key = a_key(home)
    alias = an_alias(home, key)
    forms = {"id": key.rpartition("/")[2], "arn": key, "alias": alias}
    forms["alias ARN"] = key.rpartition(":")[0] + ":" + alias
    assert metadata(home, forms[form])["Arn"] == key


@pytest.mark.aws_safe
@rule("7 DescribeKey", "K")
def test_fields_of_a_key(home: Place) -> None:
    """A customer's key shows its account, id, state, use, kind and manager."""
    shown = metadata(home, a_key(home))
    assert (shown["AWSAccountId"], shown["KeyState"], shown["Enabled"]) == (home.account_id, "Enabled", True)
    assert (shown["KeyUsage"], shown["KeySpec"]) == ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT")
    assert (shown["KeyManager"], shown["Origin"], shown["MultiRegion"]) == ("CUSTOMER", "AWS_KMS", False)
    assert shown["Arn"] == f"arn:aws:kms:{home.region}:{home.account_id}:key/{shown['KeyId']}"


@pytest.mark.aws_safe
@pytest.mark.parametrize("name", [ABSENT, "alias/conformance-absent", "conformance-absent"])
@rule("7 DescribeKey", "K", "P#6599")
def test_absent_keys(home: Place, name: str) -> None:
    """An absent key or alias, and a bare name without alias/, is not found."""
    with refused("NotFoundException"):
        home.kms.describe_key(KeyId=name)


@pytest.mark.aws_safe
@rule("7 DescribeKey", "K", "P#6599")
def test_alias_without_its_prefix(home: Place) -> None:
    """The name of an alias without alias/ is taken as a key id, and not found."""
    alias = an_alias(home, a_key(home))
    with refused("NotFoundException"):
        home.kms.describe_key(KeyId=alias.removeprefix("alias/"))


@pytest.mark.aws_safe
@rule("7 DescribeKey", "K")
def test_key_of_another_region(home: Place, away: Place) -> None:
    """A key's ARN leads nowhere in another region."""
    with refused("NotFoundException", "InvalidArnException"):
        home.kms.describe_key(KeyId=a_key(away))


@pytest.mark.aws_safe
@pytest.mark.parametrize("arn", ["arn:aws:kms:nowhere", "arn:aws:s3:::bucket"])
@rule("7 DescribeKey", "K")
def test_malformed_arn(home: Place, arn: str) -> None:
    """What is no ARN of a key is refused."""
    with refused("InvalidArnException", "NotFoundException", "ValidationException"):
        home.kms.describe_key(KeyId=arn)


@pytest.mark.aws_safe
@rule("7 DescribeKey", "K")
def test_key_of_another_account(home: Place, other: Place) -> None:
    """A key of another account is described to those whom its policy admits, by ARN only."""
    shared, private = a_key(other, shared_with=home), a_key(other)
    assert metadata(home, shared)["AWSAccountId"] == other.account_id
    with refused("NotFoundException"):
        home.kms.describe_key(KeyId=shared.rpartition("/")[2])
    with refused("AccessDeniedException"):
        home.kms.describe_key(KeyId=private)


@pytest.mark.aws_safe
@pytest.mark.parametrize("state", ["Disabled", "PendingDeletion", "PendingImport"])
@rule("7 KeyState", "K")
def test_unusable_keys_are_described_all_the_same(home: Place, state: str) -> None:
    """DescribeKey succeeds for a disabled key, one about to be deleted, one without material: see its state."""
    shown = metadata(home, key_in_state(home, state))
    assert (shown["KeyState"], shown["Enabled"]) == (state, False)
    assert ("DeletionDate" in shown) == (state == "PendingDeletion")


def key_in_state(place: Place, state: str) -> str:
    """Return a key that is in a state in which it cannot be used."""
    if state == "PendingImport":
        return a_key(place, Origin="EXTERNAL")
    key = a_key(place)
    if state == "Disabled":
        place.kms.disable_key(KeyId=key)
    else:
        place.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("Disabled", "DisabledException"),
        ("PendingDeletion", "KMSInvalidStateException"),
        ("PendingImport", "KMSInvalidStateException"),
    ],
)
@rule("7 KeyState", "K")
def test_unusable_keys_do_not_encrypt(home: Place, state: str, code: str) -> None:
    """Cryptographic calls on such a key are refused, each state with its code."""
    key = key_in_state(home, state)
    with refused(code):
        home.kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    with refused(code):
        home.kms.encrypt(KeyId=key, Plaintext=b"text")


@pytest.mark.aws_safe
@rule("7 KeyState", "K")
def test_state_can_be_changed_back(home: Place) -> None:
    """A disabled key can be enabled; a deletion can be cancelled, which leaves the key disabled."""
    key = a_key(home)
    home.kms.disable_key(KeyId=key)
    home.kms.enable_key(KeyId=key)
    assert key_of(copied_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=key)) == key
    home.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    home.kms.cancel_key_deletion(KeyId=key)
    assert metadata(home, key)["KeyState"] == "Disabled"


@pytest.mark.aws_safe
@rule("7 KeyUsage", "K")
def test_signing_keys_do_not_encrypt(home: Place) -> None:
    """A key for signing is refused with InvalidKeyUsageException."""
    key = a_key(home, KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    assert metadata(home, key)["KeyUsage"] == "SIGN_VERIFY"
    with refused("InvalidKeyUsageException"):
        home.kms.encrypt(KeyId=key, Plaintext=b"text")


@pytest.mark.aws_safe
@rule("7 ListAliases", "K")
def test_aliases_of_a_key(home: Place) -> None:
    """ListAliases finds the aliases of a key, with their ARNs."""
    key = a_key(home)
    names = {an_alias(home, key), an_alias(home, key)}
    an_alias(home, a_key(home))
    shown = home.kms.list_aliases(KeyId=key)["Aliases"]
    assert {each["AliasName"] for each in shown} == names
    prefix = key.rpartition(":")[0]
    assert {each["AliasArn"] for each in shown} == {f"{prefix}:{name}" for name in names}
    assert {each["TargetKeyId"] for each in shown} == {key.rpartition("/")[2]}


@pytest.mark.aws_safe
@rule("7 ListAliases", "K")
def test_pages_of_aliases(home: Place) -> None:
    """Limit, Marker and Truncated cut the list into pages that hold everything once."""
    key = a_key(home)
    names = {an_alias(home, key) for _ in range(3)}
    first = home.kms.list_aliases(KeyId=key, Limit=2)
    assert first["Truncated"] is True and len(first["Aliases"]) == 2
    second = home.kms.list_aliases(KeyId=key, Limit=2, Marker=first["NextMarker"])
    assert second["Truncated"] is False
    assert {each["AliasName"] for page in (first, second) for each in page["Aliases"]} == names


@pytest.mark.aws_safe
@rule("7 aliases", "K")
def test_aliases_that_cannot_be(home: Place) -> None:
    """An alias is unique here, needs alias/, and cannot be AWS's."""
    key = a_key(home)
    alias = an_alias(home, key)
    with refused("AlreadyExistsException"):
        home.kms.create_alias(AliasName=alias, TargetKeyId=key)
    with refused("ValidationException", "InvalidAliasNameException"):
        home.kms.create_alias(AliasName="conformance", TargetKeyId=key)
    with refused("NotAuthorizedException", "NotAuthorized", "InvalidAliasNameException", "ValidationException"):
        home.kms.create_alias(AliasName="alias/aws/conformance", TargetKeyId=key)


@pytest.mark.aws_safe
@rule("7 aws/ebs", "K")
def test_aws_managed_key_cannot_be_changed(home: Place) -> None:
    """The AWS managed key can be neither disabled nor deleted, nor its policy edited."""
    key = aws_managed_key(home)
    for change in (
        lambda: home.kms.disable_key(KeyId=key),
        lambda: home.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
        lambda: home.kms.put_key_policy(KeyId=key, PolicyName="default", Policy="{}"),
    ):
        with refused():
            change()
    assert metadata(home, key)["KeyState"] == "Enabled"


@pytest.mark.aws_safe
@rule("7 CreateGrant", "K")
def test_grants_are_made_on_keys_not_aliases(home: Place, other: Place) -> None:
    """CreateGrant takes a key's id or ARN, not an alias."""
    key = a_key(home)
    grant = {"GranteePrincipal": f"arn:aws:iam::{other.account_id}:root", "Operations": PRINCIPAL_OPERATIONS}
    assert home.kms.create_grant(KeyId=key, **grant)["GrantId"]
    with refused():
        home.kms.create_grant(KeyId=an_alias(home, key), **grant)


@rule("7 CreateGrant", "CEA", "K")
def test_a_grant_lets_another_account_use_a_key(home: Place, other: Place) -> None:
    """A key whose policy does not admit us serves us all the same once we were granted its use."""
    key = a_key(other)
    with refused("AccessDeniedException"):
        home.kms.describe_key(KeyId=key)
    operations = ["DescribeKey", "Decrypt", "CreateGrant", "GenerateDataKeyWithoutPlaintext", "GenerateDataKey"]
    operations += ["ReEncryptFrom", "ReEncryptTo", "Encrypt"]
    other.kms.create_grant(KeyId=key, GranteePrincipal=f"arn:aws:iam::{home.account_id}:root", Operations=operations)
    assert metadata(home, key)["Arn"] == key
    copy_ = copied(home, an_image(home), Encrypted=True, KmsKeyId=key)
    assert keys_of(home, copy_) == {ROOT: key}


@pytest.fixture
def replicated(home: Place, away: Place) -> tuple[str, str]:
    """A multi-Region key: the ARN of the primary at home, and of its replica away."""
    primary = a_key(home, MultiRegion=True)
    home.kms.replicate_key(KeyId=primary, ReplicaRegion=away.region)
    replica = primary.replace(f":{home.region}:", f":{away.region}:")

    def usable() -> bool:
        return bool(away.kms.describe_key(KeyId=replica)["KeyMetadata"]["KeyState"] == "Enabled")

    away.until(usable, f"{replica} enabled")
    return primary, replica


@rule("7 multi-Region", "K")
def test_replicas_share_the_id_only(home: Place, away: Place, replicated: tuple[str, str]) -> None:
    """Primary and replica have one id, each its own ARN, and name each other."""
    primary, replica = (metadata(place, key) for place, key in zip((home, away), replicated, strict=True))
    assert primary["KeyId"] == replica["KeyId"] and primary["KeyId"].startswith("mrk-")
    assert primary["Arn"] != replica["Arn"]
    kinds = [each["MultiRegionConfiguration"]["MultiRegionKeyType"] for each in (primary, replica)]
    assert kinds == ["PRIMARY", "REPLICA"]
    assert replica["MultiRegionConfiguration"]["PrimaryKey"] == {"Arn": replicated[0], "Region": home.region}
    assert primary["MultiRegionConfiguration"]["ReplicaKeys"] == [{"Arn": replicated[1], "Region": away.region}]


@rule("7 multi-Region", "K", "M")
def test_copies_take_the_replica_of_their_region(home: Place, away: Place, replicated: tuple[str, str]) -> None:
    """A copy into another region takes the replica there, by ARN or id, and shows the replica's ARN."""
    primary, replica = replicated
    source = an_image(home, root=primary)
    for name in (replica, replica.rpartition("/")[2]):
        assert keys_of(away, copied(away, source, home, Encrypted=True, KmsKeyId=name)) == {ROOT: replica}


@rule("7 multi-Region", "K", "M")
def test_primary_does_not_serve_elsewhere(home: Place, away: Place, replicated: tuple[str, str]) -> None:
    """The primary's ARN cannot be used in the replica's region, as any key of another region."""
    primary, _ = replicated
    pending = copy(away, an_image(home, root=PLAIN), home, Encrypted=True, KmsKeyId=primary)
    assert settled(away, image, pending)["State"] in ("failed", GONE["State"])
    failed = settled(away, snapshot, copy_snapshot(away, a_snapshot(home), home, Encrypted=True, KmsKeyId=primary))
    assert failed["State"] == "error"
