# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn outcomes into what a module returns: one shape whether a copy was made, found or predicted. No AWS."""

from __future__ import annotations

import typing as t

from .model import BUILDER_TAG, RUN_TAG, BlockDevice
from .outcome import Outcome, Predecessor
from .places import place_of
from .sentences import describe_step, one_line

Aliases = t.Mapping[str, str]
# A line for people names no more images of a kind than this.
_NAMED: t.Final = 4
_COLUMNS: t.Final = ("device", "snapshot", "GiB", "encrypted", "key")


def to_result(outcomes: t.Sequence[Outcome], *, single: bool) -> dict[str, t.Any]:
    """Return the module's result; ``image`` and ``image_id`` stand at the top level where one copy was asked for."""
    images = [to_entry(outcome) for outcome in outcomes]
    result: dict[str, t.Any] = {"changed": any(outcome.changed for outcome in outcomes), "images": images}
    if single:
        result.update(image_id=images[0]["image_id"], image=images[0])
    return result


def to_entry(outcome: Outcome) -> dict[str, t.Any]:
    """Return one entry of ``images``."""
    image = outcome.image
    entry: dict[str, t.Any] = {
        "image_id": (image.image_id or None) if image else None,
        "name": image.name if image else None,
        "state": _state(outcome),
        "region": outcome.target.region,
        "source_image_id": outcome.target.source_image_id,
        "source_region": outcome.target.source_region,
        "action": "failed" if outcome.error else outcome.action,
        "reason": outcome.reason,
        "snapshots": [_to_snapshot(device, outcome.key_aliases) for device in image.ebs_devices] if image else [],
        "tags": {key: value for key, value in image.tags.items() if key not in (BUILDER_TAG, RUN_TAG)} if image else {},
        "new_storage_gib": outcome.plan.new_storage_gib if outcome.plan else 0,
    }
    entry.update(_place(outcome))
    if outcome.target.instance_id:
        entry["instance_id"] = outcome.target.instance_id
    if outcome.plan:
        entry.update(outcome.plan.details)
    if outcome.removed:
        entry["removed"] = list(outcome.removed)
    if outcome.left:
        entry["left"] = list(outcome.left)
    if outcome.superseded:
        entry["superseded"] = [_to_superseded(one) for one in outcome.superseded]
    if outcome.error:
        entry.update(error=outcome.error, created=list(outcome.created))
        if outcome.adopted:
            entry["adopted"] = list(outcome.adopted)
    return entry


def summary(outcomes: t.Sequence[Outcome], *, is_predicted: bool = False) -> str:
    """Return one line for people: what became of every target, and under which keys the images are."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        would = "would be " if is_predicted and outcome.changed else ""
        groups.setdefault(f"{would}{outcome.action}", []).append(outcome)
    return ". ".join(_group(action, found) for action, found in groups.items())


def failure_message(outcomes: t.Sequence[Outcome]) -> str | None:
    """Return one message for all that failed, naming region and cause of each; None where nothing did."""
    failed = [outcome for outcome in outcomes if outcome.error]
    if not failed:
        return None
    head = f"{len(failed)} of {len(outcomes)} copies failed: " if len(outcomes) > 1 else ""
    return head + " | ".join(_failure(outcome) for outcome in failed)


def to_diff(outcomes: t.Sequence[Outcome]) -> list[dict[str, str]]:
    """Return Ansible's diff form: for each target that changes, a table of devices before and after."""
    return [_diff(outcome) for outcome in outcomes if outcome.changed and outcome.plan is not None]


def device_table(devices: t.Iterable[BlockDevice], aliases: Aliases) -> str:
    """Return one line for each device: what a person compares."""
    rows = [_COLUMNS, *(_row(device, aliases) for device in devices)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)
    return "\n".join(lines) + "\n"


def _group(action: str, outcomes: t.Sequence[Outcome]) -> str:
    shown = [_named(outcome) for outcome in outcomes[:_NAMED]]
    more = [f"{len(outcomes) - _NAMED} more"] if len(outcomes) > _NAMED else []
    count = f"{len(outcomes)} " if len(outcomes) > 1 else ""
    reasons = dict.fromkeys(outcome.reason for outcome in outcomes if not outcome.changed)
    why = f" ({next(iter(reasons))})" if len(reasons) == 1 else ""
    return f"{count}{action}: {'; '.join(shown + more)}{why}"


