# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One way to plan a copy, for the tables about plans."""

from __future__ import annotations

import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._image.copy.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.planner import plan_copy
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.request import expected_name
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import Plan
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    KEY_A,
    KEY_B,
    LINEAGE,
    a_request,
    a_requirement,
    an_image,
    fresh,
    required,
)

SOURCE = an_image(sda1=None, sdf=KEY_B)
SECOND_ID = "ami-000000000000000c1"
PENDING: dict[str, t.Any] = {"state": "pending"}
PROTECTED: dict[str, t.Any] = {"deregistration_protection": "enabled-without-cooldown"}
SHOWN: dict[str, t.Any] = {"sda1": KEY_A, "sdf": KEY_A}
OTHER_KEY: dict[str, t.Any] = {"sda1": KEY_B, "sdf": KEY_B, "key_tag": KEY_B}
ALIAS_DENIED = required(None, reference="alias/golden")
KEY_ID_DENIED = required(None, reference=KEY_A.rpartition("/")[2])
HELD = {
    "sharing": "sharing",
    "present_snapshot_tags": "snapshot_tags",
    "orphans": "loose",
    "living": "living",
    "asked": "asked",
    "launchable": "launchable",
}
BLANK = BlockDevice("/dev/sdz", encrypted=False, volume_size=100)


def plan(
    *images: Image,
    key: RequiredKey | None = None,
    source: Image | None = SOURCE,
    preserve: bool = False,
    **given: t.Any,
) -> Plan:
    """Return the plan for the source, under key A unless told otherwise, with these images in the destination."""
    held = {name: given.pop(name) for name in ("encryption_by_default", "place") if name in given}
    facts: dict[str, t.Any] = {name: given.pop(given_as) for given_as, name in HELD.items() if given_as in given}
    request = a_request(**{"encrypted": not preserve, "wait": True, **given})
    wanted = None if preserve else key or required(KEY_A, reference="alias/golden")
    requirement = a_requirement(wanted, source, **held)
    destination = request.destinations[0]
    facts["asked"] = fresh(facts.get("asked", ((requirement.key_tag, expected_name(request, destination, source)),)))
    return plan_copy(request, destination, Facts(LINEAGE, source, requirement, images, **facts))


def kinds(found: Plan) -> list[str]:
    """Return the names of the steps in order."""
    return [type(step).__name__ for step in found.steps]
