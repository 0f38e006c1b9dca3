# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what composing needs: the source, the keys, the images of the wanted name, and what earlier runs have left."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._aws.connection import Region
from ..._aws.errors import AwsError
from ..._aws.images import describe_images, find_images, images_using
from ..._aws.instances import find_instance
from ..._aws.keys import Warn, require_key
from ..._aws.register import is_for_owner_only, uefi_data
from ..._aws.snapshots import find_snapshots, find_snapshots_described
from ..._aws.volumes import find_volumes
from ..._image.compose.draft import Material, draft_recipe, with_keys
from ..._image.compose.recipe import Recipe
from ..._image.compose.request import ComposeRequest
from ..._image.descriptions import work_description
from ..._image.errors import PreflightError
from ..._image.machines import Instance, Volume
from ..._image.model import SOURCE_TAG, BlockDevice, Image, Snapshot
from ..._image.places import REGIONAL, require_reachable
from ..._image.source import require_copyable
from ..sources import require_shown
from .remains import with_builder


def read_material(source_region: Region, region: Region, request: ComposeRequest) -> Material:
    """Return the source image or instance, and the snapshots that play a part."""
    if request.instance_id is not None:
        return _read_instance(region, request.instance_id)
    image_id = request.source_image_id or ""
    found = find_images(source_region, [image_id]).get(image_id)
    source = require_shown(source_region, found, image_id=image_id)
    added = [requested.snapshot_id for requested in request.devices if requested.snapshot_id]
    snapshots = {
        snapshot_id: (source_region.name, snapshot)
        for snapshot_id, snapshot in find_snapshots(source_region, [*source.snapshot_ids, *added]).items()
    }
    elsewhere = [snapshot_id for snapshot_id in added if snapshot_id not in snapshots]
    if elsewhere and region.name != source_region.name:
        here = find_snapshots(region, elsewhere)
        snapshots.update((snapshot_id, (region.name, snapshot)) for snapshot_id, snapshot in here.items())
    # Only the caller's own snapshots, encrypted here already, can keep their key or back the new image themselves.
    local = [one.snapshot_id for name, one in snapshots.values() if name == region.name and one.kms_key_arn]
    return Material(
        source=source.with_snapshots({snapshot_id: one for snapshot_id, (_name, one) in snapshots.items()}),
        snapshots=snapshots,
        owned=frozenset(find_snapshots(region, local, owned=True)),
    )


def read_recipe(region: Region, request: ComposeRequest, material: Material, *, warn: Warn) -> Recipe:
    """Return the recipe with every key judged; a key that EBS cannot use is refused with the devices that need it."""
    draft = draft_recipe(request, material)
    by_key: dict[str | None, list[str]] = {}
    for device in draft.ebs_devices:
        by_key.setdefault(device.key_reference, []).append(device.device_name)
    keys = {}
    for reference, names in by_key.items():
        try:
            keys[reference] = require_key(region, reference, warn=warn)
        except PreflightError as error:
            raise PreflightError(f"{', '.join(names)}: {error}") from error
    return with_keys(draft, keys, owned=material.owned, request=request)


def read_namesakes(region: Region, name: str) -> tuple[tuple[Image, ...], dict[str, Snapshot]]:
    """Return the caller's images of the name, with their snapshots.

    One that is deregistered, which AWS may go on to show, has neither name nor snapshots any more.
    """
    found = describe_images(region, [{"Name": "name", "Values": [name]}], hidden=True)
    images = [image for image in found if image.state != "deregistered"]
    snapshots = find_snapshots(region, [snapshot_id for image in images for snapshot_id in image.snapshot_ids])
    return tuple(with_builder(region, image.with_snapshots(snapshots)) for image in images), snapshots


def read_leftovers(
    region: Region, name: str, images: t.Sequence[Image], recipe: Recipe | None = None
) -> tuple[Snapshot, ...]:
    """Return what runs for this name, or for this recipe under it, have made and no image is backed by.

    ``images`` are those that are known; only for other snapshots AWS is asked which images use them.
    """
    digest = f" {recipe.digest}" if recipe else ""
    known = {snapshot_id for image in images for snapshot_id in image.snapshot_ids}
    found = [
        snapshot
        for snapshot in find_snapshots_described(region, f"{work_description(name)}{digest} *")
        if snapshot.snapshot_id not in known
    ]
    used = images_using(region, [snapshot.snapshot_id for snapshot in found]) if found else set()
    return tuple(snapshot for snapshot in found if snapshot.snapshot_id not in used)


def snapshots_lent(region: Region, images: t.Sequence[Image], request: ComposeRequest) -> frozenset[str]:
    """Return the snapshots that the images may have taken as they are: their sources', and those that are asked for."""
    origins = [image.tags.get(SOURCE_TAG, "").rpartition(":") for image in images]
    sources = find_images(region, [one for place, _colon, one in origins if place == region.name and one[:4] == "ami-"])
    asked = (requested.snapshot_id for requested in request.devices if requested.snapshot_id)
    return frozenset(asked).union(*(source.snapshot_ids for source in sources.values()))


