# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DescribeSnapshots and the snapshots' own life (§5.2)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import (
    DEFAULT_KEY,
    a_key,
    a_snapshot,
    a_volume,
    an_alias,
    copied_snapshot,
    copy_snapshot,
    key_of,
    share_snapshot,
    snapshot_of,
    tagged,
)
from .place import Place, a_name, refused, settled, snapshot
from .rules import rule


def found_ids(place: Place, **request: t.Any) -> set[str]:
    """Return the ids of the snapshots that DescribeSnapshots finds."""
    return {found["SnapshotId"] for found in place.ec2.describe_snapshots(**request)["Snapshots"]}


@pytest.mark.aws_safe
@rule("5.2 not found", "ERR")
def test_absent_snapshot(home: Place) -> None:
    """An id of no snapshot is refused with InvalidSnapshot.NotFound."""
    with refused("InvalidSnapshot.NotFound"):
        home.ec2.describe_snapshots(SnapshotIds=["snap-0123456789abcdef0"])


@pytest.mark.aws_safe
@rule("5.2 not found", "ERR", "M")
def test_malformed_id(home: Place) -> None:
    """What is no snapshot id is an error."""
    with refused("InvalidSnapshotID.Malformed", "InvalidParameterValue"):
        home.ec2.describe_snapshots(SnapshotIds=["snapshot"])


@pytest.mark.aws_safe
@rule("5.2 access", "M")
def test_snapshots_of_others_are_left_out(home: Place, other: Place) -> None:
    """The id of a snapshot that we have no access to is not included, without an error, until it is shared."""
    theirs = a_snapshot(other)
    assert found_ids(home, SnapshotIds=[theirs]) == set()
    share_snapshot(other, theirs, home)
    assert found_ids(home, SnapshotIds=[theirs]) == {theirs}
    assert theirs not in found_ids(home, OwnerIds=["self"])


@pytest.mark.aws_safe
@rule("5.2 access", "M")
def test_restorable_by_us(home: Place, other: Place) -> None:
    """RestorableByUserIds finds what others share with an account."""
    theirs = a_snapshot(other)
    share_snapshot(other, theirs, home)
    assert theirs in found_ids(home, RestorableByUserIds=[home.account_id], OwnerIds=[other.account_id])


@pytest.mark.aws_safe
@rule("5.2 KmsKeyId", "M")
def test_key_is_an_arn(home: Place) -> None:
    """KmsKeyId is the key's ARN, though the volume was made with an alias."""
    key = a_key(home)
    assert key_of(snapshot_of(home, a_snapshot(home, key=an_alias(home, key)))) == key


@pytest.mark.aws_safe
@rule("5.2 KmsKeyId", "K")
def test_repointed_alias_changes_nothing(home: Place) -> None:
    """A snapshot keeps the key that its alias meant when it was made."""
    first, second = a_key(home), a_key(home)
    alias = an_alias(home, first)
    before = copied_snapshot(home, a_snapshot(home), Encrypted=True, KmsKeyId=alias)["SnapshotId"]
    home.kms.update_alias(AliasName=alias, TargetKeyId=second)
    after = copied_snapshot(home, before, Encrypted=True, KmsKeyId=alias)["SnapshotId"]
    assert [key_of(snapshot_of(home, each)) for each in (before, after)] == [first, second]


@pytest.mark.aws_safe
@rule("5.2 fields", "M")
def test_fields_of_a_snapshot(home: Place) -> None:
    """A snapshot shows owner, size, tier, state and, if it is plain, no key."""
    found = snapshot_of(home, a_snapshot(home, size=2))
    assert (found["OwnerId"], found["VolumeSize"], found["StorageTier"]) == (home.account_id, 2, "standard")
    assert (found["State"], found["Progress"], found["Encrypted"]) == ("completed", "100%", False)
    assert "KmsKeyId" not in found and not found.get("StateMessage")


@pytest.mark.aws_safe
@pytest.mark.parametrize("name", ["snapshot-id", "volume-id", "description", "tag:Kind"])
@rule("5.2 Filters", "M")
def test_filters_that_single_out(home: Place, name: str) -> None:
    """These filters find the one snapshot that has the value."""
    unique = a_name()
    a_snapshot(home)
    made = a_snapshot(home, Description=unique, TagSpecifications=tagged("snapshot", Kind=unique))
    values = {"snapshot-id": made, "volume-id": snapshot_of(home, made)["VolumeId"]}
    filters = [{"Name": name, "Values": [values.get(name, unique)]}]
    assert found_ids(home, OwnerIds=["self"], Filters=filters) == {made}


