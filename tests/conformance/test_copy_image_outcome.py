# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage: which key the copied snapshots get (§1.3, row by row)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    ROOT,
    a_key,
    an_image,
    aws_managed_key,
    copied,
    copy,
    default_key,
    image_of,
    keys_of,
    share_image,
    snapshot_ids,
)
from .place import Place, nothing_created, refused
from .rules import rule

Request = dict[str, t.Any]
ENCRYPTED: Request = {"Encrypted": True}
NOT_ENCRYPTED: Request = {"Encrypted": False}
OMITTED: Request = {}


def set_defaults(place: Place, *, encrypt: bool, key: str | None = None) -> None:
    """Set the account's two settings for EBS encryption in the region."""
    if key:
        place.ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
    if encrypt:
        place.ec2.enable_ebs_encryption_by_default()


by_default = pytest.mark.parametrize("by_default", [False, True], ids=["default-off", "default-on"])


@pytest.mark.aws_safe
@pytest.mark.parametrize("request_", [OMITTED, NOT_ENCRYPTED], ids=["omitted", "false"])
@rule("1.3 row 1", "UG23-AMIEncryption", "UG-how")
def test_row_1_plain_stays_plain(home: Place, request_: Request) -> None:
    """An unencrypted source stays unencrypted when nothing is asked and encryption by default is off."""
    assert keys_of(home, copied(home, an_image(home), **request_)) == {ROOT: PLAIN}


@pytest.mark.parametrize("custom", [False, True], ids=["aws-managed", "customer-managed"])
@rule("1.3 row 1", "UG-how")
def test_row_1_encryption_by_default(home: Place, custom: bool) -> None:
    """An unencrypted source gets the account's default key when encryption by default is on."""
    source = an_image(home)
    set_defaults(home, encrypt=True, key=a_key(home) if custom else None)
    assert keys_of(home, copied(home, source)) == {ROOT: default_key(home)}


@pytest.mark.emulator_only
@pytest.mark.parametrize("reading", ["error", "ignored"])
@rule("1.3 row 1", "UG-how")
def test_row_1_explicit_false_under_both_readings(home: Place, reading: str) -> None:
    """Encrypted=false cannot override encryption by default; whether AWS says so is open."""
    home.target.configure(explicit_false_under_default_encryption=reading)
    source = an_image(home)
    assert keys_of(home, copied(home, source, Encrypted=False)) == {ROOT: PLAIN}
    set_defaults(home, encrypt=True)
    if reading == "error":
        with nothing_created(home), refused():
            copy(home, source, Encrypted=False)
    else:
        assert keys_of(home, copied(home, source, Encrypted=False)) == {ROOT: default_key(home)}


@pytest.mark.aws_safe
@rule("1.3 row 2", "UG23-AMIEncryption", "UG-how")
def test_row_2_plain_to_the_default_key(home: Place) -> None:
    """An unencrypted source gets the account's default key when encryption is asked without a key."""
    assert keys_of(home, copied(home, an_image(home), **ENCRYPTED)) == {ROOT: default_key(home)}


@by_default
@rule("1.3 row 2", "UG23-AMIEncryption", "EBS-copy")
def test_row_2_default_key_may_be_a_customers(home: Place, by_default: bool) -> None:
    """The default key is the one set for the account, whether encryption by default is on or off."""
    source, key = an_image(home), a_key(home)
    set_defaults(home, encrypt=by_default, key=key)
    assert keys_of(home, copied(home, source, **ENCRYPTED)) == {ROOT: key}


@pytest.mark.aws_safe
@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@rule("1.3 rows 3 and 6", "UG23-AMIEncryption", "M")
def test_rows_3_and_6_given_key(home: Place, source_key: str | None) -> None:
    """With Encrypted=true and a key, that key it is, whatever the source's."""
    key = a_key(home)
    assert keys_of(home, copied(home, an_image(home, root=source_key), Encrypted=True, KmsKeyId=key)) == {ROOT: key}


@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@rule("1.3 rows 3 and 6", "UG23-AMIEncryption", "M")
def test_rows_3_and_6_under_encryption_by_default(home: Place, source_key: str | None) -> None:
    """A given key wins over the account's default key."""
    source, key = an_image(home, root=source_key), a_key(home)
    set_defaults(home, encrypt=True, key=a_key(home))
    assert keys_of(home, copied(home, source, Encrypted=True, KmsKeyId=key)) == {ROOT: key}


