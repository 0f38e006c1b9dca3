# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide on the last step: whether an image is deregistered, and what becomes of its snapshots. No AWS, no clock.

An image goes when a task of ours has disabled it, and nothing has missed it since. A snapshot goes with it when AWS,
or a creating call of ours, says that it was made for this very image; whoever registers an image of a backup keeps it.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..disabling import from_record, own_record, set_tags
from ..few import few
from ..model import DEPRECATION_TAG, IMAGE_TAG, Image, Snapshot
from ..permissions import NOBODY
from ..proofs import (
    MayDeleteSnapshotsOf,
    MayDeregister,
    all_snapshots_are_ours,
    may_deregister_retired,
    snapshot_of_retired,
)
from ..steps import DeleteSnapshot, DeregisterImage, SetDeregistrationProtection, SetTags
from ..timestamps import to_text
from ..use import Use
from .groups import DAY, Sorted, manager_of
from .model import Decision, RetireStep, SnapshotFate, Undo
from .notes import mark_of, note_of_protection, protection_before, to_mark, to_protection
from .planner import SLACK, kept_by_permissions, kept_by_use
from .recycle_bin import Retention, Rule, retention_of
from .request import DEREGISTER, RetireRequest

# The note is written just before the protection is taken off.
_COOLDOWN: t.Final = DAY + SLACK
# A run that has ended in between is run again this soon; later, somebody has brought the image back.
_INTERRUPTED: t.Final = 43200


@dataclasses.dataclass(frozen=True)
class LastFacts:
    """What the last step rests on: snapshots, which images use them, which are locked, and the bin's rules.

    None, of locks and rules, is not known; ``trouble`` says why. ``deletes_with_image`` tells whether AWS can be asked
    to delete snapshots in the same call.
    """

    shown: t.Mapping[str, Snapshot]
    users: t.Mapping[str, t.AbstractSet[str]]
    locked: frozenset[str] | None = frozenset()
    rules: tuple[Rule, ...] | None = ()
    trouble: str = ""
    deletes_with_image: bool = True


def decide_last(one: Sorted, use: Use, facts: LastFacts, request: RetireRequest, *, now: float) -> Decision:
    """Return what becomes of an image that has waited long enough to be deregistered."""
    image = one.image
    kept = kept_by_permissions(image, from_record(image) or NOBODY, request)
    ours = may_deregister_retired(image, use, is_noted=from_record(image) is not None)
    if kept or ours is None:
        return Decision(image, "kept", kept or kept_by_use(use), group=one.group, use=use)
    held = _decide_protected(one, use, request, now) or _decide_returned(one, use, facts, request, now)
    if held is not None:
        return held
    fates = tuple(_fate(image, snapshot_id, facts) for snapshot_id in dict.fromkeys(image.snapshot_ids))
    retention = _retention(image, fates, facts) if request.require_recycle_bin else None
    refusal = _locked(fates, facts, request) or (retention if isinstance(retention, str) else None)
    if refusal is not None:
        trouble = facts.trouble or None
        return Decision(image, "kept", refusal, group=one.group, use=use, snapshots=fates, unknown=trouble)
    mark = _mark(image, fates, facts, now)
    steps = _steps(image, ours, fates, mark, facts, _together(image, fates, facts, request))
    found = retention if isinstance(retention, Retention) else None
    return Decision(
        image,
        "deregistered",
        ours.reason,
        steps,
        one.group,
        use=use,
        undo=_undo(image, mark),
        snapshots=fates,
        undo_until=to_text(now + found.image_days * DAY) if found and image.state != "failed" else None,
        billed_until=to_text(now + found.snapshot_days * DAY) if found and found.snapshot_days else None,
    )


