# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encryption by default and its key, for each account and region (§6)."""

from __future__ import annotations

import pytest

from .builders import a_key, aws_managed_key, default_key
from .place import Place
from .rules import rule


def encrypts_by_default(place: Place) -> bool:
    """Tell whether the account encrypts new volumes here."""
    return bool(place.ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])


@rule("6 encryption by default", "M")
def test_encryption_by_default_is_switched(home: Place) -> None:
    """Enable and Disable answer with the new setting, and Get shows it."""
    assert encrypts_by_default(home) is False
    assert home.ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is True
    assert encrypts_by_default(home) is True
    assert home.ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"] is False
    assert encrypts_by_default(home) is False


@rule("6 per region", "M")
def test_settings_are_per_account_and_region(home: Place, away: Place, other: Place) -> None:
    """Both settings are those of one account in one region."""
    key = a_key(home)
    home.ec2.enable_ebs_encryption_by_default()
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
    assert [encrypts_by_default(place) for place in (home, away, other)] == [True, False, False]
    assert default_key(home) == key
    assert (default_key(away), default_key(other)) == (aws_managed_key(away), aws_managed_key(other))


@rule("6 default key", "M")
def test_default_key_is_set_and_reset(home: Place) -> None:
    """Modify answers with the new key's ARN; Reset goes back to aws/ebs."""
    key = a_key(home)
    assert home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)["KmsKeyId"] == key
    assert default_key(home) == key
    home.ec2.reset_ebs_default_kms_key_id()
    assert default_key(home) == aws_managed_key(home)


@rule("6 default key", "M")
def test_default_key_may_be_named_by_id(home: Place) -> None:
    """The default key may be given by its id."""
    key = a_key(home)
    home.ec2.modify_ebs_default_kms_key_id(KmsKeyId=key.rpartition("/")[2])
    assert default_key(home) == key


@pytest.mark.emulator_only
@pytest.mark.parametrize("as_alias", [True, False])
@rule("6 default key", "M")
def test_unset_default_key_under_both_readings(home: Place, as_alias: bool) -> None:
    """The unset default key is reported as alias/aws/ebs, or as an ARN; either resolves to the AWS managed key."""
    home.target.configure(default_key_reported_as_alias=as_alias)
    shown = home.ec2.get_ebs_default_kms_key_id()["KmsKeyId"]
    assert (shown == "alias/aws/ebs") == as_alias
    assert default_key(home) == aws_managed_key(home)


@pytest.mark.aws_safe
@rule("6 aws/ebs", "K")
def test_aws_managed_key_comes_when_it_is_asked_for(home: Place) -> None:
    """DescribeKey on alias/aws/ebs finds, or makes, an enabled symmetric key that AWS manages."""
    metadata = home.kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]
    assert (metadata["KeyManager"], metadata["KeyState"], metadata["KeySpec"]) == (
        "AWS",
        "Enabled",
        "SYMMETRIC_DEFAULT",
    )
    assert metadata["AWSAccountId"] == home.account_id and f":{home.region}:" in metadata["Arn"]
    assert aws_managed_key(home) == metadata["Arn"]


@pytest.mark.aws_safe
@rule("6 aws/ebs", "K")
def test_each_region_has_its_own_aws_managed_key(home: Place, away: Place) -> None:
    """There is one such key for each account and region."""
    assert aws_managed_key(home) != aws_managed_key(away)
    assert aws_managed_key(home).rpartition("/")[2] != aws_managed_key(away).rpartition("/")[2]
