# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Sort images into groups, and tell which of them no rule keeps. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..model import Image
from ..timestamps import parse_timestamp
from .request import GroupBy, Keep, RetireRequest

DAY: t.Final = 86400
# Tags of what other services make images for and remove themselves; AWS alone writes those that begin with aws:.
_MANAGERS: t.Final = (
    ("aws:backup:", "AWS Backup"),
    ("aws:dlm:", "Data Lifecycle Manager"),
    ("dlm:managed", "Data Lifecycle Manager"),
    ("Ec2ImageBuilderArn", "EC2 Image Builder"),
)
_BACKUP_ALIAS: t.Final = "aws-backup-vault"
_BACKUP_NAME: t.Final = "AwsBackup_"


@dataclasses.dataclass(frozen=True)
class Sorted:
    """An image in its group, and why it is kept; None where no rule keeps it as far as the image itself tells.

    ``successor`` is the newest image of the group that can be launched.
    """

    image: Image
    group: str | None
    kept: str | None
    successor: str | None = None


def sort_images(
    images: t.Sequence[Image], copied: t.Collection[str], request: RetireRequest, *, now: float
) -> list[Sorted]:
    """Return each image with its group and what keeps it; ``copied`` are the sources of copies that are pending."""
    groups: dict[str | None, list[Image]] = {}
    for image in images:
        groups.setdefault(group_of(image, request.group_by), []).append(image)
    found = []
    for group, members in groups.items():
        members.sort(key=lambda image: (image.creation_date, image.image_id), reverse=True)
        newest = _newest(members, request.keep)
        first = next((one.image_id for one in members if one.state != "failed"), None)
        successor = next((one.image_id for one in members if one.state == "available"), None)
        for image in members:
            kept = _not_ours_to_retire(image, copied) or _kept(image, first, group, newest, request, now)
            found.append(Sorted(image, group, kept, successor))
    return found


def group_of(image: Image, by: GroupBy) -> str | None:
    """Return the group that an image is in, None where it is in none."""
    if by.tag:
        return image.tags.get(by.tag)
    match = re.search(by.name, image.name)
    return match[1] if match else None


def manager_of(tags: t.Mapping[str, str]) -> str | None:
    """Return the service that manages what has these tags, None for none; it removes its own things itself."""
    return next((service for prefix, service in _MANAGERS if any(key.startswith(prefix) for key in tags)), None)


def _newest(members: t.Sequence[Image], keep: Keep) -> frozenset[str]:
    """Return the images that take the places of the newest: those that can be launched and no tag keeps."""
    places = [one for one in members if one.state == "available" and not _has_tags(one, keep)]
    return frozenset(one.image_id for one in places[: keep.newest])


def _has_tags(image: Image, keep: Keep) -> bool:
    return any(image.tags.get(key) == value for key, value in keep.tags.items())


def _not_ours_to_retire(image: Image, copied: t.Collection[str]) -> str | None:
    if image.state not in ("available", "disabled", "failed"):
        return f"it is {image.state}; only an image that is available, disabled or failed is retired"
    service = manager_of(image.tags)
    if service:
        return f"{service} manages it, by its tags; let that service remove it"
    if image.owner_alias == _BACKUP_ALIAS or image.name.startswith(_BACKUP_NAME):
        return "AWS Backup manages it, by its owner or name; let that service remove it"
    if image.image_id in copied:
        return "a copy of it is pending"
    return None


def _kept(
    image: Image,
    first: str | None,
    group: str | None,
    newest: frozenset[str],
    request: RetireRequest,
    now: float,
) -> str | None:
    """Say why the image is kept; None where nothing keeps it. What is not known of an image keeps it."""
    keep = request.keep
    if group is None:
        return "it belongs to no group: group_by finds nothing on it"
    if image.image_id == first:
        return f"it is the newest of group {group!r}"
    if image.image_id in newest:
        return f"it is one of the {keep.newest} newest of group {group!r} (keep.newest)"
    if _has_tags(image, keep):
        return "it has a tag of keep.tags"
    if request.image_ids and image.image_id not in request.image_ids:
        return "it is not one of image_ids"
    created = parse_timestamp(image.creation_date)
    if created is None:
        return f"AWS does not say when it was made ({image.creation_date!r})"
    if now - created < keep.younger_than_days * DAY:
        return f"it is younger than {keep.younger_than_days} days (keep.younger_than_days)"
    return None
