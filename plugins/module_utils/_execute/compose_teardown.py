# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove instance and volumes of a composed image, and look afterwards whether they are gone."""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.instances import find_instance, find_instances_by_tag, terminate_instance
from .._aws.volumes import delete_volume, find_volumes, find_volumes_by_tag
from .._image.errors import SealedError
from .._image.model import COPY_TAG
from .compose_work import Work

# Its own time: a timeout of the task must not keep an instance alive.
_PATIENCE: t.Final = 900.0
_NOT_YET_CODES: t.Final = ("VolumeInUse", "IncorrectState")


def find_remains(region: Region, work_token: str) -> tuple[str, ...]:
    """Return the ids of instances and volumes that carry the work token and are not ended yet."""
    instances = find_instances_by_tag(region, COPY_TAG, work_token)
    volumes = find_volumes_by_tag(region, COPY_TAG, work_token)
    return (
        *(instance.instance_id for instance in instances if instance.state != "terminated"),
        *(volume.volume_id for volume in volumes if volume.state not in ("deleting", "deleted")),
    )


def tear_down(work: Work) -> None:
    """Terminate the instance, and delete the volumes that do not end with it; what stays is said with its ids."""
    ends = work.pace.now() + _PATIENCE
    noted = [one for one in work.outcome.created if one.startswith(("i-", "vol-"))]
    remains = {*noted, *find_remains(work.region, work.recipe.work)}
    instance_ids = sorted(one for one in remains if one.startswith("i-"))
    volume_ids = sorted(one for one in remains if one.startswith("vol-"))
    for instance_id in instance_ids:
        work.remove(instance_id, lambda one: terminate_instance(work.region, one))
    _wait(work, ends, instance_ids, lambda: [one for one in instance_ids if not _is_over(work.region, one)])
    for volume_id in [one for one in volume_ids if one in work.hidden_until]:
        work.remove(volume_id, lambda one: one in find_volumes(work.region, [one]))
    _wait(work, ends, volume_ids, lambda: _delete(work.region, volume_ids))
    work.forget(*instance_ids, *volume_ids)


def _wait(work: Work, ends: float, ids: t.Sequence[str], left: t.Callable[[], list[str]]) -> None:
    started = work.pace.now()
    while ids:
        remaining = left()
        work.forget(*(one for one in ids if one not in remaining))
        if not remaining:
            return
        if work.pace.now() >= ends:
            raise SealedError(f"{', '.join(remaining)} did not end in {work.region.name} within {int(_PATIENCE)} s")
        work.pace.sleep(work.delay(started))


def _is_over(region: Region, instance_id: str) -> bool:
    instance = find_instance(region, instance_id)
    return instance is None or instance.state == "terminated"


def _delete(region: Region, volume_ids: t.Sequence[str]) -> list[str]:
    """Delete the volumes that are still there, and return those that are to be looked at again."""
    remaining = []
    for volume in find_volumes(region, volume_ids).values():
        if volume.state in ("deleting", "deleted"):
            continue
        remaining.append(volume.volume_id)
        try:
            delete_volume(region, volume.volume_id)
        except AwsError as error:
            if error.code not in _NOT_YET_CODES:
                raise
    return remaining
