# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What retiring and restoring decide about one image. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image
from ..permissions import LaunchPermissions
from ..proofs import MayDeleteSnapshot
from ..steps import (
    DeleteSnapshot,
    DeregisterImage,
    DisableImage,
    ModifyLaunchPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetTags,
)
from ..use import Use
from ..vocabulary import Protection

RetireAction = t.Literal[
    "deprecated", "disabled", "unprotected", "deregistered", "restored", "waiting", "kept", "unchanged", "failed"
]


@dataclasses.dataclass(frozen=True)
class EnableImage:
    """Make a disabled image available again; AWS gives no launch permission back."""

    sentence: str = "enable the image"


@dataclasses.dataclass(frozen=True)
class RestoreSnapshot:
    """Take a snapshot out of the Recycle Bin."""

    snapshot_id: str

    @property
    def sentence(self) -> str:
        """Say what it does."""
        return f"restore snapshot {self.snapshot_id} from the Recycle Bin"


@dataclasses.dataclass(frozen=True)
class RestoreImage:
    """Take an image out of the Recycle Bin, once each of its snapshots is there and completed."""

    snapshot_ids: tuple[str, ...]
    sentence: str = "restore the image from the Recycle Bin, once its snapshots are completed"


RetireStep = t.Union[
    SetTags,
    SetDeprecation,
    SetDeregistrationProtection,
    ModifyLaunchPermissions,
    DisableImage,
    EnableImage,
    DeregisterImage,
    DeleteSnapshot,
    RestoreSnapshot,
    RestoreImage,
]


@dataclasses.dataclass(frozen=True)
class Undo:
    """What a later restore of an image needs; permissions and protection of None were not taken.

    ``snapshot_ids`` are all that its mapping named, None while the image is there and names them itself. ``tags`` are
    the notes of retiring on it.
    """

    image_id: str
    region: str
    launch_permissions: LaunchPermissions | None = None
    deprecation_time: str | None = None
    deregistration_protection: Protection | None = None
    snapshot_ids: tuple[str, ...] | None = None
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class SnapshotFate:
    """What becomes of a snapshot when its image is deregistered, and why; it stays unless there is a proof."""

    snapshot_id: str
    volume_size: int
    reason: str
    proof: MayDeleteSnapshot | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """What happens to one image in this run, and why. Each step is one call that changes something.

    ``due`` is when the next step is, where only time is missing. ``use`` is None where nobody has asked for it. Until
    ``undo_until`` a deregistered image can come back from the Recycle Bin, and until ``billed_until`` that bills it.
    ``unknown`` is what could not be read beside the use.
    """

    image: Image
    action: RetireAction
    reason: str
    steps: tuple[RetireStep, ...] = ()
    group: str | None = None
    next_step: str | None = None
    due: str | None = None
    use: Use | None = None
    undo: Undo | None = None
    snapshots: tuple[SnapshotFate, ...] = ()
    unknown: str | None = None
    undo_until: str | None = None
    billed_until: str | None = None


@dataclasses.dataclass(frozen=True)
class Leftover:
    """A snapshot that a run was to delete with an image, which is gone."""

    snapshot_id: str
    region: str
    image_id: str


@dataclasses.dataclass
class Outcome:
    """How far a decision has come: the number of its steps that are done, and what stopped the rest.

    ``deleted`` are the snapshots that AWS says are gone.
    """

    decision: Decision
    done: int = 0
    error: str | None = None
    overtaken: str | None = None
    deleted: set[str] = dataclasses.field(default_factory=set)
