# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What a person should know who publishes an image, and AWS does not say. Nothing in this file talks to AWS."""

from __future__ import annotations

import typing as t

from ..model import Image
from .facts import Group, Version
from .plan import TemplatePlan
from .steps import CreateVersion


def template_warnings(plan: TemplatePlan) -> list[str]:
    """Return what in the template beats the image, or is lost with a new version (aws_rules §20)."""
    version = plan.before.counting
    creates = any(isinstance(step, CreateVersion) for step in plan.steps)
    found = [_mapping_warning(plan.name, version, mapping) for mapping in version.mappings()]
    lost = [_lost_snapshot(plan.name, version, mapping) for mapping in version.mappings()] if creates else []
    return [one for one in (*found, *lost) if one]


def _mapping_warning(name: str, version: Version, mapping: t.Mapping[str, t.Any]) -> str:
    ebs = mapping.get("Ebs") or {}
    what = f"launch template {name}: version {version.number} maps {mapping.get('DeviceName')}"
    if ebs.get("KmsKeyId"):
        return (
            f"{what} with KmsKeyId {ebs['KmsKeyId']}: instances will run under that key, not under the image's; "
            "take it out of the template unless that is meant"
        )
    if ebs.get("Encrypted") is not None:
        return (
            f"{what} with Encrypted={str(ebs['Encrypted']).lower()}, which has precedence over the image; take it out "
            "of the template unless that is meant"
        )
    return ""


def _lost_snapshot(name: str, version: Version, mapping: t.Mapping[str, t.Any]) -> str:
    snapshot = (mapping.get("Ebs") or {}).get("SnapshotId")
    if not snapshot:
        return ""
    return (
        f"launch template {name}: version {version.number} maps {mapping.get('DeviceName')} from {snapshot}, which AWS "
        "leaves out of a version made of it; the new version takes the image's snapshot, or an empty volume"
    )


def group_warnings(plans: t.Sequence[TemplatePlan], groups: t.Sequence[Group], image: Image) -> list[str]:
    """Return where Auto Scaling groups do not follow the template, or cannot take the image (aws_rules §17.3, §20)."""
    names = {plan.before.template_id: plan.name for plan in plans}
    warnings = []
    for group in groups:
        used = ", ".join(sorted(names[one] for one in group.templates if one in names))
        others = sorted({one for one in group.override_images if one != image.image_id})
        if others:
            warnings.append(
                f"launch template {used}: Auto Scaling group {group.name} has overrides that name {', '.join(others)}; "
                "they launch that image whatever the template says"
            )
        if group.replaces_root and len(image.ebs_devices) > 1:
            warnings.append(
                f"launch template {used}: Auto Scaling group {group.name} refreshes by ReplaceRootVolume, which "
                f"refuses images of several volumes, and {image.image_id} has {len(image.ebs_devices)}; replace "
                "instances instead"
            )
    return warnings
