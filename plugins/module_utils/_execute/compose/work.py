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
from ..._image.aws_facts import TAG_SECONDS, VISIBILITY_SECONDS
from ..._image.compose.recipe import Recipe
from ..._image.compose.request import ComposeRequest
from ..._image.compose.steps import ComposePlan
from ..._image.errors import SealedError
from ..._image.outcome import Outcome
from ..._image.proofs import Proof
from ..pace import Outage, Pace
from ..sightings import Sightings

T = t.TypeVar("T")
P = t.TypeVar("P", bound=Proof)

_ATTEMPTS: t.Final = 6
_FIRST_PAUSE: t.Final = 2.0


class TimedOut(SealedError):
    """``wait_timeout`` is over."""


@dataclasses.dataclass
class Work:
    """One image being composed. ``deadline`` is in seconds since the epoch.

    ``made`` are the proofs of what this run has made; nothing else may be rolled back.
    """

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
    made: dict[str, Proof] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self._outage = Outage(self.pace.now)
        self.sightings = Sightings(self.pace.now)

    def note(self, *ids: str) -> None:
        """Write down what exists because of this run, so that a failure can name it."""
        self.outcome.changed = True
        known = (*self.outcome.created, *self.outcome.adopted)
        self.outcome.created += [one for one in ids if one and one not in known]

    def own(self, proof: Proof) -> None:
        """Write down what this run has made, and why that is certain."""
        self.note(proof.resource_id)
        self.made.setdefault(proof.resource_id, proof)

    def own_new(self, proof: Proof) -> None:
        """Write down what was made a moment ago: AWS may not show it for a while."""
        self.own(proof)
        self.hidden_until[proof.resource_id] = self.pace.now() + VISIBILITY_SECONDS

    def adopt(self, one: str) -> None:
        """Write down what another run has made and this one goes on with; it is not this run's to roll back."""
        if one not in (*self.outcome.created, *self.outcome.adopted):
            self.outcome.adopted.append(one)

    def proofs(self, kind: type[P]) -> list[P]:
        """Return the proofs of a kind for what this run has made and still exists."""
        return [proof for proof in self.made.values() if isinstance(proof, kind)]

    def look(self, read: t.Callable[[], T]) -> T | None:
        """Return what AWS shows; None while an outage is short, for AWS goes on with what it has begun."""
        try:
            shown = self.pace.read_until(self.deadline, read)
        except AwsError as error:
            if not self._outage.is_short(error):
                raise
            return None
        self._outage.ends()
        return shown

    def see(self, ids: t.Iterable[str], shown: t.Collection[str] | None) -> None:
        """Write down what one look at some resources has shown; None is no answer."""
        ids = list(ids)
        self.sightings.note(ids, shown)
        for one in ids:
            if shown is not None and one in shown:
                self.hidden_until.pop(one, None)

    def remove(self, one: str, remove: t.Callable[[], bool]) -> bool:
        """Remove it, again and again where AWS does not find it yet; return False where there was nothing to remove."""
        while not remove():
            if self.pace.now() >= self.hidden_until.get(one, 0.0):
                return False
            self.pace.sleep(5.0)
        self.hidden_until.pop(one, None)
        return True

    def forget(self, *ids: str) -> None:
        """Strike out what exists no more."""
        for one in ids:
            self.made.pop(one, None)
        self.outcome.created = [one for one in self.outcome.created if one not in ids]
        self.outcome.adopted = [one for one in self.outcome.adopted if one not in ids]

    def removed(self, one: str) -> None:
        """Write down what was there before, or is part of the result, and is removed."""
        self.forget(one)
        self.outcome.changed = True
        if one not in self.outcome.removed:
            self.outcome.removed.append(one)

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

    def create_once(self, create: t.Callable[[], Proof], find: t.Callable[[], str | None]) -> str:
        """Create something by a call without a client token, and return its id.

        Where AWS's answer was lost, ``find`` looks for what the call may have made before the call is repeated. What is
        found then may be another run's, so that it is not this run's to roll back.
        """
        pause = _FIRST_PAUSE
        for attempt in range(_ATTEMPTS):
            try:
                proof = create()
            except AwsError as error:
                if attempt == _ATTEMPTS - 1 or not (error.is_throttled or error.is_ambiguous):
                    raise
                found = self._look_for(find) if error.is_ambiguous else None
            else:
                self.own_new(proof)
                return proof.resource_id
            if found:
                self.outcome.changed = True
                self.adopt(found)
                return found
            self.pace.sleep(pause)
            pause *= 2
        raise ValueError("the last attempt returns or raises")

    def _look_for(self, find: t.Callable[[], str | None]) -> str | None:
        started = self.pace.now()
        while True:
            found = find()
            elapsed = self.pace.now() - started
            if found or elapsed >= TAG_SECONDS:
                return found
            self.pace.sleep(self.pace.next_delay(elapsed, longest=5.0))
