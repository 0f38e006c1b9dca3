# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove instances and volumes, each with the proof that it is ours, and look afterwards whether they are gone."""

from __future__ import annotations

import typing as t

from ..._aws.errors import AwsError
from ..._aws.instances import find_instance, terminate_instance
from ..._aws.volumes import delete_volume, find_volumes, is_volume_gone
from ..._image.compose.ours import added_devices, volume_proof
from ..._image.compose.steps import TearDownStep
from ..._image.errors import SealedError
from ..._image.model import Snapshot
from ..._image.proofs import MayDeleteVolume, MayTerminate, Proof
from .remains import Search
from .work import Work

P = t.TypeVar("P", bound=Proof)
T = t.TypeVar("T")

# Its own time: a timeout of the task must not keep an instance alive.
_PATIENCE: t.Final = 900.0
_NOT_YET_CODES: t.Final = ("VolumeInUse", "IncorrectState")


def tear_down(
    work: Work, steps: t.Iterable[TearDownStep], *, search: bool = False, snapshots: t.Iterable[Snapshot] = ()
) -> None:
    """Do the steps: remove what they name, and what this run has made on the way.

    With ``search``, what other runs of this recipe have left goes too; ``snapshots`` name volumes that a filter by tag
    does not find yet. Trouble with one does not keep the others; the
    first trouble is raised in the end, and what stays is still noted.
    """
    TearDown(work, snapshots).run(steps, search=search)


class TearDown:
    """One end of everything on the way to an image."""

    def __init__(self, work: Work, snapshots: t.Iterable[Snapshot] = ()) -> None:
        self._work = work
        self._snapshots = tuple(snapshots)
        self._ends = work.pace.now() + _PATIENCE
        self._troubles: list[AwsError] = []
        self._stuck: set[str] = set()
        self._left_before: set[str] = set()

    def run(self, steps: t.Iterable[TearDownStep], *, search: bool) -> None:
        """Remove it all: instances first, for they hold volumes."""
        named = [getattr(step, "instance", None) or getattr(step, "volume", None) for step in steps]
        self._left_before = {one.resource_id for one in named if one is not None}
        found = [one for one in named if one is not None]
        if search:
            found += self._attempt(self._search) or []
        instances = self._all(MayTerminate, found)
        found += self._attempt(lambda: self._attached(instances)) or []
        self._end_all(instances, self._end_instances)
        self._end_all(self._all(MayDeleteVolume, found), self._end_volumes)
        self._attempt(self._forget_ended)
        if self._troubles:
            raise self._troubles[0]

    def _search(self) -> list[Proof]:
        work, recipe = self._work, self._work.recipe
        search = Search(
            work.region,
            recipe.name,
            added_devices(recipe),
            with_instances=bool(work.proofs(MayTerminate)),
            digest=recipe.digest,
        )
        return list(search.run(snapshots=self._snapshots).proofs)

    def _attached(self, instances: t.Iterable[MayTerminate]) -> list[Proof]:
        """Return the proofs of the noted volumes that are attached to our instances; only some of them end with it."""
        volumes = find_volumes(self._work.region, self._noted_volumes())
        by_id = {one.resource_id: one for one in instances}
        added, name = added_devices(self._work.recipe), self._work.recipe.name
        attached = [one for one in volumes.values() if one.instance_id in by_id]
        found = [volume_proof(one, name, by_id, added) for one in attached]
        return [proof for proof in found if proof is not None]

    def _forget_ended(self) -> None:
        """Forget the noted volumes that ended with their instance; one that is still there stays in the result."""
        self._work.forget(*(one for one in self._noted_volumes() if is_volume_gone(self._work.region, one)))

    def _noted_volumes(self) -> list[str]:
        return [one for one in self._work.outcome.created if one.startswith("vol-") and one not in self._work.made]

    def _all(self, kind: type[P], found: t.Iterable[Proof]) -> list[P]:
        proofs = {one.resource_id: one for one in (*found, *self._work.proofs(kind)) if isinstance(one, kind)}
        return [proofs[one] for one in sorted(proofs)]

    def _end_all(self, proofs: t.Sequence[P], end: t.Callable[[t.Sequence[P]], list[P]]) -> None:
        started = self._work.pace.now()
        remaining = list(proofs)
        while remaining:
            remaining = end(remaining)
            awaited = {one.resource_id for one in remaining} | self._stuck
            for gone in (one.resource_id for one in proofs if one.resource_id not in awaited):
                self._note_gone(gone)
            if not remaining:
                return
            if self._work.pace.now() >= self._ends:
                names = ", ".join(one.resource_id for one in remaining)
                raise SealedError(f"{names} did not end in {self._work.region.name} within {int(_PATIENCE)} s")
            self._work.pace.sleep(self._work.delay(started))

    def _note_gone(self, one: str) -> None:
        if one in self._left_before:
            self._work.removed(one)
        else:
            self._work.forget(one)

    def _end_instances(self, proofs: t.Sequence[MayTerminate]) -> list[MayTerminate]:
        """Return the instances to be looked at again."""
        return [one for one in proofs if not self._is_over(one)]

    def _is_over(self, proof: MayTerminate) -> bool:
        region, instance_id = self._work.region, proof.resource_id
        try:
            instance = find_instance(region, instance_id)
            if instance is None or instance.is_alive:
                return not self._work.remove(instance_id, lambda: terminate_instance(region, proof))
        except AwsError as error:
            return self._give_up(instance_id, error, lambda: terminate_instance(region, proof))
        return instance.state == "terminated"

    def _end_volumes(self, proofs: t.Sequence[MayDeleteVolume]) -> list[MayDeleteVolume]:
        """Return the volumes to be looked at again; AWS says which are gone, for an answer without one says nothing."""
        return [one for one in proofs if not self._is_deleted(one)]

    def _is_deleted(self, proof: MayDeleteVolume) -> bool:
        try:
            self._work.remove(proof.resource_id, lambda: delete_volume(self._work.region, proof))
        except AwsError as error:
            # While its instance cannot be ended, an attached volume cannot be either.
            if error.code in _NOT_YET_CODES and not any(one.startswith("i-") for one in self._stuck):
                return False
            return self._give_up(proof.resource_id, error)
        return True

    def _give_up(self, one: str, error: AwsError, last: t.Callable[[], t.Any] | None = None) -> bool:
        self._troubles.append(error)
        if last is None or self._attempt(last) is None:
            self._stuck.add(one)
        return True

    def _attempt(self, act: t.Callable[[], T]) -> T | None:
        try:
            return act()
        except AwsError as error:
            self._troubles.append(error)
            return None
