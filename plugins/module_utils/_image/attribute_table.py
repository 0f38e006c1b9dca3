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
    what setting it does. ``meaning`` documents the option, and ``parts`` those within it.
    """

    name: str
    argument: t.Mapping[str, t.Any]
    answer: str = "text"
    of_destination: bool = True
    shown: str = ""
    does: str = ""
    meaning: tuple[str, ...] = ()
    parts: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

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
    Row(
        "watermarks",
        {"type": "list", "elements": "str"},
        answer="names",
        meaning=(
            "Watermarks to attach once the image is available and verified, such as V(golden-approved).",
            "AWS keeps each under the account that attaches it and carries it into copies and images of instances. An "
            "image has 5 at most, a public one none. Those that are there and not listed stay.",
            "Needs a recent botocore; one that does not know watermarks is refused.",
        ),
    ),
    Row(
        "instance_type_specification",
        {
            "type": "dict",
            "options": {
                name: {"type": "list", "elements": "str"}
                for name in ("supported_instance_types", "unsupported_instance_types")
            },
        },
        answer="dict",
        meaning=(
            "On which instance types the image can be launched, complete; both lists empty lift every limit.",
            "Needs a recent botocore; one that does not know this limit is refused.",
        ),
        parts={
            "supported_instance_types": "The only types that it can be launched on, such as V(m7i.large) or V(t3.*).",
            "unsupported_instance_types": "Types that it cannot be launched on.",
        },
    ),
)
# Those that are a single value, set by ModifyImageAttribute.
VALUE_ROWS: t.Final = {row.name: row for row in ATTRIBUTE_ROWS if row.shown}