def _decide_protected(one: Sorted, use: Use, request: RetireRequest, now: float) -> Decision | None:
    """Return what becomes of an image that AWS refuses to deregister, None where it does not."""
    image, before = one.image, protection_before(one.image)
    if to_protection(image.deregistration_protection) is None:
        if before is None or before[0] != "enabled-with-cooldown" or before[1] + _COOLDOWN <= now:
            return None
        moment = to_text(before[1] + _COOLDOWN)
        reason = f"its deregistration protection goes on for 24 hours after it was taken off, until {moment}"
        return Decision(image, "waiting", reason, group=one.group, next_step=DEREGISTER, due=moment, use=use)
    cooldown = to_protection(image.deregistration_protection) == "enabled-with-cooldown"
    said = f"it has deregistration protection ({image.deregistration_protection})"
    if not request.disable_protection:
        then = "; that starts 24 hours in which it stays protected" if cooldown else ""
        reason = f"{said}; pass disable_protection=true to have it taken off{then}"
        return Decision(image, "kept", reason, group=one.group, use=use)
    steps = (set_tags(image, note_of_protection(image, now)), SetDeregistrationProtection("disabled"))
    undo = dataclasses.replace(
        _undo(image) or Undo(image.image_id, image.region),
        snapshot_ids=None,
        deregistration_protection=to_protection(image.deregistration_protection),
    )
    then = f", and stays protected until {to_text(now + _COOLDOWN)}" if cooldown else ""
    return Decision(image, "unprotected", f"{said}, which is taken off{then}", steps, one.group, use=use, undo=undo)


def _decide_returned(one: Sorted, use: Use, facts: LastFacts, request: RetireRequest, now: float) -> Decision | None:
    """Return the decision on an image that somebody has taken out of the Recycle Bin, None on any other.

    Its snapshots still have our marks. So they have where a run has just ended before the image was deregistered; that
    is gone on with.
    """
    image = one.image
    marks = (mark_of(facts.shown[each], image.image_id) for each in image.snapshot_ids if each in facts.shown)
    latest = max((mark for mark in marks if mark is not None), default=None)
    if latest is None or latest + _INTERRUPTED > now:
        return None
    due = latest + request.deregister_after_days * DAY
    if due <= now:
        return None
    moment = to_text(due)
    reason = f"it has come back since it was deregistered on {to_text(latest)}; to be deregistered from {moment}"
    return Decision(image, "waiting", reason, group=one.group, next_step=DEREGISTER, due=moment, use=use)


def _fate(image: Image, snapshot_id: str, facts: LastFacts) -> SnapshotFate:
    """Return whether a snapshot in the mapping of the image goes with it."""
    snapshot = facts.shown.get(snapshot_id)
    if snapshot is None:
        return SnapshotFate(snapshot_id, 0, "AWS does not show it among the snapshots of this account")
    size = snapshot.volume_size
    others = sorted(facts.users.get(snapshot_id, frozenset()) - {image.image_id})
    if others:
        return SnapshotFate(snapshot_id, size, f"it is one of {few(others, count=len(others))} too")
    if facts.locked is None or snapshot_id in facts.locked:
        return SnapshotFate(snapshot_id, size, "it is locked" if facts.locked else "its lock could not be read")
    service = manager_of(snapshot.tags)
    if service:
        return SnapshotFate(snapshot_id, size, f"{service} manages it, by its tags")
    proof = snapshot_of_retired(snapshot, image)
    if proof is None:
        reason = "nothing but the image says that it was made for it, so that it may be a backup; delete it yourself"
        return SnapshotFate(snapshot_id, size, reason)
    return SnapshotFate(snapshot_id, size, proof.reason, proof)


def _locked(fates: t.Sequence[SnapshotFate], facts: LastFacts, request: RetireRequest) -> str | None:
    if facts.locked is None:
        return f"it is not known which of its snapshots are locked: {facts.trouble}"
    locked = [one.snapshot_id for one in fates if one.snapshot_id in facts.locked]
    if not locked or not request.keep_locked:
        return None
    return f"its snapshots {', '.join(locked)} are locked; pass locked_snapshots=leave to deregister it and leave them"


