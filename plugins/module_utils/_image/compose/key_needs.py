# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Say which keys the steps of a plan need. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import typing as t

from ..key_access import Need, need_for
from ..model import KmsKey
from .recipe import RecipeDevice
from .steps import ComposePlan, CopySnapshot, CreateVolume, LaunchInstance


def key_needs(plan: ComposePlan, region: str, described: t.Mapping[str, KmsKey | None]) -> list[Need]:
    """Return the keys of each device that the plan puts under its key; ``described`` are those of the content.

    Snapshots that are used as they are need none, nor does an image of an instance whose volumes have their keys.
    """
    if plan.recipe is None:
        return []
    launches = any(isinstance(step, LaunchInstance) for step in plan.work)
    made = {step.device_name for step in plan.work if isinstance(step, (CopySnapshot, CreateVolume))}
    devices = [one for one in plan.recipe.ebs_devices if launches or one.device_name in made]
    known = dict(described)
    for device in plan.recipe.ebs_devices:
        key = device.required_key
        if key.arn is not None and key.metadata is not None:
            known.setdefault(key.arn, key.metadata)
    return [_need(device, region, known) for device in devices]


def _need(device: RecipeDevice, region: str, described: t.Mapping[str, KmsKey | None]) -> Need:
    held = () if device.held_key_arn is None else (device.held_key_arn,)
    content = (device.snapshot_region or region, held)
    return need_for(content, (region, device.required_key), described, has_plain=not held)
