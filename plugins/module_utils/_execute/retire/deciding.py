# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide on the images of a region that are due for a step by the evidence of what uses them.

The evidence that takes a call for each image is read of some images at a time, and no more of it once more images are
due than may be changed: then nothing is.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..._aws.attributes import launch_permissions
from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.image_use import OwnImage, locked_snapshots
from ..._aws.images import find_images, users_of
from ..._aws.recycle_bin import bin_rules
from ..._aws.snapshots import find_snapshots
from ..._image.model import Image
from ..._image.permissions import NOBODY, LaunchPermissions
from ..._image.retire.deregistering import LastFacts, decide_last
from ..._image.retire.groups import Sorted
from ..._image.retire.model import Decision
from ..._image.retire.planner import NOT_LOOKED_AT, decide, kept_by_use, needs_permissions
from ..._image.retire.recycle_bin import Rule
from ..._image.retire.request import RetireRequest
from ..._image.use import REPORTS, Use
from ..pace import Pace
from ..parallel import all_of, for_each
from ..use import read_use

_AT_ONCE: t.Final = 8
_CHANGED: t.Final = "it has changed while it was looked at; run the task again"


class Deciding:
    """The decisions on images of one region, for which a step is due if nothing uses them."""

    def __init__(self, region: Region, request: RetireRequest) -> None:
        self._region, self._request = region, request

    def decide(self, due: t.Sequence[Sorted]) -> dict[str, Decision]:
        """Return the decision on each image by its id."""
        checks = self._request.use.checks
        uses = self._uses(due, [one for one in checks if one != REPORTS])
        found = {}
        unused = []
        for one in due:
            use = uses[one.image.image_id]
            if use.in_use is False:
                unused.append(one)
            else:
                found[one.image.image_id] = Decision(one.image, "kept", kept_by_use(use), group=one.group, use=use)
        found.update(self._decide_until_limit(unused, uses))
        return found

    def _decide_until_limit(self, unused: t.Sequence[Sorted], uses: t.Mapping[str, Use]) -> dict[str, Decision]:
        """Read more of some images at a time, twice as many each time: where all are kept, few calls ask for each."""
        found: dict[str, Decision] = {}
        start, part, due = 0, self._request.limit + 1, 0
        while start < len(unused) and due <= self._request.limit:
            decided = self._decide_unused(unused[start : start + part], uses)
            due += sum(bool(one.steps) for one in decided.values())
            found.update(decided)
            start, part = start + part, 2 * part
        found.update((one.image.image_id, _not_looked_at(one, uses)) for one in unused[start:])
        return found

    def _uses(
        self,
        due: t.Sequence[Sorted],
        checks: t.Sequence[str],
        permissions: t.Mapping[str, LaunchPermissions] | None = None,
    ) -> dict[str, Use]:
        images = [one.image for one in due]
        request = dataclasses.replace(self._request.use, checks=tuple(checks))
        own = None if permissions is None else {one.image_id: _as_own(one) for one in images}
        found = read_use(self._region, images, request, permissions=permissions, own=own)
        return {one.image_id: found.get(one.image_id) or _nothing_known(one) for one in images}

    def _decide_unused(self, part: t.Sequence[Sorted], uses: t.Mapping[str, Use]) -> dict[str, Decision]:
        """Read the rest of what is to be known of these images, and decide.

        Somebody may change the state of an image at this moment, and then AWS shows other permissions. So what was read
        holds only where the state is still the same afterwards.
        """
        permissions = self._permissions(part)
        reported = self._uses(part, [REPORTS], permissions) if REPORTS in self._request.use.checks else {}
        facts = self._facts([one.image for one in part if one.image.state != "available"])
        still = find_images(self._region, [one.image.image_id for one in part], owners=["self"])
        now = Pace().now()
        found = {}
        for one in part:
            image = one.image
            use = uses[image.image_id]
            use = use.joined(reported[image.image_id]) if reported else use
            shown = still.get(image.image_id)
            if shown is None or shown.state != image.state:
                found[image.image_id] = Decision(image, "kept", _CHANGED, group=one.group, use=use)
            elif image.state == "available":
                found[image.image_id] = decide(one, use, permissions.get(image.image_id), self._request, now=now)
            else:
                found[image.image_id] = decide_last(one, use, facts, self._request, now=now)
        return found

    def _permissions(self, part: t.Sequence[Sorted]) -> dict[str, LaunchPermissions]:
        """Return who may launch images, of those for which it has to be known; of a disabled image, nobody."""
        now = Pace().now()
        nobody = {one.image.image_id: NOBODY for one in part if one.image.state != "available"}
        needed = [one.image.image_id for one in part if needs_permissions(one, self._request, now=now)]
        answers = for_each(needed, lambda image_id: launch_permissions(self._region, image_id), workers=_AT_ONCE)
        return {**nobody, **all_of(answers)}

    def _facts(self, images: t.Sequence[Image]) -> LastFacts:
        """Read what deregistering takes: who uses the snapshots, locks, and rules of the Recycle Bin."""
        snapshot_ids = sorted({snapshot_id for image in images for snapshot_id in image.snapshot_ids})
        if not images:
            return LastFacts({}, {})
        users: dict[str, set[str]] = {}
        for user in users_of(self._region, snapshot_ids) if snapshot_ids else ():
            for snapshot_id in user.snapshot_ids:
                users.setdefault(snapshot_id, set()).add(user.image_id)
        locked, trouble = self._locked
        rules, more = self._rules
        return LastFacts(
            find_snapshots(self._region, snapshot_ids, owned=True) if snapshot_ids else {},
            users,
            locked,
            rules,
            " ".join(one for one in (trouble, more) if one),
            self._region.knows("DeregisterImage", "DeleteAssociatedSnapshots"),
        )

    @functools.cached_property
    def _locked(self) -> tuple[frozenset[str] | None, str]:
        try:
            return frozenset(str(one.get("SnapshotId")) for one in locked_snapshots(self._region)), ""
        except AwsError as error:
            return None, str(error)

    @functools.cached_property
    def _rules(self) -> tuple[tuple[Rule, ...] | None, str]:
        if not self._request.require_recycle_bin:
            return (), ""
        try:
            return bin_rules(self._region), ""
        except AwsError as error:
            return None, str(error)


def _as_own(image: Image) -> OwnImage:
    return OwnImage(image.state, frozenset(image.snapshot_ids))


def _nothing_known(image: Image) -> Use:
    return Use(image.image_id, image.region, None, unknown=("nothing was read about its use",))


def _not_looked_at(one: Sorted, uses: t.Mapping[str, Use]) -> Decision:
    use = dataclasses.replace(uses[one.image.image_id], in_use=None, unknown=(NOT_LOOKED_AT,))
    return Decision(one.image, "kept", NOT_LOOKED_AT, group=one.group, use=use)
