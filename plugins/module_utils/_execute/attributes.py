# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Apply the steps that change attributes of an existing image."""

from __future__ import annotations

import typing as t

from .._aws import attributes as aws
from .._aws.connection import Region
from .._aws.errors import AwsError
from .._image.attribute_table import VALUE_ROWS
from .._image.model import Image
from .._image.permissions import LaunchPermissions, Sharing
from .._image.steps import (
    AttributeStep,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetTags,
    SetValue,
)

# AWS takes this many tags on a resource.
MOST_TAGS: t.Final = 50


def apply_attribute(region: Region, image: Image, step: AttributeStep, *, done: t.Callable[[], None]) -> None:
    """Carry out one step on the image; ``done`` is called after each call that has changed something."""
    if isinstance(step, SetTags):
        _apply_tags(region, step, done)
        return
    if isinstance(step, ModifySnapshotPermissions):
        for snapshot_id in [step.snapshot_id] if step.snapshot_id else image.snapshot_ids:
            aws.modify_snapshot_permissions(region, snapshot_id, add=step.add, remove=step.remove, proof=step.proof)
            done()
        return
    if isinstance(step, SetDescription):
        aws.set_description(region, image.image_id, step.description)
    elif isinstance(step, ModifyLaunchPermissions):
        aws.modify_launch_permissions(region, image.image_id, add=step.add, remove=step.remove, proof=step.proof)
    elif isinstance(step, SetDeprecation):
        aws.set_deprecation(region, image.image_id, step.deprecate_at)
    elif isinstance(step, SetDeregistrationProtection):
        aws.set_deregistration_protection(region, step.image_id or image.image_id, step.protection)
    elif isinstance(step, SetValue):
        aws.set_value(region, image.image_id, VALUE_ROWS[step.attribute].shown, step.value)
    done()


def _apply_tags(region: Region, step: SetTags, done: t.Callable[[], None]) -> None:
    """Add before removing, so that a refusal loses nothing; where there is no room for both, put back what went."""
    adds_first = step.present + len(step.add) - step.replaced <= MOST_TAGS
    if step.add and adds_first:
        aws.add_tags(region, step.resource_ids, step.add)
        done()
    if step.remove:
        aws.remove_tags(region, step.purges, step.remove)
        done()
    if step.add and not adds_first:
        _add_or_put_back(region, step)
        done()


def _add_or_put_back(region: Region, step: SetTags) -> None:
    """Add the tags; where AWS refuses, put back what went, and say so of what cannot be put back."""
    try:
        aws.add_tags(region, step.resource_ids, step.add)
    except AwsError as refusal:
        try:
            if step.remove:
                aws.add_tags(region, step.resource_ids, step.remove)
        except AwsError as error:
            refusal.args = (f"{refusal}. Putting back {', '.join(sorted(step.remove))} failed too: {error}",)
        raise


def read_sharing(region: Region, image: Image, desired: LaunchPermissions | None) -> Sharing | None:
    """Return the permissions on an image and its snapshots where they are asked for; each is a call of its own."""
    return None if desired is None else sharing_of(region, image)


def sharing_of(region: Region, image: Image) -> Sharing:
    """Return the permissions on an image and its snapshots."""
    return Sharing(
        image=aws.launch_permissions(region, image.image_id),
        snapshots={snapshot_id: aws.snapshot_permissions(region, snapshot_id) for snapshot_id in image.snapshot_ids},
    )
