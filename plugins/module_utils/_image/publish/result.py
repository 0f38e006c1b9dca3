# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn a publication into what the module returns. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import typing as t

from .outcome import Publication, PublishedParameter, PublishedTemplate
from .steps import DeleteParameter, LabelParameter, PutParameter, SetDefaultVersion


def to_publish_result(found: Publication, *, predicted: bool) -> dict[str, t.Any]:
    """Return the module's result; in check mode what would become of everything."""
    steps = [
        {"step": step.sentence, "on": one.plan.name, "status": "planned" if predicted else one.status_of(step)}
        for step, one in found.steps()
    ]
    changed = bool(steps) if predicted else any(one.changed for one in found.all)
    return {
        "changed": changed,
        "images": [_to_image(found, changed=changed)],
        "ssm_parameters": [_to_parameter(one, predicted=predicted) for one in found.parameters],
        "launch_templates": [_to_template(one, predicted=predicted) for one in found.templates],
        "steps": steps,
    }


def _to_image(found: Publication, *, changed: bool) -> dict[str, t.Any]:
    image, request = found.image, found.request
    failed = any(one.error for one in found.all)
    done = "published" if request.present else "withdrawn"
    error = {"error": found.marked.error} if found.marked.error else {}
    return {
        "image_id": request.image_id,
        "name": image.name if image else None,
        "state": image.state if image else None,
        "region": request.region,
        "action": "failed" if failed else done if changed else "unchanged",
        "reason": f"require={request.require}" if request.present else "state=absent",
        "snapshots": [
            {
                "device_name": device.device_name,
                "snapshot_id": device.snapshot_id,
                "encrypted": device.encrypted,
                "kms_key_arn": device.kms_key_arn,
            }
            for device in (image.ebs_devices if image else ())
        ],
        "watermarks": list(found.marked.watermarks),
        **error,
    }


def _action(one: PublishedParameter | PublishedTemplate, *, predicted: bool) -> str:
    if one.error:
        return "failed"
    if predicted or all(one.status_of(step) == "done" for step in one.plan.steps):
        return one.plan.action
    return "not reached"


def _to_parameter(one: PublishedParameter, *, predicted: bool) -> dict[str, t.Any]:
    before = one.plan.before
    previous = {"value": before.value, "version": before.version, "labels": dict(before.labels)} if before else None
    entry: dict[str, t.Any] = {
        "name": one.plan.name,
        "arn": one.arn or None,
        "version": one.version,
        "previous": previous,
        "labels": list(one.plan.wanted.labels),
        "action": _action(one, predicted=predicted),
        "reason": one.plan.reason,
    }
    return {**entry, "error": one.error} if one.error else entry


def _to_template(one: PublishedTemplate, *, predicted: bool) -> dict[str, t.Any]:
    before = one.plan.before
    default = next((step for step in one.plan.steps if isinstance(step, SetDefaultVersion)), None)
    moved = default is not None and (predicted or one.status_of(default) == "done")
    entry: dict[str, t.Any] = {
        "template_id": before.template_id,
        "template_name": before.name,
        "version": one.version,
        "default_version": one.version if moved else before.default.number,
        "previous_default_version": before.default.number,
        "previous_image_id": before.default.image or None,
        "action": _action(one, predicted=predicted),
        "reason": one.plan.reason,
        "warnings": list(one.warnings),
    }
    if one.removed is not None:
        entry["removed_version"] = one.removed
    return {**entry, "error": one.error} if one.error else entry


def publish_failure(found: Publication) -> str | None:
    """Return one message for all that failed, and what was not reached because of it; None where nothing did."""
    failed = [one for one in found.all if one.error]
    if not failed:
        return None
    words = " | ".join(f"{one.plan.name}: {one.error}" for one in failed)
    left = [step.sentence for step, one in found.steps() if one.status_of(step) == "not reached"]
    return f"{words}. Not reached: {'; '.join(left)}" if left else words


def publish_summary(result: t.Mapping[str, t.Any], *, predicted: bool) -> str:
    """Return one line for people."""
    entries = [(one["name"], one["action"]) for one in result["ssm_parameters"]]
    entries += [(one["template_name"], one["action"]) for one in result["launch_templates"]]
    would = "would be " if predicted else ""
    words = [f"{name} {would if action not in ('unchanged', 'left') else ''}{action}" for name, action in entries]
    image = result["images"][0]
    return f"{image['image_id']} in {image['region']}: {', '.join(words)}"


def publish_diff(found: Publication, result: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Return Ansible's diff form: what each name leads to before, and then with the steps that lead there."""
    before, after = [], []
    for one, entry in zip(found.parameters, result["ssm_parameters"]):
        old, new = _parameter_lines(one, acted=entry["action"] in ("created", "updated", "removed"))
        before += old
        after += new
    for entry in result["launch_templates"]:
        name = f"default version of launch template {entry['template_name']}"
        before.append(_line(name, entry["previous_default_version"]))
        after.append(_line(name, entry["default_version"] or "(new)"))
    after += [f"{one['step']}\n" for one in result["steps"] if one["status"] in ("done", "planned")]
    return {"before": "".join(before), "after": "".join(after)}


def _parameter_lines(one: PublishedParameter, *, acted: bool) -> tuple[list[str], list[str]]:
    """Return what the name and each of its labels lead to, before and after."""
    name, shown = f"parameter {one.plan.name}", one.plan.before
    old = shown.value if shown else None
    steps = {type(step): step for step in one.plan.steps} if acted else {}
    put, label = steps.get(PutParameter), steps.get(LabelParameter)
    new = put.image_id if isinstance(put, PutParameter) else None if DeleteParameter in steps else old
    before, after = [_line(name, old)], [_line(name, new)]
    target = one.version or "(new)"
    for wanted in one.plan.wanted.labels:
        had = shown.labels.get(wanted) if shown else None
        moves = isinstance(label, LabelParameter) and wanted in label.labels
        before.append(_line(f"{name}:{wanted}", f"version {had}" if had else None))
        after.append(_line(f"{name}:{wanted}", f"version {target if moves else had}" if moves or had else None))
    return before, after


def _line(name: str, value: t.Any) -> str:
    return f"{name}: {value}\n" if value is not None else ""
