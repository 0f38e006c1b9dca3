# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What retiring an image frees, and how and until when it can be undone. No AWS, no Ansible, no clock."""

from __future__ import annotations

import typing as t

from ..steps import DeleteSnapshot, DeregisterImage
from .model import Outcome

_IN_PLACE: t.Final = "state=restored with undo, as long as the image is there"
_FROM_BIN: t.Final = "state=restored with undo, from the Recycle Bin"
_UNSURE: t.Final = "none that is sure: rules of the Recycle Bin were not required"
_NONE: t.Final = "none: a failed image could never be launched"


def snapshot_entries(outcome: Outcome, *, predicted: bool) -> list[dict[str, t.Any]]:
    """Return what becomes of each snapshot of an image that is deregistered, or may not be for one of them."""
    gone = _to_delete(outcome) if predicted else outcome.deleted
    return [
        {
            "snapshot_id": one.snapshot_id,
            "volume_size": one.volume_size,
            "action": "deleted" if one.snapshot_id in gone else "left",
            "reason": one.reason if predicted or one.proof is None or one.snapshot_id in gone else _why_left(outcome),
        }
        for one in outcome.decision.snapshots
    ]


def gib_freed(snapshots: t.Iterable[t.Mapping[str, t.Any]]) -> int:
    """Return the GiB of the volumes whose snapshots are deleted; AWS bills less, for it stores each block once."""
    return sum(one["volume_size"] for one in snapshots if one["action"] == "deleted")


def undo_path(outcome: Outcome, *, predicted: bool) -> str | None:
    """Return how what this task has done to the image can be undone, None where it has done nothing."""
    decision = outcome.decision
    done = decision.steps if predicted else decision.steps[: outcome.done]
    if not done or decision.action == "restored":
        return None
    if not any(isinstance(step, DeregisterImage) for step in done):
        return _IN_PLACE
    if decision.undo is None:
        return _NONE
    return _FROM_BIN if decision.undo_until else _UNSURE


def _why_left(outcome: Outcome) -> str:
    """Return why a snapshot is there that was to be deleted."""
    deregistered = any(isinstance(one, DeregisterImage) for one in outcome.decision.steps[: outcome.done])
    return "another image uses it by now, or its deletion failed" if deregistered else "its image is still there"


def _to_delete(outcome: Outcome) -> set[str]:
    """Return the snapshots that the steps delete."""
    found: set[str] = set()
    for step in outcome.decision.steps:
        if isinstance(step, DeregisterImage):
            found.update(step.snapshot_ids)
        elif isinstance(step, DeleteSnapshot):
            found.add(step.snapshot_id)
    return found
