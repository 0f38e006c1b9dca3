# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopySnapshot: which key the copy gets, how it progresses, and how many may run (§2, EBS guide's table in §1.3)."""

from __future__ import annotations

import re
import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    PLAIN,
    a_key,
    a_snapshot,
    an_alias,
    an_image,
    aws_managed_key,
    copied_snapshot,
    copy,
    copy_snapshot,
    default_key,
    key_of,
    share_snapshot,
    snapshot_of,
)
from .place import Place, refused, settled, snapshot
from .rules import rule

by_default = pytest.mark.parametrize("by_default", [False, True], ids=["default-off", "default-on"])


def set_defaults(place: Place, *, encrypt: bool, key: str) -> None:
    """Set the account's two settings for EBS encryption in the region."""
    place.ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)
    if encrypt:
        place.ec2.enable_ebs_encryption_by_default()


@pytest.mark.aws_safe
@rule("2 outcome", "EBS-copy")
def test_plain_stays_plain(home: Place) -> None:
    """A plain snapshot stays plain when nothing is asked and encryption by default is off."""
    assert key_of(copied_snapshot(home, a_snapshot(home))) is PLAIN


@pytest.mark.aws_safe
@rule("2 outcome", "EBS-copy")
def test_plain_to_the_default_key(home: Place) -> None:
    """A plain snapshot gets the default key when encryption is asked without a key."""
    assert key_of(copied_snapshot(home, a_snapshot(home), Encrypted=True)) == default_key(home)


@by_default
@rule("2 outcome", "EBS-copy")
def test_plain_to_the_customers_default_key(home: Place, by_default: bool) -> None:
    """The default key is the one set for the account; encryption by default applies it unasked."""
    source, key = a_snapshot(home), a_key(home)
    set_defaults(home, encrypt=by_default, key=key)
    request: dict[str, t.Any] = {} if by_default else {"Encrypted": True}
    assert key_of(copied_snapshot(home, source, **request)) == key


@pytest.mark.aws_safe
@pytest.mark.parametrize("source_key", [PLAIN, DEFAULT_KEY], ids=["plain", "encrypted"])
@rule("2 outcome", "EBS-copy", "M")
def test_given_key(home: Place, source_key: str | None) -> None:
    """With Encrypted=true and a key, that key it is; an alias shows as the key's ARN."""
    key = a_key(home)
    source = a_snapshot(home, key=source_key)
    assert key_of(copied_snapshot(home, source, Encrypted=True, KmsKeyId=an_alias(home, key))) == key


@by_default
@rule("2 outcome", "EBS-copy")
def test_given_key_wins_over_the_default(home: Place, by_default: bool) -> None:
    """A given key wins over the account's default key."""
    source, key = a_snapshot(home), a_key(home)
    set_defaults(home, encrypt=by_default, key=a_key(home))
    assert key_of(copied_snapshot(home, source, Encrypted=True, KmsKeyId=key)) == key


@pytest.mark.aws_safe
@rule("2 outcome", "EBS-copy", "UG23-AMIEncryption")
def test_own_encrypted_snapshot_either_reading(home: Place) -> None:
    """Without a key an encrypted snapshot's copy is encrypted: under aws/ebs, or under its own key."""
    key = a_key(home)
    assert key_of(copied_snapshot(home, a_snapshot(home, key=key))) in (key, aws_managed_key(home))


@pytest.mark.emulator_only
@by_default
@pytest.mark.parametrize("reading", ["source", "aws_ebs"])
@rule("2 outcome", "EBS-copy", "UG23-AMIEncryption")
def test_own_encrypted_snapshot_under_both_readings(home: Place, by_default: bool, reading: str) -> None:
    """EBS guide: aws/ebs, or the default key where encryption by default is on. EC2 guide: its own key."""
    home.target.configure(copy_snapshot_same_region_key=reading)
    key, default = a_key(home), a_key(home)
    source = a_snapshot(home, key=key)
    set_defaults(home, encrypt=by_default, key=default)
    expected = key if reading == "source" else default if by_default else aws_managed_key(home)
    assert key_of(copied_snapshot(home, source)) == expected


