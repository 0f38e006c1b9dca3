# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values for the tables of the pure core, in as few words as the case needs: ``an_image(sda1=KEY_A, sdf=None)``."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COPY_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import Lineage, Requirement
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.request import CopyRequest, parse_copy_request
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import (
    COPY_TAG,
    KEY_TAG,
    SOURCE_TAG,
    BlockDevice,
    Image,
    KmsKey,
    Snapshot,
)

HOME, AWAY = "us-east-1", "eu-west-1"
ACCOUNT, OTHER_ACCOUNT = "123456789012", "210987654321"
SOURCE_ID, COPY_ID = "ami-00000000000000001", "ami-000000000000000c0"


def key_arn(name: str, *, region: str = AWAY) -> str:
    """Return the ARN of a key; the same name in two regions is what a multi-Region key looks like."""
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{name}"


KEY_A, KEY_B = key_arn("aaaaaaaa-0000-4000-8000-000000000000"), key_arn("bbbbbbbb-0000-4000-8000-000000000000")
GLOBAL_HOME, GLOBAL_AWAY = (key_arn("mrk-00000000000000000000000000000012", region=where) for where in (HOME, AWAY))
LINEAGE = Lineage(SOURCE_ID, HOME)


def fresh(value: t.Any) -> t.Any:
    """Return an equal value whose texts and numbers are other objects, as those in every answer of AWS are."""
    if isinstance(value, str):
        return "".join(list(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return int(str(value))
    if isinstance(value, (tuple, list, set, frozenset)):
        return getattr(value, "_make", type(value))(map(fresh, value))
    if isinstance(value, dict):
        return {fresh(key): fresh(one) for key, one in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value, **{field.name: fresh(getattr(value, field.name)) for field in dataclasses.fields(value)}
        )
    return value


def a_device(name: str, key: str | bool | None, image_id: str) -> BlockDevice:
    """Return an EBS device: under a key, plain (None), or (True) encrypted under a key that AWS does not show."""
    return BlockDevice(
        device_name=f"/dev/{name}",
        snapshot_id=f"snap-{name}-of-{image_id}",
        encrypted=key is not None,
        kms_key_arn=key if isinstance(key, str) else None,
        volume_size=8,
    )


def an_image(image_id: str = SOURCE_ID, *, extra: t.Sequence[BlockDevice] = (), **parts: t.Any) -> Image:
    """Return an available image in the home region; ``sda1=KEY_A`` and the like are devices, the rest its fields."""
    fields = {field.name for field in dataclasses.fields(Image)}
    devices = [a_device(name, key, image_id) for name, key in parts.items() if name not in fields]
    given = {name: value for name, value in parts.items() if name in fields}
    plain: dict[str, t.Any] = {"region": HOME, "name": "golden", "owner_id": ACCOUNT}
    return fresh(Image(image_id=image_id, devices=(*devices, *extra), **{**plain, **given}))


def a_copy(image_id: str = COPY_ID, *, key_tag: str | None = KEY_A, **parts: t.Any) -> Image:
    """Return our copy of the source in the other region: AWS's lineage and our tags (none without ``key_tag``)."""
    tags = (
        {SOURCE_TAG: LINEAGE.tag, KEY_TAG: key_tag, COPY_TAG: f"sealed-ami-{image_id[-1:]}"}
        if key_tag is not None
        else {}
    )
    found = {"region": AWAY, "source_image_id": SOURCE_ID, "source_region": HOME, "creation_date": "2026-01-01"}
    return an_image(image_id, **{**found, **parts, "tags": {**tags, **parts.get("tags", {})}})


def a_snapshot(snapshot_id: str, **fields: t.Any) -> Snapshot:
    """Return a completed plain snapshot."""
    return fresh(Snapshot(**{"snapshot_id": snapshot_id, "state": "completed", "encrypted": False, **fields}))


def snapshots_of(image: Image, **fields: t.Any) -> dict[str, Snapshot]:
    """Return the completed snapshots behind an image, by id."""
    return {
        device.snapshot_id: a_snapshot(
            device.snapshot_id, encrypted=bool(device.encrypted), kms_key_arn=device.kms_key_arn, **fields
        )
        for device in image.ebs_devices
        if device.snapshot_id
    }


def a_key(arn: str = KEY_A, **fields: t.Any) -> KmsKey:
    """Return what DescribeKey says of a usable key."""
    return KmsKey(arn, **fields)


def required(arn: str | None = KEY_A, *, reference: str | None = None, **fields: t.Any) -> RequiredKey:
    """Return a key that was asked for by its ARN, or by ``reference``; an ``arn`` of None is a denied DescribeKey."""
    metadata = KmsKey(arn) if arn else None
    return RequiredKey(**{"reference": reference or arn or "", "arn": arn, "metadata": metadata, **fields})


def a_requirement(key: RequiredKey | None, source: Image | None = None, **fields: t.Any) -> Requirement:
    """Return what the copy's snapshots must be; a key of None preserves the source's statuses."""
    return Requirement(key, source.devices if source else None, **fields)


def options(**given: t.Any) -> dict[str, t.Any]:
    """Return the module's options as AnsibleModule hands them over: all of them, defaults filled in."""
    return {**{name: spec.get("default") for name, spec in COPY_ARGUMENTS.items()}, **given}


def a_request(**given: t.Any) -> CopyRequest:
    """Return a request for the source in the other region."""
    asked = {"source_image_id": SOURCE_ID, "source_region": HOME, **given}
    return parse_copy_request(fresh(options(**asked)), default_region=AWAY)
