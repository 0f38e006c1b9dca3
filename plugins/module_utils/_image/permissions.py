# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Who may launch an image and use its snapshots. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t


@dataclasses.dataclass(frozen=True)
class LaunchPermissions:
    """Accounts, the group ``all``, organizations and organizational units (both as full ARNs)."""

    user_ids: frozenset[str] = frozenset()
    group_names: frozenset[str] = frozenset()
    org_arns: frozenset[str] = frozenset()
    org_unit_arns: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.user_ids or self.group_names or self.org_arns or self.org_unit_arns)

    def minus(self, other: LaunchPermissions) -> LaunchPermissions:
        """Return what is here and not in ``other``."""
        return LaunchPermissions(
            *(getattr(self, field.name) - getattr(other, field.name) for field in dataclasses.fields(self))
        )

    def plus(self, other: LaunchPermissions) -> LaunchPermissions:
        """Return what is here or in ``other``."""
        return LaunchPermissions(
            *(getattr(self, field.name) | getattr(other, field.name) for field in dataclasses.fields(self))
        )

    def common(self, other: LaunchPermissions) -> LaunchPermissions:
        """Return what is both here and in ``other``."""
        return self.minus(self.minus(other))

    @property
    def count(self) -> int:
        """Return how many entities are named; an organization counts as one."""
        return sum(len(getattr(self, field.name)) for field in dataclasses.fields(self))

    @property
    def for_snapshots(self) -> LaunchPermissions:
        """Return the part that create-volume permissions can express: snapshots know accounts and ``all`` only."""
        return LaunchPermissions(user_ids=self.user_ids, group_names=self.group_names)

    def to_dict(self) -> dict[str, list[str]]:
        """Return the sorted option form."""
        return {field.name: sorted(getattr(self, field.name)) for field in dataclasses.fields(self)}


NOBODY: t.Final = LaunchPermissions()


@dataclasses.dataclass(frozen=True)
class Sharing:
    """The permissions on an image and on each of its snapshots (by id) as AWS has them now."""

    image: LaunchPermissions = NOBODY
    snapshots: t.Mapping[str, LaunchPermissions] = dataclasses.field(default_factory=dict)
