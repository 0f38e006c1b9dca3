# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for the tables of composing: a source with three devices, and what a request makes of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COMPOSE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.draft import Material, draft_recipe, with_keys
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.facts import ComposeFacts
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.method import choose_method
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import Recipe
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import (
    ComposeRequest,
    parse_compose_request,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image, Snapshot
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    HOME,
    KEY_A,
    SOURCE_ID,
    a_snapshot,
    fresh,
    required,
)

NAME = "composed"


def a_compose_request(**given: t.Any) -> ComposeRequest:
    """Return a request for an image of the source, made in the other region."""
    options = {name: spec.get("default") for name, spec in COMPOSE_ARGUMENTS.items()}
    asked = {"name": NAME, "source_image_id": SOURCE_ID, "source_region": HOME, **given}
    return parse_compose_request({**options, **asked}, default_region=AWAY)


def a_disk(name: str, key: str | None = None, **fields: t.Any) -> BlockDevice:
    """Return a gp3 device of 8 GiB."""
    plain: dict[str, t.Any] = {
        "snapshot_id": f"snap-{name}", "encrypted": key is not None, "kms_key_arn": key, "volume_size": 8,
        "volume_type": "gp3", "iops": 3000, "throughput": 125, "delete_on_termination": name == "xvda",
    }  # fmt: skip
    return BlockDevice(f"/dev/{name}", **{**plain, **fields})


def a_source(*devices: BlockDevice, region: str = HOME, **fields: t.Any) -> Image:
    """Return a source image; without devices, with a plain root and a plain data volume."""
    given = devices or (a_disk("xvda"), a_disk("sdf"))
    plain: dict[str, t.Any] = {"name": "golden", "root_device_name": "/dev/xvda", "boot": {"Architecture": "x86_64"}}
    return Image(SOURCE_ID, region, devices=given, **{**plain, **fields})


def material_of(source: Image, *, owned: bool = True, added: t.Mapping[str, Snapshot] | None = None) -> Material:
    """Return what reading the source shows; ``added`` are further snapshots in the source's region."""
    own = {
        device.snapshot_id: a_snapshot(
            device.snapshot_id, encrypted=bool(device.encrypted), kms_key_arn=device.kms_key_arn,
            volume_size=device.volume_size,
        )
        for device in source.ebs_devices
        if device.snapshot_id
    }  # fmt: skip
    snapshots = {name: (source.region, snapshot) for name, snapshot in {**own, **(added or {})}.items()}
    return Material(source, snapshots, frozenset(snapshots) if owned else frozenset())


def a_recipe(request: ComposeRequest, material: Material, **arns: str | None) -> Recipe:
    """Return the recipe with every key resolved: ``alias_os=KEY_A`` is what ``alias/os`` stands for, else KEY_A."""
    draft = draft_recipe(request, material)
    keys = {}
    for reference in {device.key_reference for device in draft.ebs_devices}:
        is_arn = reference is not None and reference.startswith("arn:") and ":key/" in reference
        arn = reference if is_arn else arns.get((reference or "default").replace("/", "_"), KEY_A)
        keys[reference] = required(arn, reference=reference or "alias/aws/ebs")
    return with_keys(draft, keys, owned=material.owned, request=request)


def facts_of(request: ComposeRequest, material: Material, recipe: Recipe, **fields: t.Any) -> ComposeFacts:
    """Return the facts for planning, as read from AWS."""
    facts = ComposeFacts(recipe, material.source, choose_method(request, material.source), **fields)
    return t.cast("ComposeFacts", fresh(facts))


def an_image_of(recipe: Recipe, image_id: str = "ami-000000000000000d0", **fields: t.Any) -> Image:
    """Return the available image that the recipe asks for."""
    devices = tuple(
        device.predicted(f"snap-made-{device.device_name[5:]}" if device.is_ebs else None) for device in recipe.devices
    )
    plain: dict[str, t.Any] = {"name": recipe.name, "devices": devices, "tags": recipe.image_tags}
    return Image(image_id, AWAY, **{**plain, **fields})


def snapshots_for(recipe: Recipe, image: Image) -> dict[str, Snapshot]:
    """Return the snapshots that were made for the image."""
    wanted = {device.device_name: device for device in recipe.ebs_devices}
    return {
        device.snapshot_id: Snapshot(
            device.snapshot_id, "completed", True, device.kms_key_arn, device.volume_size, volume_id="vol-ffffffff",
            description=recipe.snapshot_description(wanted[device.device_name]),
            tags=recipe.snapshot_tags(wanted[device.device_name]),
        )
        for device in image.ebs_devices
        if device.snapshot_id and device.device_name in wanted
    }  # fmt: skip


def without(devices: t.Sequence[BlockDevice], name: str, **changes: t.Any) -> tuple[BlockDevice, ...]:
    """Return the devices with one changed, or left out where nothing is changed."""
    kept = (dataclasses.replace(one, **changes) if one.device_name == name else one for one in devices)
    return tuple(one for one in kept if changes or one.device_name != name)
