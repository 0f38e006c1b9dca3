# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Merge what the source has with what was asked for each device. Nothing in this file talks to AWS or to Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import PreflightError, RequestError
from ..keys import RequiredKey, region_in
from ..model import BlockDevice, Image, Snapshot
from .recipe import Recipe, RecipeDevice
from .request import ComposeRequest, DeviceRequest
from .volumes import DEFAULT_TYPE, VolumeShape, require_shape

T = t.TypeVar("T")
# Names of one disk: AWS has images whose root is called the one and whose mapping has the other (aws_rules §25).
_FIRST_DISK: t.Final = ("/dev/sda1", "/dev/sda")
_SHAPE: t.Final = ("volume_size", "volume_type", "iops", "throughput")


@dataclasses.dataclass(frozen=True)
class Material:
    """What the image is made of, as AWS shows it.

    ``source`` is the source image, or the instance in the form of one; ``volume_ids`` has the volumes of an instance by
    device. ``snapshots`` are those of the source and those that ``device_mapping`` names, with their region;
    ``owned`` names those that belong to the caller. ``is_complete`` tells that AWS shows every device: an instance does
    not show the ephemeral ones, its image does, as long as that is there.
    """

    source: Image
    snapshots: t.Mapping[str, tuple[str, Snapshot]] = dataclasses.field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    volume_ids: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_complete: bool = True


def draft_recipe(request: ComposeRequest, material: Material) -> Recipe:
    """Return the recipe without its keys, or say which device cannot be."""
    source = material.source
    present = {device.device_name: device for device in source.devices if not device.no_device}
    requested_devices = _by_present_name(request.devices, present)
    root = _root_name(source, present)
    _require_root(requested_devices.get(root))
    devices, dropped = [], []
    for name, device in present.items():
        requested = requested_devices.get(name, DeviceRequest(name))
        if requested.no_device:
            dropped.append(name)
        elif device.is_ebs:
            devices.append(_draft_existing(request, requested, device, material))
        else:
            devices.append(_draft_ephemeral(requested, device))
    for name, requested in requested_devices.items():
        if name in present:
            continue
        if requested.no_device and not material.is_complete:
            dropped.append(name)
        else:
            devices.append(_draft_added(request, requested, material))
    return Recipe(
        name=request.name,
        source_tag=request.source_tag or "",
        root_device_name=root,
        devices=tuple(sorted(devices, key=lambda device: device.device_name)),
        dropped=tuple(sorted(dropped)),
    )


def with_keys(
    recipe: Recipe, keys: t.Mapping[str | None, RequiredKey], *, owned: frozenset[str], request: ComposeRequest
) -> Recipe:
    """Return the recipe with the key of each device; a snapshot that has it already can back the image itself.

    An image whose snapshots are to be shared needs its own: opening those of the source would open the source too.
    """
    sharing = request.attributes.launch_permissions
    may_reuse = sharing is None or not sharing.for_snapshots
    devices = []
    for device in recipe.devices:
        if not device.is_ebs:
            devices.append(device)
            continue
        key = keys[device.key_reference]
        _require_told(key, device)
        is_here = device.snapshot_id in owned and device.snapshot_region == request.region
        is_sealed = device.held_key_arn is not None and device.held_key_arn == key.arn and not device.is_opened
        # Snapshots of one image all lie in one place, and the others are made in the region (aws_rules §21).
        reusable = may_reuse and is_here and is_sealed and not device.is_local
        devices.append(dataclasses.replace(device, key=key, is_reusable=reusable))
    return dataclasses.replace(recipe, devices=tuple(devices))


def _require_told(key: RequiredKey, device: RecipeDevice) -> None:
    """Refuse a key that is not known to be a certain one: whatever is encrypted would pass as being under it."""
    if not key.is_told:
        raise PreflightError(
            f"{device.device_name}: which key {key.reference} is cannot be told, for kms:DescribeKey on it is denied "
            "and kms:ListAliases does not say; an image under another key would pass as the wanted one. Allow "
            "kms:DescribeKey, or pass the ARN of the key"
        )


def _root_name(source: Image, present: t.Mapping[str, BlockDevice]) -> str:
    """Return the root device as the mapping names it; an image of instance store has none to name."""
    root = _present_name(source.root_device_name, present)
    if root in present or source.root_device_type != "ebs":
        return root
    what = f"source image {source.image_id}" if source.image_id else "the instance"
    raise PreflightError(
        f"{what} in {source.region} says that its root device is {source.root_device_name or 'none'}, but has only "
        f"{', '.join(sorted(present)) or 'no device'}; an image without a root cannot be made"
    )


def _present_name(name: str, present: t.Container[str]) -> str:
    if name in present or name not in _FIRST_DISK:
        return name
    return next((other for other in _FIRST_DISK if other in present), name)


def _by_present_name(
    requested_devices: t.Iterable[DeviceRequest], present: t.Container[str]
) -> dict[str, DeviceRequest]:
    named: dict[str, DeviceRequest] = {}
    for requested in requested_devices:
        name = _present_name(requested.device_name, present)
        if name in named:
            raise RequestError(f"device_mapping: {' and '.join(_FIRST_DISK)} are one device of the source; remove one")
        named[name] = dataclasses.replace(requested, device_name=name)
    return named


def _require_root(requested: DeviceRequest | None) -> None:
    if requested is not None and requested.no_device:
        raise RequestError(f"device {requested.device_name} is the root device of the source; it cannot be dropped")


def _draft_ephemeral(requested: DeviceRequest, device: BlockDevice) -> RecipeDevice:
    if requested != DeviceRequest(device.device_name):
        raise RequestError(
            f"device {device.device_name} is the ephemeral disk {device.virtual_name}; it has neither key nor size. "
            "Drop it from device_mapping, or set no_device"
        )
    return RecipeDevice(device.device_name, virtual_name=device.virtual_name)


