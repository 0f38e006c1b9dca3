# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make the snapshots of an image, each under its own key: all of them in flight at once, looked at together."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..._aws.errors import AwsError
from ..._aws.snapshots import copy_snapshot, create_snapshot, find_snapshots, find_snapshots_described
from ..._aws.volumes import available_zones, delete_volume, find_volumes
from ..._image.aws_facts import CONCURRENT_SNAPSHOT_COPIES, QUOTA_CODES
from ..._image.compose.planner import is_made_for
from ..._image.compose.recipe import RecipeDevice
from ..._image.compose.volumes import DEFAULT_TYPE, VolumeShape
from ..._image.errors import PreflightError, SealedError
from ..._image.machines import Volume
from ..._image.model import DEVICE_TAG, Snapshot
from ..._image.proofs import MayDeleteVolume, by_our_tags
from ..diagnosis import key_verdict
from ..pace import GONE_SECONDS, VISIBILITY_SECONDS
from .images import find_own_image
from .volumes import require_key, start_volume
from .work import Work

_QUOTA_DELAY: t.Final = 30.0
# The volume has been deleted, or is just being.
_ENDED_CODES: t.Final = ("InvalidVolume.NotFound", "IncorrectState")


@dataclasses.dataclass
class Making:
    """One device's snapshot on its way; an empty one needs a volume first."""

    device: RecipeDevice
    snapshot_id: str = ""
    volume_id: str = ""
    started: float = 0.0
    last_seen: float | None = None
    volumes_lost: int = 0
    done: bool = False

    @property
    def is_empty(self) -> bool:
        """Tell a volume that starts empty from a copy."""
        return self.device.snapshot_id is None

    @property
    def is_copying(self) -> bool:
        """Tell whether it takes one of the region's copy slots."""
        return bool(self.snapshot_id) and not self.is_empty and not self.done


