# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What hangs on a key: the snapshots that it opens, and the images that need them. No AWS, no Ansible, no clock."""

from __future__ import annotations

import typing as t

from ..model import Image, Snapshot
from .key_uses import losses_entry, uses_entry
from .model import AuditedKey, KeyUses, RegionAudit

Snapshots = t.Mapping[str, Snapshot]


def is_under(snapshot: Snapshot, arn: str) -> bool:
    """Tell whether it is the snapshot's own key."""
    return snapshot.kms_key_arn == arn


def is_opened_by(snapshot: Snapshot, arn: str) -> bool:
    """Tell whether the key is associated with the snapshot; AWS may name it by its id alone."""
    return any(one == arn or arn.endswith(f":key/{one}") for one in snapshot.associated_keys or ())


def images_on_keys(images: t.Iterable[Image], snapshots: Snapshots, arns: t.Collection[str]) -> list[Image]:
    """Return the images that one of the keys opens, and those of which that is not known."""
    return [one for one in images if _needs_any(one, snapshots, arns) or is_undecided(one, snapshots, arns)]


def is_undecided(image: Image, snapshots: Snapshots, arns: t.Collection[str]) -> bool:
    """Tell whether AWS hides what would tell whether the image is under one of the keys."""
    if not arns or image.root_device_type == "instance-store" or _needs_any(image, snapshots, arns):
        return False
    shown = [snapshots.get(one) for one in image.snapshot_ids]
    hidden = any(one is None or (one.encrypted is not False and one.kms_key_arn is None) for one in shown)
    return hidden or (image.state == "pending" and not shown)


def key_entries(audit: RegionAudit, to_key: t.Callable[[AuditedKey], dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return one entry for each key that was asked for; ``to_key`` says what is known of the key itself."""
    users: dict[str, list[str]] = {}
    for image in audit.images:
        for snapshot_id in image.snapshot_ids:
            users.setdefault(snapshot_id, []).append(image.image_id)
    keys = [audit.keys.get(arn, AuditedKey(arn)) for arn in dict.fromkeys(audit.asked.values())]
    return [{"region": audit.region, **to_key(key), **_entry(audit, key, users)} for key in keys]


def _entry(audit: RegionAudit, key: AuditedKey, users: t.Mapping[str, list[str]]) -> dict[str, t.Any]:
    """Return what would be lost with the key; what cannot be seen makes the entry a lower bound and says so."""
    arn, uses = key.arn, audit.uses.get(key.arn, KeyUses())
    found = sorted(audit.snapshots.values(), key=lambda one: one.snapshot_id)
    on_key = [one for one in found if is_under(one, arn) or is_opened_by(one, arn)]
    image_ids: dict[bool, set[str]] = {True: set(), False: set()}
    for one in on_key:
        image_ids[is_under(one, arn)].update(users.get(one.snapshot_id, ()))
    hidden = any(is_undecided(image, audit.snapshots, [arn]) for image in audit.images)
    under = [one for one in on_key if is_under(one, arn)]
    more = hidden or any(one.associated_keys is None for one in under)
    return {
        "image_ids": sorted(image_ids[True]),
        "associated_image_ids": sorted(image_ids[False]),
        "snapshots": [
            {
                "snapshot_id": one.snapshot_id,
                "volume_size": one.volume_size,
                "associated": not is_under(one, arn),
                "image_ids": sorted(users.get(one.snapshot_id, ())),
            }
            for one in on_key
        ],
        **uses_entry(key, uses),
        **losses_entry(key, uses, under, users, more=more),
    }


def _needs_any(image: Image, snapshots: Snapshots, arns: t.Collection[str]) -> bool:
    shown = [snapshots[one] for one in image.snapshot_ids if one in snapshots]
    return any(is_under(one, arn) or is_opened_by(one, arn) for one in shown for arn in arns)
