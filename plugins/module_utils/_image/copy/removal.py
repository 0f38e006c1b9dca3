# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what may be removed for state=absent: only what is provably this copy. No AWS, no Ansible."""

from __future__ import annotations

from ..errors import PreflightError
from ..model import KEY_TAG, SOURCE_TAG, Image, Snapshot
from ..proofs import tags_are_true
from ..steps import DeleteSnapshot, DeregisterImage, Plan, Step
from .identity import Lineage, Requirement, require_decidable
from .planner import Facts


def plan_removal(facts: Facts, *, region: str, orphans: tuple[Snapshot, ...]) -> Plan:
    """Return the plan that removes the copy of one source under the required key, and snapshots it left behind.

    ``orphans`` are snapshots that no image uses and that came from a copy; they are judged here by tags and key.
    """
    require_decidable(facts.images, facts.lineage, facts.requirement)
    steps: list[Step] = []
    warnings: list[str] = []
    removed: Image | None = None
    for image in facts.images:
        if not facts.lineage.is_of(image) or not _is_under_requirement(image, facts.requirement):
            continue
        doubt = _doubt(image, facts.lineage, facts.requirement)
        if doubt:
            warnings.append(f"{image.region}: {image.image_id} is kept: {doubt}; deregister it by hand if it is")
            continue
        _require_unprotected(image)
        removed = removed or image
        steps.append(DeregisterImage(image.image_id, image.snapshot_ids, "state is absent"))
    steps += [
        DeleteSnapshot(snapshot.snapshot_id, "left behind by a deregistered copy")
        for snapshot in orphans
        if _is_ours(snapshot, facts.lineage, facts.requirement)
    ]
    if not steps:
        return Plan("unchanged", f"{region} has no such copy", None, warnings=tuple(warnings))
    devices = removed.devices if removed else ()
    return Plan(
        "removed", "state is absent", removed, after=tuple(steps), devices_before=devices, warnings=tuple(warnings)
    )


def _is_under_requirement(image: Image, requirement: Requirement) -> bool:
    return image.tags.get(KEY_TAG) == requirement.key_tag or requirement.is_met_by(image)


def _is_ours(snapshot: Snapshot, lineage: Lineage, requirement: Requirement) -> bool:
    tagged = snapshot.tags.get(SOURCE_TAG) == lineage.tag and snapshot.tags.get(KEY_TAG) == requirement.key_tag
    return tagged and tags_are_true(snapshot)


def _doubt(image: Image, lineage: Lineage, requirement: Requirement) -> str | None:
    """Say why an image is not proven to be this copy."""
    if not lineage.is_proven(image):
        missing = "AWS's lineage" if image.source_image_id is None else "this collection's tags"
        return f"it lacks {missing}, so it is not proven to be this collection's copy"
    known = image.state == "available" and all(device.is_known for device in image.snapshot_devices)
    if known and requirement.key is not None and not requirement.is_met_by(image):
        return "its tags name this key, but its snapshots are not under it, so it is not proven to be this copy"
    return None


def _require_unprotected(image: Image) -> None:
    if image.deregistration_protection.startswith("enabled"):
        raise PreflightError(
            f"image {image.image_id} in {image.region} has deregistration protection "
            f"({image.deregistration_protection}); disable it first"
        )
