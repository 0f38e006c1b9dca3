# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What an audit looks at: keys as KMS shows them, devices with their keys, regions. Nothing here talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

from ..model import SOURCE_TAG, BlockDevice, Image, Snapshot

# The state given to a key that an image names and KMS no longer knows.
DELETED: t.Final = "Deleted"


@dataclasses.dataclass(frozen=True)
class AuditedKey:
    """A key that encrypts an audited snapshot. What could not be read is None, and is never taken for good."""

    arn: str
    state: str | None = None
    manager: str | None = None
    deletion_date: str | None = None
    aliases: tuple[str, ...] | None = None
    tags: t.Mapping[str, str] | None = None

    @property
    def shown(self) -> str:
        """Name the key for people."""
        return f"{self.arn} ({', '.join(self.aliases)})" if self.aliases else self.arn


@dataclasses.dataclass(frozen=True)
class AuditedDevice:
    """An EBS device of an image. ``unseen`` says why nothing is known of its snapshot; it is empty where it was read.

    ``volume_size`` is in GiB. ``associated`` are other keys that open the snapshot too; None where that is not known.
    ``place`` is the Local Zone or Outpost that it lies in, empty for the region; None where that is not known.
    """

    device_name: str
    snapshot_id: str | None = None
    encrypted: bool | None = None
    key: AuditedKey | None = None
    volume_size: int = 0
    unseen: str = ""
    associated: tuple[AuditedKey, ...] | None = ()
    place: str | None = ""


@dataclasses.dataclass(frozen=True)
class TemplateKey:
    """The key that a device of a version of a launch template names, in whichever form."""

    template_id: str
    template_name: str
    version: int
    is_default: bool
    device_name: str
    reference: str


@dataclasses.dataclass(frozen=True)
class KeyUses:
    """What was read about one key beside snapshots; what could not be read is None.

    ``default`` is the default key of EBS in whichever form. ``grants`` are as the result has them, ``locks`` by
    snapshot. ``last_usage`` is empty where KMS has recorded none.
    """

    default: str | None = None
    templates: tuple[TemplateKey, ...] | None = None
    grants: tuple[dict[str, t.Any], ...] | None = None
    is_shared: bool | None = None
    last_usage: dict[str, t.Any] | None = None
    locks: t.Mapping[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class RegionAudit:
    """What was read in one region, or the ``error`` that ended the reading.

    ``asked`` has the ARN of each key that was asked for and is there, by what it was asked for as, ``uses`` by ARN what
    else names these keys. ``shows_watermarks`` and ``shows_types`` tell whether the installed botocore does.
    ``launchable`` says of each image who can launch it, ``public_blocks`` what blocks public sharing of images and of
    snapshots, where that was asked.
    """

    region: str
    images: tuple[Image, ...] = ()
    snapshots: t.Mapping[str, Snapshot] = dataclasses.field(default_factory=dict)
    keys: t.Mapping[str, AuditedKey] = dataclasses.field(default_factory=dict)
    asked: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    uses: t.Mapping[str, KeyUses] = dataclasses.field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    error: str | None = None
    shows_watermarks: bool = True
    shows_types: bool = True
    launchable: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]]] = dataclasses.field(default_factory=dict)
    public_blocks: t.Mapping[str, str | None] = dataclasses.field(default_factory=dict)

    def devices_of(self, image: Image) -> tuple[AuditedDevice, ...]:
        """Return the image's EBS devices with what their snapshots and keys say."""
        return tuple(self._device(image, device) for device in image.ebs_devices)

    def _device(self, image: Image, device: BlockDevice) -> AuditedDevice:
        """Return what is known of a device: of a snapshot that is not shown the encryption is unknown, not false."""
        name, size = device.device_name, device.volume_size
        if device.snapshot_id is None and image.state == "pending":
            return AuditedDevice(name, None, None, None, size, "its snapshot is not made yet")
        if device.snapshot_id is None:
            return AuditedDevice(name, None, device.encrypted, None, size)
        snapshot = self.snapshots.get(device.snapshot_id)
        if snapshot is None:
            why = _why_unseen(image, device.snapshot_id)
            return AuditedDevice(name, device.snapshot_id, None, None, size, why, associated=None, place=None)
        key, others = self.keys.get(snapshot.kms_key_arn or ""), snapshot.associated_keys
        # The name of a key without its account is no ARN, and nothing is known of it.
        associated = None if others is None else tuple(self.keys.get(one, AuditedKey(one)) for one in others)
        return AuditedDevice(
            name, device.snapshot_id, snapshot.encrypted, key, size, associated=associated, place=snapshot.place
        )


def _why_unseen(image: Image, snapshot_id: str) -> str:
    return (
        f"snapshot {snapshot_id} is not shown to this account: its owner (the image's is {image.owner_id}) has not "
        "shared it, or it is deleted"
    )


def source_of(image: Image) -> tuple[str | None, str | None]:
    """Return id and region of the image that this one was copied from: by AWS's word, else by our own tag."""
    if image.source_image_id is not None:
        return image.source_image_id, image.source_region
    region, _colon, image_id = image.tags.get(SOURCE_TAG, "").partition(":")
    return (image_id, region) if region and image_id else (None, None)