def _draft_existing(
    request: ComposeRequest, requested: DeviceRequest, device: BlockDevice, material: Material
) -> RecipeDevice:
    """Return the device of the source with what the task changes of it."""
    if requested.snapshot_id is not None:
        raise RequestError(
            f"device {requested.device_name} is in the source already, so snapshot_id cannot be given; it is for added "
            "devices. Choose another device name"
        )
    own = VolumeShape(
        device.volume_size, device.volume_type or DEFAULT_TYPE, device.iops, device.throughput
    ).normalized()
    if device.device_name in material.volume_ids:
        _require_unchanged(requested, own)
    if device.device_name in material.volume_ids and not (
        device.encrypted or requested.kms_key_id or request.kms_key_id
    ):
        raise PreflightError(
            f"device {device.device_name}: volume {material.volume_ids[device.device_name]} is not encrypted, so its "
            "snapshot would not be either; encrypt the volume, or drop the device with no_device"
        )
    region, snapshot = material.snapshots.get(device.snapshot_id or "", (material.source.region, None))
    shape = _merged(requested, own, snapshot_size=snapshot.volume_size if snapshot else 0)
    wanted = requested.delete_on_termination
    return RecipeDevice(
        device_name=device.device_name,
        shape=shape,
        delete_on_termination=bool(device.delete_on_termination) if wanted is None else wanted,
        key_reference=_key_reference(request, requested, device.kms_key_arn, device.snapshot_id, material),
        snapshot_id=device.snapshot_id,
        snapshot_region=region if device.snapshot_id else None,
        snapshot_size=snapshot.volume_size if snapshot else device.volume_size,
        volume_id=material.volume_ids.get(device.device_name),
        held_key_arn=device.kms_key_arn,
        is_opened=bool(device.associated_keys),
        is_local=bool(device.place),
    )


def _draft_added(request: ComposeRequest, requested: DeviceRequest, material: Material) -> RecipeDevice:
    """Return a device that the source lacks, of a snapshot or empty."""
    name = requested.device_name
    if request.instance_id is not None or requested.no_device:
        has = ", ".join(device.device_name for device in material.source.devices)
        hint = "" if requested.no_device else "; attach a volume there first"
        raise RequestError(f"device {name} is not in the source, which has {has}{hint}")
    if requested.snapshot_id is None and requested.volume_size is None:
        raise RequestError(
            f"device {name} is not in the source; give snapshot_id or volume_size to add it, or correct the name"
        )
    snapshot = None
    region = None
    if requested.snapshot_id is not None:
        if requested.snapshot_id not in material.snapshots:
            raise PreflightError(
                f"device {name}: snapshot {requested.snapshot_id} is found neither in {request.source_region} nor in "
                f"{request.region}; check the id, and that its owner has given this account create-volume permission"
            )
        region, snapshot = material.snapshots[requested.snapshot_id]
    size = snapshot.volume_size if snapshot else 0
    held_key = snapshot.kms_key_arn if snapshot else None
    base = VolumeShape(_given(requested.volume_size, size), _given(requested.volume_type, DEFAULT_TYPE))
    return RecipeDevice(
        device_name=name,
        shape=_merged(requested, base, snapshot_size=size, is_added=True),
        delete_on_termination=bool(requested.delete_on_termination),
        key_reference=_key_reference(request, requested, held_key, requested.snapshot_id, material),
        snapshot_id=requested.snapshot_id,
        snapshot_region=region,
        snapshot_size=size,
        is_added=True,
        held_key_arn=held_key,
        is_opened=bool(snapshot and snapshot.associated_keys),
        is_local=bool(snapshot and snapshot.place),
    )


def _merged(requested: DeviceRequest, own: VolumeShape, *, snapshot_size: int, is_added: bool = False) -> VolumeShape:
    """Return the shape with what was requested applied; what AWS made itself is not judged again."""
    kind = _given(requested.volume_type, own.volume_type)
    kept = own if kind == own.volume_type else VolumeShape(own.volume_size, kind)
    size = _given(requested.volume_size, own.volume_size)
    if size < snapshot_size:
        raise RequestError(
            f"device {requested.device_name}: volume_size is {size} GiB, but its snapshot holds {snapshot_size} GiB; a "
            "volume cannot be smaller than its snapshot"
        )
    shape = VolumeShape(size, kind, _given(requested.iops, kept.iops), _given(requested.throughput, kept.throughput))
    if is_added or any(getattr(requested, option) is not None for option in _SHAPE):
        require_shape(shape, device_name=requested.device_name)
    return shape.normalized()


def _given(asked: T | None, otherwise: T) -> T:
    """Return what was asked for, 0 and an empty text included: only None means that nothing was."""
    return otherwise if asked is None else asked


def _require_unchanged(requested: DeviceRequest, own: VolumeShape) -> None:
    for option in _SHAPE:
        wanted, found = getattr(requested, option), getattr(own, option)
        if wanted not in (None, found):
            raise PreflightError(
                f"device {requested.device_name}: {option} is {wanted}, but the attached volume has {found}; an image "
                "of an instance takes the volumes as they are. Modify the volume first (ec2:ModifyVolume)"
            )


def _key_reference(
    request: ComposeRequest, requested: DeviceRequest, held_key: str | None, snapshot_id: str | None, material: Material
) -> str | None:
    """Return the key asked for; else the one that the content has, where it can stay; None is the default EBS key."""
    asked = requested.kms_key_id or request.kms_key_id
    if asked or held_key is None:
        return asked
    may_stay = snapshot_id is None or snapshot_id in material.owned
    return held_key if may_stay and region_in(held_key) == request.region else None
