# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which instances may be terminated and which volumes deleted, and why. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..keys import RequiredKey
from ..machines import Instance, Volume
from ..model import COPY_TAG, DEVICE_TAG
from .kinds import MayDeleteVolume, MayTerminate


def instance_is_ours(instance: Instance, *, token: str) -> MayTerminate | None:
    """Return the proof that this collection launched the instance.

    Only who launches an instance gives it its client token. ``token`` is how ours begins for this work and for the
    image that AWS says the instance was launched from.
    """
    if not token or not instance.image_id or not instance.client_token.startswith(token):
        return None
    return MayTerminate(instance.instance_id, f"it was launched from {instance.image_id} with our client token")


@dataclasses.dataclass(frozen=True)
class MadeFor:
    """What the volume of an added device is made of: device, origin (a snapshot's id, empty for none) and GiB.

    A size of 0, no key and no types are not known.
    """

    device_name: str
    origin: str
    size: int
    key: RequiredKey | None = None
    types: tuple[str, ...] = ()

    def is_met_by(self, volume: Volume, *, work: str) -> bool:
        """Tell whether the volume is such a one.

        One that somebody restored has another snapshot as its origin, and one that scripts tagged after its instance
        has no tag of a device.
        """
        is_made = volume.snapshot_id == self.origin and self.size in (0, volume.volume_size) and volume.encrypted
        is_made = is_made and (self.key is None or self.key.is_on(volume))
        is_made = is_made and (not self.types or volume.volume_type in self.types)
        return is_made and volume.tags.get(COPY_TAG) == work and volume.tags.get(DEVICE_TAG) == self.device_name


def volume_of_instance(
    volume: Volume, instance: MayTerminate, made_for: MadeFor, *, work: str
) -> MayDeleteVolume | None:
    """Return the proof that a volume was made for a device of an instance of ours, and is nowhere else.

    People attach disks of their own to an instance that is held for their tasks, and scripts tag them after it.
    """
    is_in_place = volume.attached_to == (instance.resource_id,) and volume.device_name == made_for.device_name
    if not is_in_place or not made_for.is_met_by(volume, work=work):
        return None
    return MayDeleteVolume(volume.volume_id, f"it is {volume.device_name} of {instance.resource_id}, which is ours")


def unused_volume(
    volume: Volume, made_for: MadeFor, *, work: str, imaged: t.Container[str] = ()
) -> MayDeleteVolume | None:
    """Return the proof that a volume was made for a device and never used: it is attached to nothing.

    Anybody may restore the same snapshot, or make an empty volume, and nothing but the tags would tell it from ours, so
    that AWS has to name it as the volume of a snapshot that is ours (``imaged``).
    """
    is_used = bool(volume.attached_to) or volume.state in ("in-use", "deleting", "deleted")
    if is_used or not made_for.is_met_by(volume, work=work):
        return None
    if volume.volume_id not in imaged:
        return None
    return MayDeleteVolume(volume.volume_id, f"it was made for {made_for.device_name}, and nothing uses it")
