# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide which attributes of an image differ from what was asked. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from .attribute_table import VALUE_ROWS
from .errors import PreflightError
from .marks import Carried, InstanceTypes, missing_watermarks
from .model import Image, user_tags
from .permissions import NOBODY, LaunchPermissions, Sharing
from .proofs import MayDeregister, may_purge, may_take_permissions
from .steps import (
    AddWatermark,
    ModifyLaunchPermissions,
    ModifySnapshotPermissions,
    SetDeprecation,
    SetDeregistrationProtection,
    SetDescription,
    SetInstanceTypes,
    SetTags,
    SetValue,
    ShareSnapshot,
    Step,
)
from .timestamps import parse_timestamp, same_minute
from .vocabulary import Protection, Tagged

_TEN_YEARS: t.Final = 3653 * 24 * 3600.0
NOTHING_CARRIED: t.Final = Carried()


@dataclasses.dataclass(frozen=True)
class Attributes:
    """What an image shall look like apart from its content; None leaves an attribute as it is.

    ``tags`` and ``snapshot_tags`` hold users' tags only. ``deprecate_at`` of ``""`` removes a deprecation. ``values``
    holds what is asked for of the attributes that are single values, by the name of their option.
    """

    description: str | None = None
    tags: t.Mapping[str, str] | None = None
    snapshot_tags: t.Mapping[str, str] | None = None
    purge_tags: bool = True
    launch_permissions: LaunchPermissions | None = None
    deprecate_at: str | None = None
    deregistration_protection: Protection | None = None
    values: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    watermarks: tuple[str, ...] = ()
    instance_type_specification: InstanceTypes | None = None


def plan_attributes(
    image: Image,
    desired: Attributes,
    *,
    snapshot_tags: t.Mapping[str, t.Mapping[str, str]],
    sharing: Sharing | None,
    ours: MayDeregister | None,
) -> tuple[Step, ...]:
    """Return the steps that bring an existing image to the desired attributes, one step for each that differs.

    ``snapshot_tags`` holds the present tags by snapshot id; ``sharing`` is needed where launch permissions are asked
    for. Tags and permissions are only added to an image that is not proven to be ours.
    """
    steps: list[Step] = []
    if desired.description is not None and desired.description != image.description:
        steps.append(SetDescription(desired.description))
    steps += _plan_tags(image, desired, snapshot_tags, ours)
    if desired.launch_permissions is not None:
        steps += _plan_sharing(desired.launch_permissions, sharing or Sharing(), image, ours)
    if desired.deprecate_at is not None and not same_minute(desired.deprecate_at, image.deprecation_time or ""):
        steps.append(SetDeprecation(desired.deprecate_at))
    wanted = desired.deregistration_protection
    if wanted is not None and not _protection_is(image.deregistration_protection, wanted):
        steps.append(SetDeregistrationProtection(wanted))
    steps += [step for step in _values(desired) if image.boot.get(VALUE_ROWS[step.attribute].shown) != step.value]
    steps += _plan_marks(image, desired, ours)
    return tuple(steps)


def plan_new_attributes(
    desired: Attributes, device_names: t.Iterable[str], *, carried: Carried = NOTHING_CARRIED
) -> tuple[Step, ...]:
    """Return the steps for an image that is still to be made: what no creating call can carry.

    Description and tags travel with the creating call; the rest can only be set once the image is available. Snapshot
    ids are not known yet, so the steps that share them name the devices that will have one. ``carried`` is what AWS
    brings along from the source.
    """
    steps: list[Step] = []
    if desired.launch_permissions:
        steps.append(ModifyLaunchPermissions(add=desired.launch_permissions))
        if desired.launch_permissions.for_snapshots:
            steps += [ShareSnapshot(name, desired.launch_permissions.for_snapshots) for name in device_names]
    if desired.deprecate_at:
        steps.append(SetDeprecation(desired.deprecate_at))
    protection = desired.deregistration_protection
    if protection is not None and protection != "disabled":
        steps.append(SetDeregistrationProtection(protection))
    # Which values AWS carries over from the source is not certain (aws_rules §1.4), so each is set.
    steps += _values(desired)
    names = missing_watermarks(desired.watermarks, carried.watermarks, account=carried.account, of="the new image")
    steps += [AddWatermark(name) for name in names]
    if desired.instance_type_specification is not None:
        steps.append(SetInstanceTypes(desired.instance_type_specification))
    return tuple(steps)


def image_with(image: Image, steps: t.Iterable[t.Any]) -> Image:
    """Return the image as the result shows it once the steps are done: with its new description and tags."""
    for step in steps:
        if isinstance(step, SetDescription):
            image = dataclasses.replace(image, description=step.description)
        elif isinstance(step, SetTags) and step.kind == "image":
            kept = {key: value for key, value in image.tags.items() if key not in step.remove}
            image = dataclasses.replace(image, tags={**kept, **step.add})
    return image


def _values(desired: Attributes) -> list[SetValue]:
    return [SetValue(name, value) for name, value in desired.values.items()]


def _plan_marks(image: Image, desired: Attributes, ours: MayDeregister | None) -> t.Iterator[Step]:
    """Plan watermarks, which are only added, and instance types, which replace no others on an image not ours."""
    of = f"image {image.image_id} in {image.region}"
    for name in missing_watermarks(desired.watermarks, image.watermarks, account=image.owner_id, of=of):
        yield AddWatermark(name)
    types = desired.instance_type_specification
    if types is not None and types != image.instance_types and (ours or not image.instance_types):
        yield SetInstanceTypes(types)


