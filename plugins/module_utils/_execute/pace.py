# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Time, as the executor sees it, and how often it looks at AWS."""

from __future__ import annotations

import dataclasses
import random
import time
import typing as t

# How long AWS may hide an image that it has just named: "up to 2.5 minutes", AWS Support in packer issue 3377.
VISIBILITY_SECONDS: t.Final = 150.0
# An image that was seen may be hidden again for a moment; longer, and it is gone.
GONE_SECONDS: t.Final = 60.0
# So long AWS may be out of reach while copies are awaited; they go on all the same.
OUTAGE_SECONDS: t.Final = 300.0
# A look is worth its call once this share of the time so far has passed again.
_GROWTH: t.Final = 0.08
# While AWS shows no progress at all, the end is far.
_GROWTH_UNKNOWN: t.Final = 0.25
# Below this, whole per cents tell little.
_ROUGH_PERCENT: t.Final = 10
_SECONDS_PER_GIB: t.Final = 0.1


@dataclasses.dataclass(frozen=True)
class Pace:
    """A clock in seconds since the epoch, a way to wait for it, and a spread so that many runs do not poll in step."""

    now: t.Callable[[], float] = time.time
    sleep: t.Callable[[float], None] = time.sleep
    jitter: float = 0.1

    def first_delay(self, size_gib: int, *, longest: float) -> float:
        """Return the seconds until the first look at a copy: large ones cannot be done soon."""
        return self._spread(min(max(1.0, size_gib * _SECONDS_PER_GIB), longest))

    def next_delay(self, elapsed: float, *, longest: float) -> float:
        """Return the seconds until the next look: longer the longer it takes, up to ``longest``."""
        return self._spread(min(max(1.0, elapsed * _GROWTH), longest))

    def delay_by_progress(self, elapsed: float, percent: int, *, longest: float) -> float:
        """Return the seconds until the next look at a copy that AWS says is so far: when it should be done."""
        if percent <= 0:
            return self._spread(min(max(1.0, elapsed * _GROWTH_UNKNOWN), longest))
        # AWS says 1 % for all that is short of 2 %: of that little the rest may be half of what it seems.
        reckoned = percent + 1 if percent < _ROUGH_PERCENT else percent
        remaining = elapsed * (100 - reckoned) / reckoned
        return min(max(1.0, remaining) * random.uniform(1, 1 + self.jitter / 4), longest)

    def _spread(self, seconds: float) -> float:
        return seconds * random.uniform(1 - self.jitter, 1)
