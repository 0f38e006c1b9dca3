# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that end after any of their calls, as by SIGKILL: the next run ends exactly as a single run does."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws import inprocess
from emulated_aws.client import Emulator
from emulated_aws.wire import Answer, Request
from system.compose.asking import EMPTY_VOLUME, HOME, METHODS, THREE_KEYS, Compose, everything, instance_of
from system.looking import Looking

SLOW = {
    "copy_seconds_minimum": 100.0, "snapshot_seconds_per_gib": 5.0, "instance_start_seconds": 40.0,
    "instance_stop_seconds": 30.0, "volume_create_seconds": 15.0, "not_found_lag": 20.0, "tag_filter_lag": 60.0,
}  # fmt: skip
READS = ("Describe", "Get", "List")


class Killed(BaseException):
    """The process is no more: nothing of it may do anything any more."""


class Scythe:
    """Let a number of changes take effect, and then nothing any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self._serve = inprocess.application().serve
        self._left: int | None = None
        monkeypatch.setattr(inprocess.application(), "serve", self._count)

    def after(self, changes: int | None) -> None:
        """Kill after so many changes from now; None lets everybody live."""
        self._left = changes

    def _count(self, request: Request) -> Answer:
        if self._left is None:
            return self._serve(request)
        if self._left <= 0:
            raise Killed
        answer = self._serve(request)
        if not request.action.startswith(READS) and not request.parameters.get("DryRun"):
            self._left -= 1
            if self._left == 0:
                raise Killed
        return answer


@pytest.fixture
def scythe(monkeypatch: pytest.MonkeyPatch) -> Scythe:
    """Return what kills; it lets everybody live at first."""
    return Scythe(monkeypatch)


def asked_for(way: str, look: Looking) -> dict[str, t.Any]:
    """Return what is composed, the long way round."""
    asked: dict[str, t.Any] = {"tags": {"Team": "db"}, "launch_permissions": {"user_ids": ["210987654321"]}}
    if way == "instance_id":
        return {**asked, "instance_id": instance_of(look), "device_mapping": THREE_KEYS}
    return {**asked, "source": "database", "method": way, "device_mapping": [*THREE_KEYS, EMPTY_VOLUME]}


def run(compose: Compose, asked: dict[str, t.Any]) -> t.Any:
    """Run the module."""
    options = dict(asked)
    return compose(options.pop("source", None), **options)


@pytest.mark.parametrize("way", [*METHODS, "instance_id"])
def test_killed_after_any_call(compose: Compose, look: Looking, emulator: Emulator, scythe: Scythe, way: str) -> None:
    emulator.configure(**SLOW)
    assert run(compose, asked_for(way, look)).msg == ""
    changes = look.mutations()
    emulator.advance(120)
    expected = everything(look, HOME)
    for number, action in enumerate(changes, 1):
        emulator.reset(seed="full")
        emulator.configure(**SLOW)
        asked = asked_for(way, look)
        scythe.after(number)
        with pytest.raises(Killed):
            run(compose, asked)
        scythe.after(None)
        again = run(compose, asked)
        assert again.msg == "", f"killed after change {number}, {action}"
        emulator.advance(120)
        assert everything(look, HOME) == expected, f"killed after change {number}, {action}"
        assert run(compose, asked)["changed"] is False, f"killed after change {number}, {action}"


def test_what_a_killed_run_has_left_can_be_removed(
    compose: Compose, look: Looking, emulator: Emulator, scythe: Scythe
) -> None:
    before = everything(look, HOME)
    volumes = {one["VolumeId"] for one in look.ec2(HOME).describe_volumes()["Volumes"]}
    for way in METHODS:
        for changes in (1, 3):
            scythe.after(changes)
            with pytest.raises(Killed):
                run(compose, asked_for(way, look))
            scythe.after(None)
            asked: dict[str, t.Any] = {"state": "absent", "method": way, "device_mapping": [EMPTY_VOLUME]}
            gone = compose("database", **asked)
            assert gone.msg == ""
            left = {one["VolumeId"] for one in look.ec2(HOME).describe_volumes()["Volumes"]} - volumes
            # Of an empty volume that no snapshot was taken of AWS says nothing that proves anything, so it stays.
            assert len(left) <= 1 and all(one in "".join(gone.warnings) for one in left)
            if left:
                assert run(compose, asked_for(way, look)).msg == ""
                gone = compose("database", **asked)
                # The volume of another builder is of no use to the next one. It is named until somebody deletes it.
                for one in left & {each["VolumeId"] for each in look.ec2(HOME).describe_volumes()["Volumes"]}:
                    assert way == "instance" and one in "".join(gone.warnings)
                    look.ec2(HOME).delete_volume(VolumeId=one)
            assert gone["image"]["action"] == "removed" and everything(look, HOME) == before
            assert compose("database", state="absent", method=way)["changed"] is False
