# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive tier of snapshots (§2, §5.2)."""

from __future__ import annotations

import datetime

import pytest

from .builders import a_snapshot, an_image, copied_snapshot, image_of, share_snapshot, snapshot_ids, snapshot_of
from .place import Place, refused, settled, snapshot
from .rules import rule

DAY = 24 * 3600.0


def an_archived_snapshot(place: Place) -> str:
    """Return a snapshot in the archive."""
    snapshot_id = a_snapshot(place)
    place.ec2.modify_snapshot_tier(SnapshotId=snapshot_id, StorageTier="archive")
    place.until(lambda: tier(place, snapshot_id) == "archive", f"{snapshot_id} archived")
    return snapshot_id


def tier(place: Place, snapshot_id: str) -> str:
    """Return the storage tier of a snapshot."""
    return str(snapshot_of(place, snapshot_id)["StorageTier"])


@rule("2 archived", "UG23-snapshot-archive")
def test_archived_source_cannot_be_copied(home: Place) -> None:
    """An archived snapshot cannot be copied before it is restored."""
    source = an_archived_snapshot(home)
    try:
        copy_id = home.ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=home.region)["SnapshotId"]
    except home.ec2.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] != "EmulatorFailure"
    else:
        assert settled(home, snapshot, copy_id)["State"] == "error"
    home.ec2.restore_snapshot_tier(SnapshotId=source, PermanentRestore=True)
    home.until(lambda: tier(home, source) == "standard", f"{source} restored")
    assert copied_snapshot(home, source)


@rule("2 archived", "UG23-snapshot-archive")
def test_archived_snapshot_cannot_be_shared(home: Place, other: Place) -> None:
    """An archived snapshot cannot be shared before it is restored."""
    snapshot_id = an_archived_snapshot(home)
    with refused():
        share_snapshot(home, snapshot_id, other)


@rule("2 archived", "UG23-snapshot-archive")
def test_snapshots_of_images_stay(home: Place) -> None:
    """A snapshot that backs a registered image cannot be archived."""
    [snapshot_id] = snapshot_ids(image_of(home, an_image(home))).values()
    with refused():
        home.ec2.modify_snapshot_tier(SnapshotId=snapshot_id, StorageTier="archive")
    assert tier(home, snapshot_id) == "standard"


@rule("5.2 RestoreExpiryTime", "M")
def test_temporary_restores_end(home: Place) -> None:
    """A temporarily restored snapshot shows when it goes back to the archive, and does."""
    snapshot_id = an_archived_snapshot(home)
    home.ec2.restore_snapshot_tier(SnapshotId=snapshot_id, TemporaryRestoreDays=2)
    home.until(lambda: tier(home, snapshot_id) == "standard", f"{snapshot_id} restored")
    left = snapshot_of(home, snapshot_id)["RestoreExpiryTime"] - snapshot_of(home, snapshot_id)["StartTime"]
    assert datetime.timedelta(days=2) <= left < datetime.timedelta(days=3)
    home.target.pass_time(2 * DAY + 60)
    assert tier(home, snapshot_id) == "archive"


@rule("5.2 RestoreExpiryTime", "M")
def test_permanent_restores_do_not_end(home: Place) -> None:
    """A permanently restored snapshot has no such time."""
    snapshot_id = an_archived_snapshot(home)
    home.ec2.restore_snapshot_tier(SnapshotId=snapshot_id, PermanentRestore=True)
    home.until(lambda: tier(home, snapshot_id) == "standard", f"{snapshot_id} restored")
    assert "RestoreExpiryTime" not in snapshot_of(home, snapshot_id)


@pytest.mark.aws_safe
@rule("5.2 StorageTier", "M")
def test_tier_status(home: Place) -> None:
    """DescribeSnapshotTierStatus shows the tier of a snapshot that was never archived."""
    snapshot_id = a_snapshot(home)
    filters = [{"Name": "snapshot-id", "Values": [snapshot_id]}]
    [status] = home.ec2.describe_snapshot_tier_status(Filters=filters)["SnapshotTierStatuses"]
    assert (status["SnapshotId"], status["StorageTier"]) == (snapshot_id, "standard")
