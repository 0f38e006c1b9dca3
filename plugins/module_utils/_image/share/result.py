# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What became of each image, and the result that the module makes of it. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import RUN_TAG, BlockDevice
from ..permissions import NOBODY, LaunchPermissions, Sharing
from ..sentences import describe_step, one_line
from ..steps import SetTags
from .changes import Change, Changes
from .planner import SharePlan, ShareStep, action_of
from .record import still_recorded


@dataclasses.dataclass
class ShareOutcome:
    """The end of one plan: what has come about, and the permissions that AWS shows now."""

    plan: SharePlan
    sharing: Sharing
    seen: Changes = dataclasses.field(default_factory=Changes)
    changed: bool = False
    error: str | None = None
    taken: tuple[ShareStep, ...] = ()

    @classmethod
    def predicted(cls, plan: SharePlan) -> ShareOutcome:
        """Return what the plan will end in."""
        return cls(plan, plan.after, plan.changes, bool(plan.steps), taken=plan.steps)


def to_share_result(outcomes: t.Sequence[ShareOutcome]) -> dict[str, t.Any]:
    """Return the module's result."""
    return {"changed": any(one.changed for one in outcomes), "images": [_to_entry(one) for one in outcomes]}


def share_failure(outcomes: t.Sequence[ShareOutcome]) -> str | None:
    """Return one message for all that failed; None where nothing did."""
    failed = [one for one in outcomes if one.error]
    if not failed:
        return None
    head = f"{len(failed)} of {len(outcomes)} images failed: " if len(outcomes) > 1 else ""
    return head + " | ".join(f"{one.plan.image.image_id} in {one.plan.image.region}: {one.error}" for one in failed)


def share_diff(outcomes: t.Sequence[ShareOutcome]) -> list[dict[str, str]]:
    """Return Ansible's diff form: for each image that changes, its permissions before and after, and the steps."""
    found = []
    for one in outcomes:
        if one.changed:
            name = f"{one.plan.image.image_id} in {one.plan.image.region}"
            steps = "".join(f"{describe_step(step)}\n" for step in one.plan.steps)
            texts = {"before": _lines(one.plan.before), "after": _lines(one.sharing) + steps}
            found.append({"before_header": name, "after_header": f"{name}: {_action(one)}", **texts})
    return found


def share_summary(outcomes: t.Sequence[ShareOutcome]) -> str:
    """Return one line for people: what became of every image."""
    groups: dict[str, list[str]] = {}
    for one in outcomes:
        image = one.plan.image
        name = one_line(f"{image.name or 'image'} {image.image_id}")
        groups.setdefault(_action(one), []).append(f"{name} in {image.region}")
    return ". ".join(f"{action}: {'; '.join(names)}" for action, names in groups.items())


def _action(outcome: ShareOutcome) -> str:
    action = action_of(outcome.seen)
    if outcome.error:
        return "failed"
    return "updated" if action == "unchanged" and outcome.taken else action


def _to_entry(outcome: ShareOutcome) -> dict[str, t.Any]:
    image = outcome.plan.image
    entry: dict[str, t.Any] = {
        "image_id": image.image_id,
        "name": image.name,
        "state": image.state,
        "region": image.region,
        "action": _action(outcome),
        "reason": outcome.plan.reason,
        "launch_permissions": outcome.sharing.image.to_dict(),
        "given": outcome.seen.image.give.to_dict(),
        "taken": outcome.seen.image.take.to_dict(),
        "recorded": sorted(still_recorded(image, outcome.plan.snapshots, outcome.taken)),
        "snapshots": [_to_snapshot(outcome, device) for device in image.ebs_devices],
        "tags": _tags(outcome),
    }
    if outcome.error:
        entry["error"] = outcome.error
    return entry


def _tags(outcome: ShareOutcome) -> dict[str, str]:
    image = outcome.plan.image
    tags = {key: value for key, value in image.tags.items() if key != RUN_TAG}
    for step in outcome.taken:
        if isinstance(step, SetTags) and image.image_id in step.resource_ids:
            tags = {**{key: value for key, value in tags.items() if key not in step.remove}, **step.add}
    return tags


def _to_snapshot(outcome: ShareOutcome, device: BlockDevice) -> dict[str, t.Any]:
    name = device.snapshot_id or ""
    change = outcome.seen.snapshots.get(name, Change())
    kept = outcome.plan.changes.kept
    return {
        "device_name": device.device_name,
        "snapshot_id": device.snapshot_id,
        "encrypted": device.encrypted,
        "kms_key_arn": device.kms_key_arn,
        "volume_size": device.volume_size,
        "create_volume_permissions": _accounts(outcome.sharing.snapshots.get(name, NOBODY)),
        "given": _accounts(change.give),
        "taken": _accounts(change.take),
        "kept": [{"name": who, "image_ids": list(ids)} for (at, who), ids in kept.items() if at == name],
    }


def _accounts(who: LaunchPermissions) -> dict[str, list[str]]:
    return {"user_ids": sorted(who.user_ids), "group_names": sorted(who.group_names)}


def _lines(sharing: Sharing) -> str:
    lines = [f"may launch the image: {name}" for names in sharing.image.to_dict().values() for name in names]
    for snapshot_id, who in sorted(sharing.snapshots.items()):
        lines += [
            f"may create volumes from {snapshot_id}: {name}" for name in (*who.group_names, *sorted(who.user_ids))
        ]
    return "".join(f"{line}\n" for line in lines)
