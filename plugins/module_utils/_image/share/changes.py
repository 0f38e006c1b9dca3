# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide who gets and who loses what on an image and its snapshots. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image
from ..permissions import NOBODY, LaunchPermissions, Sharing
from ..steps import ModifyLaunchPermissions, ModifySnapshotPermissions, SetTags
from .facts import Belongs
from .request import ShareRequest


@dataclasses.dataclass(frozen=True)
class Change:
    """Who gets a permission, and who loses it."""

    give: LaunchPermissions = NOBODY
    take: LaunchPermissions = NOBODY

    def __bool__(self) -> bool:
        return bool(self.give or self.take)

    def on(self, present: LaunchPermissions) -> LaunchPermissions:
        """Return the permissions after the change."""
        return present.minus(self.take).plus(self.give)

    def plus(self, other: Change) -> Change:
        """Return both changes together."""
        return Change(self.give.plus(other.give), self.take.plus(other.take))


@dataclasses.dataclass(frozen=True)
class Changes:
    """What changes on an image and on its snapshots, by id.

    ``kept`` names who keeps a snapshot that another image of theirs uses: the images by snapshot and account or group.
    """

    image: Change = Change()
    snapshots: t.Mapping[str, Change] = dataclasses.field(default_factory=dict)
    kept: t.Mapping[tuple[str, str], tuple[str, ...]] = dataclasses.field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.image or any(self.snapshots.values()))

    @property
    def gives(self) -> bool:
        """Tell whether anybody gets anything."""
        return bool(self.image.give or any(one.give for one in self.snapshots.values()))

    @property
    def takes(self) -> bool:
        """Tell whether anybody loses anything."""
        return bool(self.image.take or any(one.take for one in self.snapshots.values()))

    def on(self, present: Sharing) -> Sharing:
        """Return the permissions after the changes."""
        snapshots = {name: self.snapshots.get(name, Change()).on(who) for name, who in present.snapshots.items()}
        return Sharing(self.image.on(present.image), snapshots)

    def plus(self, other: Changes) -> Changes:
        """Return both together."""
        names = {**self.snapshots, **other.snapshots}
        nothing = Change()
        snapshots = {one: self.snapshots.get(one, nothing).plus(other.snapshots.get(one, nothing)) for one in names}
        return Changes(self.image.plus(other.image), snapshots, self.kept)

    def seen_in(self, before: Sharing, now: Sharing) -> Changes:
        """Return the part of the changes that has come about between two looks."""
        snapshots = {
            name: _seen(change, before.snapshots.get(name, NOBODY), now.snapshots.get(name, NOBODY))
            for name, change in self.snapshots.items()
        }
        return Changes(_seen(self.image, before.image, now.image), snapshots, self.kept)


def changes_by(steps: t.Iterable[ModifyLaunchPermissions | ModifySnapshotPermissions | SetTags]) -> Changes:
    """Return what steps that AWS has taken change together; the tags that record it give nobody anything."""
    image = Change()
    snapshots: dict[str, Change] = {}
    for step in steps:
        if isinstance(step, ModifyLaunchPermissions):
            image = Change(step.add, step.remove)
        elif isinstance(step, ModifySnapshotPermissions):
            sofar = snapshots.get(step.snapshot_id, Change())
            snapshots[step.snapshot_id] = sofar.plus(Change(step.add, step.remove))
    return Changes(image, snapshots)


def _seen(change: Change, before: LaunchPermissions, now: LaunchPermissions) -> Change:
    return Change(change.give.common(now.minus(before)), change.take.common(before.minus(now)))


def changes_of(request: ShareRequest, image: Image, sharing: Sharing) -> Changes:
    """Return what the request changes on an image; its owner needs no permission and is given none."""
    owner = LaunchPermissions(user_ids=frozenset({image.owner_id}))

    def change(present: LaunchPermissions, asked: LaunchPermissions) -> Change:
        if not request.present:
            return Change(take=asked.common(present))
        return Change(asked.minus(owner).minus(present), present.minus(asked) if request.purge else NOBODY)

    snapshots = {}
    if request.for_copy:
        snapshots = {
            name: change(present, request.asked_on(image.image_id, name)) for name, present in sharing.snapshots.items()
        }
    return Changes(change(sharing.image, request.asked_on(image.image_id)), snapshots)


def without_kept(
    changes: Changes, image: Image, users: t.Iterable[tuple[Image, LaunchPermissions]], *, belongs: Belongs
) -> Changes:
    """Leave permissions on snapshots to those who have another image that needs them.

    ``users`` are images with who may launch them once the task is done.
    """
    kept: dict[tuple[str, str], tuple[str, ...]] = {}
    snapshots = dict(changes.snapshots)
    for snapshot_id, change in changes.snapshots.items():
        others = [
            (one, who) for one, who in users if one.image_id != image.image_id and snapshot_id in one.snapshot_ids
        ]
        stay = set()
        for name in sorted(change.take.user_ids | change.take.group_names):
            using = sorted(one.image_id for one, who in others if _reaches(who, name, belongs))
            if using:
                kept[snapshot_id, name] = tuple(using)
                stay.add(name)
        loss = LaunchPermissions(change.take.user_ids - stay, change.take.group_names - stay)
        snapshots[snapshot_id] = Change(change.give, loss)
    return Changes(changes.image, snapshots, kept)


def _reaches(who: LaunchPermissions, name: str, belongs: Belongs) -> bool:
    """Tell whether an account, or the group of everybody, is known to be among those who are named."""
    if name in who.user_ids or who.group_names:
        return True
    return name.isdigit() and any(belongs(name, arn) for arn in sorted(who.org_arns | who.org_unit_arns))
