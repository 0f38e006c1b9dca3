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


def public_blocks(region: Region, *, warn: Warn) -> tuple[str, ...]:
    """Return what blocks public sharing; where that may not be read, AWS says it in the end."""
    blocks = []
    for what, read in (("images", public_image_block), ("snapshots", public_snapshot_block)):
        try:
            state = read(region)
        except AwsError as error:
            if not error.is_denied:
                raise
            warn(f"{error}; whether {region.name} blocks public {what} could not be checked")
            continue
        if state != "unblocked":
            blocks.append(f"{what}: {state}")
    return tuple(blocks)
