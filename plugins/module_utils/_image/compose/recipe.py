# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The recipe of an image: every device with its content, its key and its shape. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from ..descriptions import birth_description, name_digest
from ..keys import RequiredKey
from ..model import COPY_TAG, DEVICE_TAG, KEY_TAG, RECIPE_TAG, SOURCE_TAG, BlockDevice
from .volumes import VolumeShape

_DIGITS: t.Final = 32


@dataclasses.dataclass(frozen=True)
class RecipeDevice:
    """One device of the image to be.

    ``snapshot_id`` and ``snapshot_region`` name the content; without them the volume starts empty, or is attached to
    the instance already (``volume_id``). ``held_key_arn`` is the key that the content is under now; ``is_reusable``
    tells that the snapshot itself can back the image: it is the caller's, in the right region, under the right key.
    ``is_opened`` tells that another key is associated with it, which opens it too, ``is_local`` that it does not lie in
    the region itself.
    Ephemeral devices have a ``virtual_name`` and nothing else.
    """

    device_name: str
    shape: VolumeShape | None = None
    delete_on_termination: bool = False
    key_reference: str | None = None
    key: RequiredKey | None = None
    snapshot_id: str | None = None
    snapshot_region: str | None = None
    snapshot_size: int = 0
    volume_id: str | None = None
    virtual_name: str | None = None
    is_added: bool = False
    held_key_arn: str | None = None
    is_opened: bool = False
    is_local: bool = False
    is_reusable: bool = False

    @property
    def is_ebs(self) -> bool:
        """Tell devices that need a key from ephemeral ones."""
        return self.shape is not None

    @property
    def size(self) -> int:
        """Return the size of the volume in GiB; 0 for ephemeral devices."""
        return self.shape.volume_size if self.shape else 0

    @property
    def required_key(self) -> RequiredKey:
        """Return the key, which every EBS device has once the keys are resolved."""
        if self.key is None:
            raise ValueError(f"the key of {self.device_name} is not resolved")
        return self.key

    @property
    def kms_key_id(self) -> str:
        """Return what names the key in a request to AWS."""
        return self.required_key.arn or self.required_key.reference

    @property
    def key_label(self) -> str:
        """Return the name of the key for the snapshot's tag: the alias it was asked by, else its ARN."""
        reference = self.required_key.reference
        if "alias/" in reference:
            return reference[reference.index("alias/") :]
        return self.required_key.arn or reference

    def predicted(self, snapshot_id: str | None, place: str = "") -> BlockDevice:
        """Return the device as the image will show it."""
        if self.shape is None:
            return BlockDevice(self.device_name, virtual_name=self.virtual_name)
        return BlockDevice(
            device_name=self.device_name,
            snapshot_id=snapshot_id,
            encrypted=True,
            kms_key_arn=self.required_key.arn,
            volume_size=self.shape.volume_size,
            volume_type=self.shape.volume_type,
            iops=self.shape.iops,
            throughput=self.shape.throughput,
            delete_on_termination=self.delete_on_termination,
            associated_keys=(),
            place=place,
        )

    def identity(self) -> list[t.Any]:
        """Return what makes the device what it is, whatever method makes it.

        The key is not part of it: AWS says which key a snapshot is under, and where kms:DescribeKey is denied, an alias
        cannot be told from the key behind it.
        """
        shape = dataclasses.astuple(self.shape) if self.shape else ()
        content = f"{self.snapshot_region}:{self.snapshot_id}" if self.snapshot_id else self.volume_id
        return [self.device_name, content, *shape, self.delete_on_termination]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What an image named ``name`` is made of; ``source_tag`` names the image or instance that it comes from.

    ``place`` is the Local Zone or Outpost that its snapshots lie in, empty for the region; AWS says of each where it
    lies, so it is no part of the digest.
    """

    name: str
    source_tag: str
    root_device_name: str
    devices: tuple[RecipeDevice, ...]
    dropped: tuple[str, ...] = ()
    place: str = ""

    @property
    def ebs_devices(self) -> tuple[RecipeDevice, ...]:
        """Return the devices that need a snapshot."""
        return tuple(device for device in self.devices if device.is_ebs)

    @property
    def is_of_instance(self) -> bool:
        """Tell an image of a given instance, whose ephemeral disks AWS decides about, from all others."""
        return ":i-" in self.source_tag

    @property
    def digest(self) -> str:
        """Return the recipe as one word; the same recipe gives the same word under any name and any method."""
        # Ephemeral disks hold nothing, and an instance does not show them.
        identity = [self.source_tag, self.root_device_name, [device.identity() for device in self.ebs_devices]]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_DIGITS]

    @property
    def work(self) -> str:
        """Return the word that everything made for this image carries: recipe and name together."""
        return work_token(self.name, self.digest)

    @property
    def image_tags(self) -> dict[str, str]:
        """Return this collection's own tags of the image."""
        return {SOURCE_TAG: self.source_tag, **self.work_tags}

    @property
    def work_tags(self) -> dict[str, str]:
        """Return the tags of what is made on the way: snapshots, volumes and the instance."""
        return {RECIPE_TAG: self.digest, COPY_TAG: self.work}

    def snapshot_tags(self, device: RecipeDevice) -> dict[str, str]:
        """Return this collection's own tags of a device's snapshot."""
        return {**self.work_tags, DEVICE_TAG: device.device_name, KEY_TAG: device.key_label}

    def snapshot_description(self, device: RecipeDevice) -> str:
        """Return the description by which a device's snapshot is found: filters by tag lag, this one does not."""
        return birth_description(self.name, self.digest, device.device_name, is_copy=device.snapshot_id is not None)


def work_token(name: str, digest: str) -> str:
    """Return the work token of a recipe under an image name."""
    return f"sealed-ami-{name_digest(name)}-{digest}"


def launch_token(work: str, image_id: str) -> str:
    """Return how the client tokens begin that launch instances of an image for this work."""
    return f"sealed-ami-{hashlib.sha256(f'{work} {image_id}'.encode()).hexdigest()[:24]}-"
