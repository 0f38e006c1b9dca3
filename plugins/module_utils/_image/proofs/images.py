# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Which images may be deregistered or disabled, and why. No AWS, no Ansible."""

from __future__ import annotations

from ..doubts import doubt_of_composed, doubt_of_copy
from ..model import Image
from ..use import Use
from .kinds import MayDeregister, MayDisable


def copy_is_ours(image: Image, *, source_image_id: str, source_region: str) -> MayDeregister | None:
    """Return the proof that the image is this collection's copy of the source."""
    if doubt_of_copy(image, source_image_id=source_image_id, source_region=source_region) is not None:
        return None
    return MayDeregister(image.image_id, "AWS's lineage, our tags and the keys of its snapshots agree")


def started_by_this_run(image_id: str, shown: Image | None, *, mark: tuple[str, str]) -> MayDeregister | None:
    """Return the proof that a creating call of this run made the image.

    AWS answers a used client token with the image of an earlier run. ``mark`` is a tag, key and value, that this run
    alone has given at birth; nobody can have copied it to an image that was there before.
    """
    if shown is None or shown.image_id != image_id or shown.tags.get(mark[0]) != mark[1]:
        return None
    return MayDeregister(image_id, "a call of this run made it")


def composed_is_ours(image: Image, *, work: str, token: str) -> MayDeregister | None:
    """Return the proof that the image is composed under its name."""
    if doubt_of_composed(image, work=work, token=token) is not None:
        return None
    return MayDeregister(image.image_id, "our tags are those of its name, and AWS's lineage agrees with them")


def may_disable(image: Image, use: Use) -> MayDisable | None:
    """Return the proof that an image of this account may be disabled: all evidence of use was read, and there is none.

    Which images are old the user says by filters; what uses them AWS alone knows.
    """
    if use.in_use is not False or (use.image_id, use.region) != (image.image_id, image.region):
        return None
    return MayDisable(image.image_id, f"as of {use.as_of}, nothing uses it" if use.as_of else "nothing uses it")


def may_disable_superseded(ours: MayDeregister) -> MayDisable:
    """Return the proof that a copy of ours may be disabled whose successor is verified, as the task asks."""
    return MayDisable(ours.resource_id, ours.reason)


def may_deregister_retired(image: Image, use: Use, *, is_noted: bool) -> MayDeregister | None:
    """Return the proof that an image of this account may be deregistered: nobody can launch it, and nothing uses it.

    That it is disabled AWS says; ``is_noted`` that a note of ours names the image, and so was not copied to it.
    """
    if use.in_use is not False or (use.image_id, use.region) != (image.image_id, image.region):
        return None
    if image.state == "failed":
        return MayDeregister(image.image_id, "it is failed, so that nobody could ever launch it, and nothing uses it")
    if image.state != "disabled" or not is_noted:
        return None
    return MayDeregister(image.image_id, f"it was disabled by a task of ours, and as of {use.as_of}, nothing uses it")
