# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What is read before a composed image is planned, and the snapshots of earlier runs among it. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import DEVICE_TAG, Image, Snapshot
from ..permissions import Sharing
from ..proofs import Proof
from .method import Method
from .ours import is_made_for
from .recipe import Recipe, RecipeDevice


@dataclasses.dataclass(frozen=True)
class ComposeFacts:
    """What AWS holds for one recipe, read before planning.

    ``images`` are the caller's of the wanted name, with their snapshots' keys; ``snapshots`` are all of theirs by id.
    ``leftovers`` are snapshots that earlier runs of the recipe have made and no image uses; ``remains`` are the proofs
    of their instances and volumes, and of snapshots that CreateImage made. ``account`` is the caller's, asked for where
    watermarks are.
    """

    recipe: Recipe
    source: Image
    method: Method
    images: tuple[Image, ...] = ()
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)
    sharing: Sharing | None = None
    leftovers: tuple[Snapshot, ...] = ()
    remains: tuple[Proof, ...] = ()
    account: str = ""


def sort_leftovers(recipe: Recipe, leftovers: t.Iterable[Snapshot]) -> tuple[dict[str, Snapshot], tuple[Snapshot, ...]]:
    """Return the snapshot to take over for each device, and those that no run can use.

    A snapshot is good when it is, or will be, complete under the device's key. Every run picks the same one; further
    good ones may belong to a run under way, and are swept up once there is an image.
    """
    by_name = {device.device_name: device for device in recipe.ebs_devices}
    good: dict[str, Snapshot] = {}
    useless = []
    for snapshot in sorted(leftovers, key=lambda one: (one.state != "completed", one.snapshot_id)):
        if not is_made_for(snapshot, recipe):
            continue
        device = by_name.get(snapshot.tags.get(DEVICE_TAG, ""))
        if device is None or not _is_good(snapshot, device):
            useless.append(snapshot)
        else:
            good.setdefault(device.device_name, snapshot)
    return good, tuple(useless)


def _is_good(snapshot: Snapshot, device: RecipeDevice) -> bool:
    if device.is_reusable or snapshot.state not in ("pending", "completed") or not snapshot.encrypted:
        return False
    if snapshot.state == "pending" and snapshot.kms_key_arn is None:
        return True
    return device.required_key.is_alone_on(snapshot)
