# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing in bad weather: no run says ok falsely, and the next one ends as one clean run would have."""

from __future__ import annotations

import typing as t

import pytest

from system.publish.conftest import GOLDEN, SEALED, Place, Publish

ASKED: dict[str, t.Any] = {
    "ssm_parameters": [
        {"name": "/golden/db", "labels": ["stable"], "tags": {"Team": "platform"}},
        {"name": "/golden/day", "overwrite_value": "never"},
    ],
    "launch_templates": [{"template_name": "database"}],
}


@pytest.mark.parametrize("seconds", [0, 20])
@pytest.mark.parametrize("seed", range(8))
def test_weather(place: Place, publish: Publish, seed: int, seconds: int) -> None:
    place.opens("/golden/db", "/golden/day")
    place.parameter("/golden/db")
    place.template("database")
    place.emulator.configure(ssm_image_validation_seconds=seconds)
    for number, (kind, chance, more) in enumerate(
        [("throttled", 0.3, {}), ("server_error", 0.1, {}), ("drop", 0.05, {}), ("drop", 0.1, {"when": "after"})]
    ):
        place.emulator.faults.add(kind, probability=chance, seed=10 * seed + number, **more)
    first = publish(**ASKED)
    place.emulator.faults.clear()
    place.emulator.advance(60)
    assert first.failed or _state(place) == _PUBLISHED, first
    again = publish(**ASKED)
    assert not again.failed, again.msg
    assert first.failed or not again["changed"]
    assert _state(place) == _PUBLISHED


def _state(place: Place) -> tuple[t.Any, ...]:
    histories = [
        [one["Value"] for one in place.ssm.get_parameter_history(Name=name)["Parameters"]]
        for name in ("/golden/db", "/golden/day")
        if place.value(name)
    ]
    return histories, place.value("/golden/db:stable"), place.versions("database")


_PUBLISHED = [[GOLDEN, SEALED], [SEALED]], SEALED, [GOLDEN, f"{SEALED}*"]


@pytest.mark.parametrize(
    ("code", "action", "words"),
    [
        ("ParameterMaxVersionLimitExceeded", "PutParameter", "UnlabelParameterVersion"),
        ("ParameterVersionLabelLimitExceeded", "LabelParameterVersion", "UnlabelParameterVersion"),
        ("HierarchyLevelLimitExceededException", "PutParameter", "HierarchyLevelLimitExceeded"),
    ],
)
def test_limits_of_a_parameter_say_what_to_do(
    place: Place, publish: Publish, code: str, action: str, words: str
) -> None:
    place.opens("/golden/db", "/golden/day")
    place.emulator.faults.add("error", action=action, code=code, status=400, message="The limit is exceeded.")
    result = publish(ssm_parameters=ASKED["ssm_parameters"])
    assert result.failed and words in result.msg, result.msg
