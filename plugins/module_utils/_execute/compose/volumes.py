# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Start encrypted volumes, the same ones in every run, and delete them again."""

from __future__ import annotations

import typing as t

from ..._aws.errors import AwsError
from ..._aws.volumes import create_volume
from ..._image.compose.recipe import RecipeDevice
from ..._image.compose.volumes import VolumeShape
from ..._image.errors import SealedError
from ..._image.keys import beside_own_key
from ..._image.machines import Volume
from ..._image.model import DEVICE_TAG, Snapshot
from ..._image.proofs import MayDeleteVolume, returned_by_creating_call
from ..._image.tokens import client_token_of
from .work import Work

# A token whose volume is gone, or was made with other parameters; another one is needed.
_SPENT_CODES: t.Final = ("InvalidVolume.NotFound", "IdempotentParameterMismatch")
_TOKENS: t.Final = 5


def start_volume(
    work: Work,
    device: RecipeDevice,
    shape: VolumeShape,
    *,
    zone: str,
    snapshot_id: str | None = None,
    salt: str = "",
) -> MayDeleteVolume:
    """Start the volume of a device; another run with the same ``salt`` gets the same volume."""
    for attempt in range(_TOKENS):
        try:
            volume_id = create_volume(
                work.region,
                shape,
                zone=zone,
                kms_key_id=device.kms_key_id,
                snapshot_id=snapshot_id,
                rate=work.request.instance.volume_initialization_rate,
                client_token=client_token(work.recipe.work, device.device_name, salt, str(attempt)),
                tags={
                    **work.request.tags_on_the_way,
                    **work.recipe.work_tags,
                    DEVICE_TAG: device.device_name,
                },
            )
        except AwsError as error:
            if error.code not in _SPENT_CODES or attempt == _TOKENS - 1:
                raise
        else:
            proof = returned_by_creating_call(MayDeleteVolume, volume_id)
            work.own_new(proof)
            return proof
    raise SealedError(f"no volume could be made for {device.device_name}")


def client_token(*parts: str) -> str:
    """Return a token of at most 64 characters, which is all that RunInstances takes."""
    return client_token_of(*parts)


def require_key(device: RecipeDevice, what: str, found: Snapshot | Volume) -> None:
    """Refuse to go on with what is not under the device's key: AWS decides in the end, not the request."""
    key = device.required_key
    if key.is_alone_on(found):
        return
    has = f"under key {found.kms_key_arn}{beside_own_key(found)}" if found.encrypted else "not encrypted"
    raise SealedError(f"{what} is {has}; wanted key {key.shown}. It is not used; report which region and key this was")
