# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make the snapshots of an image, each under its own key: all of them in flight at once, looked at together."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.errors import AwsError
from ..._aws.snapshots import copy_snapshot, create_snapshot, find_snapshots, find_snapshots_described
from ..._aws.volumes import available_zones, delete_volume, find_volumes
from ..._image.aws_facts import CONCURRENT_SNAPSHOT_COPIES, QUOTA_CODES
from ..._image.compose.ours import is_made_for
from ..._image.compose.recipe import RecipeDevice
from ..._image.compose.steps import CopySnapshot, CreateVolume, DeleteVolume, MakingStep, SnapshotVolume
from ..._image.compose.volumes import DEFAULT_TYPE, VolumeShape
from ..._image.errors import PreflightError, SealedError
from ..._image.machines import Volume
from ..._image.model import DEVICE_TAG, Snapshot
from ..._image.proofs import MayDeleteSnapshot, MayDeleteVolume, Proof, returned_by_creating_call
from ..diagnosis import key_verdict
from .images import find_own_image
from .volumes import require_key, start_volume
from .work import Work

_QUOTA_DELAY: t.Final = 30.0
# The volume has been deleted, or is just being.
_ENDED_CODES: t.Final = ("InvalidVolume.NotFound", "IncorrectState")


@dataclasses.dataclass
class Making:
    """One device's snapshot on its way, and the steps that are still to be done for it."""

    device: RecipeDevice
    steps: list[MakingStep] = dataclasses.field(default_factory=list)
    snapshot_id: str = ""
    volume: MayDeleteVolume | None = None
    volumes_lost: int = 0
    done: bool = False

    @property
    def volume_id(self) -> str:
        """Return the id of the temporary volume."""
        return self.volume.resource_id if self.volume else ""

    @property
    def is_copying(self) -> bool:
        """Tell whether it takes one of the region's copy slots."""
        return bool(self.snapshot_id) and self.device.snapshot_id is not None and not self.done