def _plan_tags(
    image: Image,
    desired: Attributes,
    snapshot_tags: t.Mapping[str, t.Mapping[str, str]],
    ours: MayDeregister | None,
) -> list[Step]:
    """Return the steps for tags of the image and of its snapshots, one call for those that have the same tags."""
    steps = []
    purger = ours if desired.purge_tags else None
    if desired.tags is not None:
        steps += _tag_step(image, (image.image_id,), "image", image.tags, desired.tags, purger)
    if desired.snapshot_tags is not None:
        groups: dict[tuple[tuple[str, str], ...], list[str]] = {}
        for snapshot_id, tags in snapshot_tags.items():
            groups.setdefault(tuple(sorted(tags.items())), []).append(snapshot_id)
        for present, snapshot_ids in groups.items():
            steps += _tag_step(image, tuple(snapshot_ids), "snapshot", dict(present), desired.snapshot_tags, purger)
    return steps


def _tag_step(
    image: Image,
    resource_ids: tuple[str, ...],
    kind: Tagged,
    present: t.Mapping[str, str],
    desired: t.Mapping[str, str],
    purger: MayDeregister | None,
) -> list[Step]:
    """Return the step that leaves the desired tags; others go only from what is proven to be ours."""
    current = user_tags(present)
    add = {key: value for key, value in desired.items() if current.get(key) != value}
    remove = {key: current[key] for key in sorted(set(current) - set(desired))} if purger else {}
    if not add and not remove:
        return []
    purges = tuple(may_purge(purger, image, one) for one in resource_ids) if purger and remove else ()
    replaced = len(add.keys() & present.keys())
    return [SetTags(resource_ids, kind, add, remove, purges, present=len(present), replaced=replaced)]


def _plan_sharing(desired: LaunchPermissions, present: Sharing, image: Image, ours: MayDeregister | None) -> list[Step]:
    """Return the steps for permissions of image and snapshots; they are taken only from what is proven to be ours."""
    steps: list[Step] = []
    add, remove = desired.minus(present.image), present.image.minus(desired) if ours else NOBODY
    if add or remove:
        proof = may_take_permissions(ours, image, image.image_id) if ours and remove else None
        steps.append(ModifyLaunchPermissions(add=add, remove=remove, proof=proof))
    for snapshot_id in image.snapshot_ids:
        current = present.snapshots.get(snapshot_id, NOBODY)
        add = desired.for_snapshots.minus(current)
        remove = current.minus(desired.for_snapshots) if ours else NOBODY
        # AWS takes one kind of change in a call (ModifySnapshotAttribute).
        if add:
            steps.append(ModifySnapshotPermissions(snapshot_id, add))
        if ours and remove:
            proof = may_take_permissions(ours, image, snapshot_id)
            steps.append(ModifySnapshotPermissions(snapshot_id, remove=remove, proof=proof))
    return steps


def _protection_is(present: str, wanted: str) -> bool:
    """Compare AWS's free text, such as ``enabled-without-cooldown``, with the option's three values."""
    if wanted == "disabled":
        return not present.startswith("enabled")
    if wanted == "enabled-with-cooldown":
        return present.startswith("enabled-with-cooldown")
    return present.startswith("enabled")


def require_markable(image: Image | None, steps: t.Iterable[Step], *, region: str) -> None:
    """Refuse watermarks on an image that is or becomes public, which AWS refuses once the image is made."""
    if image is None:
        return
    steps = tuple(steps)
    opened = any(isinstance(one, ModifyLaunchPermissions) and one.add.group_names for one in steps)
    closed = any(isinstance(one, ModifyLaunchPermissions) and one.remove.group_names for one in steps)
    added = [one.watermark for one in steps if isinstance(one, AddWatermark)]
    if (opened and (added or image.watermarks)) or (added and image.is_public and not closed):
        names = ", ".join((*image.watermarks, *added))
        raise PreflightError(
            f"image {image.image_id or image.name} in {region} would be public with watermarks ({names}), which AWS "
            "does not take; leave out watermarks, or the group 'all' of launch_permissions, or take it back first"
        )


def require_typed(image: Image | None, steps: t.Iterable[Step], *, region: str) -> None:
    """Refuse to limit the instance types of an image from AWS Marketplace, as AWS does."""
    if image is not None and image.billing.get("ProductCodes") and any(isinstance(s, SetInstanceTypes) for s in steps):
        raise PreflightError(
            f"image {image.image_id or image.name} in {region} has AWS Marketplace product codes, and AWS takes no "
            "instance types for it; leave out instance_type_specification"
        )


def require_future(steps: t.Iterable[Step], *, now: float) -> None:
    """Refuse a deprecation that AWS would refuse once the image is made (EnableImageDeprecation, DeprecateAt)."""
    for deprecate_at in [step.deprecate_at for step in steps if isinstance(step, SetDeprecation)]:
        moment = parse_timestamp(deprecate_at)
        if moment is not None and not 0 < moment - now < _TEN_YEARS:
            raise PreflightError(
                f"deprecate_at {deprecate_at} is in the past or more than 10 years ahead, which AWS does not take"
            )
