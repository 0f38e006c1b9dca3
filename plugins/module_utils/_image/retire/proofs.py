# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What retiring and restoring may take away: one rule for each kind of thing, with its reason. No AWS, no Ansible."""

from __future__ import annotations

from ..model import Image
from ..proofs import MayPurgeTags, Proof
from ..use import Use


class MayDisable(Proof):
    """Nothing uses an image, so that it may be disabled until somebody misses it."""


def may_disable(image: Image, use: Use) -> MayDisable | None:
    """Return the proof that an image of this account may be disabled: all evidence of use was read, and there is none.

    Which images are old the user says by filters; what uses them AWS alone knows.
    """
    if use.in_use is not False or (use.image_id, use.region) != (image.image_id, image.region):
        return None
    return MayDisable(image.image_id, f"as of {use.as_of}, nothing uses it" if use.as_of else "nothing uses it")


def may_purge_record(image: Image) -> MayPurgeTags:
    """Return the proof that the notes of retiring may go from an image of this account that the task names.

    They are tags of this collection's own, and what they say is done by then.
    """
    return MayPurgeTags(image.image_id, "it is restored, so that the notes for it have served")
