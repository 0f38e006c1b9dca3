# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Plan the calls that share an image or take it back. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Image, Snapshot
from ..permissions import NOBODY, LaunchPermissions, Sharing
from ..proofs import may_take_named
from ..steps import ModifyLaunchPermissions, ModifySnapshotPermissions, SetTags
from ..vocabulary import ShareAction
from .changes import Changes
from .facts import Facts
from .record import steps_to_forget, steps_to_record
from .request import ShareRequest
from .rules import RULES, Case, still_covered, usability_warnings

ShareStep = t.Union[ModifyLaunchPermissions, ModifySnapshotPermissions, SetTags]
# AWS takes this many changes of a snapshot's permissions in a call (ModifySnapshotAttribute).
_MOST_CHANGES: t.Final = 500


@dataclasses.dataclass(frozen=True)
class SharePlan:
    """What to do with one image: every step is one call.

    ``expected`` is what has to come about on it altogether; an image that has the same snapshot may do a part.
    """

    image: Image
    before: Sharing
    changes: Changes = dataclasses.field(default_factory=Changes)
    steps: tuple[ShareStep, ...] = ()
    reason: str = ""
    warnings: tuple[str, ...] = ()
    expected: Changes = dataclasses.field(default_factory=Changes)
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)

    @property
    def after(self) -> Sharing:
        """Return the permissions that the image and its snapshots will have."""
        return self.changes.on(self.before)


def plan_sharing(request: ShareRequest, image: Image, sharing: Sharing, changes: Changes, facts: Facts) -> SharePlan:
    """Return the plan for one image, or refuse what cannot come true."""
    case = Case(request, image, sharing, changes, facts)
    for rule in RULES:
        rule(case)
    warnings = [*usability_warnings(case), *_maybe_covered(case), *_kept(case), *_open_snapshots(case)]
    steps = _with_record(request, image, changes, facts)
    reason = _reason(request, changes, steps)
    return SharePlan(image, sharing, changes, steps, reason, tuple(warnings), snapshots=facts.snapshots)


def once_each(plans: t.Sequence[SharePlan]) -> list[SharePlan]:
    """Leave a snapshot's record to the first of the images that have the snapshot."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for plan in plans:
        records = [step.resource_ids for step in plan.steps if isinstance(step, SetTags)]
        steps = [step for step in plan.steps if not (isinstance(step, SetTags) and step.resource_ids in seen)]
        seen.update(records)
        found.append(dataclasses.replace(plan, steps=tuple(steps)))
    return found


def action_of(changes: Changes) -> ShareAction:
    """Return in a word what the changes do."""
    if changes.gives:
        return "updated" if changes.takes else "shared"
    return "unshared" if changes.takes else "unchanged"


def _with_record(request: ShareRequest, image: Image, changes: Changes, facts: Facts) -> tuple[ShareStep, ...]:
    """Write down before giving, and strike out after taking: a task may end between any two calls."""
    steps = _steps(image, changes)
    if not request.record:
        return steps
    if request.present:
        return (*steps_to_record(image, changes, facts.snapshots), *steps)
    of = request.permissions.user_ids
    return (*steps, *steps_to_forget(image, changes, facts.snapshots, of=of))


def _steps(image: Image, changes: Changes) -> tuple[ShareStep, ...]:
    """Give snapshots first, so that whoever sees the image can use it, and take them last, for the same reason."""
    gives: list[ShareStep] = []
    takes: list[ShareStep] = []
    for snapshot_id, change in changes.snapshots.items():
        gives += [ModifySnapshotPermissions(snapshot_id, add=part) for part in _parts(change.give)]
        takes += [
            ModifySnapshotPermissions(snapshot_id, remove=part, proof=may_take_named(image, snapshot_id))
            for part in _parts(change.take)
        ]
    own: list[ShareStep] = []
    if changes.image:
        proof = may_take_named(image, image.image_id) if changes.image.take else None
        own.append(ModifyLaunchPermissions(changes.image.give, changes.image.take, proof))
    return (*gives, *own, *takes)


def _parts(who: LaunchPermissions) -> t.Iterator[LaunchPermissions]:
    """Yield permissions on a snapshot in parts that fit into a call."""
    names = [*sorted(who.group_names), *sorted(who.user_ids)]
    for start in range(0, len(names), _MOST_CHANGES):
        part = frozenset(names[start : start + _MOST_CHANGES])
        yield LaunchPermissions(user_ids=who.user_ids & part, group_names=who.group_names & part)


def _reason(request: ShareRequest, changes: Changes, steps: t.Sequence[ShareStep]) -> str:
    if steps and not changes:
        return "the record names accounts that have nothing of it any more"
    if not request.present:
        named = "the record" if request.record else "given" if request.given else "launch_permissions"
        return f"what {named} names is taken back" if changes else "nobody has what is to be taken back"
    if not changes:
        return "everybody has what is asked for already"
    gives = "permissions that are asked for are missing" if changes.gives else ""
    takes = "permissions are there that purge_launch_permissions takes" if changes.takes else ""
    return " and ".join(one for one in (gives, takes) if one)


def _maybe_covered(case: Case) -> list[str]:
    if case.request.present:
        return []
    return [
        f"{who} may still have access to {case.where} through {entry}; whether it belongs there could not be read "
        "(organizations:DescribeAccount, organizations:DescribeOrganization and organizations:ListParents)"
        for who, entry, sure in still_covered(case)
        if not sure
    ]


def _kept(case: Case) -> list[str]:
    return [
        f"{who} keeps its permission on snapshot {snapshot_id} of {case.where}, for {', '.join(image_ids)} uses the "
        "snapshot as well and is shared with it; take that image back too"
        for (snapshot_id, who), image_ids in case.changes.kept.items()
    ]


def _open_snapshots(case: Case) -> list[str]:
    """Say who loses the image, and could go on making volumes of its snapshots."""
    if case.request.for_copy:
        return []
    losing = case.changes.image.take if case.request.present else case.request.permissions
    rest = case.changes.on(case.sharing).snapshots
    found = []
    for snapshot_id, present in sorted(rest.items()):
        able = losing.for_snapshots.common(present)
        names = sorted(able.user_ids | able.group_names)
        if able != NOBODY:
            found.append(
                f"{', '.join(names)} may still create volumes from snapshot {snapshot_id} of {case.where} and copy it; "
                "purpose=copy takes that back as well"
            )
    return found
