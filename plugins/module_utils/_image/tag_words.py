# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Write a list of words into numbered tags of a resource, and read it again. No AWS, no Ansible, no clock.

The first word is the resource, so that tags that were copied to another one count for nothing there; the second is how
many words follow. None has a blank in it.
"""

from __future__ import annotations

import typing as t

MOST_TAGS: t.Final = 10
_VALUE: t.Final = 256


def to_tags(prefix: str, resource_id: str, words: t.Sequence[str]) -> dict[str, str] | None:
    """Return the tags that hold the words, None where they would be too many."""
    values = [f"{resource_id} {len(words)}"]
    for word in words:
        if len(values[-1]) + 1 + len(word) <= _VALUE:
            values[-1] += f" {word}"
        else:
            values.append(word)
    if len(values) > MOST_TAGS:
        return None
    return {f"{prefix}{number}": value for number, value in enumerate(values, start=1)}


def from_tags(prefix: str, resource_id: str, tags: t.Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the words, None where the tags of the resource do not hold them in full."""
    words = [word for number in range(1, MOST_TAGS + 1) for word in tags.get(f"{prefix}{number}", "").split()]
    if len(words) < 2 or words[0] != resource_id or not words[1].isdigit():
        return None
    count, found = int(words[1]), words[2:]
    return tuple(found[:count]) if len(found) >= count else None
