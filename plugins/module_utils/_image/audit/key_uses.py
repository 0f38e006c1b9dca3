# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What else names a key than snapshots, and what is lost with it. No AWS, no Ansible, no clock."""

from __future__ import annotations

import typing as t

from ..aws_facts import USABLE_KEY_STATES
from ..model import Snapshot
from .model import AuditedKey, KeyUses, TemplateKey

Entry = dict[str, t.Any]


def is_named(key: AuditedKey, reference: str) -> bool | None:
    """Tell whether an id, ARN or alias means the key; None where it is an alias and those of the key are not known."""
    if "alias/" not in reference:
        return key.arn == reference or key.arn.endswith(f":key/{reference}")
    if key.aliases is None:
        return None
    place = key.arn.partition(":key/")[0]
    return reference in key.aliases or reference in [f"{place}:{alias}" for alias in key.aliases]


def uses_entry(key: AuditedKey, uses: KeyUses) -> Entry:
    """Return what the result says about a key beside its snapshots."""
    named = None if uses.templates is None else [(one, is_named(key, one.reference)) for one in uses.templates]
    templates = None
    if named is not None and all(is_meant is not None for _one, is_meant in named):
        templates = [_template(one) for one, is_meant in named if is_meant]
    return {
        "default_of_region": None if uses.default is None else is_named(key, uses.default),
        "launch_templates": templates,
        "grants": None if uses.grants is None else list(uses.grants),
        "shared_by_ram": uses.is_shared,
        "last_usage": uses.last_usage,
    }


def losses_entry(
    key: AuditedKey, uses: KeyUses, on_key: t.Sequence[Snapshot], users: t.Mapping[str, t.Sequence[str]], *, more: bool
) -> Entry:
    """Return what is lost once the key is disabled or deleted; ``on_key`` are the snapshots under it.

    ``more`` says that AWS hides images or associated keys which may change that.
    """
    images = {image_id for one in on_key for image_id in users.get(one.snapshot_id, ())}
    shut = {image_id for one in on_key if not one.associated_keys for image_id in users.get(one.snapshot_id, ())}
    locked = None if uses.locks is None else sorted(one.snapshot_id for one in on_key if one.snapshot_id in uses.locks)
    return {
        "locked_snapshot_ids": locked,
        "unusable_image_ids": sorted(shut),
        "at_risk": _is_at_risk(key, bool(images or locked), is_known=not more and locked is not None),
        "verdict": _verdict(key, len(shut), len(images - shut), more=more),
    }


def _is_at_risk(key: AuditedKey, is_needed: bool, *, is_known: bool) -> bool | None:
    if key.state in USABLE_KEY_STATES:
        return False
    if key.state is None or not (is_needed or is_known):
        return None
    return is_needed


def _verdict(key: AuditedKey, shut: int, openable: int, *, more: bool) -> str:
    when = "when the key is disabled or deleted"
    if key.state is not None and key.state not in USABLE_KEY_STATES:
        date = f" and is to be deleted on {key.deletion_date}" if key.deletion_date else ""
        when = f"while the key is {key.state}{date}"
    least = "at least " if more else ""
    first = f"{least}{_images(shut)} unusable {when}"
    others = f"; {_images(openable)} perhaps still opened by an associated key" if openable else ""
    return f"{first}{others}"


def _images(count: int) -> str:
    return f"{count} image{'' if count == 1 else 's'}"


def _template(one: TemplateKey) -> Entry:
    return {
        "template_id": one.template_id,
        "template_name": one.template_name,
        "version": one.version,
        "default": one.is_default,
        "device_name": one.device_name,
    }
