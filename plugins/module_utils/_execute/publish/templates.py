# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Create versions of launch templates and make them the default."""

from __future__ import annotations

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.launch_templates import create_version, delete_version, resolved_image, set_default_version
from ..._image.errors import SealedError
from ..._image.proofs import version_of_this_task
from ..._image.publish.outcome import PublishedTemplate
from ..._image.publish.request import PublishRequest
from ..._image.publish.steps import CreateVersion, SetDefaultVersion
from ..pace import Pace
from .each import doing


def prepare_version(region: Region, item: PublishedTemplate, request: PublishRequest, pace: Pace) -> None:
    """Create the version that launches the image, or see that the alias of one leads to it."""
    if item.plan.follows and request.present:
        _see_alias(region, item, request, pace)
    for step in item.plan.steps:
        if isinstance(step, CreateVersion):
            with doing(item, step):
                _create(region, item, step, request)


def _create(region: Region, item: PublishedTemplate, step: CreateVersion, request: PublishRequest) -> None:
    number, warnings = create_version(region, step)
    item.version = number
    if not warnings:
        return
    words = f"AWS warns of version {number} of launch template {step.template_id}: {'; '.join(warnings)}"
    if request.accept_warnings:
        item.warnings.append(words)
        return
    raise SealedError(
        f"{words}. {_take_back(region, item, step, number)}. Correct version {step.source_version}, or set "
        "accept_template_warnings"
    )


def _take_back(region: Region, item: PublishedTemplate, step: CreateVersion, number: int) -> str:
    """Delete the version that this call made, for the next run could not tell it from a good one.

    A number that was there before this run is another run's.
    """
    item.touched = True
    left = "It is left, and no default; delete it (ec2:DeleteLaunchTemplateVersions), or a later run takes it for good"
    proof = version_of_this_task(step.template_id, number, newest_before=step.newest)
    if proof is None:
        return left
    try:
        if not delete_version(region, proof):
            return left
    except AwsError as error:
        return f"{left}: {error}"
    item.version, item.removed, item.touched = None, number, False
    return "It was deleted again"


def _see_alias(region: Region, item: PublishedTemplate, request: PublishRequest, pace: Pace) -> None:
    counting, started = item.plan.before.counting, pace.now()
    deadline = started + request.wait_timeout
    image = item.plan.before.resolved
    while image != request.image_id:
        image = pace.read_until(deadline, lambda: resolved_image(region, counting.template_id, counting.number))
        if image == request.image_id:
            return
        if pace.now() >= deadline:
            raise SealedError(
                f"version {counting.number} follows {counting.image}, which leads to {image or 'no image'} and not to "
                f"{request.image_id} after {request.wait_timeout} seconds; its default was not moved"
            )
        pace.sleep(pace.next_delay(pace.now() - started, longest=request.wait_delay))


def set_default(region: Region, item: PublishedTemplate) -> None:
    """Make the version the default, which is what consumers follow."""
    for step in item.plan.steps:
        if isinstance(step, SetDefaultVersion):
            with doing(item, step):
                set_default_version(region, step, _version_for(item, step))


def _version_for(item: PublishedTemplate, step: SetDefaultVersion) -> int:
    version = step.version or item.version
    if version is None:
        raise SealedError(f"no version of launch template {step.template_id} is known to launch the image")
    return version