class SnapshotMaking:
    """Do the plan's steps that make snapshots, all devices at once, and return the snapshot of each device."""

    def __init__(self, work: Work, steps: t.Sequence[MakingStep]) -> None:
        self._work = work
        self._steps = steps
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
            for making in unfinished:
                self._start(making)
            self._look(unfinished)
            if all(making.done for making in makings):
                break
            self._work.rest(self._delay(started, makings), awaited=_awaited(makings))
        reused = {one.device_name: one.snapshot_id or "" for one in self._work.recipe.ebs_devices if one.is_reusable}
        return {**reused, **{making.device.device_name: making.snapshot_id for making in makings}}

    def _begin(self, device: RecipeDevice) -> Making:
        adopted = self._work.plan.adopted.get(device.device_name)
        steps = [step for step in self._steps if step.device_name == device.device_name]
        if adopted is None:
            return Making(device, steps)
        self._work.adopt(adopted.snapshot_id)
        return Making(device, steps, adopted.snapshot_id)

    def _start(self, making: Making) -> None:
        """Start the next step of a device where nothing has to be awaited before."""
        step = making.steps[0] if making.steps else None
        if isinstance(step, CreateVolume) and not making.volume:
            self._create_volume(making, step)
        elif isinstance(step, CopySnapshot) and not making.snapshot_id:
            copies = self._in_flight()
            if copies < self._slots and self._work.pace.now() >= self._not_before:
                self._snapshot(making, lambda: self._copy(making, step))

    def _in_flight(self) -> int:
        return sum(making.is_copying for making in self._makings)

    def _snapshot(self, making: Making, create: t.Callable[[], str]) -> None:
        """Start a snapshot; a refusal for quota means later, not never."""

        def make() -> Proof:
            return returned_by_creating_call(MayDeleteSnapshot, create())

        try:
            making.snapshot_id = self._work.create_once(make, lambda: self._find(making))
        except AwsError as error:
            if error.code in _ENDED_CODES and making.volume:
                # Another task has made the snapshot and deleted the volume; the next look finds it.
                return
            if error.code not in QUOTA_CODES:
                raise
            # While a copy of our own is under way, its end is what to wait for.
            in_flight = self._in_flight()
            self._slots = max(1, in_flight)
            if making.volume or not in_flight:
                self._not_before = self._work.pace.now() + _QUOTA_DELAY
            return
        making.steps.pop(0)

    def _copy(self, making: Making, step: CopySnapshot) -> str:
        return copy_snapshot(
            self._work.region,
            step.source_snapshot_id,
            source_region=step.source_region,
            kms_key_id=step.kms_key_id,
            minutes=step.completion_duration_minutes,
            description=self._work.recipe.snapshot_description(making.device),
            tags=self._tags(making.device),
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

    def _create_volume(self, making: Making, step: CreateVolume) -> None:
        making.volume = start_volume(
            self._work,
            making.device,
            VolumeShape(step.volume_size, DEFAULT_TYPE),
            zone=self._zone_for_volumes(),
            salt=str(making.volumes_lost),
        )

    def _zone_for_volumes(self) -> str:
        if not self._zone:
            zones = available_zones(self._work.region)
            if not zones:
                raise PreflightError(f"{self._work.region.name} has no available zone to make an empty volume in")
            self._zone = zones[0]
        return self._zone

    def _look(self, unfinished: t.Sequence[Making]) -> None:
        """Look at what is under way, and go on with what has come to its end."""
        snapshot_ids = [making.snapshot_id for making in unfinished if making.snapshot_id]
        volume_ids = [making.volume_id for making in unfinished if making.volume and not making.snapshot_id]
        region = self._work.region
        shown = self._work.look(lambda: (find_snapshots(region, snapshot_ids), find_volumes(region, volume_ids)))
        self._work.see(snapshot_ids, None if shown is None else shown[0])
        self._work.see(volume_ids, None if shown is None else shown[1])
        if shown is not None:
            self._work.look(lambda: self._go_on(unfinished, *shown))

    def _go_on(
        self, unfinished: t.Sequence[Making], snapshots: t.Mapping[str, Snapshot], volumes: t.Mapping[str, Volume]
    ) -> None:
        for making in unfinished:
            if making.snapshot_id:
                self._see_snapshot(making, snapshots.get(making.snapshot_id))
            elif making.volume:
                self._see_volume(making, volumes.get(making.volume_id))

    def _see_snapshot(self, making: Making, snapshot: Snapshot | None) -> None:
        what = f"snapshot {making.snapshot_id} of {making.device.device_name}"
        if snapshot is None:
            if not self._take_other(making):
                self._miss(making, what, making.snapshot_id)
            return
        if snapshot.state == "completed":
            require_key(making.device, what, snapshot)
            self._finish(making)
        elif snapshot.state != "pending":
            message = snapshot.state_message or "AWS gives no reason"
            raise SealedError(f"{what} is {snapshot.state}: {message}. {self._verdict(making)}")

    def _finish(self, making: Making) -> None:
        """Delete the volume behind the snapshot, if the plan says so, for it has served its purpose."""
        deletes = any(isinstance(step, DeleteVolume) for step in making.steps)
        if making.volume and deletes:
            delete_volume(self._work.region, making.volume)
            self._work.forget(making.volume_id)
        making.steps, making.done = [], True

    def _see_volume(self, making: Making, volume: Volume | None) -> None:
        what = f"volume {making.volume_id} for {making.device.device_name}"
        if volume is None or volume.state in ("deleting", "deleted"):
            if not self._take_other(making):
                self._miss_volume(making, what)
            return
        if volume.state == "available":
            require_key(making.device, what, volume)
            making.steps = [step for step in making.steps if not isinstance(step, CreateVolume)]
            is_next = bool(making.steps) and isinstance(making.steps[0], SnapshotVolume)
            if is_next and self._work.pace.now() >= self._not_before:
                self._snapshot(making, lambda: self._create_snapshot(making))
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
        gone, seen = (ask(making.volume_id) for ask in (self._work.sightings.is_gone, self._work.sightings.was_seen))
        if gone and not seen and not making.volumes_lost:
            self._work.forget(making.volume_id)
            making.volume, making.volumes_lost = None, making.volumes_lost + 1
            return
        self._miss(making, what, making.volume_id)

    def _miss(self, making: Making, what: str, one: str) -> None:
        if self._work.sightings.is_gone(one):
            raise SealedError(
                f"{what} is not there in {self._work.region.name}, although AWS named it: somebody deleted it, or AWS "
                f"gave it up. {self._verdict(making)}"
            )

    def _take_other(self, making: Making) -> bool:
        """Take over the snapshot of another task that composes the same image, and has swept up this one's."""
        other = self._find(making)
        if other is None:
            if find_own_image(self._work):
                raise SealedError(f"another task has composed image {self._work.recipe.name!r} meanwhile")
            return False
        making.snapshot_id = other
        self._work.adopt(other)
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
