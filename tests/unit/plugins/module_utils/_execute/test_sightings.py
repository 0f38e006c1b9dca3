# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Not shown is not gone, and not answered is not even not shown."""

from __future__ import annotations

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.sightings import Sightings

SEEN, UNSEEN, SILENT = ("vol-1",), (), None


@pytest.mark.parametrize(
    ("looks", "gone"),
    [
        pytest.param([(0, UNSEEN)], False, id="new, not shown yet"),
        pytest.param([(0, UNSEEN), (149, UNSEEN)], False, id="new, hidden as long as AWS may"),
        pytest.param([(0, UNSEEN), (150, UNSEEN)], True, id="new, never shown"),
        pytest.param([(0, SEEN), (10, UNSEEN)], False, id="hidden again for a moment"),
        pytest.param([(0, SEEN), (10, UNSEEN), (69, UNSEEN)], False, id="hidden again, not for long"),
        pytest.param([(0, SEEN), (10, UNSEEN), (70, UNSEEN)], True, id="seen and gone"),
        pytest.param([(0, SEEN), (1000, UNSEEN)], False, id="one empty answer after a long pause"),
        pytest.param([(0, SEEN), (10, UNSEEN), (50, SEEN), (90, UNSEEN)], False, id="shown in between"),
        pytest.param([(0, SEEN), (10, SILENT), (500, SILENT)], False, id="AWS is out of reach"),
        pytest.param([(0, UNSEEN), (10, SILENT), (160, UNSEEN)], False, id="out of reach while hidden"),
        pytest.param([(0, SEEN), (10, UNSEEN), (20, SILENT), (130, UNSEEN)], False, id="silence proves nothing"),
        pytest.param([(0, SEEN), (10, SILENT), (20, UNSEEN), (80, UNSEEN)], True, id="gone after a silence"),
    ],
)
def test_when_something_is_gone(looks: list[tuple[float, tuple[str, ...] | None]], gone: bool) -> None:
    clock = [0.0]
    sightings = Sightings(lambda: clock[0])
    for moment, shown in looks:
        clock[0] = moment
        sightings.note(["vol-1"], shown)
    assert sightings.is_gone("vol-1") is gone
    assert sightings.was_seen("vol-1") == any(shown == SEEN for _moment, shown in looks)
