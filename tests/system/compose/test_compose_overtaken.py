# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task that another one overtakes at any of its calls: both end with the same image, and nothing else."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._argspec import COMPOSE_ARGUMENTS
from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import Connection
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.run import ComposeRun
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import parse_compose_request
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome
from emulated_aws import inprocess
from emulated_aws.client import Emulator
from emulated_aws.wire import Answer, Request
from system.compose.asking import EMPTY_VOLUME, HOME, SOURCES, THREE_KEYS, everything
from system.looking import Looking
from system.virtual_time import VirtualTime

SLOW = {
    "copy_seconds_minimum": 30.0, "snapshot_seconds_per_gib": 1.0, "instance_start_seconds": 20.0,
    "instance_stop_seconds": 10.0, "volume_create_seconds": 5.0,
}  # fmt: skip


class Race:
    """Runs of one task against an emulator; one may overtake another between two of its calls."""

    def __init__(self, emulator: Emulator, look: Looking, monkeypatch: pytest.MonkeyPatch):
        self._emulator, self._look = emulator, look
        self._serve = inprocess.application().serve
        self._left = 0
        self.other: Outcome | None = None
        monkeypatch.setattr(inprocess.application(), "serve", self._count)

    def prepare(self, *, overtaken_after: int) -> None:
        """Put everything back, and let the next run be overtaken after so many calls."""
        self._emulator.reset(seed="full")
        self._emulator.configure(**SLOW)
        self._asked = self._ask()
        self._left, self.other = overtaken_after, None

    def run(self) -> Outcome:
        """Run the task to its end."""
        options = {name: spec.get("default") for name, spec in COMPOSE_ARGUMENTS.items()}
        request = parse_compose_request({**options, **self._asked}, default_region=HOME)
        return ComposeRun(Connection(self._emulator.session()), request, warn=pytest.fail).run(check_mode=False)

    def _ask(self) -> dict[str, t.Any]:
        mapping = [*THREE_KEYS, EMPTY_VOLUME]
        return {"name": "composed", "wait": True, "source_image_id": SOURCES["database"], "device_mapping": mapping}

    def _count(self, request: Request) -> Answer:
        answer = self._serve(request)
        if self._left > 0:
            self._left -= 1
            if self._left == 0:
                self.other = self.run()
        return answer


def test_overtaken_at_any_call(
    emulator: Emulator, virtual_time: VirtualTime, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    race = Race(emulator, look, monkeypatch)
    race.prepare(overtaken_after=0)
    assert race.run().error is None
    expected = everything(look, HOME)
    for calls in range(1, 200):
        race.prepare(overtaken_after=calls)
        one, other = race.run(), race.other
        if other is None:
            break
        assert (one.error, other.error) == (None, None), f"overtaken after call {calls}"
        assert one.image and other.image and one.image.image_id == other.image.image_id
        emulator.advance(120)
        assert everything(look, HOME) == expected, f"overtaken after call {calls}"
    assert calls > 10
