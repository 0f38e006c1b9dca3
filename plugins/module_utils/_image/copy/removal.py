# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide what may be removed for state=absent: only what is provably this copy. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from ..errors import PreflightError
from ..model import KEY_TAG, PLACE_TAG, Image
from ..places import places_of, shown_place
from ..steps import Plan, SetDeregistrationProtection, Step
from .cleanup import deregistration, is_protected, plan_orphans
from .facts import Facts
from .identity import Requirement, require_decidable, require_keys_shown, require_places_shown


def plan_removal(facts: Facts, *, region: str, unprotect: bool) -> Plan:
    """Return the plan that removes the copy of one source under the required key, and snapshots it left behind.

    ``unprotect`` says that deregistration protection may be taken off for that.
    """
    require_decidable(facts.images, facts.lineage, facts.requirement)
    require_places_shown(facts.images, facts.lineage, facts.requirement)
    require_keys_shown(facts.images, facts.lineage, facts.requirement)
    steps: list[Step] = []
    warnings: list[str] = []
    removed: Image | None = None
    for image in facts.images:
        ours = facts.proof(image)
        if not facts.lineage.is_of(image) or image.state == "deregistered":
            continue
        if facts.requirement.is_elsewhere(image):
            warnings += [_kept_elsewhere(image)] if ours else []
        elif not _is_under_requirement(image, facts.requirement):
            warnings += [_kept_under_other_key(image)] if ours else []
        elif ours is None:
            warnings.append(
                f"{image.region}: {image.image_id} is kept: {facts.doubt(image)}; deregister it by hand if it "
                "is not needed"
            )
        else:
            steps += _unprotection(image, unprotect=unprotect)
            removed = removed or image
            steps.append(deregistration(ours, image, "state is absent", facts.hidden_snapshots(image)))
    steps += plan_orphans(facts, other_keys=False)
    if not steps:
        return Plan("unchanged", _no_copy(region, facts), None, warnings=tuple(warnings))
    devices = removed.devices if removed else ()
    return Plan(
        "removed", "state is absent", removed, after=tuple(steps), devices_before=devices, warnings=tuple(warnings)
    )


def _is_under_requirement(image: Image, requirement: Requirement) -> bool:
    return image.tags.get(KEY_TAG) == requirement.key_tag or requirement.is_met_by(image)


def _no_copy(region: str, facts: Facts) -> str:
    key, place = facts.requirement.key, facts.requirement.place
    what = f"{region} has no copy under key {key.shown}" if key else f"{region} has no such copy"
    return f"{what} in {place.shown}" if place.is_local else what


def _kept_elsewhere(image: Image) -> str:
    """Name a copy of ours that stays: it is the copy of another place."""
    where = " and ".join(map(shown_place, places_of(image.devices))) or shown_place(image.tags.get(PLACE_TAG, ""))
    return (
        f"{image.region}: {image.image_id}, a copy of the same source in {where}, is kept; to remove it, name that "
        "place in a destination"
    )


def _kept_under_other_key(image: Image) -> str:
    """Name a copy of ours that stays: a default key or an alias may stand for another key than it did."""
    keys = ", ".join(sorted(image.kms_key_arns)) or image.tags.get(KEY_TAG, "unknown")
    return (
        f"{image.region}: {image.image_id}, a copy of the same source under {keys}, is kept; to remove it, pass that "
        "key as kms_key_id"
    )


def _unprotection(image: Image, *, unprotect: bool) -> t.Iterator[Step]:
    """Return the step that takes the protection off, or say why that cannot be, or not be asked for."""
    if not is_protected(image):
        return
    what = f"image {image.image_id} in {image.region} has deregistration protection ({image.deregistration_protection})"
    if not unprotect:
        raise PreflightError(f"{what}; pass deregistration_protection=disabled to have it taken off and removed")
    if "with-cooldown" in image.deregistration_protection:
        raise PreflightError(
            f"{what}, which lasts 24 hours after it is taken off; run the task with state=present and "
            "deregistration_protection=disabled first, and remove it a day later"
        )
    yield SetDeregistrationProtection("disabled", image.image_id)