def _retention(image: Image, fates: t.Sequence[SnapshotFate], facts: LastFacts) -> Retention | str:
    if facts.rules is None:
        return f"it is not known whether the Recycle Bin would retain it: {facts.trouble}"
    marked = [facts.shown[one.snapshot_id] for one in fates if one.proof is not None]
    marked = [dataclasses.replace(one, tags={IMAGE_TAG: "", **one.tags}) for one in marked]
    found = retention_of(image.tags, marked, facts.rules)
    if isinstance(found, Retention):
        return found
    return f"{found}; add or change rules of the Recycle Bin, or pass require_recycle_bin=false to do without"


def _together(
    image: Image, fates: t.Sequence[SnapshotFate], facts: LastFacts, request: RetireRequest
) -> MayDeleteSnapshotsOf | None:
    """Return the proof that one call may delete the snapshots with the image, so that no run ends in between.

    AWS skips a snapshot that another image uses (aws_rules §5.3). That image may go in the meantime, so that such a
    snapshot has to be proven too, and the bin to retain it.
    """
    alone = dataclasses.replace(facts, users={})
    whole = tuple(_fate(image, one.snapshot_id, alone) for one in fates)
    if not facts.deletes_with_image:
        return None
    if request.require_recycle_bin and isinstance(_retention(image, whole, facts), str):
        return None
    return all_snapshots_are_ours(image, (one.proof for one in whole if one.proof is not None))


def _steps(
    image: Image,
    ours: MayDeregister,
    fates: t.Sequence[SnapshotFate],
    mark: str,
    facts: LastFacts,
    together: MayDeleteSnapshotsOf | None,
) -> tuple[RetireStep, ...]:
    """Return the calls: AWS deletes the snapshots with the image where it may, else each is deleted after it."""
    proofs = tuple(one.proof for one in fates if one.proof is not None)
    shown = [facts.shown[one.resource_id] for one in proofs]
    unmarked = [one for one in shown if one.tags.get(IMAGE_TAG) != mark]
    steps: list[RetireStep] = []
    if unmarked:
        ids = tuple(one.snapshot_id for one in unmarked)
        present = max(len(one.tags) for one in unmarked)
        replaced = min(int(IMAGE_TAG in one.tags) for one in unmarked)
        steps.append(SetTags(ids, "snapshot", {IMAGE_TAG: mark}, present=present, replaced=replaced))
    if together is not None:
        return (*steps, DeregisterImage(ours, proofs, ours.reason, together))
    deletions = (DeleteSnapshot(one, one.reason) for one in proofs)
    return (*steps, DeregisterImage(ours, (), ours.reason), *deletions)


def _mark(image: Image, fates: t.Sequence[SnapshotFate], facts: LastFacts, now: float) -> str:
    """Return the mark of the run that has just ended, where there is one on every snapshot that goes, or a new one."""
    shown = [facts.shown[one.snapshot_id] for one in fates if one.proof is not None]
    marks = {one.tags.get(IMAGE_TAG): mark_of(one, image.image_id) for one in shown}
    for mark, since in marks.items() if len(marks) == 1 else ():
        if mark and since is not None and since + _INTERRUPTED > now:
            return mark
    return to_mark(image.image_id, now)


def _undo(image: Image, mark: str = "") -> Undo | None:
    """Return what brings the image back to where it was before it was retired; a failed one never could be used."""
    if image.state == "failed":
        return None
    before = protection_before(image)
    return Undo(
        image.image_id,
        image.region,
        launch_permissions=from_record(image),
        deprecation_time=image.tags.get(DEPRECATION_TAG) or None,
        deregistration_protection=before[0] if before else None,
        snapshot_ids=tuple(dict.fromkeys(image.snapshot_ids)),
        tags={**own_record(image), **({IMAGE_TAG: mark} if mark else {})},
    )
