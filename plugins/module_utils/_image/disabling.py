# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Write down in tags what disabling takes from an image, and when; read it again. No AWS, no Ansible, no clock.

A record names the image, so that one that was copied together with an image's tags counts for nothing there.
"""

from __future__ import annotations

import re
import typing as t

from .model import DEPRECATION_TAG, DISABLED_TAG, PERMISSIONS_TAG, REPLACED_TAG, UNPROTECTED_TAG, Image
from .permissions import LaunchPermissions
from .steps import SetTags
from .tag_words import MOST_TAGS, from_tags, to_tags
from .timestamps import to_text

# The value of DISABLED_TAG from just before the image is disabled until the time of it is written there.
BEING_DISABLED: t.Final = "being disabled"
_ACCOUNT: t.Final = re.compile(r"\d{12}")


def to_record(image_id: str, permissions: LaunchPermissions) -> dict[str, str] | None:
    """Return the tags that hold who may launch the image, None where they would be too many."""
    return to_tags(PERMISSIONS_TAG, image_id, [word for names in permissions.to_dict().values() for word in names])


def from_record(image: Image) -> LaunchPermissions | None:
    """Return who might launch the image before it was disabled, None where its tags do not say so in full."""
    found = from_tags(PERMISSIONS_TAG, image.image_id, image.tags)
    if found is None:
        return None
    known = LaunchPermissions(
        user_ids=frozenset(word for word in found if _ACCOUNT.fullmatch(word)),
        group_names=frozenset(word for word in found if word == "all"),
        org_arns=frozenset(word for word in found if ":organization/" in word),
        org_unit_arns=frozenset(word for word in found if ":ou/" in word),
    )
    return known if known.count == len(found) else None


def recording(
    image: Image, permissions: LaunchPermissions, *, also: t.Mapping[str, str] | None = None
) -> SetTags | None:
    """Return the step that records who may launch an image that is to be disabled; None where tags cannot hold it.

    ``also`` are further tags that it gets in the same call.
    """
    record = to_record(image.image_id, permissions)
    return None if record is None else set_tags(image, {**(also or {}), **record, DISABLED_TAG: BEING_DISABLED})


def noting(image: Image, now: float) -> SetTags:
    """Return the step that notes when an image was disabled, which AWS does not tell."""
    return set_tags(image, {DISABLED_TAG: to_text(now)})


def is_unnoted(image: Image) -> bool:
    """Tell whether a run ended between disabling the image and noting when; the record tells it from a person's act."""
    return image.tags.get(DISABLED_TAG) == BEING_DISABLED and from_record(image) is not None


def unrecordable() -> str:
    """Say why an image cannot be disabled whose permissions fit into no record."""
    return (
        f"it is shared with so many that {MOST_TAGS} tags cannot hold them, and disabling would lose who may "
        "launch it; take launch permissions back first"
    )


def set_tags(image: Image, tags: t.Mapping[str, str]) -> SetTags:
    """Return the step that adds tags to an image."""
    present = len(image.tags)
    return SetTags((image.image_id,), "image", tags, present=present, replaced=len(tags.keys() & image.tags.keys()))


def is_damaged(image: Image) -> bool:
    """Tell whether there is a record that is not complete, or of another image."""
    return f"{PERMISSIONS_TAG}1" in image.tags and from_record(image) is None


def own_record(image: Image) -> dict[str, str]:
    """Return the tags that retiring has written on the image, whatever they say."""
    names = (DEPRECATION_TAG, DISABLED_TAG, REPLACED_TAG, UNPROTECTED_TAG)
    return {key: tag for key, tag in image.tags.items() if key in names or key.startswith(PERMISSIONS_TAG)}
