# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One copy of one snapshot under way: what CopyImage and CopySnapshot share."""

from __future__ import annotations

import dataclasses
import typing as t

from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_snapshot_id
from moto.utilities.utils import get_partition

from emulated_aws.ec2 import associated_keys, errors, lookup, timing
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.keyring import NOT_ACCESSIBLE, KeyUse
from emulated_aws.ec2.model import Snapshot
from emulated_aws.ec2.outcomes import Outcome, Source
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

SOURCE_NOT_FOUND = "Source snapshot is not found"
# Time-based copies (EBS-time), in MiB per second.
MOST_THROUGHPUT_OF_ONE = 500
MOST_THROUGHPUT_OF_ALL = 2000


@dataclasses.dataclass
class SnapshotCopy:
    """What is to be copied from where, and under which key."""

    region: Ec2Region
    source_region: str
    source_id: str
    source: Snapshot | None
    encrypted: bool = False
    key: KeyUse | None = None
    source_key: KeyUse | None = None
    minutes: int | None = None

    def begin(self, description: str) -> Snapshot:
        """Make the pending copy and note when it ends."""
        now = timing.now()
        self.source_key = source_key(self.region, self.source)
        starts_at = max([now, *(one.ready_at for one in self._same_source_under_way())])
        snapshot = Snapshot(
            id=random_snapshot_id(),
            owner=self.region.account_id,
            region=self.region.region_name,
            size=self.source.size if self.source else 0,
            description=description,
            encrypted=self.encrypted,
            kms_key_arn=self.key.arn() if self.key else None,
            state="pending",
            created_at=now,
            starts_at=starts_at,
            ready_at=starts_at + self._seconds(),
            copied_from=(self.source_region, self.source_id),
            completion_minutes=self.minutes,
            lag=self.region.new_lag(),
        )
        self.region.snapshots[snapshot.id] = snapshot
        agenda.at(snapshot.ready_at, lambda due: self._end(snapshot, due))
        return snapshot

    def _same_source_under_way(self) -> list[Snapshot]:
        origin = (self.source_region, self.source_id)
        return [one for one in copies_under_way(self.region) if one.copied_from == origin]

    def _seconds(self) -> float:
        if self.source is None:
            return settings.copy_seconds_minimum
        same_key = self.source.kms_key_arn == (self.key.arn() if self.key else None)
        full = self.source_region != self.region.region_name or not same_key
        seconds = timing.copy_seconds(self.source.size, full=full)
        return min(seconds, self.minutes * 60) if self.minutes else seconds

    def _end(self, snapshot: Snapshot, due: float) -> None:
        if snapshot.state != "pending" or snapshot.id not in self.region.snapshots:
            return
        if self.source is None:
            snapshot.fail(SOURCE_NOT_FOUND)
        elif all(key.usable() for key in (self.key, self.source_key) if key):
            snapshot.kms_key_arn = self.key.arn() if self.key else None
            if settings.copies_carry_associated_keys and snapshot.kms_key_arn:
                snapshot.associated_keys = [one for one in self.source.associated_keys if one != snapshot.kms_key_arn]
            snapshot.complete(due)
            if self.source_key:
                self.source_key.used("Decrypt")
            if self.key:
                self.key.used("GenerateDataKeyWithoutPlaintext")
        else:
            snapshot.fail(NOT_ACCESSIBLE)


def source_key(region: Ec2Region, source: Snapshot | None) -> KeyUse | None:
    """Return the caller's use of the key under which a source snapshot is encrypted, if it is."""
    return associated_keys.readable_by(region.account_id, source) if source else None


def source_seen_from(region: Ec2Region, snapshot: Snapshot) -> Source:
    """Return what the decision tables need to know of a source snapshot."""
    return Source(
        encrypted=snapshot.encrypted,
        owned=snapshot.owner == region.account_id,
        same_region=snapshot.region == region.region_name,
    )


def chosen_key(region: Ec2Region, outcome: Outcome, *, given: str | None, source: Snapshot | None) -> KeyUse | None:
    """Return the key that an outcome stands for, or raise the error for a refusal."""
    if outcome is Outcome.REFUSED_KEY_ALONE:
        raise errors.key_needs_encrypted()
    if outcome is Outcome.REFUSED_DECRYPTION:
        raise errors.AwsError(
            "InvalidRequest",
            f"Snapshot {source.id if source else ''} is encrypted. "
            "Creating unencrypted copy from an encrypted snapshot is not supported.",
        )
    if outcome is Outcome.REFUSED_FALSE:
        raise errors.AwsError("InvalidRequest", "Encryption by default is enabled; Encrypted cannot be set to false.")
    if outcome is Outcome.UNENCRYPTED:
        return None
    if outcome is Outcome.GIVEN_KEY:
        return region.key(given or "").pinned()
    if outcome is Outcome.SOURCE_KEY and source and source.kms_key_arn:
        return region.key(source.kms_key_arn)
    return region.aws_ebs_key() if outcome is Outcome.AWS_EBS_KEY else region.ebs_default_key().pinned()


def source_region(region: Ec2Region, name: str) -> Ec2Region:
    """Return the caller's own side of the source region, or raise InvalidRegion."""
    account = ec2_backends[region.account_id]
    # There is no copying between partitions.
    if name not in account.regions or get_partition(name) != region.partition:
        raise errors.AwsError("InvalidRegion", f"The source region '{name}' is invalid. Specify a Region code.")
    return t.cast("Ec2Region", account[name])


def copies_under_way(region: Ec2Region) -> list[Snapshot]:
    """Return the account's pending copies into this region."""
    return [one for one in region.snapshots.values() if one.copied_from and one.state == "pending"]


def check_copy_quota(region: Ec2Region, additional: int) -> None:
    """Raise ResourceLimitExceeded where more copies would run at once than the quota allows."""
    limit = settings.concurrent_snapshot_copies
    if limit and len(_counted_copies(region)) + additional > limit:
        raise errors.AwsError(
            "ResourceLimitExceeded",
            f"Too many snapshot copies in progress. The limit is {limit} for this destination region.",
        )


def _counted_copies(region: Ec2Region) -> list[Snapshot]:
    under_way = copies_under_way(region)
    if settings.copy_image_counts_snapshots:
        return under_way
    of_images = {snapshot_id for image in region.amis.values() for snapshot_id in image.snapshot_ids()}
    return [one for one in under_way if one.id not in of_images]


def check_minutes(minutes: int | None, name: str, sources: t.Sequence[Snapshot], region: Ec2Region) -> None:
    """Raise EC2's error for a completion duration that is no multiple of 15 minutes or cannot be kept."""
    if minutes is None:
        return
    if minutes % 15 or not 15 <= minutes <= 2880:
        raise errors.invalid_value(minutes, name, "Specify 15 to 2880 minutes, in increments of 15.")
    used = sum(_throughput(one.size, one.completion_minutes) for one in copies_under_way(region))
    needed = [_throughput(source.size, minutes) for source in sources]
    if any(one > MOST_THROUGHPUT_OF_ONE for one in needed) or used >= MOST_THROUGHPUT_OF_ALL:
        raise errors.AwsError(
            "ResourceLimitExceeded", "The completion duration needs more copy throughput than is left of the quota."
        )


def _throughput(size_gib: int, minutes: int | None) -> float:
    return size_gib * 1024 / (minutes * 60) if minutes else 0.0


def unknown_source(region_name: str, snapshot_id: str, account: str) -> bool:
    """Tell whether EBS would find no snapshot of this id that the account may copy."""
    found = lookup.any_snapshot(region_name, snapshot_id)
    return found is None or not found.restorable_by(account)
