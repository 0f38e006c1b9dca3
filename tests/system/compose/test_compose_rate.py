# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate at which the volumes of the instance get their content: asked for where there is any, and nowhere else."""

from __future__ import annotations

import typing as t

import pytest

from system.compose.asking import EMPTY_VOLUME, HOME, SOURCES, THREE_KEYS, Compose
from system.looking import Looking

ASKED: dict[str, t.Any] = {"method": "instance", "instance": {"volume_initialization_rate": 200}}


def test_it_is_for_volumes_that_have_content(compose: Compose, look: Looking) -> None:
    source = look.image(HOME, SOURCES["mixed"]) or {}
    added = {"device_name": "/dev/sdx", "kms_key_id": "alias/logs"}
    added["snapshot_id"] = source["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    made = compose("database", device_mapping=[*THREE_KEYS, EMPTY_VOLUME, added], **ASKED)
    assert made.msg == ""
    calls = {one["action"]: one["parameters"] for one in look.emulator.journal()["calls"]}
    rates = [one["Ebs"].get("VolumeInitializationRate") for one in calls["RunInstances"]["BlockDeviceMappings"]]
    assert rates == [200] * 3
    volumes = [one["parameters"] for one in look.emulator.journal()["calls"] if one["action"] == "CreateVolume"]
    assert sorted((one.get("SnapshotId") is not None, one.get("VolumeInitializationRate")) for one in volumes) == [
        (False, None),
        (True, 200),
    ]


@pytest.mark.parametrize("rate", [0, 99, 301])
def test_what_aws_does_not_have_is_refused(compose: Compose, look: Looking, rate: int) -> None:
    refused = compose("database", method="instance", instance={"volume_initialization_rate": rate})
    assert refused.failed and "AWS takes 100 to 300" in refused.msg and look.mutations() == []
