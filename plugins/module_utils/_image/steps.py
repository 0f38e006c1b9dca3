# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The closed set of steps that a plan is made of. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .model import BlockDevice, Image
from .permissions import NOBODY, LaunchPermissions


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
    snapshot_count: int = 1
    size_gib: int = 0


@dataclasses.dataclass(frozen=True)
class DeregisterImage:
    """Deregister an image and delete its snapshots, except those that another image uses.

    ``keeps_others`` says that it has snapshots beside the listed ones, which are somebody else's and stay.
    """

    image_id: str
    snapshot_ids: tuple[str, ...]
    reason: str
    keeps_others: bool = False


@dataclasses.dataclass(frozen=True)
class DeleteSnapshot:
    """Delete a snapshot that no image uses any more."""

    snapshot_id: str
    reason: str


@dataclasses.dataclass(frozen=True)
class SetDescription:
    """Replace the image's description."""

    description: str


@dataclasses.dataclass(frozen=True)
class SetTags:
    """Add and remove tags of an image or of a group of snapshots that carry the same tags now."""

    resource_ids: tuple[str, ...]
    kind: str
    add: t.Mapping[str, str]
    remove: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class ModifyLaunchPermissions:
    """Change who may launch the image."""

    add: LaunchPermissions = NOBODY
    remove: LaunchPermissions = NOBODY


@dataclasses.dataclass(frozen=True)
class ModifySnapshotPermissions:
    """Change who may create volumes from a snapshot; no ``snapshot_id`` means every snapshot of the new image."""

    snapshot_id: str | None = None
    add: LaunchPermissions = NOBODY
    remove: LaunchPermissions = NOBODY


@dataclasses.dataclass(frozen=True)
class SetDeprecation:
    """Set the time of deprecation, or remove it where ``deprecate_at`` is empty."""

    deprecate_at: str


@dataclasses.dataclass(frozen=True)
class SetDeregistrationProtection:
    """Turn deregistration protection to ``enabled``, ``enabled-with-cooldown`` or ``disabled``."""

    protection: str


AttributeStep = t.Union[
    SetDescription,
    SetTags,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
]
Step = t.Union[CopyImage, DeregisterImage, DeleteSnapshot, AttributeStep]


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to do for one source image in one destination, and what the result will be.

    ``before`` holds steps that come first (failed copies are removed), ``create`` the copy to start, ``after`` what
    is done once the image is available and verified. ``image`` is the existing image, or the predicted one when
    ``create`` is set. ``details`` are shown in the result beside what every image has.
    """

    action: str
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

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return every step in the order of execution."""
        return (*self.before, *((self.create,) if self.create else ()), *self.after)

    @property
    def changed(self) -> bool:
        """Tell whether applying the plan changes anything in AWS."""
        return bool(self.steps)
