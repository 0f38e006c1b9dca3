# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which parameters and versions of launch templates may be deleted, and why. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from .kinds import MayDeleteParameter, MayDeleteVersion


class ShownParameter(t.Protocol):
    """What AWS shows of a parameter."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def version(self) -> int:
        """Return its newest version."""

    def holds(self, image_id: str) -> bool:
        """Tell whether consumers who ask for an image by this name get this one."""


def parameter_of_image(shown: ShownParameter | None, image_id: str) -> MayDeleteParameter | None:
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
