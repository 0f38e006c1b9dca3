# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove instance and volumes of a composed image, and look afterwards whether they are gone."""

from __future__ import annotations

import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.instances import find_instance, find_instances_by_tag, terminate_instance
from ..._aws.volumes import delete_volume, find_volumes, find_volumes_by_tag
from ..._image.errors import SealedError
from ..._image.machines import Instance, Volume
from ..._image.model import COPY_TAG, Image, Snapshot
from ..._image.proofs import MayDeleteVolume, MayTerminate, by_our_tags
from .work import Work

T = t.TypeVar("T")

# Its own time: a timeout of the task must not keep an instance alive.
_PATIENCE: t.Final = 900.0
_NOT_YET_CODES: t.Final = ("VolumeInUse", "IncorrectState")


def find_remains(
    region: Region, work_token: str, *, images: t.Iterable[Image] = (), snapshots: t.Iterable[Snapshot] = ()
) -> tuple[str, ...]:
    """Return the ids of instances and volumes that carry the work token and are not ended yet.

    A tag filter may not find yet what AWS shows by id: ``images`` name their instance, ``snapshots`` their volume.
    """
    named = [find_instance(region, one.source_instance_id) for one in images if one.source_instance_id]
    instances = [one for one in named if one is not None and one.tags.get(COPY_TAG) == work_token]
    volume_ids = {attachment.volume_id for one in instances for attachment in one.attachments}
    volume_ids.update(one.volume_id for one in snapshots if one.volume_id)
    volumes = [one for one in find_volumes(region, volume_ids).values() if one.tags.get(COPY_TAG) == work_token]
    found = (*_living(instances), *_existing(volumes))
    return tuple(dict.fromkeys((*found, *instance_remains(region, work_token), *volume_remains(region, work_token))))


def instance_remains(region: Region, work_token: str) -> tuple[str, ...]:
    """Return the ids of the instances among them that the tag finds."""
    return _living(find_instances_by_tag(region, COPY_TAG, work_token))


def volume_remains(region: Region, work_token: str) -> tuple[str, ...]:
    """Return the ids of the volumes among them that the tag finds."""
    return _existing(find_volumes_by_tag(region, COPY_TAG, work_token))


def _living(instances: t.Iterable[Instance]) -> tuple[str, ...]:
    return tuple(instance.instance_id for instance in instances if instance.state != "terminated")


def _existing(volumes: t.Iterable[Volume]) -> tuple[str, ...]:
    return tuple(volume.volume_id for volume in volumes if volume.state not in ("deleting", "deleted"))


def tear_down(work: Work, *, volumes_only: bool = False) -> None:
    """Terminate the instance, and delete the volumes that do not end with it.

    Trouble with one does not keep the others; the first trouble is raised in the end, and what stays is still noted.
    """
    TearDown(work, volumes_only=volumes_only).run()


class TearDown:
    """One end of everything that carries the work token of an image."""

    def __init__(self, work: Work, *, volumes_only: bool) -> None:
        self._work = work
        self._volumes_only = volumes_only
        self._ends = work.pace.now() + _PATIENCE
        self._troubles: list[AwsError] = []
        self._stuck: set[str] = set()

    def run(self) -> None:
        """Remove it all."""
        noted = {one for one in self._work.outcome.created if one.startswith(("i-", "vol-"))}
        region, token = self._work.region, self._work.recipe.work
        remains = noted.union(self._attempt(lambda: volume_remains(region, token)) or ())
        if not self._volumes_only:
            remains.update(self._attempt(lambda: instance_remains(region, token)) or ())
        self._end_all(sorted(one for one in remains if one.startswith("i-")), self._end_instances)
        self._end_all(sorted(one for one in remains if one.startswith("vol-")), self._end_volumes)
        if self._troubles:
            raise self._troubles[0]

    def _end_all(self, ids: t.Sequence[str], end: t.Callable[[t.Sequence[str]], list[str]]) -> None:
        started = self._work.pace.now()
        remaining = list(ids)
        while remaining:
            remaining = end(remaining)
            self._work.forget(*(one for one in ids if one not in remaining and one not in self._stuck))
            if not remaining:
                return
            if self._work.pace.now() >= self._ends:
                names = ", ".join(remaining)
                raise SealedError(f"{names} did not end in {self._work.region.name} within {int(_PATIENCE)} s")
            self._work.pace.sleep(self._work.delay(started))

    def _end_instances(self, instance_ids: t.Sequence[str]) -> list[str]:
        """Return the instances to be looked at again."""
        return [one for one in instance_ids if not self._is_over(one)]

    def _is_over(self, instance_id: str) -> bool:
        try:
            instance = find_instance(self._work.region, instance_id)
            if instance is None or instance.is_alive:
                gone = not self._work.remove(
                    instance_id, lambda one: terminate_instance(self._work.region, by_our_tags(MayTerminate, one))
                )
                return gone
        except AwsError as error:
            return self._give_up(
                instance_id,
                error,
                lambda: terminate_instance(self._work.region, by_our_tags(MayTerminate, instance_id)),
            )
        return instance.state == "terminated"

    def _end_volumes(self, volume_ids: t.Sequence[str]) -> list[str]:
        """Return the volumes to be looked at again; those that end with the instance need not be deleted."""
        shown = self._attempt(lambda: find_volumes(self._work.region, volume_ids))
        hidden = [one for one in volume_ids if one in self._work.hidden_until]
        there = list(volume_ids) if shown is None else [*shown, *(one for one in hidden if one not in shown)]
        return [one for one in there if not self._is_deleted(one)]

    def _is_deleted(self, volume_id: str) -> bool:
        try:
            self._work.remove(
                volume_id, lambda one: delete_volume(self._work.region, by_our_tags(MayDeleteVolume, one))
            )
        except AwsError as error:
            # While its instance cannot be ended, an attached volume cannot be either.
            if error.code in _NOT_YET_CODES and not any(one.startswith("i-") for one in self._stuck):
                return False
            return self._give_up(volume_id, error)
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
