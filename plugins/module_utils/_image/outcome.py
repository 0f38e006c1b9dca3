# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What became of one plan. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import SealedError
from .model import Image
from .permissions import LaunchPermissions
from .places import REGIONAL, Place
from .steps import NoteDisabled, Plan
from .use import Use
from .vocabulary import Action


@dataclasses.dataclass(frozen=True)
class Target:
    """One source image, or one instance, on its way to an image in one destination region."""

    source_image_id: str | None
    source_region: str
    region: str
    instance_id: str | None = None
    place: Place = REGIONAL

    @property
    def source(self) -> str:
        """Name what the image is made of; a removal need not know it."""
        return self.source_image_id or self.instance_id or "image"

    @property
    def where(self) -> str:
        """Name the region, and the place in it if it is another than the region itself."""
        return self.place.shown_in(self.region)


@dataclasses.dataclass
class Predecessor:
    """A copy that is disabled in favor of another one.

    ``image`` is as it was before, ``permissions`` are those that were recorded, ``use`` is None where nobody could ask.
    """

    image: Image
    permissions: LaunchPermissions
    use: Use | None = None
    is_disabled: bool = False


@dataclasses.dataclass
class Outcome:
    """The end, so far, of one target.

    ``created`` lists the ids of everything that this run made and that still exists, ``adopted`` what other runs made
    and this one went on with, ``removed`` what is gone, and ``left`` what was to go and is still there; ``superseded``
    has what was to be disabled. A failure never hides them.
    ``timed_out`` tells a copy that still runs from one that failed. ``key_aliases`` has, by ARN, the
    aliases that keys were asked for by.
    """

    target: Target
    plan: Plan | None = None
    image: Image | None = None
    action: Action = "unchanged"
    reason: str = ""
    changed: bool = False
    error: str | None = None
    timed_out: bool = False
    created: list[str] = dataclasses.field(default_factory=list)
    adopted: list[str] = dataclasses.field(default_factory=list)
    removed: list[str] = dataclasses.field(default_factory=list)
    left: list[str] = dataclasses.field(default_factory=list)
    superseded: list[Predecessor] = dataclasses.field(default_factory=list)
    key_aliases: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def known_image(self) -> Image:
        """Return the image for what acts on it; nothing acts on an image that nobody has seen."""
        if self.image is None:
            raise SealedError(f"no image of {self.target.source} in {self.target.region} is known to act on")
        return self.image

    @classmethod
    def predicted(
        cls,
        target: Target,
        plan: Plan,
        *,
        key_aliases: t.Mapping[str, str],
        superseded: t.Sequence[Predecessor] = (),
    ) -> Outcome:
        """Return what applying the plan will end in, for check mode."""
        disabled = [dataclasses.replace(one, is_disabled=True) for one in superseded]
        return cls(
            target, plan, plan.image, plan.action, plan.reason, plan.changed,
            removed=removed_by(plan), superseded=disabled, key_aliases=key_aliases,
        )  # fmt: skip


def removed_by(plan: Plan) -> list[str]:
    """Return the ids that a plan removes; AWS keeps a snapshot among them if another image uses it."""
    return [one for step in plan.steps for one in getattr(step, "removes", ())]


def predecessors_in(plan: Plan) -> list[Predecessor]:
    """Return the copies that a plan disables, or has to note as disabled."""
    steps = (step for step in plan.steps if isinstance(step, NoteDisabled))
    return [Predecessor(step.image, step.permissions, is_disabled=step.image.state == "disabled") for step in steps]


def follow(first: Outcome, second: Outcome) -> Outcome:
    """Return the outcome of two plans for one target, one after the other: what the first did stays done."""
    adopted = second.action in ("unchanged", "updated") and first.action == "adopted"
    return dataclasses.replace(
        second,
        action=first.action if adopted else second.action,
        reason=first.reason if adopted else second.reason,
        image=second.image or first.image,
        changed=first.changed or second.changed,
        created=_together(first.created, second.created, without=second.removed),
        adopted=_together(first.adopted, second.adopted, without=second.removed),
        removed=_together(first.removed, second.removed),
        left=_together(first.left, second.left, without=second.removed),
        superseded=[*first.superseded, *second.superseded],
    )


def _together(first: list[str], second: list[str], *, without: t.Collection[str] = ()) -> list[str]:
    return [one for one in dict.fromkeys((*first, *second)) if one not in without]
