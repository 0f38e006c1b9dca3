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

from .._aws.errors import AwsError
from .._aws.retrying import retrying_until

T = t.TypeVar("T")
# So long AWS may be out of reach while copies are awaited; they go on all the same.
OUTAGE_SECONDS: t.Final = 300.0
# A look is worth its call once this share of the time so far has passed again.
_GROWTH: t.Final = 0.08
# While AWS shows no progress at all, nothing tells when it ends.
_GROWTH_UNKNOWN: t.Final = 0.25
# Below this, whole per cents tell little.
_ROUGH_PERCENT: t.Final = 10
_SECONDS_PER_GIB: t.Final = 0.1

_BEGAN: t.Final = time.time() - time.monotonic()


def steady_time() -> float:
    """Return the seconds since the epoch by the clock of the module's start, which nobody sets in the meantime.

    A step of the machine's clock is no time that has passed: it must end no wait, and make none longer.
    """
    return _BEGAN + time.monotonic()


@dataclasses.dataclass(frozen=True)
class Pace:
    """A clock in seconds since the epoch, a way to wait for it, and a spread so that many runs do not poll in step."""

    now: t.Callable[[], float] = steady_time
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
        counted = percent + 1 if percent < _ROUGH_PERCENT else percent
        remaining = elapsed * (100 - counted) / counted
        return min(max(1.0, remaining) * random.uniform(1, 1 + self.jitter / 4), longest)

    def read_until(self, deadline: float, read: t.Callable[[], T]) -> T:
        """Return what AWS shows; calls that it throttles are repeated until the deadline at most."""
        with retrying_until(lambda: deadline - self.now()):
            return read()

    def _spread(self, seconds: float) -> float:
        return seconds * random.uniform(1 - self.jitter, 1)


class Outage:
    """How long AWS has been out of reach while something is awaited that goes on all the same."""

    def __init__(self, now: t.Callable[[], float]) -> None:
        self._now = now
        self._silent_since: float | None = None

    def ends(self) -> None:
        """Note that AWS has answered."""
        self._silent_since = None

    def is_short(self, error: AwsError) -> bool:
        """Tell whether the error is one of an outage that may be waited for."""
        if not error.is_outage:
            return False
        now = self._now()
        self._silent_since = now if self._silent_since is None else self._silent_since
        return now - self._silent_since < OUTAGE_SECONDS
