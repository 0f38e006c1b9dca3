# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell what AWS does not show yet from what is gone: the one place where that is decided."""

from __future__ import annotations

import typing as t

from .._image.aws_facts import GONE_SECONDS, VISIBILITY_SECONDS


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
