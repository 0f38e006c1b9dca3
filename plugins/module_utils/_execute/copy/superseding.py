# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Disable the copies that a verified one supersedes, and say what still uses them."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ..._aws.attributes import launch_permissions
from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import find_images
from ..._aws.keys import Warn
from ..._aws.retiring import disable_image, is_overtaken
from ..._image.disabling import noting, recording, unrecordable
from ..._image.errors import SealedError
from ..._image.model import Image
from ..._image.outcome import Predecessor
from ..._image.permissions import LaunchPermissions
from ..._image.steps import DisableImage, NoteDisabled, RecordPermissions
from ..._image.use import Use, UseRequest
from ..attributes import apply_attribute
from ..pace import Pace
from ..parallel import for_each
from ..use import read_use
from .job import Job

_AT_ONCE: t.Final = 8


def read_launchable(region: Region, images: t.Sequence[Image]) -> dict[str, LaunchPermissions]:
    """Return who may launch each image; those are left out that somebody else removes at this moment."""
    by_id = {image.image_id: image for image in images}
    answers = for_each(by_id, lambda image_id: launch_permissions(region, image_id), workers=_AT_ONCE)
    found = {}
    for image_id, answer in answers.items():
        if not isinstance(answer, AwsError):
            found[image_id] = answer
        elif not is_overtaken(answer):
            raise answer
    return found


def tell_use(regions: t.Mapping[str, Region], jobs: t.Iterable[Job], *, warn: Warn) -> None:
    """Look up what uses the copies that are to be disabled, in each region once, and warn of those in use."""
    by_region: dict[str, list[Predecessor]] = {}
    for job in jobs:
        by_region.setdefault(job.outcome.target.region, []).extend(job.outcome.superseded)
    for name, found in by_region.items():
        uses = _uses(regions[name], found) if found else {}
        for one in found:
            one.use = uses.get(one.image.image_id)
            if one.use is not None and one.use.in_use:
                what = "; ".join(reason.what for reason in one.use.reasons)
                warn(f"{name}: superseded image {one.image.image_id} is to be disabled, and is in use: {what}")


def _uses(region: Region, found: t.Sequence[Predecessor]) -> dict[str, Use]:
    images = [one.image for one in found]
    try:
        return read_use(region, images, UseRequest())
    except AwsError as error:
        return {one.image_id: Use(one.image_id, one.region, None, unknown=(str(error),)) for one in images}


def _record(region: Region, job: Job, step: RecordPermissions) -> None:
    """Record the permissions as they are now: a copy may have taken hours since they were planned with.

    Once somebody disables the image AWS shows none. So they hold only where it is still available afterwards.
    """
    image_id, permissions, shown = step.image.image_id, None, None
    with _noting_overtaken(job, image_id):
        permissions = launch_permissions(region, image_id)
        shown = find_images(region, [image_id], owners=("self",)).get(image_id)
    if permissions is None or shown is None or shown.state != "available":
        job.overtaken.add(image_id)
        _replace(job, image_id, shown)
        return
    tags = recording(shown, permissions)
    if tags is None:
        raise SealedError(f"superseded image {image_id} in {region.name} is not disabled: {unrecordable()}")
    _predecessor(job, image_id).permissions = permissions
    with _noting_overtaken(job, image_id):
        apply_attribute(region, shown, tags, done=lambda: _changed(job))


def _disable(region: Region, job: Job, step: DisableImage) -> None:
    image_id = step.proof.resource_id
    if image_id in job.overtaken:
        return
    with _noting_overtaken(job, image_id):
        disable_image(region, step.proof)
        _changed(job)
        _predecessor(job, image_id).is_disabled = True


def _note(region: Region, job: Job, step: NoteDisabled) -> None:
    image_id = step.image.image_id
    if image_id in job.overtaken:
        return
    with _noting_overtaken(job, image_id):
        apply_attribute(region, step.image, noting(step.image, Pace().now()), done=lambda: _changed(job))


@contextlib.contextmanager
def _noting_overtaken(job: Job, image_id: str) -> t.Iterator[None]:
    """Take it for done by somebody else where the image is gone or in another state."""
    try:
        yield
    except AwsError as error:
        if not is_overtaken(error):
            raise
        job.overtaken.add(image_id)


def _predecessor(job: Job, image_id: str) -> Predecessor:
    return next(one for one in job.outcome.superseded if one.image.image_id == image_id)


def _replace(job: Job, image_id: str, shown: Image | None) -> None:
    """Let the result say what has become of an image by somebody else's act."""
    one = _predecessor(job, image_id)
    one.image = shown or dataclasses.replace(one.image, state="deregistered")


def _changed(job: Job) -> None:
    job.outcome.changed = True


HANDLERS: t.Final[dict[type, t.Callable[[Region, Job, t.Any], None]]] = {
    RecordPermissions: _record,
    DisableImage: _disable,
    NoteDisabled: _note,
}
