# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the tags of retiring say of an image, beside who might launch it. No AWS, no Ansible, no clock."""

from __future__ import annotations

from ..disabling import from_record
from ..model import DISABLED_TAG, IMAGE_TAG, UNPROTECTED_TAG, Image, Snapshot
from ..timestamps import parse_timestamp, to_text
from ..vocabulary import Protection


def disabled_since(image: Image) -> float | None:
    """Return when a task of ours disabled the image, None where its notes do not prove that.

    The record of permissions names the image, so that notes which were copied from another one prove nothing.
    """
    if image.state != "disabled" or from_record(image) is None:
        return None
    return parse_timestamp(image.tags.get(DISABLED_TAG, ""))


def enabled_again(image: Image) -> str | None:
    """Return when a task of ours disabled the image that somebody has enabled since; a restore removes the notes."""
    noted = image.tags.get(DISABLED_TAG, "")
    if image.state != "available" or from_record(image) is None or parse_timestamp(noted) is None:
        return None
    return noted


def mark_of(snapshot: Snapshot, image_id: str) -> float | None:
    """Return when a task of ours was about to delete the snapshot with the image, None where none was."""
    words = snapshot.tags.get(IMAGE_TAG, "").split()
    return parse_timestamp(words[1]) if len(words) == 2 and words[0] == image_id else None


def to_mark(image_id: str, now: float) -> str:
    """Return the value of IMAGE_TAG for the snapshots of an image that is about to be deregistered."""
    return f"{image_id} {to_text(now)}"


def to_protection(text: str) -> Protection | None:
    """Return the protection that an option or AWS's free text, such as ``enabled-without-cooldown``, stands for."""
    if text.startswith("enabled"):
        return "enabled-with-cooldown" if text.startswith("enabled-with-cooldown") else "enabled"
    return None


def note_of_protection(image: Image, now: float) -> dict[str, str]:
    """Return the tag that says which protection the image had, and until when it was there at least."""
    return {UNPROTECTED_TAG: f"{image.image_id} {to_protection(image.deregistration_protection)} {to_text(now)}"}


def protection_before(image: Image) -> tuple[Protection, float] | None:
    """Return the protection that retiring has taken off, and when; None where it has not, or the note is another's."""
    words = image.tags.get(UNPROTECTED_TAG, "").split()
    if len(words) != 3 or words[0] != image.image_id:
        return None
    protection, moment = to_protection(words[1]), parse_timestamp(words[2])
    return None if protection is None or moment is None else (protection, moment)
