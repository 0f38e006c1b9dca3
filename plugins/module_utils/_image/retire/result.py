# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn decisions and how far they came into what ec2_ami_retire returns. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..attributes import image_with
from ..few import few
from ..model import Image
from ..sentences import describe_step
from ..steps import DeregisterImage, DisableImage, SetDeprecation, SetDeregistrationProtection
from ..use import Use
from .model import Decision, EnableImage, Leftover, Outcome, RestoreImage, RetireStep, Undo
from .prices import Price, to_costs
from .savings import gib_freed, snapshot_entries, undo_path

_CHANGED: t.Final = ("deprecated", "disabled", "unprotected", "deregistered", "restored")
_COUNTED: t.Final = (*_CHANGED, "waiting", "kept", "unchanged", "failed")

_STATES: t.Final[t.Mapping[type, str]] = {
    DisableImage: "disabled",
    EnableImage: "available",
    DeregisterImage: "deregistered",
    RestoreImage: "disabled",
}
_MOST_WARNINGS: t.Final = 10
_LEFT: t.Final = (
    "marked to be deleted with an image that is gone, and still there. Either a run was interrupted or somebody has "
    "restored them, so that they are left as they are; delete them, or restore their image"
)


def to_retire_result(
    outcomes: t.Sequence[Outcome],
    *,
    predicted: bool = False,
    prices: t.Mapping[str, Price] | None = None,
    leftovers: t.Iterable[Leftover] = (),
) -> dict[str, t.Any]:
    """Return the result; ``predicted`` means that every step counts as done."""
    images = [_to_entry(one, predicted=predicted) for one in outcomes]
    actions = [entry["action"] for entry in images]
    undos = [one.decision.undo for one in outcomes if one.decision.undo and (predicted or one.done)]
    return {
        "changed": any(bool(one.decision.steps) if predicted else one.done > 0 for one in outcomes),
        "images": images,
        "summary": {action: actions.count(action) for action in _COUNTED},
        "undo": [_to_undo(one) for one in undos],
        "costs": to_costs(prices or {}, images),
        "leftovers": [dataclasses.asdict(one) for one in leftovers],
    }


def retire_warnings(outcomes: t.Sequence[Outcome], leftovers: t.Sequence[Leftover] = ()) -> list[str]:
    """Return leftovers, and what could not be read about the use of images: what keeps most of them, each once."""
    kept: dict[str, int] = {}
    for decision in (one.decision for one in outcomes):
        use = decision.use
        unknown = use.unknown if use is not None and use.in_use is None else ()
        for sentence in (*unknown, *([decision.unknown] if decision.unknown else [])):
            kept[sentence] = kept.get(sentence, 0) + 1
    named = few((f"{one.snapshot_id} in {one.region}" for one in leftovers), count=len(leftovers))
    most = sorted(kept.items(), key=lambda one: -one[1])[:_MOST_WARNINGS]
    rest = len(kept) - len(most)
    return [
        *([f"{named}: {_LEFT}"] if leftovers else []),
        *(
            f"{count} image{'s are' if count > 1 else ' is'} kept, for it is not known whether anything uses "
            f"{'them' if count > 1 else 'it'}, or whether they could come back: {sentence}"
            for sentence, count in most
        ),
        *([f"{rest} more reasons of this kind are in the evidence of images"] if rest else []),
    ]


def retire_failure(outcomes: t.Sequence[Outcome]) -> str | None:
    """Return one message for all that failed; None where nothing did."""
    failed = [one for one in outcomes if one.error]
    if not failed:
        return None
    head = f"{len(failed)} of {len(outcomes)} images failed: " if len(outcomes) > 1 else ""
    return head + few((f"{one.decision.image.image_id}: {one.error}" for one in failed), count=len(failed), join=" | ")


def retire_message(result: t.Mapping[str, t.Any], *, predicted: bool) -> str:
    """Return one line for people: how many images of each kind there are."""
    would = "would be " if predicted else ""
    counted = [(count, action) for action, count in result["summary"].items() if count]
    return ", ".join(f"{count} {would if action in _CHANGED else ''}{action}" for count, action in counted)


def retire_diff(outcomes: t.Sequence[Outcome]) -> list[dict[str, str]]:
    """Return Ansible's diff form: for each image that changes, its state before, and every step."""
    return [_to_diff(one.decision) for one in outcomes if one.decision.steps]


def _to_entry(outcome: Outcome, *, predicted: bool) -> dict[str, t.Any]:
    decision = outcome.decision
    image = _after(decision.image, decision.steps if predicted else decision.steps[: outcome.done])
    snapshots = snapshot_entries(outcome, predicted=predicted)
    action, reason = decision.action, decision.reason
    if outcome.overtaken:
        action, reason = "unchanged", outcome.overtaken
    entry: dict[str, t.Any] = {
        "image_id": image.image_id,
        "name": image.name,
        "region": image.region,
        "state": image.state,
        "group": decision.group,
        "creation_date": image.creation_date,
        "deprecation_time": image.deprecation_time,
        "action": "failed" if outcome.error else action,
        "reason": reason,
        "next_step": decision.next_step,
        "due": decision.due,
        "in_use": decision.use.in_use if decision.use else None,
        "evidence": _evidence(decision.use),
        "volume_size": sum(device.volume_size for device in image.ebs_devices),
        "snapshots": snapshots,
        "gib_freed": gib_freed(snapshots),
        "undo_path": undo_path(outcome, predicted=predicted),
        "undo_until": decision.undo_until,
        "billed_until": decision.billed_until,
        "tags": dict(image.tags),
        "steps": [
            {"description": describe_step(step), "done": not predicted and number < outcome.done}
            for number, step in enumerate(decision.steps)
        ],
    }
    return {**entry, "error": outcome.error} if outcome.error else entry


def _after(image: Image, done: t.Sequence[RetireStep]) -> Image:
    """Return the image as it is once the steps are done."""
    image = image_with(image, done)
    for step in done:
        if isinstance(step, SetDeprecation):
            image = dataclasses.replace(image, deprecation_time=step.deprecate_at or None)
        elif isinstance(step, SetDeregistrationProtection):
            image = dataclasses.replace(image, deregistration_protection=step.protection)
        elif type(step) in _STATES:
            image = dataclasses.replace(image, state=_state_after(image, step))
    return image


def _state_after(image: Image, step: RetireStep) -> str:
    """Return the state once a step is done; what has left the bin is as it was unless AWS has shown it otherwise."""
    if isinstance(step, RestoreImage) and image.state != "deregistered":
        return image.state
    return _STATES[type(step)]


def _evidence(use: Use | None) -> list[str]:
    return [*(reason.what for reason in use.reasons), *use.unknown] if use else []


def _to_undo(undo: Undo) -> dict[str, t.Any]:
    permissions = undo.launch_permissions
    return {
        "image_id": undo.image_id,
        "region": undo.region,
        "launch_permissions": None if permissions is None else permissions.to_dict(),
        "deprecation_time": undo.deprecation_time,
        "deregistration_protection": undo.deregistration_protection,
        "snapshot_ids": None if undo.snapshot_ids is None else list(undo.snapshot_ids),
        "tags": dict(undo.tags),
    }


def _to_diff(decision: Decision) -> dict[str, str]:
    image = decision.image
    before = f"state: {image.state}\ndeprecation: {image.deprecation_time or 'none'}\n"
    header = f"{image.name} {image.image_id} in {image.region}"
    steps = "".join(f"{describe_step(step)}\n" for step in decision.steps)
    return {
        "before_header": header,
        "after_header": f"{header}: {decision.action}",
        "before": before,
        "after": f"{before}{steps}",
    }
