# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new copy says what it does not have of what people switched on for its source, or the copy before it (§1.4)."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, HOME, SOURCES, Copy
from system.looking import Looking

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}


def switch_on(look: Looking, region: str, image_id: str, *zones: str) -> str:
    """Have volumes of the image's root ready at once, and return its snapshot."""
    image = look.image(region, image_id) or {}
    snapshot_id = str(image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"])
    look.ec2(region).enable_fast_snapshot_restores(SourceSnapshotIds=[snapshot_id], AvailabilityZones=list(zones))
    look.emulator.clear_calls()
    return snapshot_id


def test_what_the_source_has_is_told_once(copy: Copy, look: Looking) -> None:
    snapshot_id = switch_on(look, HOME, SOURCES["plain-root"], "us-east-1b", "us-east-1a")
    expected = [f"fast snapshot restore of /dev/xvda ({snapshot_id}) in us-east-1a, us-east-1b"]
    for check in (True, False):
        made = copy("plain-root", check=check, **KEY)
        assert made["image"]["lost"] == expected
        assert [one for one in made.warnings if expected[0] in one and "EnableFastSnapshotRestores" in one]
    look.emulator.clear_calls()
    again = copy("plain-root", **KEY)
    assert (again["changed"], "lost" in again["image"], again.warnings) == (False, False, [])
    assert look.calls(action="DescribeFastSnapshotRestores") == []


def test_what_the_copy_before_has_is_told(copy: Copy, look: Looking) -> None:
    before = copy("mixed", **KEY)["image_id"]
    snapshot_id = switch_on(look, AWAY, before, "eu-west-1a")
    made = copy("mixed", kms_key_id="alias/os", superseded="deregister")
    assert made.msg == "" and made["image"]["action"] == "replaced"
    [lost] = made["image"]["lost"]
    assert snapshot_id in lost and "eu-west-1a" in lost


def test_fast_launch_of_a_windows_image(copy: Copy, look: Looking) -> None:
    windows = next(name for name in SOURCES if "windows" in name)
    look.ec2(HOME).enable_fast_launch(ImageId=SOURCES[windows])
    made = copy(windows, **KEY)
    assert made["image"]["lost"] == [f"fast launch of {SOURCES[windows]}"]


@pytest.mark.parametrize("trouble", ["access_denied", "error"])
def test_what_may_not_be_read_is_not_known(copy: Copy, look: Looking, emulator: Emulator, trouble: str) -> None:
    switch_on(look, HOME, SOURCES["plain-root"], "us-east-1a")
    more = {"code": "InvalidAction", "status": 400, "message": "No."} if trouble == "error" else {}
    emulator.faults.add(trouble, action="DescribeFastSnapshotRestores", **more)
    made = copy("plain-root", **KEY)
    assert (made.msg, made["changed"], "lost" in made["image"], made.warnings) == ("", True, False, [])


def test_nothing_is_told_where_nothing_is_on(copy: Copy) -> None:
    made = copy("plain-root", **KEY)
    assert "lost" not in made["image"] and made.warnings == []
