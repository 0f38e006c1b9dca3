# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The steps that compose an image, each of them one call to AWS. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Snapshot
from ..places import shown_place
from ..proofs import MayDeleteVolume, MayTerminate
from ..steps import Plan
from ..vocabulary import MethodName
from .recipe import Recipe


@dataclasses.dataclass(frozen=True)
class CopySnapshot:
    """Copy a snapshot to its key in the destination region."""

    device_name: str
    source_snapshot_id: str
    source_region: str
    kms_key_id: str
    completion_duration_minutes: int | None = None

    @property
    def sentence(self) -> str:
        """Say what is done."""
        minutes = self.completion_duration_minutes
        within = f" within {minutes} minutes" if minutes is not None else ""
        return (
            f"copy snapshot {self.source_snapshot_id} of {self.source_region} for {self.device_name} "
            f"under key {self.kms_key_id}{within}"
        )


@dataclasses.dataclass(frozen=True)
class CreateVolume:
    """Create the encrypted volume of an added device, or of one that starts empty; it is temporary."""

    device_name: str
    volume_size: int
    kms_key_id: str
    snapshot_id: str | None = None

    @property
    def sentence(self) -> str:
        """Say what is done."""
        origin = f"from snapshot {self.snapshot_id}" if self.snapshot_id else "that is empty"
        return (
            f"create a temporary volume of {self.volume_size} GiB {origin} for {self.device_name} "
            f"under key {self.kms_key_id}"
        )


@dataclasses.dataclass(frozen=True)
class SnapshotVolume:
    """Take the snapshot of an empty volume."""

    device_name: str

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"take a snapshot of the temporary volume for {self.device_name}"


@dataclasses.dataclass(frozen=True)
class DeleteVolume:
    """Delete the temporary volume of a device, or one that an interrupted run has left, which takes a proof."""

    device_name: str = ""
    volume: MayDeleteVolume | None = None

    @property
    def removes(self) -> tuple[str, ...]:
        """Return the ids that are known already."""
        return (self.volume.resource_id,) if self.volume else ()

    @property
    def sentence(self) -> str:
        """Say what is done."""
        if self.volume is None:
            return f"delete the temporary volume for {self.device_name}"
        return f"delete volume {self.volume.resource_id}, which an interrupted run has left"


@dataclasses.dataclass(frozen=True)
class RegisterImage:
    """Register the image of its snapshots."""

    name: str
    snapshots: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"register image {self.name!r} of {', '.join(self.snapshots)}"


@dataclasses.dataclass(frozen=True)
class LaunchInstance:
    """Start an instance of the source image with each device under its key; it ends with the task."""

    source_image_id: str
    devices: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"launch a temporary instance of {self.source_image_id} with {', '.join(self.devices)}"


@dataclasses.dataclass(frozen=True)
class HoldInstance:
    """See that the temporary instance runs, for tasks of the user."""

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return "keep the temporary instance running"


@dataclasses.dataclass(frozen=True)
class StopInstance:
    """Stop the temporary instance."""

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return "stop the temporary instance"


@dataclasses.dataclass(frozen=True)
class AttachVolume:
    """Attach the temporary volume of a device to the temporary instance."""

    device_name: str

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"attach the temporary volume as {self.device_name}"


@dataclasses.dataclass(frozen=True)
class CreateImage:
    """Create the image of an instance; ``no_reboot`` leaves a running one alone, ``place`` is no region."""

    name: str
    instance_id: str | None
    no_reboot: bool = True
    place: str = ""

    @property
    def sentence(self) -> str:
        """Say what is done."""
        where = f", its snapshots in {shown_place(self.place)}" if self.place else ""
        if self.instance_id is None:
            return f"create image {self.name!r} from the temporary instance{where}"
        reboot = "without rebooting it" if self.no_reboot else "which AWS reboots if it is running"
        return f"create image {self.name!r} from instance {self.instance_id}, {reboot}{where}"


@dataclasses.dataclass(frozen=True)
class TerminateInstance:
    """Terminate the temporary instance, or one that an interrupted run has left, which takes a proof."""

    instance: MayTerminate | None = None

    @property
    def removes(self) -> tuple[str, ...]:
        """Return the ids that are known already."""
        return (self.instance.resource_id,) if self.instance else ()

    @property
    def sentence(self) -> str:
        """Say what is done."""
        if self.instance is None:
            return "terminate the temporary instance"
        return f"terminate instance {self.instance.resource_id}, which an interrupted run has left"


@dataclasses.dataclass(frozen=True)
class TagSnapshot:
    """Tag the snapshot of a device of the new image."""

    device_name: str
    tags: t.Mapping[str, str]

    @property
    def sentence(self) -> str:
        """Say what is done."""
        tags = ", ".join(f"{key}={value}" for key, value in sorted(self.tags.items()))
        return f"tag the snapshot of {self.device_name} with {tags}"


MakingStep = t.Union[CopySnapshot, CreateVolume, SnapshotVolume, DeleteVolume]
BuildingStep = t.Union[LaunchInstance, CreateVolume, HoldInstance, StopInstance, AttachVolume]
ImageStep = t.Union[RegisterImage, CreateImage]
TearDownStep = t.Union[TerminateInstance, DeleteVolume]
WorkStep = t.Union[MakingStep, BuildingStep, ImageStep]


@dataclasses.dataclass(frozen=True)
class ComposePlan(Plan):
    """What to do for one composed image.

    ``work`` holds the steps that make it, the last of which makes the image itself; ``teardown`` what is removed once
    the image is there, and whatever happens. ``adopted`` has the snapshots, by device, that an interrupted run of the
    same recipe has left and that are good. ``recipe`` is None for removals.
    """

    recipe: Recipe | None = None
    method: MethodName | t.Literal[""] = ""
    work: tuple[WorkStep, ...] = ()
    teardown: tuple[TearDownStep, ...] = ()
    adopted: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)

    @property
    def making(self) -> tuple[MakingStep, ...]:
        """Return the steps that make snapshots, without an instance and before the image itself."""
        kinds = (CopySnapshot, CreateVolume, SnapshotVolume, DeleteVolume)
        return tuple(step for step in self.work if isinstance(step, kinds))

    @property
    def steps(self) -> tuple[t.Any, ...]:
        """Return every step in the order of execution."""
        return (*self.before, *self.work, *self.teardown, *self.after)
