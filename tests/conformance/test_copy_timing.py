# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long copies take, relative to each other (§1.3, §2, §8)."""

from __future__ import annotations

import pytest

from .builders import (
    PLAIN,
    a_key,
    a_snapshot,
    an_image,
    copied_snapshot,
    copy,
    copy_snapshot,
    encryption,
    image_of,
    snapshot_of,
)
from .place import Place, nothing_created, refused
from .rules import rule

pytestmark = pytest.mark.emulator_only
PER_GIB = 60.0


def slow(place: Place) -> None:
    """Let copies take a minute for each GiB, and no time besides."""
    place.target.configure(copy_seconds_per_gib=PER_GIB, copy_seconds_minimum=0.0)


@pytest.mark.parametrize(("key", "full"), [(PLAIN, False), ("default", True)], ids=["same-key", "other-key"])
@rule("1.3 incremental", "UG-how")
def test_a_copy_under_the_same_key_is_incremental(home: Place, key: str | None, full: bool) -> None:
    """In one region a copy that keeps the key, or stays plain, takes no time to speak of; any other is a full one."""
    source = an_image(home)
    slow(home)
    copy_id = copy(home, source, **encryption(key))
    home.target.pass_time(PER_GIB / 4)
    assert (image_of(home, copy_id)["State"] == "pending") == full


@rule("1.3 incremental", "UG-how")
def test_a_copy_into_another_region_is_full(home: Place, away: Place) -> None:
    """A copy into a region that has none yet takes its time."""
    source = an_image(home)
    slow(home)
    copy_id = copy(away, source, home)
    home.target.pass_time(PER_GIB / 4)
    assert image_of(away, copy_id)["State"] == "pending"


@rule("2 one after the other", "UG23-ebs-copy-snapshot", "EBS-time")
def test_copies_of_one_snapshot_queue(home: Place) -> None:
    """Two copies of one snapshot run one after the other, copies of two snapshots side by side."""
    source, different, key = a_snapshot(home), a_snapshot(home), a_key(home)
    slow(home)
    request = {"Encrypted": True, "KmsKeyId": key}
    copies = [copy_snapshot(home, each, None, **request) for each in (source, source, different)]
    home.target.pass_time(PER_GIB + 1)
    assert [snapshot_of(home, each)["State"] for each in copies] == ["completed", "pending", "completed"]
    home.target.pass_time(PER_GIB)
    assert snapshot_of(home, copies[1])["State"] == "completed"


@rule("8 throughput", "EBS-time")
def test_time_based_copies_are_bounded_by_throughput(home: Place) -> None:
    """A snapshot too large for 500 MiB/s cannot be copied in the time asked for."""
    home.target.configure(snapshot_seconds_per_gib=0.0, copy_seconds_per_gib=0.0)
    source = a_snapshot(home, size=600)
    with nothing_created(home), refused():
        copy_snapshot(home, source, CompletionDurationMinutes=15)
    assert copied_snapshot(home, source, CompletionDurationMinutes=30)