def images_beside(region: Region, images: t.Sequence[Image]) -> frozenset[str]:
    """Return those of the images' snapshots that other images use too, disabled ones included: they have to stay."""
    ids = {snapshot_id for image in images for snapshot_id in image.snapshot_ids}
    if not ids:
        return frozenset()
    own = {image.image_id for image in images}
    filters = [{"Name": "block-device-mapping.snapshot-id", "Values": sorted(ids)}]
    others = (one for one in describe_images(region, filters, hidden=True) if one.image_id not in own)
    return (
        frozenset(
            snapshot_id for image in others if image.state != "deregistered" for snapshot_id in image.snapshot_ids
        )
        & ids
    )


def require_readable(material: Material, recipe: Recipe, request: ComposeRequest, *, now: float) -> None:
    """Refuse snapshots that cannot be copied or used: archived, not complete, or not open to this account."""
    devices = tuple(
        BlockDevice(device.device_name, device.snapshot_id) for device in recipe.ebs_devices if device.snapshot_id
    )
    held = {snapshot_id: snapshot for snapshot_id, (_name, snapshot) in material.snapshots.items()}
    content = dataclasses.replace(material.source, devices=devices)
    require_copyable(content, held, now=now)
    minutes = request.completion_duration_minutes
    require_reachable(content.with_snapshots(held), REGIONAL, region=request.region, minutes=minutes)


def read_uefi_data(region: Region, source: Image, *, warn: Warn) -> str | None:
    """Return the UEFI variables to carry over, Secure Boot keys among them.

    Where a policy forbids to read them that is an error, for they would be lost silently; another account's image
    keeps them to itself.
    """
    if not str(source.boot.get("BootMode", "")).startswith("uefi"):
        return None
    try:
        return uefi_data(region, source.image_id)
    except AwsError as error:
        if not is_for_owner_only(error):
            raise
        warn(
            f"AWS shows the UEFI data of image {source.image_id} to its owner {source.owner_id} only ({error.code}); "
            "Secure Boot variables, if the source has any, are not carried over. Copy the image first, and compose "
            "from your own copy, to keep them"
        )
        return None


def instance_image(instance: Instance, volumes: dict[str, Volume], *, region: str) -> Image:
    """Return an instance in the form of the image that it would make."""
    return Image(
        image_id="",
        region=region,
        root_device_name=instance.root_device_name,
        root_device_type=instance.root_device_type,
        boot=instance.boot,
        billing=instance.billing,
        devices=tuple(
            _to_device(attachment.device_name, attachment.delete_on_termination, volumes[attachment.volume_id])
            for attachment in sorted(instance.attachments, key=lambda one: one.device_name)
            if attachment.volume_id in volumes
        ),
    )


def _read_instance(region: Region, instance_id: str) -> Material:
    """Return what an image of the instance would hold; only its own image shows the ephemeral disks."""
    instance = find_instance(region, instance_id)
    if instance is None:
        raise PreflightError(f"instance {instance_id} is not found in {region.name}; check the id and region")
    if instance.state not in ("running", "stopped"):
        raise PreflightError(
            f"instance {instance_id} in {region.name} is {instance.state}; an image can be made of a running or a "
            "stopped one"
        )
    volumes = find_volumes(region, [attachment.volume_id for attachment in instance.attachments])
    missing = [one.volume_id for one in instance.attachments if one.volume_id not in volumes]
    if missing:
        raise PreflightError(
            f"instance {instance_id} in {region.name}: volumes {', '.join(missing)} cannot be read, so their keys "
            "cannot be verified; wait until they are attached, or run the task again"
        )
    volume_ids = {attachment.device_name: attachment.volume_id for attachment in instance.attachments}
    launched_from = find_images(region, [instance.image_id]).get(instance.image_id) if instance.image_id else None
    ephemeral = [
        device
        for device in (launched_from.devices if launched_from else ())
        if device.virtual_name is not None and device.device_name not in volume_ids
    ]
    source = instance_image(instance, volumes, region=region.name)
    return Material(
        source=dataclasses.replace(
            source,
            devices=(*source.devices, *ephemeral),
            watermarks=launched_from.watermarks if launched_from else (),
        ),
        volume_ids=volume_ids,
        is_complete=launched_from is not None,
    )


def _to_device(device_name: str, delete_on_termination: bool, volume: Volume) -> BlockDevice:
    return BlockDevice(
        device_name=device_name,
        encrypted=volume.encrypted,
        kms_key_arn=volume.kms_key_arn,
        volume_size=volume.volume_size,
        volume_type=volume.volume_type,
        iops=volume.iops,
        throughput=volume.throughput,
        delete_on_termination=delete_on_termination,
    )