def _named(outcome: Outcome) -> str:
    image, region = outcome.image, outcome.target.where
    if image is None:
        return f"{outcome.target.source} in {region}"
    keys = _keys(image.ebs_devices, outcome.key_aliases) if outcome.action != "removed" else ""
    return one_line(f"{image.name or 'image'} {image.image_id}".rstrip()) + f" in {region}{keys}"


def _keys(devices: t.Sequence[BlockDevice], aliases: Aliases) -> str:
    """Say which keys devices are under, as far as AWS has shown it."""
    arns = dict.fromkeys(device.kms_key_arn or "a key chosen by AWS" for device in devices if device.encrypted)
    plain = [device for device in devices if device.encrypted is False]
    under = f" under {', '.join(aliases.get(arn, arn) for arn in arns)}" if arns else ""
    return f"{under}{', partly' if arns and plain else ''}{' unencrypted' if plain else ''}"


def _failure(outcome: Outcome) -> str:
    still = list(dict.fromkeys((*outcome.created, *outcome.adopted, *outcome.left)))
    created = f" [still there: {', '.join(still)}]" if still else ""
    target = outcome.target
    return f"{target.source} to {target.where}: {outcome.error}{created}"


def _state(outcome: Outcome) -> str:
    if outcome.image is None or outcome.action == "removed":
        return "absent"
    return outcome.image.state


def _to_superseded(one: Predecessor) -> dict[str, t.Any]:
    image, use = one.image, one.use
    undo = {
        "image_id": image.image_id,
        "region": image.region,
        "launch_permissions": one.permissions.to_dict(),
        "deprecation_time": image.deprecation_time,
    }
    return {
        "image_id": image.image_id,
        "name": image.name,
        "state": "disabled" if one.is_disabled else image.state,
        "in_use": use.in_use if use else None,
        "evidence": [*(reason.what for reason in use.reasons), *use.unknown] if use else [],
        "undo": undo,
    }


def _place(outcome: Outcome) -> dict[str, t.Any]:
    """Return where the snapshots lie, by AWS if it has shown them: null for the region itself."""
    name = place_of(outcome.image) if outcome.image else None
    name = outcome.target.place.name if name is None else name
    is_outpost = name.startswith("arn:")
    return {"availability_zone": None if is_outpost else name or None, "outpost_arn": name if is_outpost else None}


def _to_snapshot(device: BlockDevice, aliases: Aliases) -> dict[str, t.Any]:
    return {
        "device_name": device.device_name,
        "snapshot_id": device.snapshot_id,
        "encrypted": device.encrypted,
        "kms_key_arn": device.kms_key_arn,
        "kms_key_alias": aliases.get(device.kms_key_arn or ""),
        "associated_kms_key_arns": None if device.associated_keys is None else list(device.associated_keys),
        "volume_size": device.volume_size,
    }


def _row(device: BlockDevice, aliases: Aliases) -> tuple[str, ...]:
    if not device.is_ebs:
        return (device.device_name, device.virtual_name or "none", "-", "-", "-")
    encrypted = "?" if device.encrypted is None else "yes" if device.encrypted else "no"
    key = device.kms_key_arn or ("chosen by AWS" if device.encrypted else "-")
    if key in aliases:
        key = f"{aliases[key]} ({key})"
    key = ", also ".join((key, *(device.associated_keys or ())))
    return (device.device_name, device.snapshot_id or "(new)", str(device.volume_size), encrypted, key)


def _diff(outcome: Outcome) -> dict[str, str]:
    plan, target = outcome.plan, outcome.target
    header = f"{target.source} ({target.source_region}) in {target.where}"
    before = _facts(plan.devices_before if plan else (), outcome.key_aliases)
    after = _after(outcome)
    return {"before_header": header, "after_header": f"{header}: {outcome.action}", "before": before, "after": after}


def _after(outcome: Outcome) -> str:
    """Return the devices as they are then, and one line for each step that leads there."""
    image = None if outcome.action == "removed" else outcome.image
    steps = [describe_step(step) for step in outcome.plan.steps] if outcome.plan else []
    return _facts(image.devices if image else (), outcome.key_aliases) + "".join(f"{step}\n" for step in steps)


def _facts(devices: t.Sequence[BlockDevice], aliases: Aliases) -> str:
    return device_table(devices, aliases) if devices else ""
