# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell what AWS does not show yet from what is gone: the one place where that is decided."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.images import find_images
from .._image.aws_facts import CLOCK_SECONDS, GONE_SECONDS, VISIBILITY_SECONDS
from .._image.model import Image, Snapshot
from .._image.timestamps import parse_timestamp
from .pace import Pace

_LONGEST_DELAY: t.Final = 15.0


class Sightings:
    """What AWS has shown of some resources, look by look.

    One is gone once answers without it have come for long enough: the longer time for what was never seen, since AWS
    hides what is new. An answer that did not come proves nothing, and the time begins again after it.
    """

    def __init__(self, now: t.Callable[[], float]) -> None:
        self._now = now
        self._seen: set[str] = set()
        self._missing_since: dict[str, float] = {}

    def note(self, ids: t.Iterable[str], shown: t.Collection[str] | None) -> None:
        """Write down one look at the resources; ``shown`` is None where AWS did not answer."""
        for one in ids:
            if shown is None:
                self._missing_since.pop(one, None)
            elif one in shown:
                self._seen.add(one)
                self._missing_since.pop(one, None)
            else:
                self._missing_since.setdefault(one, self._now())

    def was_seen(self, one: str) -> bool:
        """Tell whether AWS has ever shown it."""
        return one in self._seen

    def is_gone(self, one: str) -> bool:
        """Tell whether it has been missing for longer than AWS may hide it."""
        since = self._missing_since.get(one)
        patience = GONE_SECONDS if one in self._seen else VISIBILITY_SECONDS
        return since is not None and self._now() - since >= patience


def living_images(
    region: Region,
    snapshots: t.Sequence[Snapshot],
    made_for: t.Callable[[Snapshot], str],
    pace: Pace,
    *,
    awaited: t.Container[str] | None = None,
) -> frozenset[str]:
    """Return the images of the caller that snapshots were made for, by AWS's descriptions, and that are there.

    AWS may hide an image of which it shows the snapshots: one empty look at a young one proves nothing. Of those only
    ``awaited`` are waited for, where it is given: what stays in any case is not worth the time.
    """

    def look() -> dict[str, Image]:
        return find_images(region, {made_for(one) for one in snapshots} - {""}, owners=("self",)) if snapshots else {}

    shown, now = look(), pace.now()
    doubtful = [one for one in snapshots if awaited is None or one.snapshot_id in awaited]
    young = {made_for(one) for one in doubtful if may_be_hidden(one.start_time, now)} - {""} - shown.keys()
    if young:
        shown = _await_shown(young, look, pace)
    return frozenset(image_id for image_id, image in shown.items() if image.state != "deregistered")


def may_be_hidden(made: str, now: float) -> bool:
    """Tell whether AWS may still hide what was made at that time by its clock; a time that is not known is now."""
    moment = parse_timestamp(made)
    return moment is None or now - moment < VISIBILITY_SECONDS + CLOCK_SECONDS


def _await_shown(ids: t.Collection[str], look: t.Callable[[], dict[str, Image]], pace: Pace) -> dict[str, Image]:
    """Return what a look shows once all that it does not show is gone."""
    sightings, began = Sightings(pace.now), pace.now()
    while True:
        shown = look()
        sightings.note(ids, shown)
        if all(one in shown or sightings.is_gone(one) for one in ids):
            return shown
        pace.sleep(pace.next_delay(pace.now() - began, longest=_LONGEST_DELAY))
