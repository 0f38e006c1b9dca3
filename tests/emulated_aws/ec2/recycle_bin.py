# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Recycle Bin: deregistered images and deleted snapshots that a rule retains (aws_rules §18.1)."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.ec2 import errors, timing
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.model import Image, Snapshot
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

Thing = t.TypeVar("Thing", Image, Snapshot)
Tags = dict[str, str]
DAY = 86400.0
KINDS = ("EBS_SNAPSHOT", "EC2_IMAGE", "EBS_VOLUME")


@dataclasses.dataclass
class Rule:
    """One retention rule: for what has one of its tags, or for all but what has an exclusion tag."""

    identifier: str
    kind: str
    days: int
    available_at: float
    description: str = ""
    wanted: list[tuple[str, str | None]] = dataclasses.field(default_factory=list)
    excluded: list[tuple[str, str | None]] = dataclasses.field(default_factory=list)
    tags: list[dict[str, str]] = dataclasses.field(default_factory=list)

    def available(self) -> bool:
        """Tell whether the rule retains anything yet."""
        return timing.now() >= self.available_at

    def fits(self, kind: str, tags: Tags) -> bool:
        """Tell whether the rule retains something with these tags."""
        if kind != self.kind or not self.available():
            return False
        return _has_one(tags, self.wanted) if self.wanted else not _has_one(tags, self.excluded)


def _has_one(tags: Tags, pairs: t.Iterable[tuple[str, str | None]]) -> bool:
    return any(key in tags and value in (None, "", tags[key]) for key, value in pairs)


@dataclasses.dataclass(frozen=True)
class Binned(t.Generic[Thing]):
    """Something in the bin, with all that comes back on its restoration."""

    thing: Thing
    tags: Tags
    state: str
    entered_at: float
    exits_at: float


@dataclasses.dataclass
class Bin:
    """The rules of one account in one region, and what they retain."""

    rules: dict[str, Rule] = dataclasses.field(default_factory=dict)
    images: dict[str, Binned[Image]] = dataclasses.field(default_factory=dict)
    snapshots: dict[str, Binned[Snapshot]] = dataclasses.field(default_factory=dict)

    def days(self, kind: str, tags: Tags) -> int:
        """Return for how long something is retained; zero where no rule fits, the longest where several do."""
        return max((rule.days for rule in self.rules.values() if rule.fits(kind, tags)), default=0)


def retain_image(region: Ec2Region, image: Image) -> None:
    """Put an image that is being deregistered into the bin, if a rule fits."""
    tags = dict(region.tags.get(image.id, {}))
    days = region.bin.days("EC2_IMAGE", tags) if image.state in ("available", "disabled") else 0
    if days:
        _put(region.bin.images, image, tags, days)


def retain_snapshot(region: Ec2Region, snapshot: Snapshot) -> None:
    """Put a snapshot that is being deleted into the bin, if a rule fits; local ones are gone for good."""
    tags = dict(region.tags.get(snapshot.id, {}))
    days = 0 if snapshot.location.local else region.bin.days("EBS_SNAPSHOT", tags)
    if days:
        _put(region.bin.snapshots, snapshot, tags, days)


def _put(where: dict[str, Binned[Thing]], thing: Thing, tags: Tags, days: int) -> None:
    now = timing.now()
    where[thing.id] = found = Binned(thing, tags, thing.state, now, now + days * DAY)

    def expire(_due: float) -> None:
        if where.get(thing.id) is found:
            del where[thing.id]

    agenda.at(found.exits_at, expire)


@action("ListImagesInRecycleBin")
def list_images_in_recycle_bin(call: Call) -> Params:
    """List the images in the bin, which show neither tags nor snapshots."""
    call.stop_if_dry_run()
    ids = call.get("ImageIds", [])
    if len(ids) > 20:
        raise errors.invalid_value(len(ids), "imageIds", "At most 20 ids.")
    found = [one for key, one in call.region.bin.images.items() if not ids or key in ids]
    shown, token = page(call, found, smallest=1)
    entries = [
        _times(one) | {"ImageId": one.thing.id, "Name": one.thing.name, "Description": one.thing.description}
        for one in shown
    ]
    return {"NextToken": token, "Images": entries}


@action("ListSnapshotsInRecycleBin")
def list_snapshots_in_recycle_bin(call: Call) -> Params:
    """List the snapshots in the bin."""
    call.stop_if_dry_run()
    ids = call.get("SnapshotIds", [])
    found = [one for key, one in call.region.bin.snapshots.items() if not ids or key in ids]
    shown, token = page(call, found)
    entries = [
        _times(one)
        | {"SnapshotId": one.thing.id, "VolumeId": one.thing.volume_id, "Description": one.thing.description}
        for one in shown
    ]
    return {"NextToken": token, "Snapshots": entries}


def _times(one: Binned[t.Any]) -> Params:
    return {"RecycleBinEnterTime": timing.moment(one.entered_at), "RecycleBinExitTime": timing.moment(one.exits_at)}


@action("RestoreImageFromRecycleBin")
def restore_image_from_recycle_bin(call: Call) -> Params:
    """Restore an image, with its permissions, once all of its snapshots are there and completed."""
    image_id = call.get("ImageId")
    if image_id not in call.region.bin.images:
        raise errors.image_not_found(image_id)
    found = call.region.bin.images[image_id]
    for snapshot_id in found.thing.snapshot_ids():
        snapshot = call.region.snapshots.get(snapshot_id)
        if snapshot is None or snapshot.state != "completed":
            raise errors.AwsError(
                "IncorrectState", f"The image {image_id} needs its snapshot {snapshot_id}, which is not available."
            )
    call.stop_if_dry_run()
    del call.region.bin.images[image_id]
    call.region.gone_images.pop(image_id, None)
    found.thing.state = found.state if settings.rbin_restores_disabled else "available"
    call.region.amis[image_id] = found.thing
    call.region.tags[image_id].update(found.tags)
    return {"Return": True}


@action("RestoreSnapshotFromRecycleBin")
def restore_snapshot_from_recycle_bin(call: Call) -> Params:
    """Restore a snapshot, with its permissions; it is recovering for a while."""
    snapshot_id = call.get("SnapshotId")
    if snapshot_id not in call.region.bin.snapshots:
        raise errors.snapshot_not_found(snapshot_id)
    call.stop_if_dry_run()
    found = call.region.bin.snapshots.pop(snapshot_id)
    snapshot = found.thing
    snapshot.state = "recovering"
    call.region.snapshots[snapshot_id] = snapshot
    call.region.tags[snapshot_id].update(found.tags)

    def recover(_due: float) -> None:
        if snapshot.state == "recovering":
            snapshot.state = found.state

    agenda.at(timing.now() + settings.snapshot_recovery_seconds, recover)
    return {
        "SnapshotId": snapshot_id,
        "Description": snapshot.description,
        "Encrypted": snapshot.encrypted,
        "OwnerId": snapshot.owner,
        "Progress": "100%",
        "StartTime": timing.moment(snapshot.created_at),
        "State": "recovering",
        "VolumeId": snapshot.volume_id,
        "VolumeSize": snapshot.size,
    }