@pytest.mark.aws_safe
@pytest.mark.parametrize(
    ("name", "its", "no"),
    [
        ("encrypted", "true", "false"),
        ("status", "completed", "error"),
        ("storage-tier", "standard", "archive"),
        ("tag-key", "Kind", "Other"),
        ("volume-size", "2", "3"),
        ("progress", "100%", "1%"),
    ],
)
@rule("5.2 Filters", "M")
def test_filters_that_many_pass(home: Place, name: str, its: str, no: str) -> None:
    """These filters show a snapshot under its own value and hide it under another."""
    made = a_snapshot(home, key=DEFAULT_KEY, size=2, TagSpecifications=tagged("snapshot", Kind="any"))
    assert made in found_ids(home, OwnerIds=["self"], Filters=[{"Name": name, "Values": [its]}])
    assert made not in found_ids(home, OwnerIds=["self"], Filters=[{"Name": name, "Values": [no]}])


@pytest.mark.aws_safe
@rule("5.2 paging", "M", "MP")
def test_pages(home: Place) -> None:
    """MaxResults cuts the answer into pages that together hold everything once."""
    ids = {a_snapshot(home) for _ in range(6)}
    filters = [{"Name": "snapshot-id", "Values": sorted(ids)}]
    paginator = home.ec2.get_paginator("describe_snapshots")
    pages = list(paginator.paginate(OwnerIds=["self"], Filters=filters, PaginationConfig={"PageSize": 5}))
    listed = [found["SnapshotId"] for page in pages for found in page["Snapshots"]]
    assert sorted(listed) == sorted(ids) and len(pages) > 1


@pytest.mark.aws_safe
@rule("5.2 states", "M")
def test_snapshot_is_pending_then_completed(home: Place) -> None:
    """A snapshot is pending at first; from then on it is there to be described."""
    made = home.ec2.create_snapshot(VolumeId=a_volume(home))
    assert made["State"] == "pending"
    assert settled(home, snapshot, made["SnapshotId"])["State"] == "completed"


@pytest.mark.emulator_only
@rule("8 pending snapshots", "ERR", "M")
def test_pending_snapshots_are_limited(home: Place, other: Place) -> None:
    """An account may have only so many pending snapshots; those of other accounts are not counted."""
    home.target.configure(pending_snapshots=2)
    volume_id, their_volume = a_volume(home), a_volume(other)
    for _ in range(2):
        home.ec2.create_snapshot(VolumeId=volume_id)
    with refused("PendingSnapshotLimitExceeded"):
        home.ec2.create_snapshot(VolumeId=volume_id)
    assert other.ec2.create_snapshot(VolumeId=their_volume)["State"] == "pending"


@pytest.mark.parametrize(("kind", "limit"), [("gp2", 5), ("gp3", 5), ("st1", 1), ("sc1", 1)])
@rule("8 concurrent snapshots of a volume", "ERR")
def test_snapshots_of_one_volume_are_limited(home: Place, kind: str, limit: int) -> None:
    """A gp2 or gp3 volume may have five pending snapshots, an st1 or sc1 volume one."""
    volume_id = a_volume(home, VolumeType=kind, Size=125)
    for _ in range(limit):
        home.ec2.create_snapshot(VolumeId=volume_id)
    with refused("ConcurrentSnapshotLimitExceeded"):
        home.ec2.create_snapshot(VolumeId=volume_id)


@pytest.mark.aws_safe
@rule("5.2 delete", "ERR")
def test_deleted_snapshot(home: Place) -> None:
    """A deleted snapshot is not found, also by a second DeleteSnapshot."""
    made = a_snapshot(home)
    home.ec2.delete_snapshot(SnapshotId=made)
    with refused("InvalidSnapshot.NotFound"):
        home.ec2.describe_snapshots(SnapshotIds=[made])
    with refused("InvalidSnapshot.NotFound"):
        home.ec2.delete_snapshot(SnapshotId=made)


@pytest.mark.aws_safe
@rule("5.2 delete", "UG-copy")
def test_source_may_be_deleted_after_the_copy(home: Place) -> None:
    """A copy does not need its source any more once it is completed."""
    source = a_snapshot(home)
    copy_id = copied_snapshot(home, source)["SnapshotId"]
    home.ec2.delete_snapshot(SnapshotId=source)
    assert snapshot_of(home, copy_id)["State"] == "completed"
    assert copied_snapshot(home, copy_id)


@pytest.mark.aws_safe
@rule("5.2 delete", "ERR")
def test_snapshots_of_others_cannot_be_deleted(home: Place, other: Place) -> None:
    """A shared snapshot is its owner's to delete."""
    theirs = a_snapshot(other)
    share_snapshot(other, theirs, home)
    with refused(status=None):
        home.ec2.delete_snapshot(SnapshotId=theirs)


@pytest.mark.aws_safe
@rule("5.2 delete", "UG-copy")
def test_pending_copies_can_be_deleted(home: Place) -> None:
    """A copy under way can be given up by deleting it."""
    copy_id = copy_snapshot(home, a_snapshot(home))
    home.until(lambda: snapshot(home, copy_id), f"{copy_id} visible")
    home.ec2.delete_snapshot(SnapshotId=copy_id)
    home.until(lambda: snapshot(home, copy_id) is None, f"{copy_id} gone")
