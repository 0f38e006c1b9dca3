# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as AWS and users write them."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._image.timestamps import parse_timestamp, same_minute


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("1970-01-01T00:00:00Z", 0.0, id="zulu"),
        pytest.param("1970-01-01T00:00:00.000Z", 0.0, id="as aws writes it"),
        pytest.param("1970-01-01T00:01Z", 60.0, id="without seconds"),
        pytest.param("1970-01-01T01:00:00+01:00", 0.0, id="zone with a colon"),
        pytest.param("1970-01-01T01:00:00+0100", 0.0, id="zone without a colon"),
        pytest.param("1969-12-31T19:00:00-05:00", 0.0, id="west"),
        pytest.param("1970-01-01T00:00:00", None, id="no zone"),
        pytest.param("1970-01-01", None, id="no time"),
        pytest.param("1970-13-01T00:00:00Z", None, id="month 13"),
        pytest.param("1970-01-01T25:00:00Z", None, id="hour 25"),
        pytest.param("", None, id="empty"),
        pytest.param("tomorrow", None, id="words"),
    ],
)
def test_parse(text: str, seconds: float | None) -> None:
    assert parse_timestamp(text) == seconds


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param("2030-01-01T00:00:00Z", "2030-01-01T00:00:00.000Z", True, id="same"),
        pytest.param("2030-01-01T00:00:29Z", "2030-01-01T00:00:00.000Z", True, id="aws rounded down"),
        pytest.param("2030-01-01T00:00:31Z", "2030-01-01T00:01:00.000Z", True, id="aws rounded up"),
        pytest.param("2030-01-01T00:01:00Z", "2030-01-01T00:00:00.000Z", False, id="another minute"),
        pytest.param("", "", True, id="neither"),
        pytest.param("", "2030-01-01T00:00:00Z", False, id="one is none"),
    ],
)
def test_same_minute(first: str, second: str, expected: bool) -> None:
    assert {same_minute(*pair) for pair in itertools.permutations((first, second))} == {expected}
