# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes of retiring count for the very image that they name, in the very state they belong to, and whole only."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.model import Image, Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.retire.notes import (
    disabled_since,
    enabled_again,
    mark_of,
    protection_before,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import parse_timestamp
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import fresh

OWN = "ami-0000000000000000a"
# Ids that sort before and after it, and states that do so beside "available" and "disabled".
OTHERS = ("ami-00000000000000001", "ami-0000000000000000f")
STATES = ("a", "available", "b", "disabled", "failed", "pending")
TIME = "2026-11-01T00:00:00Z"
RECORD = "sealed.ami:launch-permissions-1"


def noted(state: str, *, since: str = TIME, record: str = f"{OWN} 0") -> Image:
    """Return an image with the notes of a run that disabled it."""
    tags = {"sealed.ami:disabled-at": since, RECORD: record}
    return Image(OWN, "us-east-1", state=fresh(state), tags={key: value for key, value in tags.items() if value})


@pytest.mark.parametrize("state", STATES)
def test_a_note_of_disabling_is_of_a_disabled_image(state: str) -> None:
    assert disabled_since(noted(state)) == (parse_timestamp(TIME) if state == "disabled" else None)


@pytest.mark.parametrize("state", STATES)
def test_who_was_enabled_again_is_available(state: str) -> None:
    assert enabled_again(noted(state)) == (TIME if state == "available" else None)


@pytest.mark.parametrize("record", ["", *(f"{one} 0" for one in OTHERS)])
@pytest.mark.parametrize("state", STATES)
def test_without_a_record_that_names_the_image_a_note_counts_for_nothing(state: str, record: str) -> None:
    image = noted(state, record=record)
    assert (disabled_since(image), enabled_again(image)) == (None, None)


@pytest.mark.parametrize("since", ["", "being disabled", "yesterday"])
@pytest.mark.parametrize("state", STATES)
def test_a_note_without_a_time_counts_for_nothing(state: str, since: str) -> None:
    image = noted(state, since=since)
    assert (disabled_since(image), enabled_again(image)) == (None, None)


@pytest.mark.parametrize(
    ("mark", "counts"),
    [
        (f"{OWN} {TIME}", True),
        *((f"{other} {TIME}", False) for other in OTHERS),
        (OWN, False),
        (f"{OWN} {TIME} more", False),
        (f"{OWN} yesterday", False),
        ("", False),
    ],
)
def test_a_mark_names_the_image_and_a_time_and_no_more(mark: str, counts: bool) -> None:
    snapshot = Snapshot("snap-1", "completed", True, tags={"sealed.ami:image": mark})
    assert mark_of(snapshot, fresh(OWN)) == (parse_timestamp(TIME) if counts else None)


@pytest.mark.parametrize(
    ("note", "before"),
    [
        (f"{OWN} enabled {TIME}", "enabled"),
        (f"{OWN} enabled-with-cooldown {TIME}", "enabled-with-cooldown"),
        *((f"{other} enabled {TIME}", None) for other in OTHERS),
        (f"{OWN} enabled", None),
        (f"{OWN} enabled {TIME} more", None),
        (f"{OWN} disabled {TIME}", None),
        (f"{OWN} enabled yesterday", None),
        (f"{OWN} disabled yesterday", None),
    ],
)
def test_a_note_of_protection_is_whole_and_of_the_image(note: str, before: t.Any) -> None:
    image = Image(OWN, "us-east-1", tags={"sealed.ami:protection-before": note})
    expected = None if before is None else (before, parse_timestamp(TIME))
    assert protection_before(image) == expected
