# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read whether images are in use, as far as AWS can tell. Nothing in this file changes anything.

What could not be read is noted and makes the verdict unknown; it never makes an image look unused.
"""

from __future__ import annotations

import typing as t

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.image_use import (
    REFERENCE_IDS,
    OwnImage,
    instances_of,
    locked_snapshots,
    own_images,
    references_to,
    require_last_launch,
    require_recipes_listed,
)
from .._image.few import few
from .._image.model import Image
from .._image.permissions import LaunchPermissions
from .._image.timestamps import parse_timestamp, to_text
from .._image.use import (
    AUTOSCALING,
    LAG_SECONDS,
    LAUNCHES,
    LOCKS,
    PARAMETERS,
    REFERENCES,
    REPORTS,
    SNAPSHOTS,
    Reason,
    Use,
    UseRequest,
)
from .pace import Pace
from .parallel import for_each
from .use_launching import read_autoscaling, read_parameters
from .use_reading import AT_ONCE, Reading, refusals, tried
from .use_reports import read_reports

_DAY: t.Final = 86400
_KINDS: t.Final = {
    "ec2:Instance": "instance",
    "ec2:LaunchTemplate": "launch template",
    "ssm:Parameter": "parameter",
    "imagebuilder:ImageRecipe": "image recipe",
    "imagebuilder:ContainerRecipe": "container recipe",
}


def read_use(
    region: Region,
    images: t.Sequence[Image],
    request: UseRequest,
    *,
    permissions: t.Mapping[str, LaunchPermissions] | None = None,
    own: t.Mapping[str, OwnImage] | None = None,
) -> dict[str, Use]:
    """Return by id what is known of the use of images of the region.

    An error is raised only where the images themselves cannot be described. Those who may launch an image are not asked
    for again where ``permissions`` has them, nor which images are the caller's where ``own`` has them.
    """
    if not images:
        return {}
    snapshots = {one for image in images for one in image.snapshot_ids} if SNAPSHOTS in request.checks else set()
    if own is None:
        own = own_images(region, {image.image_id for image in images}, snapshots)
    reading = Reading(region, images, request, Pace().now(), own, permissions or {})
    for check, read in _READERS.items():
        if check in request.checks:
            read(reading)
    return {image_id: _verdict(reading, image_id) for image_id in reading.images}


def _verdict(reading: Reading, image_id: str) -> Use:
    lagging = {LAUNCHES, REPORTS}.intersection(reading.request.checks)
    complete = min(reading.now, reading.reported.get(image_id, reading.now)) - (LAG_SECONDS if lagging else 0)
    own = reading.own.get(image_id)
    return reading.evidence.judge(
        image_id,
        reading.region.name,
        last_launched_time=own.last_launched_time if own else None,
        as_of=to_text(complete),
    )


def _read_references(reading: Reading) -> None:
    ids = list(reading.images)
    parts = [tuple(ids[at : at + REFERENCE_IDS]) for at in range(0, len(ids), REFERENCE_IDS)]
    depth = reading.request.version_depth
    answers = for_each(parts, lambda part: references_to(reading.region, part, version_depth=depth), workers=AT_ONCE)
    for part, answer in answers.items():
        if isinstance(answer, AwsError):
            reading.miss(REFERENCES, [str(answer)], part)
            continue
        for entry in answer:
            kind, arn = str(entry.get("ResourceType")), str(entry.get("Arn") or "")
            what = f"{_KINDS.get(kind, kind)} {arn.rpartition(':')[2].partition('/')[2] or arn}"
            reading.evidence.add(str(entry.get("ImageId")), Reason(REFERENCES, what, arn))
    _prove_references(reading)


def _prove_references(reading: Reading) -> None:
    """Ask by ourselves what AWS asks on our behalf: where one of that is denied, references may be missing silently.

    A new instance may not be among the references yet, but is among the instances.
    """
    unproven = reading.unproven
    if not unproven:
        return
    instances = tried(lambda: instances_of(reading.region, unproven))
    for one in instances.value:
        what = f"instance {one.get('InstanceId')}"
        reading.evidence.add(str(one.get("ImageId")), Reason(REFERENCES, what))
    recipes = refusals(lambda: require_recipes_listed(reading.region))
    sources = reading.sources
    for trouble in (instances.trouble, sources.templates.trouble, sources.parameters.trouble, recipes):
        reading.miss(
            REFERENCES,
            [f"{one}. AWS needs the same permission to find references, and may have left some out" for one in trouble],
        )


def _read_launches(reading: Reading) -> None:
    reading.miss(LAUNCHES, refusals(lambda: require_last_launch(reading.region)))
    foreign = [image_id for image_id in reading.images if image_id not in reading.own]
    reading.miss(
        LAUNCHES, ["AWS shows to the owner alone when the image was last launched"] if foreign else (), foreign
    )
    recent = reading.now - reading.request.launched_within_days * _DAY
    for image_id in [one for one in reading.images if one in reading.own]:
        launched = reading.own[image_id].last_launched_time
        moment = parse_timestamp(launched) if launched else None
        if launched and moment is None:
            reading.miss(LAUNCHES, [f"LastLaunchedTime {launched!r} is not a time"], [image_id])
        elif moment is not None and moment > recent:
            reading.evidence.add(image_id, Reason(LAUNCHES, f"launched on {launched}, by any account"))


def _read_snapshots(reading: Reading) -> None:
    """Note which other images use each snapshot; a thousand may use the same one, so that only some are named."""
    users_of: dict[str, list[str]] = {}
    for user_id, user in sorted(reading.own.items()):
        # AWS may go on to show an image that is deregistered, which uses nothing.
        for snapshot_id in user.snapshot_ids if user.state != "deregistered" else ():
            users_of.setdefault(snapshot_id, []).append(user_id)
    for image in reading.images.values():
        own = reading.own.get(image.image_id)
        mine = own.snapshot_ids if own is not None and own.state != "deregistered" else frozenset()
        for snapshot_id in image.snapshot_ids:
            users = users_of.get(snapshot_id, ())
            count = len(users) - (snapshot_id in mine)
            if count:
                others = few((one for one in users if one != image.image_id), count=count)
                what = f"snapshot {snapshot_id} is one of {'images' if count > 1 else 'image'} {others} too"
                reading.evidence.add(image.image_id, Reason(SNAPSHOTS, what))


def _read_locks(reading: Reading) -> None:
    locks = tried(lambda: locked_snapshots(reading.region))
    reading.miss(LOCKS, locks.trouble)
    states = {str(lock.get("SnapshotId")): str(lock.get("LockState")) for lock in locks.value}
    for image in reading.images.values():
        for snapshot_id in image.snapshot_ids:
            if snapshot_id in states:
                what = f"snapshot {snapshot_id} is locked ({states[snapshot_id]})"
                reading.evidence.add(image.image_id, Reason(LOCKS, what))


_READERS: t.Final[dict[str, t.Callable[[Reading], None]]] = {
    REFERENCES: _read_references,
    LAUNCHES: _read_launches,
    AUTOSCALING: read_autoscaling,
    PARAMETERS: read_parameters,
    SNAPSHOTS: _read_snapshots,
    LOCKS: _read_locks,
    # Last, for of an image that is in use anyway it need not be known with whom it is shared.
    REPORTS: read_reports,
}
