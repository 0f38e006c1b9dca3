# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The closed set of steps that a plan is made of. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .marks import InstanceTypes
from .model import BlockDevice, Image
from .permissions import NOBODY, LaunchPermissions
from .places import REGIONAL, Place
from .proofs import (
    MayDeleteSnapshot,
    MayDeleteSnapshotsOf,
    MayDeregister,
    MayDisable,
    MayPurgeTags,
    MayTakePermissions,
)
from .vocabulary import Action, Protection, Tagged


@dataclasses.dataclass(frozen=True)
class CopyImage:
    """Copy an image into the destination region; ``kms_key_id`` of None keeps each snapshot's status."""

    source_image_id: str
    source_region: str
    name: str
    description: str
    kms_key_id: str | None
    client_token: str
    tags: t.Mapping[str, str]
    snapshot_tags: t.Mapping[str, str]
    completion_duration_minutes: int | None = None
    place: Place = REGIONAL
    snapshot_count: int = 1
    size_gib: int = 0


@dataclasses.dataclass(frozen=True)
class DeregisterImage:
    """Deregister an image and delete its snapshots, except those that another image uses.

    ``all_snapshots`` proves that every snapshot of the image is ours; without it only the named ones go.
    """

    image: MayDeregister
    snapshots: tuple[MayDeleteSnapshot, ...]
    reason: str
    all_snapshots: MayDeleteSnapshotsOf | None = None

    @property
    def image_id(self) -> str:
        """Return the id of the image."""
        return self.image.resource_id

    @property
    def snapshot_ids(self) -> tuple[str, ...]:
        """Return the ids of the snapshots that are known."""
        return tuple(proof.resource_id for proof in self.snapshots)

    @property
    def removes(self) -> tuple[str, ...]:
        """Return the ids of what is removed."""
        return (self.image_id, *sorted(self.snapshot_ids))


@dataclasses.dataclass(frozen=True)
class DeleteSnapshot:
    """Delete a snapshot that no image uses any more."""

    snapshot: MayDeleteSnapshot
    reason: str

    @property
    def snapshot_id(self) -> str:
        """Return the id of the snapshot."""
        return self.snapshot.resource_id

    @property
    def removes(self) -> tuple[str, ...]:
        """Return the ids of what is removed."""
        return (self.snapshot_id,)


@dataclasses.dataclass(frozen=True)
class DisableImage:
    """Make an image one that nobody can launch; AWS takes all launch permissions from it."""

    proof: MayDisable

    @property
    def sentence(self) -> str:
        """Return what the step does."""
        return f"disable image {self.proof.resource_id}"


@dataclasses.dataclass(frozen=True)
class RecordPermissions:
    """Write into the tags of an image that is about to be disabled who may launch it, as it is by then."""

    image: Image

    @property
    def sentence(self) -> str:
        """Return what the step does."""
        return f"record who may launch image {self.image.image_id} in its tags"


@dataclasses.dataclass(frozen=True)
class NoteDisabled:
    """Write into the tags of an image when it was disabled, which AWS does not tell.

    ``permissions`` are those that were recorded, as far as the plan can know.
    """

    image: Image
    permissions: LaunchPermissions

    @property
    def sentence(self) -> str:
        """Return what the step does."""
        return f"note in the tags of image {self.image.image_id} when it was disabled"


@dataclasses.dataclass(frozen=True)
class SetDescription:
    """Replace the image's description."""

    description: str


@dataclasses.dataclass(frozen=True)
class SetTags:
    """Add and remove tags of an image or of a group of snapshots that carry the same tags now.

    ``remove`` has the present values, so that nothing is lost where AWS refuses the new ones; it takes ``purges``, one
    for each resource. ``present`` is how many tags there are now, ``replaced`` how many of them get another value.
    """

    resource_ids: tuple[str, ...]
    kind: Tagged
    add: t.Mapping[str, str]
    remove: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    purges: tuple[MayPurgeTags, ...] = ()
    present: int = 0
    replaced: int = 0


@dataclasses.dataclass(frozen=True)
class ModifyLaunchPermissions:
    """Change who may launch the image; taking permissions back needs a proof."""

    add: LaunchPermissions = NOBODY
    remove: LaunchPermissions = NOBODY
    proof: MayTakePermissions | None = None


@dataclasses.dataclass(frozen=True)
class ModifySnapshotPermissions:
    """Let others create volumes from a snapshot, or no longer; taking permissions back needs a proof."""

    snapshot_id: str
    add: LaunchPermissions = NOBODY
    remove: LaunchPermissions = NOBODY
    proof: MayTakePermissions | None = None


@dataclasses.dataclass(frozen=True)
class ShareSnapshot:
    """Let others create volumes from the snapshot of a device of the new image, which has no id yet."""

    device_name: str
    add: LaunchPermissions


@dataclasses.dataclass(frozen=True)
class SetDeprecation:
    """Set the time of deprecation, or remove it where ``deprecate_at`` is empty."""

    deprecate_at: str


@dataclasses.dataclass(frozen=True)
class SetDeregistrationProtection:
    """Turn protection to ``enabled``, ``enabled-with-cooldown`` or ``disabled``, of another image if it is named."""

    protection: Protection
    image_id: str = ""


@dataclasses.dataclass(frozen=True)
class SetValue:
    """Give the image the value of an attribute that is a row with ``shown`` in the table of attributes."""

    attribute: str
    value: str


@dataclasses.dataclass(frozen=True)
class AddWatermark:
    """Attach a watermark of the caller's account; it goes on to copies and to images of instances."""

    watermark: str


@dataclasses.dataclass(frozen=True)
class SetInstanceTypes:
    """Say on which instance types the image can be launched."""

    types: InstanceTypes


AttributeStep = t.Union[
    SetDescription,
    SetTags,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    ShareSnapshot,
    SetDeprecation,
    SetDeregistrationProtection,
    SetValue,
    AddWatermark,
    SetInstanceTypes,
]
Step = t.Union[CopyImage, DeregisterImage, DeleteSnapshot, DisableImage, RecordPermissions, NoteDisabled, AttributeStep]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do for one source image in one destination, and what the result will be.

    ``before`` holds steps that come first (failed copies are removed), ``create`` the copy to start, ``after`` what
    is done once the image is available and verified. ``image`` is the existing image, or the predicted one when
    ``create`` is set. ``details`` are shown in the result beside what every image has. ``seen`` are the images of the
    source that were there before.
    """

    action: Action
    reason: str
    image: Image | None
    before: tuple[Step, ...] = ()
    create: CopyImage | None = None
    after: tuple[Step, ...] = ()
    awaits: bool = False
    new_storage_gib: int = 0
    devices_before: tuple[BlockDevice, ...] = ()
    warnings: tuple[str, ...] = ()
    details: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    seen: frozenset[str] = frozenset()

    @property
    def copying(self) -> tuple[CopyImage, Image]:
        """Return the copy to start, and the image that is predicted of it."""
        if self.create is None or self.image is None:
            raise ValueError("the plan starts no copy")
        return self.create, self.image

    @property
    def steps(self) -> tuple[t.Any, ...]:
        """Return every step in the order of execution."""
        return (*self.before, *((self.create,) if self.create else ()), *self.after)

    @property
    def changed(self) -> bool:
        """Tell whether applying the plan changes anything in AWS."""
        return bool(self.steps)
