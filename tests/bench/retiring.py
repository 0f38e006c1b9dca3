# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure retiring beside the tasks that people write for it, where two old images are still in use."""

from __future__ import annotations

import functools
import typing as t

from bench.measure import Figures, Runs, Sample, alternate, play
from bench.rows import LATENCY_MS
from bench.scene import HOME, keys, sealed_images
from emulated_aws.client import Emulator

RETIRE, LOOP = "ours, ec2_ami_retire", "amazon.aws tasks"
_PLAYS: t.Final = {RETIRE: "ours_retire", LOOP: "peer_retire"}
_IMAGES: t.Final = 20
_NEWEST: t.Final = 3


def retire(runs: Runs) -> list[Figures]:
    """Row 13: one step of ours, which deprecates, beside tasks that deregister at once."""
    return alternate(runs, {label: functools.partial(_retired, label) for label in _PLAYS})


def _retired(label: str) -> Sample:
    with Emulator.start(clock="real", seed="none") as emulator:
        keys(emulator, [HOME])
        images = sealed_images(emulator, _IMAGES)
        used = _use(emulator, images)
        emulator.configure(latency_ms=LATENCY_MS)
        sample = play(emulator, _PLAYS[label])
        there = emulator.session(region=HOME).client("ec2").describe_images(Owners=["self"])["Images"]
        in_force = {image["ImageId"] for image in there if not image.get("DeprecationTime")}
        away = set(images) - in_force
        return sample.judged(len(away - used), _IMAGES - _NEWEST - len(used), wrong=len(away & used))


def _use(emulator: Emulator, images: t.Sequence[str]) -> set[str]:
    """Let a launch template launch one of the old images, and a parameter lead to another; return both."""
    session = emulator.session(region=HOME)
    launched, named = images[0], images[1]
    data: t.Any = {"ImageId": launched, "InstanceType": "t3.micro"}
    session.client("ec2").create_launch_template(LaunchTemplateName="app", LaunchTemplateData=data)
    value: t.Any = {"Name": "/app/image", "Type": "String", "DataType": "aws:ec2:image", "Value": named}
    session.client("ssm").put_parameter(**value)
    return {launched, named}
