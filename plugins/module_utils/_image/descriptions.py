# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the descriptions of snapshots say: the ids in those of AWS, never the rest (aws_rules §25), and all of ours."""

from __future__ import annotations

import hashlib
import re
import typing as t

from .model import Image, Snapshot

# AWS shows this in place of a volume on every snapshot that was copied.
_NAME_DIGITS: t.Final = 16
COPIED_VOLUME: t.Final = "vol-ffffffff"
# AWS's own description of the snapshots that CopyImage makes; what follows the ids varies.
COPIED_FOR: t.Final = re.compile(r"Copied for DestinationAmi (ami-[0-9a-f]+) from SourceAmi (ami-[0-9a-f]+)\b")
_COPIED_FROM: t.Final = re.compile(r" for SourceSnapshot (snap-[0-9a-f]+)\b")
# And of those that CreateImage makes.
CREATED_FOR: t.Final = re.compile(r"Created by CreateImage\((i-[0-9a-f]+)\) for (ami-[0-9a-f]+)")


def is_made_otherwise(image: Image) -> bool:
    """Tell whether AWS describes a snapshot in the mapping as made by CreateImage, or as copied for another image.

    An answer may lack the instance of an image; its snapshots tell all the same.
    """
    texts = [device.snapshot_description for device in image.snapshot_devices]
    copied = [found[1] for found in map(COPIED_FOR.match, texts) if found]
    return any(map(CREATED_FOR.match, texts)) or any(one != image.image_id for one in copied)


def instance_of(image: Image) -> str | None:
    """Return the instance that AWS says an image was made of: of itself, or in the descriptions of its snapshots.

    An answer may lack the instance of an image.
    """
    created = (CREATED_FOR.match(device.snapshot_description) for device in image.snapshot_devices)
    described = [found[1] for found in created if found and found[2] == image.image_id]
    return image.source_instance_id or (described[0] if described else None)


def is_described_as_copy(image: Image, *, source_image_id: str) -> bool:
    """Tell whether AWS says of every snapshot in the mapping that it was copied for this very image from the source.

    For images without AWS's lineage: whoever registers an image gives it any tags, but not these descriptions together
    with its own id.
    """
    found = [COPIED_FOR.match(device.snapshot_description) for device in image.snapshot_devices]
    return bool(found) and all(one and one.groups() == (image.image_id, source_image_id) for one in found)


def destination_of(snapshot: Snapshot) -> str:
    """Return the image that AWS says a snapshot was copied for; empty for any other snapshot."""
    copied = COPIED_FOR.match(snapshot.description) if snapshot.volume_id == COPIED_VOLUME else None
    return copied[1] if copied else ""


def created_of(snapshot: Snapshot) -> tuple[str, str]:
    """Return the instance and the image that AWS says CreateImage made a snapshot of and for; empty for any other.

    A copy may have the description of what was copied, which AWS shows no volume of.
    """
    created = CREATED_FOR.match(snapshot.description) if snapshot.volume_id != COPIED_VOLUME else None
    return (created[1], created[2]) if created else ("", "")


def original_of(snapshot: Snapshot) -> tuple[str, str]:
    """Return the image that AWS says a snapshot was copied for and the snapshot it was copied from; empty where unsaid.

    CopyImage makes one snapshot of each pair. Whoever copies that one may keep its description.
    """
    found = _COPIED_FROM.search(snapshot.description)
    return destination_of(snapshot), found[1] if found else ""


def is_later_twin(snapshot: Snapshot, among: t.Iterable[Snapshot]) -> bool:
    """Tell whether another one that is not younger has the same description: then somebody made this one of it."""
    original = original_of(snapshot)
    twins = [one for one in among if one is not snapshot and all(original) and original_of(one) == original]
    return any(one.start_time <= snapshot.start_time for one in twins)


def image_described_in(text: str) -> str:
    """Return the image that a description of AWS says a snapshot was copied or created for; empty for any other."""
    copied, created = COPIED_FOR.match(text), CREATED_FOR.match(text)
    return copied[1] if copied else created[2] if created else ""


def work_description(name: str) -> str:
    """Return how the descriptions of all snapshots made for images of this name begin."""
    return f"sealed.ami {name_digest(name)}"


def birth_description(name: str, digest: str, device_name: str, *, is_copy: bool) -> str:
    """Return the description that a snapshot gets at birth, which tells a copy from one of a volume that is empty."""
    return f"{work_description(name)} {digest} {device_name}{'' if is_copy else ' empty'}"


def name_digest(name: str) -> str:
    """Return what stands for a name where no other character may be."""
    # A name may hold characters that mean something in a filter.
    return hashlib.sha256(name.encode()).hexdigest()[:_NAME_DIGITS]
