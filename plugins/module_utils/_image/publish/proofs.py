# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What may be taken down again, and why: by what AWS says of it now. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses

from ..proofs import Proof
from .facts import Parameter


class MayDeleteParameter(Proof):
    """A parameter leads to the image that is to be taken down."""


@dataclasses.dataclass(frozen=True)
class MayDeleteVersion(Proof):
    """A version of a launch template was made by this collection, for the task that takes it back."""

    version: int


def parameter_of_image(shown: Parameter | None, image_id: str) -> MayDeleteParameter | None:
    """Return the proof that a parameter holds the image, as an image: whatever else it holds, others have published."""
    if shown is None or not shown.holds(image_id):
        return None
    return MayDeleteParameter(shown.name, f"AWS shows {image_id} in version {shown.version}")


def version_of_this_task(template_id: str, number: int, *, newest_before: int) -> MayDeleteVersion | None:
    """Return the proof that AWS made a version for our client token, which this task alone gives.

    AWS answers a used token with the version of an earlier run, which may be in use; numbers only grow.
    """
    if number <= newest_before:
        return None
    return MayDeleteVersion(template_id, f"AWS showed no version above {newest_before} before our call", number)
