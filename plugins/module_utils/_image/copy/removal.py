# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what may be removed for state=absent: only what is provably this copy. No AWS, no Ansible."""

from __future__ import annotations

from ..errors import PreflightError
from ..model import KEY_TAG, Image, Snapshot
from ..proofs import snapshot_of_copy
from ..steps import DeleteSnapshot, Plan, Step
from .identity import Requirement, require_decidable
from .planner import Facts, deregistration


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
        ours = facts.lineage.proof(image)
        if ours is None:
            warnings.append(
                f"{image.region}: {image.image_id} is kept: {facts.lineage.doubt(image)}; deregister it by hand if it "
                "is not needed"
            )
            continue
        _require_unprotected(image)
        removed = removed or image
        steps.append(deregistration(ours, image, "state is absent"))
    steps += _plan_orphans(facts, orphans)
    if not steps:
        return Plan("unchanged", f"{region} has no such copy", None, warnings=tuple(warnings))
    devices = removed.devices if removed else ()
    return Plan(
        "removed", "state is absent", removed, after=tuple(steps), devices_before=devices, warnings=tuple(warnings)
    )


def _is_under_requirement(image: Image, requirement: Requirement) -> bool:
    return image.tags.get(KEY_TAG) == requirement.key_tag or requirement.is_met_by(image)


def _plan_orphans(facts: Facts, orphans: tuple[Snapshot, ...]) -> list[Step]:
    lineage, key_tag = facts.lineage, facts.requirement.key_tag
    proofs = [
        snapshot_of_copy(one, source_image_id=lineage.source_image_id, source_region=lineage.source_region)
        for one in orphans
        if one.tags.get(KEY_TAG) == key_tag
    ]
    return [DeleteSnapshot(proof, "left behind by a deregistered copy") for proof in proofs if proof]


def _require_unprotected(image: Image) -> None:
    if image.deregistration_protection.startswith("enabled"):
        raise PreflightError(
            f"image {image.image_id} in {image.region} has deregistration protection "
            f"({image.deregistration_protection}); disable it first"
        )
