# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the executors of one composed image share: where, until when, and what exists because of this run."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._image.aws_facts import TAG_SECONDS
from ..._image.compose.recipe import Recipe
from ..._image.compose.request import ComposeRequest
from ..._image.compose.steps import ComposePlan
from ..._image.errors import SealedError
from ..._image.outcome import Outcome
from ..pace import OUTAGE_SECONDS, VISIBILITY_SECONDS, Pace

T = t.TypeVar("T")

_ATTEMPTS: t.Final = 6
_FIRST_PAUSE: t.Final = 2.0


class TimedOut(SealedError):
    """``wait_timeout`` is over."""


@dataclasses.dataclass
class Work:
    """One image being composed. ``deadline`` is in seconds since the epoch."""

    region: Region
    source_region: Region
    request: ComposeRequest
    recipe: Recipe
    plan: ComposePlan
    outcome: Outcome
    pace: Pace
    deadline: float
    warn: t.Callable[[str], None]
    uefi_data: str | None = None
    hidden_until: dict[str, float] = dataclasses.field(default_factory=dict)
    silent_since: float = 0.0

    def note(self, *ids: str) -> None:
        """Write down what exists because of this run, so that a failure can name it."""
        self.outcome.changed = True
        self.outcome.created += [one for one in ids if one and one not in self.outcome.created]

    def look(self, read: t.Callable[[], T]) -> T | None:
        """Return what AWS shows; None while an outage is short, for AWS goes on with what it has begun."""
        now = self.pace.now()
        try:
            shown = self.pace.read_until(self.deadline, read)
        except AwsError as error:
            self.silent_since = self.silent_since or now
            if not error.is_outage or now - self.silent_since >= OUTAGE_SECONDS:
                raise
            return None
        self.silent_since = 0.0
        return shown

    def note_new(self, one: str) -> None:
        """Write down what was made a moment ago: AWS may not show it for a while."""
        self.note(one)
        self.hidden_until[one] = self.pace.now() + VISIBILITY_SECONDS

    def see(self, one: str) -> None:
        """Write down that AWS shows it now."""
        self.hidden_until.pop(one, None)

    def remove(self, one: str, remove: t.Callable[[str], bool]) -> bool:
        """Remove it, again and again where AWS does not find it yet; return False where there was nothing to remove."""
        while not remove(one):
            if self.pace.now() >= self.hidden_until.get(one, 0.0):
                return False
            self.pace.sleep(5.0)
        self.see(one)
        return True

    def forget(self, *ids: str) -> None:
        """Strike out what exists no more."""
        self.outcome.created = [one for one in self.outcome.created if one not in ids]

    def rest(self, seconds: float, *, awaited: str) -> None:
        """Sleep, or say that the time is over and what was being waited for."""
        now = self.pace.now()
        if now >= self.deadline:
            raise TimedOut(f"wait_timeout of {self.request.wait_timeout} s is over and {awaited} in {self.region.name}")
        self.pace.sleep(max(0.05, min(seconds, self.deadline - now)))

    def delay(self, started: float, *, percent: int | None = None) -> float:
        """Return the seconds until the next look at something that began at ``started`` and is so far, if AWS says."""
        elapsed, longest = self.pace.now() - started, float(self.request.wait_delay)
        if percent is None:
            return self.pace.next_delay(elapsed, longest=longest)
        return self.pace.delay_by_progress(elapsed, percent, longest=longest)

    def create_once(self, create: t.Callable[[], str], find: t.Callable[[], str | None]) -> str:
        """Create something by a call without a client token, and return its id.

        Where AWS's answer was lost, ``find`` looks for what the call may have made before the call is repeated.
        """
        pause = _FIRST_PAUSE
        for _attempt in range(_ATTEMPTS - 1):
            try:
                return create()
            except AwsError as error:
                if not error.is_throttled and not error.is_ambiguous:
                    raise
                found = self._look_for(find) if error.is_ambiguous else None
            if found:
                return found
            self.pace.sleep(pause)
            pause *= 2
        return create()

    def _look_for(self, find: t.Callable[[], str | None]) -> str | None:
        started = self.pace.now()
        while True:
            found = find()
            elapsed = self.pace.now() - started
            if found or elapsed >= TAG_SECONDS:
                return found
            self.pace.sleep(self.pace.next_delay(elapsed, longest=5.0))