class SnapshotMaking:
    """Make what the recipe lacks, and return the snapshot of each device."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._slots = CONCURRENT_SNAPSHOT_COPIES
        self._not_before = 0.0
        self._zone = ""
        self._makings: list[Making] = []

    def run(self) -> dict[str, str]:
        """Return the snapshot ids by device, every one complete and seen to be under its key."""
        makings = [self._begin(device) for device in self._work.recipe.ebs_devices if not device.is_reusable]
        self._makings = makings
        started = self._work.pace.now()
        while True:
            unfinished = [making for making in makings if not making.done]
            self._start(unfinished)
            self._work.look(functools.partial(self._look, unfinished))
            if all(making.done for making in makings):
                break
            self._work.rest(self._delay(started, makings), awaited=_awaited(makings))
        reused = {one.device_name: one.snapshot_id or "" for one in self._work.recipe.ebs_devices if one.is_reusable}
        return {**reused, **{making.device.device_name: making.snapshot_id for making in makings}}

    def _begin(self, device: RecipeDevice) -> Making:
        adopted = self._work.plan.adopted.get(device.device_name)
        if adopted is None:
            return Making(device)
        self._work.note(adopted.snapshot_id)
        volume_id = adopted.volume_id if device.snapshot_id is None else ""
        return Making(device, adopted.snapshot_id, volume_id, started=self._work.pace.now())

    def _start(self, unfinished: t.Sequence[Making]) -> None:
        for making in unfinished:
            if making.snapshot_id or making.volume_id:
                continue
            if making.is_empty:
                self._start_volume(making)
            elif self._in_flight() < self._slots and self._work.pace.now() >= self._not_before:
                self._snapshot(making, self._copy)

    def _in_flight(self) -> int:
        return sum(making.is_copying for making in self._makings)

    def _snapshot(self, making: Making, create: t.Callable[[Making], str]) -> None:
        """Start a snapshot; a refusal for quota means later, not never."""
        try:
            making.snapshot_id = self._work.create_once(lambda: create(making), lambda: self._find(making))
        except AwsError as error:
            if error.code in _ENDED_CODES and making.is_empty:
                # Another task has made the snapshot and deleted the volume; the next look finds it.
                return
            if error.code not in QUOTA_CODES:
                raise
            # While a copy of our own is under way, its end is what to wait for.
            in_flight = self._in_flight()
            self._slots = max(1, in_flight)
            if making.is_empty or not in_flight:
                self._not_before = self._work.pace.now() + _QUOTA_DELAY
            return
        making.started, making.last_seen = self._work.pace.now(), None
        self._work.note_new(making.snapshot_id)

    def _copy(self, making: Making) -> str:
        device, recipe = making.device, self._work.recipe
        return copy_snapshot(
            self._work.region,
            device.snapshot_id or "",
            source_region=device.snapshot_region or "",
            kms_key_id=device.kms_key_id,
            description=recipe.snapshot_description(device),
            tags=self._tags(device),
        )

    def _tags(self, device: RecipeDevice) -> dict[str, str]:
        return {**(self._work.request.attributes.snapshot_tags or {}), **self._work.recipe.snapshot_tags(device)}

    def _find(self, making: Making) -> str | None:
        """Return another snapshot of the device: one that a call without an answer, or another task, has made."""
        recipe = self._work.recipe
        for snapshot in find_snapshots_described(self._work.region, recipe.snapshot_description(making.device)):
            is_of_device = is_made_for(snapshot, recipe) and snapshot.tags.get(DEVICE_TAG) == making.device.device_name
            is_usable = snapshot.state in ("pending", "completed") and snapshot.snapshot_id != making.snapshot_id
            if is_of_device and is_usable:
                return snapshot.snapshot_id
        return None

    def _start_volume(self, making: Making) -> None:
        making.volume_id = start_volume(
            self._work,
            making.device,
            VolumeShape(making.device.size, DEFAULT_TYPE),
            zone=self._zone_for_volumes(),
            salt=str(making.volumes_lost),
        )
        making.started, making.last_seen = self._work.pace.now(), None

    def _zone_for_volumes(self) -> str:
        if not self._zone:
            zones = available_zones(self._work.region)
            if not zones:
                raise PreflightError(f"{self._work.region.name} has no available zone to make an empty volume in")
            self._zone = zones[0]
        return self._zone

    def _look(self, unfinished: t.Sequence[Making]) -> None:
        with_snapshot = [making for making in unfinished if making.snapshot_id]
        with_volume = [making for making in unfinished if making.volume_id and not making.snapshot_id]
        snapshots = find_snapshots(self._work.region, [one.snapshot_id for one in with_snapshot])
        for making in with_snapshot:
            self._see_snapshot(making, snapshots.get(making.snapshot_id))
        volumes = find_volumes(self._work.region, [one.volume_id for one in with_volume])
        for making in with_volume:
            self._see_volume(making, volumes.get(making.volume_id))

    def _see_snapshot(self, making: Making, snapshot: Snapshot | None) -> None:
        what = f"snapshot {making.snapshot_id} of {making.device.device_name}"
        if snapshot is None:
            if not self._take_other(making):
                self._miss(making, what)
            return
        making.last_seen = self._work.pace.now()
        self._work.see(making.snapshot_id)
        if snapshot.state == "completed":
            require_key(making.device, what, snapshot)
            self._finish(making)
        elif snapshot.state != "pending":
            message = snapshot.state_message or "AWS gives no reason"
            raise SealedError(f"{what} is {snapshot.state}: {message}. {self._verdict(making)}")

    def _finish(self, making: Making) -> None:
        making.done = True
        if making.volume_id:
            delete_volume(self._work.region, by_our_tags(MayDeleteVolume, making.volume_id))
            self._work.forget(making.volume_id)

    def _see_volume(self, making: Making, volume: Volume | None) -> None:
        what = f"volume {making.volume_id} for {making.device.device_name}"
        if volume is None or volume.state in ("deleting", "deleted"):
            if not self._take_other(making):
                self._miss_volume(making, what)
            return
        making.last_seen = self._work.pace.now()
        self._work.see(making.volume_id)
        if volume.state == "available":
            require_key(making.device, what, volume)
            if self._work.pace.now() >= self._not_before:
                self._snapshot(making, self._create_snapshot)
        elif volume.state != "creating":
            raise SealedError(f"{what} is {volume.state}. {self._verdict(making)}")

    def _create_snapshot(self, making: Making) -> str:
        return create_snapshot(
            self._work.region,
            making.volume_id,
            description=self._work.recipe.snapshot_description(making.device),
            tags=self._tags(making.device),
        )

    def _miss_volume(self, making: Making, what: str) -> None:
        """Judge a volume that AWS does not show: not yet, an answer to a spent token, or given up for its key."""
        never_seen = making.last_seen is None
        if never_seen and self._work.pace.now() - making.started >= VISIBILITY_SECONDS and not making.volumes_lost:
            self._work.forget(making.volume_id)
            making.volume_id, making.volumes_lost = "", making.volumes_lost + 1
            return
        self._miss(making, what)

    def _miss(self, making: Making, what: str) -> None:
        now = self._work.pace.now()
        if making.last_seen is None:
            if now - making.started < VISIBILITY_SECONDS:
                return
        elif now - making.last_seen < GONE_SECONDS:
            return
        raise SealedError(
            f"{what} is not there in {self._work.region.name}, although AWS named it: somebody deleted it, or AWS gave "
            f"it up. {self._verdict(making)}"
        )

    def _take_other(self, making: Making) -> bool:
        """Take over the snapshot of another task that composes the same image, and has swept up this one's."""
        other = self._find(making)
        if other is None:
            if find_own_image(self._work):
                raise SealedError(f"another task has composed image {self._work.recipe.name!r} meanwhile")
            return False
        making.snapshot_id, making.last_seen, making.started = other, None, self._work.pace.now()
        self._work.note(making.snapshot_id)
        return True

    def _verdict(self, making: Making) -> str:
        return key_verdict(self._work.region, making.device.required_key)

    def _delay(self, started: float, makings: t.Sequence[Making]) -> float:
        delay = self._work.delay(started)
        queued = any(not making.snapshot_id and not making.volume_id for making in makings)
        if queued and self._in_flight() < self._slots:
            return min(delay, max(1.0, self._not_before - self._work.pace.now()))
        return delay


def _awaited(makings: t.Sequence[Making]) -> str:
    waiting = [making for making in makings if not making.done]
    names = ", ".join(f"{one.device.device_name} ({one.snapshot_id or one.volume_id or 'queued'})" for one in waiting)
    return (
        f"these snapshots are not complete: {names}. AWS goes on with what it started; run the task again: it resumes"
    )
