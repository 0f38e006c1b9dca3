# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say in a sentence what a step does, for people who read a plan. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import typing as t

from .attribute_table import VALUE_ROWS
from .model import user_tags
from .permissions import LaunchPermissions
from .steps import (
    AddWatermark,
    CopyImage,
    DeleteSnapshot,
    DeregisterImage,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetInstanceTypes,
    SetTags,
    SetValue,
    ShareSnapshot,
)


def describe_step(step: t.Any) -> str:
    """Return a step as one line; the steps of one kind of work alone have a sentence of their own."""
    describe = _SENTENCES.get(type(step))
    return describe(step) if describe else str(step.sentence)


def _copy_image(step: CopyImage) -> str:
    key = f"under key {step.kms_key_id}" if step.kms_key_id else "with the encryption status of each snapshot"
    place = f" to {step.place.shown}, where its keys are final" if step.place.is_local else ""
    return f"copy image {step.source_image_id} of {step.source_region}{place} as {step.name!r} {key}"


def _deregister(step: DeregisterImage) -> str:
    snapshots = f" and delete its snapshots {', '.join(step.snapshot_ids)}" if step.snapshot_ids else ""
    return f"deregister image {step.image_id}{snapshots} ({step.reason})"


def _delete_snapshot(step: DeleteSnapshot) -> str:
    return f"delete snapshot {step.snapshot_id} ({step.reason})"


def _set_tags(step: SetTags) -> str:
    added, removed = (_tags(tags) for tags in (step.add, step.remove))
    changes = [*([f"set {added}"] if added else []), *([f"remove {removed}"] if removed else [])]
    what = ", ".join(one for one in step.resource_ids if one) or "the new image"
    return f"change the tags of {step.kind} {what}: {', '.join(changes)}"


def _tags(tags: t.Mapping[str, str]) -> str:
    shown = user_tags(tags) or tags
    return ", ".join(one_line(f"{key}={value}") for key, value in sorted(shown.items()))


def one_line(text: str) -> str:
    """Return a text of a user's as it is if it stays on one line, else with its control characters spelled out."""
    return text if text.isprintable() else ascii(text)


def _launch_permissions(step: ModifyLaunchPermissions) -> str:
    return f"change who may launch the image: {_permissions(step.add, step.remove)}"


def _snapshot_permissions(step: ModifySnapshotPermissions) -> str:
    return f"change who may create volumes from snapshot {step.snapshot_id}: {_permissions(step.add, step.remove)}"


def _permissions(add: LaunchPermissions, remove: LaunchPermissions) -> str:
    shown = [(word, _who(who)) for word, who in (("allow", add), ("no longer allow", remove)) if who]
    return "; ".join(f"{word} {who}" for word, who in shown)


def _who(permissions: LaunchPermissions) -> str:
    return ", ".join(one for names in permissions.to_dict().values() for one in names)


def _deprecation(step: SetDeprecation) -> str:
    return f"deprecate the image from {step.deprecate_at}" if step.deprecate_at else "remove the image's deprecation"


_SENTENCES: t.Final[dict[type, t.Callable[[t.Any], str]]] = {
    CopyImage: _copy_image,
    DeregisterImage: _deregister,
    DeleteSnapshot: _delete_snapshot,
    SetDescription: lambda step: f"set the image's description to {step.description!r}",
    SetTags: _set_tags,
    ModifyLaunchPermissions: _launch_permissions,
    ModifySnapshotPermissions: _snapshot_permissions,
    ShareSnapshot: lambda step: f"share the snapshot of {step.device_name} with {_who(step.add)}",
    SetDeprecation: _deprecation,
    SetDeregistrationProtection: lambda step: f"turn deregistration protection to {step.protection}",
    SetValue: lambda step: VALUE_ROWS[step.attribute].does,
    AddWatermark: lambda step: f"attach watermark {step.watermark!r} to the image",
    SetInstanceTypes: lambda step: f"limit the instance types of the image to: {step.types}",
}
