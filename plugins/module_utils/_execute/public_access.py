# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Ask what keeps an account from sharing anything with everybody."""

from __future__ import annotations

from .._aws.connection import Region
from .._aws.errors import AwsError
from .._aws.images import public_image_block
from .._aws.keys import Warn
from .._aws.snapshots import public_snapshot_block


def block_states(region: Region, *, warn: Warn) -> dict[str, str | None]:
    """Return the states that AWS names, for images and for snapshots; None where one may not be read."""
    states: dict[str, str | None] = {}
    for what, read in (("images", public_image_block), ("snapshots", public_snapshot_block)):
        try:
            states[what] = read(region)
        except AwsError as error:
            if not error.is_denied:
                raise
            warn(f"{error}; whether {region.name} blocks public {what} could not be checked")
            states[what] = None
    return states


def public_blocks(region: Region, *, warn: Warn) -> tuple[str, ...]:
    """Return what blocks public sharing; where that may not be read, AWS says it in the end."""
    states = block_states(region, warn=warn)
    return tuple(f"{what}: {state}" for what, state in states.items() if state not in (None, "unblocked"))