@pytest.mark.aws_safe
@rule("2 outcome", "EBS-copy")
def test_across_regions_the_default_key(home: Place, away: Place) -> None:
    """Across regions an encrypted snapshot gets a default key of the destination."""
    source = a_snapshot(home, key=a_key(home))
    assert key_of(copied_snapshot(away, source, home)) == default_key(away)


@pytest.mark.aws_safe
@rule("2 outcome", "EBS-copy", "UG23-AMIEncryption")
def test_shared_encrypted_snapshot(home: Place, other: Place) -> None:
    """A shared encrypted snapshot gets our default key; the copy is ours."""
    source = a_snapshot(other, key=a_key(other, shared_with=home))
    share_snapshot(other, source, home)
    copy_ = copied_snapshot(home, source)
    assert key_of(copy_) == default_key(home) and copy_["OwnerId"] == home.account_id


@pytest.mark.aws_safe
@rule("2 progress", "M")
def test_progress_ends_at_completed(home: Place) -> None:
    """A copy is pending at first; completed, it shows 100% and when it completed."""
    copy_id = copy_snapshot(home, a_snapshot(home, size=2), Encrypted=True)
    first = home.until(lambda: snapshot(home, copy_id), f"{copy_id} visible")
    assert first["State"] == "pending" and re.fullmatch(r"(\d+%)?", first.get("Progress", ""))
    last = settled(home, snapshot, copy_id)
    assert (last["State"], last["Progress"]) == ("completed", "100%")
    assert last["CompletionTime"] >= last["StartTime"]


@pytest.mark.emulator_only
@pytest.mark.parametrize("reaches", [True, False])
@rule("2 progress", "repost ebs-snapshot-stuck", "CEA")
def test_progress_under_both_readings(home: Place, reaches: bool) -> None:
    """Progress may read 100% while the snapshot is pending still, so that only its state counts."""
    home.target.configure(progress_reaches_100_while_pending=reaches, copy_seconds_minimum=20.0)
    copy_id = copy_snapshot(home, a_snapshot(home))
    seen: list[str] = []
    while (found := snapshot_of(home, copy_id))["State"] == "pending":
        seen.append(found["Progress"])
        home.target.pass_time(1)
    numbers = [int(progress.rstrip("%") or 0) for progress in seen]
    assert numbers == sorted(numbers) and (numbers[-1] == 100) == reaches


@pytest.mark.aws_safe
@rule("2 copy", "M")
def test_copy_has_size_and_description(home: Place) -> None:
    """A copy has the source's size and the description it was given."""
    source = a_snapshot(home, size=2, Description="of the source")
    copy_ = copied_snapshot(home, source, Description="of the copy")
    assert (copy_["VolumeSize"], copy_["Description"]) == (2, "of the copy")


@rule("8 concurrent snapshot copies", "EBS-copy", "copy-encrypted-ami#3")
def test_twenty_copies_at_once(home: Place, away: Place) -> None:
    """A 21st copy into one region is refused in these words; another region still takes it, and later so does this."""
    source = a_snapshot(home)
    pending = [copy_snapshot(home, source) for _ in range(20)]
    words = "Too many snapshot copies in progress. The limit is 20 for this destination region."
    with refused("ResourceLimitExceeded", says=words):
        copy_snapshot(home, source)
    assert copy_snapshot(away, source, home)
    for copy_id in pending:
        settled(home, snapshot, copy_id)
    assert copied_snapshot(home, source)


@pytest.mark.emulator_only
@pytest.mark.parametrize("counted", [True, False])
@rule("8 concurrent snapshot copies", "UG-how")
def test_snapshots_of_image_copies_under_both_readings(home: Place, counted: bool) -> None:
    """Whether the snapshots of an image being copied count is open."""
    home.target.configure(copy_image_counts_snapshots=counted, concurrent_snapshot_copies=2)
    source, image_id = a_snapshot(home), an_image(home, data={"/dev/sdf": PLAIN})
    copy(home, image_id)
    if counted:
        with refused("ResourceLimitExceeded"):
            copy_snapshot(home, source)
    else:
        assert copied_snapshot(home, source)
