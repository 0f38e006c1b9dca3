# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the way to kill a client between effect and answer of its k-th call, as the README shows it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator, EmulatorError

CLIENT = f"""
import boto3
ec2 = boto3.client("ec2", region_name="eu-west-1")
ec2.describe_images(ImageIds=["{image_id("plain-root-eu")}"])
ec2.copy_image(SourceImageId="{image_id("plain-root-eu")}", SourceRegion="eu-west-1", Name="copy")
ec2.describe_images(Owners=["self"])
"""


def copies(emulator: Emulator) -> int:
    """Return how many copies there are."""
    ec2 = emulator.session(region="eu-west-1").client("ec2")
    return len(ec2.describe_images(Owners=["self"], Filters=[{"Name": "name", "Values": ["copy"]}])["Images"])


@pytest.mark.parametrize(
    ("nth", "when", "made"), [(1, "after", 0), (2, "before", 0), (2, "after", 1), (3, "before", 1)]
)
def test_killed_at_the_kth_call(emulator: Emulator, nth: int, when: str, made: int) -> None:
    emulator.seed("full")
    emulator.faults.add("hold", nth=nth, when=when, then="drop")
    with subprocess.Popen([sys.executable, "-c", CLIENT], env=os.environ | emulator.env()) as process:
        held = emulator.wait_until_held()
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    assert (held["number"], held["took_effect"]) == (nth, when == "after")
    assert emulator.release() == 1
    assert copies(emulator) == made
    assert emulator.counts()["ec2:DescribeImages"] == (1 if nth < 3 else 2) + 1


def test_waiting_for_nothing_says_so(emulator: Emulator) -> None:
    with pytest.raises(EmulatorError, match="no call was held within"):
        emulator.wait_until_held(timeout=0.05)
