# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge whether the Recycle Bin retains what is taken away, rule by rule. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import Snapshot

IMAGES: t.Final = "EC2_IMAGE"
SNAPSHOTS: t.Final = "EBS_SNAPSHOT"
Pairs = tuple[tuple[str, t.Optional[str]], ...]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A retention rule: of what has one of the ``wanted`` tags, else of all that has no ``excluded`` one.

    A value of None is one that the rule does not name.
    """

    identifier: str
    kind: str
    days: int
    is_available: bool
    wanted: Pairs = ()
    excluded: Pairs = ()

    def surely_retains(self, kind: str, tags: t.Mapping[str, str]) -> bool:
        """Tell whether the rule retains something, whichever way AWS reads a pair without a value."""
        if not self._is_for(kind):
            return False
        if self.wanted:
            return any(tags.get(key) == (value or "") for key, value in self.wanted)
        return not _any_pair(tags, self.excluded)

    def may_retain(self, kind: str, tags: t.Mapping[str, str]) -> bool:
        """Tell whether the rule retains something by one way to read it at least."""
        if not self._is_for(kind):
            return False
        if self.wanted:
            return _any_pair(tags, self.wanted)
        return not any(tags.get(key) == (value or "") for key, value in self.excluded)

    def _is_for(self, kind: str) -> bool:
        return self.is_available and self.kind == kind and self.days > 0


@dataclasses.dataclass(frozen=True)
class Retention:
    """For how many days the bin retains an image, and the last of the snapshots that go with it; 0 for none."""

    image_days: int
    snapshot_days: int


def retention_of(
    image_tags: t.Mapping[str, str], snapshots: t.Sequence[Snapshot], rules: t.Sequence[Rule]
) -> Retention | str:
    """Return how long the bin retains an image and these snapshots of it, or say why the image could not come back.

    Of several rules the longest holds (aws_rules §18.1). An image cannot be restored without each of its snapshots, so
    that none of them may leave the bin before it.
    """
    sure = [one.days for one in rules if one.surely_retains(IMAGES, image_tags)]
    if not sure:
        return f"no available rule of the Recycle Bin retains it ({_count(rules, IMAGES)})"
    longest = max(one.days for one in rules if one.may_retain(IMAGES, image_tags))
    kept = []
    for snapshot in snapshots:
        if snapshot.place is None:
            return (
                f"the Recycle Bin takes no local snapshot, and the installed botocore cannot tell whether "
                f"{snapshot.snapshot_id} is one; update boto3 and botocore"
            )
        if snapshot.place:
            return f"the Recycle Bin does not take its snapshot {snapshot.snapshot_id}, which is in {snapshot.place}"
        days = max((one.days for one in rules if one.surely_retains(SNAPSHOTS, snapshot.tags)), default=0)
        if not days:
            return (
                f"no available rule of the Recycle Bin retains its snapshot {snapshot.snapshot_id} "
                f"({_count(rules, SNAPSHOTS)})"
            )
        if days < longest:
            return (
                f"the Recycle Bin would retain its snapshot {snapshot.snapshot_id} for {days} days and the image for "
                f"{longest}, so that the image could not be restored in the end; retain snapshots as long as images"
            )
        kept.append(days)
    return Retention(max(sure), max(kept, default=0))


def _any_pair(tags: t.Mapping[str, str], pairs: Pairs) -> bool:
    return any(key in tags and value in (None, "", tags[key]) for key, value in pairs)


def _count(rules: t.Sequence[Rule], kind: str) -> str:
    of_kind = [one for one in rules if one.kind == kind]
    pending = sum(not one.is_available for one in of_kind)
    return f"{len(of_kind)} rules for {kind}, {pending} of them not available yet"
