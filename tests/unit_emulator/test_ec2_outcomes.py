# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of aws_rules §1.3, §2 and §4.1, row by row, against the pure decisions."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from emulated_aws.ec2 import outcomes
from emulated_aws.ec2.outcomes import Asked, Outcome, Source

PLAIN = Source(encrypted=False)
SHARED_PLAIN = Source(encrypted=False, owned=False)
OWNED = Source(encrypted=True)
SHARED = Source(encrypted=True, owned=False)
AWAY = Source(encrypted=True, same_region=False)
BOTH = ("source", "aws_ebs")

# Row of §1.3, source, Encrypted, KmsKeyId given, (default encryption off, on) for the EC2 guide and the EBS guide.
ROWS = [
    (1, PLAIN, None, False, ("UNENCRYPTED", "DEFAULT_KEY"), ("UNENCRYPTED", "DEFAULT_KEY")),
    (1, SHARED_PLAIN, None, False, ("UNENCRYPTED", "DEFAULT_KEY"), ("UNENCRYPTED", "DEFAULT_KEY")),
    (1, PLAIN, False, False, ("UNENCRYPTED", "DEFAULT_KEY"), ("UNENCRYPTED", "DEFAULT_KEY")),
    (2, PLAIN, True, False, ("DEFAULT_KEY", "DEFAULT_KEY"), ("DEFAULT_KEY", "DEFAULT_KEY")),
    (3, PLAIN, True, True, ("GIVEN_KEY", "GIVEN_KEY"), ("GIVEN_KEY", "GIVEN_KEY")),
    (4, OWNED, None, False, ("SOURCE_KEY", "SOURCE_KEY"), ("AWS_EBS_KEY", "DEFAULT_KEY")),
    (5, OWNED, True, False, ("SOURCE_KEY", "SOURCE_KEY"), ("AWS_EBS_KEY", "DEFAULT_KEY")),
    (6, OWNED, True, True, ("GIVEN_KEY", "GIVEN_KEY"), ("GIVEN_KEY", "GIVEN_KEY")),
    (6, SHARED, True, True, ("GIVEN_KEY", "GIVEN_KEY"), ("GIVEN_KEY", "GIVEN_KEY")),
    (6, AWAY, True, True, ("GIVEN_KEY", "GIVEN_KEY"), ("GIVEN_KEY", "GIVEN_KEY")),
    (7, SHARED, None, False, ("DEFAULT_KEY", "DEFAULT_KEY"), ("DEFAULT_KEY", "DEFAULT_KEY")),
    (7, SHARED, True, False, ("DEFAULT_KEY", "DEFAULT_KEY"), ("DEFAULT_KEY", "DEFAULT_KEY")),
    (8, OWNED, False, False, ("REFUSED_DECRYPTION",) * 2, ("REFUSED_DECRYPTION",) * 2),
    (8, SHARED, False, True, ("REFUSED_DECRYPTION",) * 2, ("REFUSED_DECRYPTION",) * 2),
    (9, PLAIN, None, True, ("REFUSED_KEY_ALONE",) * 2, ("REFUSED_KEY_ALONE",) * 2),
    (9, PLAIN, False, True, ("REFUSED_KEY_ALONE",) * 2, ("REFUSED_KEY_ALONE",) * 2),
    (9, OWNED, None, True, ("REFUSED_KEY_ALONE",) * 2, ("REFUSED_KEY_ALONE",) * 2),
    (10, AWAY, None, False, ("DEFAULT_KEY", "DEFAULT_KEY"), ("AWS_EBS_KEY", "DEFAULT_KEY")),
    (10, AWAY, True, False, ("DEFAULT_KEY", "DEFAULT_KEY"), ("AWS_EBS_KEY", "DEFAULT_KEY")),
]


@pytest.mark.parametrize(("row", "source", "encrypted", "key", "ec2_guide", "ebs_guide"), ROWS)
def test_copy_image(
    row: int, source: Source, encrypted: bool | None, key: bool, ec2_guide: tuple[str, str], ebs_guide: tuple[str, str]
) -> None:
    for rule, expected in (("source", ec2_guide), ("aws_ebs", ebs_guide)):
        for by_default in (False, True):
            found = outcomes.copy_image(source, Asked(encrypted, key), by_default, t.cast(t.Any, rule), "ignored")
            assert found is Outcome[expected[by_default]], f"row {row}, {rule}, by default {by_default}"


