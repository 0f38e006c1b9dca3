# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshot locks: what is locked cannot be deleted, whoever asks (aws_rules §18.2)."""

from __future__ import annotations

import calendar

from emulated_aws.ec2 import errors, lookup, timing
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import Lock, Snapshot, View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action

DAY, HOUR = 86400.0, 3600.0
LONGEST_DAYS = 36500


def check_unlocked(snapshot: Snapshot) -> None:
    """Raise the error for deleting a locked snapshot; its code is an assumption."""
    if snapshot.lock and snapshot.lock.holds():
        raise errors.AwsError("SnapshotLocked", f"The snapshot {snapshot.id} is locked and cannot be deleted.")


@action("LockSnapshot")
def lock_snapshot(call: Call) -> Params:
    """Lock a snapshot for a number of days or until a date, or change its lock."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    if snapshot.location.outpost_arn:
        raise errors.AwsError("UnsupportedOperation", "Local snapshots on Outposts cannot be locked.")
    lock = _lock(call, snapshot.lock)
    call.stop_if_dry_run()
    snapshot.lock = lock
    return {"SnapshotId": snapshot.id} | _view(lock)


def _lock(call: Call, before: Lock | None) -> Lock:
    days, until, mode, hours = (call.get(n) for n in ("LockDuration", "ExpirationDate", "LockMode", "CoolOffPeriod"))
    if (days is None) == (until is None):
        raise errors.invalid_combination("Specify either LockDuration or ExpirationDate.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise errors.invalid_value(days, "lockDuration", f"Expected 1 to {LONGEST_DAYS} days.")
    if hours is not None and (mode != "compliance" or not 1 <= hours <= 72):
        raise errors.invalid_value(hours, "coolOffPeriod", "Expected 1 to 72 hours, in compliance mode.")
    now = timing.now()
    expires_at = now + days * DAY if days is not None else float(calendar.timegm(until.timetuple()))
    if before and before.state() == "compliance" and (mode != "compliance" or expires_at < before.expires_at):
        raise errors.AwsError("IncorrectState", "A lock in compliance mode can only be extended.")
    return Lock(mode, now, expires_at, cools_until=now + hours * HOUR if hours else None)


@action("UnlockSnapshot")
def unlock_snapshot(call: Call) -> Params:
    """Take a lock away, except one in compliance mode whose cooling-off period is over."""
    snapshot = lookup.snapshot(call.region, call.get("SnapshotId"), owned=True)
    if snapshot.lock and snapshot.lock.state() == "compliance":
        raise errors.AwsError("IncorrectState", f"The snapshot {snapshot.id} is locked in compliance mode.")
    call.stop_if_dry_run()
    snapshot.lock = None
    return {"SnapshotId": snapshot.id}


def _view(lock: Lock) -> View:
    shown: View = {
        "LockState": lock.state(),
        "LockDuration": round((lock.expires_at - lock.created_at) / DAY),
        "LockCreatedOn": timing.moment(lock.created_at),
        "LockDurationStartTime": timing.moment(lock.created_at),
        "LockExpiresOn": timing.moment(lock.expires_at),
    }
    if lock.cools_until:
        shown["CoolOffPeriod"] = round((lock.cools_until - lock.created_at) / HOUR)
        shown["CoolOffPeriodExpiresOn"] = timing.moment(lock.cools_until)
    return shown


@action("DescribeLockedSnapshots")
def describe_locked_snapshots(call: Call) -> Params:
    """List own snapshots that have a lock, expired ones too."""
    call.stop_if_dry_run()
    ids = call.get("SnapshotIds", [])
    locked = [one for one in call.region.snapshots.values() if one.lock and (not ids or one.id in ids)]
    facts: Facts[Snapshot] = Facts({"lock-state": lambda one: one.lock.state() if one.lock else None}, lambda _one: {})
    shown, token = page(call, facts.select(locked, call.get("Filters", [])))
    entries = [{"SnapshotId": one.id, "OwnerId": one.owner} | _view(one.lock) for one in shown if one.lock]
    return {"NextToken": token, "Snapshots": entries}
