# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The steps that compose an image, as a plan shows them. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Snapshot
from ..steps import Plan, Step
from .recipe import Recipe


@dataclasses.dataclass(frozen=True)
class CopySnapshot:
    """Copy a snapshot to its key in the destination region."""

    device_name: str
    source_snapshot_id: str
    source_region: str
    kms_key_id: str


@dataclasses.dataclass(frozen=True)
class MakeEmptySnapshot:
    """Create an empty encrypted volume, take its snapshot, and delete the volume."""

    device_name: str
    volume_size: int
    kms_key_id: str


@dataclasses.dataclass(frozen=True)
class RegisterImage:
    """Register the image of its snapshots."""

    name: str
    snapshots: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class LaunchInstance:
    """Start an instance of the source image with each device under its key; it ends with the task."""

    source_image_id: str
    devices: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class AttachVolume:
    """Create an encrypted volume and attach it to the instance."""

    device_name: str
    volume_size: int
    kms_key_id: str
    snapshot_id: str | None = None


@dataclasses.dataclass(frozen=True)
class CreateImage:
    """Create the image of an instance; ``no_reboot`` leaves a running one alone."""

    name: str
    instance_id: str | None
    no_reboot: bool = True


@dataclasses.dataclass(frozen=True)
class TearDown:
    """Remove instance and volumes that an interrupted run has left."""

    ids: tuple[str, ...]


ComposeStep = t.Union[CopySnapshot, MakeEmptySnapshot, RegisterImage, LaunchInstance, AttachVolume, CreateImage]


@dataclasses.dataclass(frozen=True)
class ComposePlan(Plan):
    """What to do for one composed image.

    ``work`` holds the steps that make it; ``adopted`` has the snapshots, by device, that an interrupted run of the same
    recipe has left and that are good; ``remains`` are instance and volumes that such a run has left beside a finished
    image. ``recipe`` is None for removals.
    """

    recipe: Recipe | None = None
    method: str = ""
    work: tuple[ComposeStep, ...] = ()
    remains: tuple[TearDown, ...] = ()
    adopted: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return every step in the order of execution."""
        return (*self.before, *t.cast("tuple[Step, ...]", (*self.work, *self.remains)), *self.after)
