# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The attributes of an image apart from its content, one row each. Nothing in this file talks to AWS or to Ansible.

Argument specifications, options of a destination, settings of the inventory and simple values are read from here.
``make options`` writes what a new row needs into documentation, roles and playbooks, and the unit tests compare both.
"""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class Row:
    """One attribute: its option, and what people type for it.

    ``answer`` is the kind that the filter ``sealed.ami.answer`` reads. ``shown`` is the member of DescribeImages and of
    ModifyImageAttribute where the attribute is a single value that AWS never takes back, and ``does`` says in a plan
    what setting it does. ``meaning`` documents the option.
    """

    name: str
    argument: t.Mapping[str, t.Any]
    answer: str = "text"
    of_destination: bool = True
    shown: str = ""
    does: str = ""
    meaning: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the values that the option takes; none where it takes any."""
        return tuple(self.argument.get("choices", ()))


_PERMISSIONS: t.Final = {
    "type": "dict",
    "options": {
        name: {"type": "list", "elements": "str"} for name in ("user_ids", "group_names", "org_arns", "org_unit_arns")
    },
}

ATTRIBUTE_ROWS: t.Final = (
    Row("description", {"type": "str"}),
    Row("tags", {"type": "dict", "aliases": ["resource_tags"]}, answer="tags"),
    Row("purge_tags", {"type": "bool", "default": True}, answer="bool", of_destination=False),
    Row("snapshot_tags", {"type": "dict"}, answer="tags"),
    Row("launch_permissions", _PERMISSIONS, answer="dict"),
    Row("deprecate_at", {"type": "str"}),
    Row(
        "deregistration_protection",
        {"type": "str", "choices": ["enabled", "enabled-with-cooldown", "disabled"]},
    ),
    Row(
        "imds_support",
        {"type": "str", "choices": ["v2.0"]},
        shown="ImdsSupport",
        does="have instances of the image require IMDSv2",
        meaning=(
            "With V(v2.0), instances of the image require IMDSv2 unless their launch says otherwise.",
            "AWS never takes it back, so leave it out where the software in the image does not support IMDSv2.",
        ),
    ),
)
# Those that are a single value, set by ModifyImageAttribute.
VALUE_ROWS: t.Final = {row.name: row for row in ATTRIBUTE_ROWS if row.shown}
