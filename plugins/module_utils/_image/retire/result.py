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
from ..model import Image
from ..sentences import describe_step
from ..steps import DisableImage, SetDeprecation
from ..use import Use
from .model import Decision, EnableImage, Outcome, RetireStep, Undo

_COUNTED: t.Final = ("deprecated", "disabled", "restored", "waiting", "kept", "unchanged", "failed")


def to_retire_result(outcomes: t.Sequence[Outcome], *, predicted: bool = False) -> dict[str, t.Any]:
    """Return the result; ``predicted`` means that every step counts as done."""
    images = [_to_entry(one, predicted=predicted) for one in outcomes]
    actions = [entry["action"] for entry in images]
    undos = [one.decision.undo for one in outcomes if one.decision.undo and (predicted or one.done)]
    return {
        "changed": any(bool(one.decision.steps) if predicted else one.done > 0 for one in outcomes),
        "images": images,
        "summary": {action: actions.count(action) for action in _COUNTED},
        "undo": [_to_undo(one) for one in undos],
    }


def retire_warnings(outcomes: t.Sequence[Outcome]) -> list[str]:
    """Return what could not be read about the use of images, each once, with how many are kept for it."""
    kept: dict[str, int] = {}
    for use in (one.decision.use for one in outcomes):
        for sentence in use.unknown if use is not None and use.in_use is None else ():
            kept[sentence] = kept.get(sentence, 0) + 1
    return [
        f"{count} image{'s are' if count > 1 else ' is'} kept, for it is not known whether anything uses "
        f"{'them' if count > 1 else 'it'}: {sentence}"
        for sentence, count in kept.items()
    ]


def retire_failure(outcomes: t.Sequence[Outcome]) -> str | None:
    """Return one message for all that failed; None where nothing did."""
    failed = [one for one in outcomes if one.error]
    if not failed:
        return None
    head = f"{len(failed)} of {len(outcomes)} images failed: " if len(outcomes) > 1 else ""
    return head + " | ".join(f"{one.decision.image.image_id}: {one.error}" for one in failed)


def retire_message(result: t.Mapping[str, t.Any], *, predicted: bool) -> str:
    """Return one line for people: how many images of each kind there are."""
    would = "would be " if predicted else ""
    counted = [(count, action) for action, count in result["summary"].items() if count]
    return ", ".join(f"{count} {would if action in _COUNTED[:3] else ''}{action}" for count, action in counted)


def retire_diff(outcomes: t.Sequence[Outcome]) -> list[dict[str, str]]:
    """Return Ansible's diff form: for each image that changes, its state before, and every step."""
    return [_to_diff(one.decision) for one in outcomes if one.decision.steps]


def _to_entry(outcome: Outcome, *, predicted: bool) -> dict[str, t.Any]:
    decision = outcome.decision
    image = _after(decision.image, decision.steps if predicted else decision.steps[: outcome.done])
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
        elif isinstance(step, (DisableImage, EnableImage)):
            state = "disabled" if isinstance(step, DisableImage) else "available"
            image = dataclasses.replace(image, state=state)
    return image


def _evidence(use: Use | None) -> list[str]:
    return [*(reason.what for reason in use.reasons), *use.unknown] if use else []


def _to_undo(undo: Undo) -> dict[str, t.Any]:
    permissions = undo.launch_permissions
    return {
        "image_id": undo.image_id,
        "region": undo.region,
        "launch_permissions": None if permissions is None else permissions.to_dict(),
        "deprecation_time": undo.deprecation_time,
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