@pytest.mark.aws_safe
@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 rows 4 and 5", "UG23-AMIEncryption", "EBS-copy")
def test_rows_4_and_5_either_reading(home: Place, request_: Request) -> None:
    """Without a key an own encrypted source stays encrypted: under its key, or under the AWS managed one."""
    key = a_key(home)
    copy_ = copied(home, an_image(home, root=key), **request_)
    assert keys_of(home, copy_)[ROOT] in (key, aws_managed_key(home))


@pytest.mark.emulator_only
@by_default
@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 rows 4 and 5", "UG23-AMIEncryption")
def test_rows_4_and_5_as_the_ec2_guide_has_it(home: Place, by_default: bool, request_: Request) -> None:
    """EC2 guide: without a key an own encrypted source keeps its key; Encrypted has no effect."""
    home.target.configure(copy_image_same_region_key="source")
    key = a_key(home)
    source = an_image(home, root=key)
    set_defaults(home, encrypt=by_default, key=a_key(home))
    assert keys_of(home, copied(home, source, **request_)) == {ROOT: key}


@pytest.mark.emulator_only
@by_default
@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 rows 4 and 5", "EBS-copy")
def test_rows_4_and_5_as_the_ebs_guide_has_it(home: Place, by_default: bool, request_: Request) -> None:
    """EBS guide: without a key it is aws/ebs, or the default key where encryption by default is on."""
    home.target.configure(copy_image_same_region_key="aws_ebs")
    source, default = an_image(home, root=a_key(home)), a_key(home)
    set_defaults(home, encrypt=by_default, key=default)
    expected = default if by_default else aws_managed_key(home)
    assert keys_of(home, copied(home, source, **request_)) == {ROOT: expected}


@pytest.mark.aws_safe
@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 row 7", "UG23-AMIEncryption", "UG-how")
def test_row_7_shared_source(home: Place, other: Place, request_: Request) -> None:
    """A copy of an encrypted image shared by another account gets the default key unless one is named."""
    source = a_shared_image(other, home)
    assert keys_of(home, copied(home, source, **request_)) == {ROOT: default_key(home)}


@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 row 7", "UG23-AMIEncryption")
def test_row_7_under_encryption_by_default(home: Place, other: Place, request_: Request) -> None:
    """Encryption by default does not change the default key that a shared image gets."""
    source, key = a_shared_image(other, home), a_key(home)
    set_defaults(home, encrypt=True, key=key)
    assert keys_of(home, copied(home, source, **request_)) == {ROOT: key}


@pytest.mark.aws_safe
@rule("1.3 row 6", "UG23-AMIEncryption")
def test_row_6_shared_source_to_a_given_key(home: Place, other: Place) -> None:
    """A named key is used for a shared encrypted image too."""
    source, key = a_shared_image(other, home), a_key(home)
    assert keys_of(home, copied(home, source, Encrypted=True, KmsKeyId=key)) == {ROOT: key}


def a_shared_image(owner: Place, consumer: Place) -> str:
    """Return an encrypted image of the owner's that the consumer may copy: image, snapshot and key are shared."""
    source = an_image(owner, root=a_key(owner, shared_with=consumer))
    share_image(owner, source, consumer)
    return source


@pytest.mark.aws_safe
@rule("1.3 row 8", "P#6778", "P#6789", "P#7316")
def test_row_8_no_way_back_to_plain(home: Place) -> None:
    """Encrypted=false for an encrypted source is refused at once, in these words."""
    source = an_image(home, root=DEFAULT_KEY)
    snapshot_id = snapshot_ids(image_of(home, source))[ROOT]
    words = (
        f"Snapshot {snapshot_id} is encrypted. Creating unencrypted copy from an encrypted snapshot is not supported."
    )
    with nothing_created(home), refused("InvalidRequest", says=words):
        copy(home, source, Encrypted=False)


@rule("1.3 row 8", "P#6778")
def test_row_8_under_encryption_by_default(home: Place) -> None:
    """Encryption by default does not make Encrypted=false for an encrypted source acceptable."""
    source = an_image(home, root=DEFAULT_KEY)
    set_defaults(home, encrypt=True)
    with nothing_created(home), refused("InvalidRequest"):
        copy(home, source, Encrypted=False)


