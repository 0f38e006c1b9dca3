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
from ..steps import DisableImage, ModifyLaunchPermissions, SetDeprecation, SetTags
from ..use import Use

RetireAction = t.Literal["deprecated", "disabled", "restored", "waiting", "kept", "unchanged", "failed"]


@dataclasses.dataclass(frozen=True)
class EnableImage:
    """Make a disabled image available again; AWS gives no launch permission back."""

    sentence: str = "enable the image"


RetireStep = t.Union[SetTags, SetDeprecation, ModifyLaunchPermissions, DisableImage, EnableImage]


@dataclasses.dataclass(frozen=True)
class Undo:
    """What a later restore of an image needs; permissions of None were not taken."""

    image_id: str
    region: str
    launch_permissions: LaunchPermissions | None = None
    deprecation_time: str | None = None


@dataclasses.dataclass(frozen=True)
class Decision:
    """What happens to one image in this run, and why. Each step is one call that changes something.

    ``due`` is when the next step is, where only time is missing. ``use`` is None where nobody has asked for it.
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


@dataclasses.dataclass
class Outcome:
    """How far a decision has come: the number of its steps that are done, and what stopped the rest."""

    decision: Decision
    done: int = 0
    error: str | None = None
    overtaken: str | None = None
