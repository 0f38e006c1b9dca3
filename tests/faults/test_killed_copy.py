# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill ec2_ami_encrypted_copy with SIGKILL at every API call, run it again, and demand the result of one clean run."""

from __future__ import annotations

import typing as t

import pytest
from faults.inventory import inventory
from faults.killing import Child, killed_at

from emulated_aws import catalogue_images
from emulated_aws.client import Emulator
from system.running import arguments

MODULE = "ec2_ami_encrypted_copy"
REGIONS = ("eu-west-1", "eu-central-1", "us-west-2")
SOURCES = ("plain-root", "encrypted-root", "mixed")
LAST_CALL = 80


def fleet(emulator: Emulator, **more: t.Any) -> dict[str, t.Any]:
    """Return the options of a fleet of 3 x 3 with everything that can be set on a copy."""
    options = {
        "source_image_ids": [catalogue_images.image_id(name) for name in SOURCES],
        "source_region": "us-east-1",
        "destinations": [{"region": region} for region in REGIONS],
        "kms_key_id": "alias/golden",
        "tags": {"Team": "platform"},
        "description": "sealed",
        "launch_permissions": {"user_ids": ["210987654321"]},
        "deprecate_at": "2030-01-01T00:00:00Z",
        "wait": True,
        "wait_delay": 1,
        **more,
    }
    return arguments(options, check=False, diff=False, credentials=None, endpoint=emulator.url)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_every_call(served_emulator: Emulator, when: str) -> None:
    given = fleet(served_emulator)
    assert not Child(MODULE, given).wait().failed
    clean = inventory(served_emulator, REGIONS)
    trials = 0
    for call in range(1, LAST_CALL * len(REGIONS)):
        served_emulator.reset(seed="full")
        if not killed_at(served_emulator, MODULE, given, call=call, when=when):
            break
        result = Child(MODULE, given).wait()
        assert not result.failed, f"killed {when} call {call}: {result.msg}"
        assert inventory(served_emulator, REGIONS) == clean, f"killed {when} call {call}"
        trials += 1
    else:
        pytest.fail("the module never came to its end")
    print(f"{trials} trials, killed {when} each call")
    assert trials > 3 * 9