@pytest.mark.aws_safe
@rule("1.3 row 8", "P#6778")
def test_row_8_one_encrypted_snapshot_suffices(home: Place) -> None:
    """Encrypted=false is refused when any snapshot of the source is encrypted."""
    source = an_image(home, data={"/dev/sdf": DEFAULT_KEY})
    with nothing_created(home), refused("InvalidRequest"):
        copy(home, source, Encrypted=False)


@pytest.mark.aws_safe
@pytest.mark.parametrize("request_", [OMITTED, ENCRYPTED], ids=["omitted", "encrypted"])
@rule("1.3 row 10", "PP#270", "M")
def test_row_10_other_region(home: Place, away: Place, request_: Request) -> None:
    """Across regions an encrypted source gets the destination's default key: its own cannot exist there."""
    source = an_image(home, root=a_key(home))
    assert keys_of(away, copied(away, source, home, **request_)) == {ROOT: default_key(away)}


@by_default
@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@rule("1.3 row 10", "UG23-AMIEncryption")
def test_settings_are_the_destinations(home: Place, away: Place, by_default: bool, source_key: str | None) -> None:
    """Encryption by default and its key are those of the destination region."""
    source = an_image(home, root=source_key)
    key = a_key(away)
    set_defaults(home, encrypt=not by_default, key=a_key(home))
    set_defaults(away, encrypt=by_default, key=key)
    request = OMITTED if by_default else ENCRYPTED
    expected = aws_or_custom(away, key) if source_key and not by_default else {key}
    assert set(keys_of(away, copied(away, source, home, **request)).values()) <= expected


def aws_or_custom(place: Place, key: str) -> set[str]:
    """The two readings of "default key" for an encrypted source where encryption by default is off."""
    return {key, aws_managed_key(place)}


@pytest.mark.aws_safe
@rule("1.3 row 6", "M")
def test_key_of_the_destination_region(home: Place, away: Place) -> None:
    """A key of the destination region re-encrypts across regions."""
    source, key = an_image(home, root=a_key(home)), a_key(away)
    assert keys_of(away, copied(away, source, home, Encrypted=True, KmsKeyId=key)) == {ROOT: key}


@pytest.mark.aws_safe
@rule("1.3 mixed", "UG18-AMIEncryption", "UG-how")
def test_status_is_preserved_per_snapshot(home: Place) -> None:
    """Without parameters each snapshot keeps its status: plain stays plain, encrypted stays encrypted."""
    copy_ = copied(home, an_image(home, data={"/dev/sdf": DEFAULT_KEY}))
    keys = keys_of(home, copy_)
    assert keys[ROOT] is PLAIN and keys["/dev/sdf"] == aws_managed_key(home)


@pytest.mark.aws_safe
@rule("1.3 one key", "M", "UG18-AMIEncryption")
def test_one_key_for_all_snapshots(home: Place) -> None:
    """One call has one key for all snapshots, plain or encrypted before."""
    key = a_key(home)
    source = an_image(home, data={"/dev/sdf": DEFAULT_KEY, "/dev/sdg": a_key(home)})
    copy_ = copied(home, source, Encrypted=True, KmsKeyId=key)
    assert keys_of(home, copy_) == {ROOT: key, "/dev/sdf": key, "/dev/sdg": key}


@pytest.mark.aws_safe
@rule("1.3 distinct", "UG-how")
def test_the_source_is_left_alone(home: Place) -> None:
    """A copy has snapshots of its own; the source and its snapshots stay as they were."""
    source = an_image(home)
    before = home.ec2.describe_images(ImageIds=[source])["Images"][0]
    copy_ = copied(home, source, **ENCRYPTED)
    after = home.ec2.describe_images(ImageIds=[source])["Images"][0]
    assert before == after and keys_of(home, after) == {ROOT: PLAIN}
    assert copy_["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"] != after["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]


@pytest.mark.aws_safe
@rule("1.3 distinct", "M")
def test_mapping_and_snapshot_agree(home: Place) -> None:
    """DescribeImages and DescribeSnapshots agree on whether a device is encrypted."""
    copy_ = copied(home, an_image(home, data={"/dev/sdf": DEFAULT_KEY}))
    shown = {mapping["DeviceName"]: mapping["Ebs"]["Encrypted"] for mapping in copy_["BlockDeviceMappings"]}
    assert shown == {ROOT: False, "/dev/sdf": True}
