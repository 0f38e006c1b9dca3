# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A composed image says what it does not have of what people switched on for its source (aws_rules §1.4)."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.compose.asking import HOME, METHODS, SOURCES, THREE_KEYS, Compose
from system.looking import Looking

ASKED: dict[str, t.Any] = {"device_mapping": THREE_KEYS, "name": "quick"}


def switch_on(look: Looking, source: str, device: str, *zones: str) -> str:
    """Have volumes of a device ready at once, and return its snapshot."""
    mappings = (look.image(HOME, SOURCES[source]) or {})["BlockDeviceMappings"]
    snapshot_id = next(str(one["Ebs"]["SnapshotId"]) for one in mappings if one["DeviceName"] == device)
    look.ec2(HOME).enable_fast_snapshot_restores(SourceSnapshotIds=[snapshot_id], AvailabilityZones=list(zones))
    look.emulator.clear_calls()
    return snapshot_id


@pytest.mark.parametrize("method", METHODS)
def test_what_the_source_has_is_told_once(compose: Compose, look: Looking, method: str) -> None:
    snapshot_id = switch_on(look, "database", "/dev/sdf", "us-east-1b", "us-east-1a")
    expected = [f"fast snapshot restore of /dev/sdf ({snapshot_id}) in us-east-1a, us-east-1b"]
    for check in (True, False):
        made = compose("database", check=check, method=method, **ASKED)
        assert made["image"]["lost"] == expected, made.msg
        assert [one for one in made.warnings if expected[0] in one and "EnableFastSnapshotRestores" in one]
    look.emulator.clear_calls()
    again = compose("database", method=method, **ASKED)
    assert (again["changed"], "lost" in again["image"], again.warnings) == (False, False, [])
    assert look.calls(action="DescribeFastSnapshotRestores") == []


@pytest.mark.parametrize(("device", "is_lost"), [("/dev/xvda", False), ("/dev/sdf", False), ("/dev/sdg", True)])
def test_a_snapshot_that_is_used_as_it_is_loses_nothing(
    compose: Compose, look: Looking, device: str, is_lost: bool
) -> None:
    switch_on(look, "database-sealed", device, "us-east-1a")
    one = [{"device_name": "/dev/sdg", "kms_key_id": "alias/golden"}]
    made = compose("database-sealed", name="other-logs", device_mapping=one)
    assert ("lost" in made["image"], bool(made.warnings)) == (is_lost, is_lost), made.msg


def test_what_is_left_out_is_not_missed(compose: Compose, look: Looking) -> None:
    switch_on(look, "database-sealed", "/dev/sdg", "us-east-1a")
    made = compose("database-sealed", name="no-logs", device_mapping=[{"device_name": "/dev/sdg", "no_device": True}])
    assert "lost" not in made["image"] and made.warnings == [], made.msg


def test_fast_launch_of_a_windows_image(compose: Compose, look: Looking) -> None:
    look.ec2(HOME).enable_fast_launch(ImageId=SOURCES["windows"])
    made = compose("windows", check=True, name="quick", kms_key_id="alias/golden")
    assert made["image"]["lost"] == [f"fast launch of {SOURCES['windows']}"], made.msg


@pytest.mark.parametrize("trouble", ["access_denied", "error"])
def test_what_may_not_be_read_is_not_known(compose: Compose, look: Looking, emulator: Emulator, trouble: str) -> None:
    switch_on(look, "database", "/dev/sdf", "us-east-1a")
    more = {"code": "InvalidAction", "status": 400, "message": "No."} if trouble == "error" else {}
    emulator.faults.add(trouble, action="DescribeFastSnapshotRestores", **more)
    made = compose("database", check=True, **ASKED)
    assert (made.msg, made["changed"], "lost" in made["image"], made.warnings) == ("", True, False, [])