def test_explicit_false_under_default_encryption_has_two_readings() -> None:
    asked = Asked(encrypted=False)
    assert outcomes.copy_image(PLAIN, asked, True, "source", "error") is Outcome.REFUSED_FALSE
    assert outcomes.copy_image(PLAIN, asked, True, "source", "ignored") is Outcome.DEFAULT_KEY
    assert outcomes.copy_image(PLAIN, asked, False, "source", "error") is Outcome.UNENCRYPTED


@pytest.mark.parametrize(
    ("source", "encrypted", "by_default", "expected"),
    [
        (PLAIN, None, False, "UNENCRYPTED"),
        (PLAIN, None, True, "DEFAULT_KEY"),
        (PLAIN, True, False, "DEFAULT_KEY"),
        (OWNED, None, False, "AWS_EBS_KEY"),
        (OWNED, True, False, "AWS_EBS_KEY"),
        (OWNED, False, False, "AWS_EBS_KEY"),
        (OWNED, None, True, "DEFAULT_KEY"),
        (SHARED, None, False, "AWS_EBS_KEY"),
        (AWAY, None, True, "DEFAULT_KEY"),
    ],
)
def test_copy_snapshot_after_the_ebs_guide(
    source: Source, encrypted: bool | None, by_default: bool, expected: str
) -> None:
    assert outcomes.copy_snapshot(source, Asked(encrypted), by_default, "aws_ebs") is Outcome[expected]


def test_copy_snapshot_after_the_ec2_guide_keeps_the_key_only_at_home() -> None:
    assert outcomes.copy_snapshot(OWNED, Asked(), False, "source") is Outcome.SOURCE_KEY
    assert outcomes.copy_snapshot(AWAY, Asked(), False, "source") is Outcome.AWS_EBS_KEY
    assert outcomes.copy_snapshot(SHARED, Asked(), True, "source") is Outcome.DEFAULT_KEY


@pytest.mark.parametrize("encrypted", [None, True, False])
@pytest.mark.parametrize("by_default", [False, True])
def test_volumes_after_the_ebs_guide(encrypted: bool | None, by_default: bool) -> None:
    asked, from_nothing = Asked(encrypted), "DEFAULT_KEY" if encrypted or by_default else "UNENCRYPTED"
    expected = {None: from_nothing, PLAIN: from_nothing, SHARED_PLAIN: from_nothing}
    expected |= {OWNED: "SOURCE_KEY", SHARED: "DEFAULT_KEY"}
    assert {source: outcomes.new_volume(source, asked, by_default) for source in expected} == {
        source: Outcome[name] for source, name in expected.items()
    }


@pytest.mark.parametrize("source", [None, PLAIN, OWNED, SHARED])
@pytest.mark.parametrize("by_default", [False, True])
def test_a_key_decides_about_a_volume_only_with_encrypted(source: Source | None, by_default: bool) -> None:
    assert outcomes.new_volume(source, Asked(True, key=True), by_default) is Outcome.GIVEN_KEY
    for encrypted in (None, False):
        assert outcomes.new_volume(source, Asked(encrypted, key=True), by_default) is Outcome.REFUSED_KEY_ALONE


def test_nothing_is_ever_decrypted() -> None:
    for source, encrypted, key, by_default in itertools.product(
        (OWNED, SHARED, AWAY), (None, True, False), (False, True), (False, True)
    ):
        asked = Asked(encrypted, key)
        results = {outcomes.copy_snapshot(source, asked, by_default, t.cast(t.Any, rule)) for rule in BOTH}
        results |= {outcomes.copy_image(source, asked, by_default, t.cast(t.Any, rule), "ignored") for rule in BOTH}
        results.add(outcomes.new_volume(source, asked, by_default))
        assert Outcome.UNENCRYPTED not in results
