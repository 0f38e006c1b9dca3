# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure publishing beside the tasks that people write for it: a good image, and one that nobody should get."""

from __future__ import annotations

import functools
import typing as t

from bench.measure import Figures, Runs, Sample, alternate, play
from bench.rows import LATENCY_MS
from bench.scene import HOME, keys, plain_images, sealed_images
from emulated_aws.client import Emulator

PUBLISH, TASKS = "ours, ec2_ami_publish", "community.aws and amazon.aws tasks"
_PLAYS: t.Final = {PUBLISH: "ours_publish", TASKS: "peer_publish"}
_PARAMETERS: t.Final = ("/bench/today", "/bench/current", "/bench/stable")
_TEMPLATES: t.Final = ("bench-app", "bench-web")


def publish(runs: Runs) -> list[Figures]:
    """Row 11: one image under three names and in two templates; ``again`` and ``unfit`` are further plays of a run."""
    return alternate(runs, {label: functools.partial(_published, label) for label in _PLAYS})


def _published(label: str) -> Sample:
    with Emulator.start(clock="real", seed="none") as emulator:
        keys(emulator, [HOME])
        (former, image), (unfit,) = sealed_images(emulator, 2), plain_images(emulator, 1, first=2)
        _give_templates(emulator, former)
        emulator.configure(latency_ms=LATENCY_MS)
        first = play(emulator, _PLAYS[label], image=image)
        again = play(emulator, _PLAYS[label], image=image)
        right = _holds(emulator, image)
        play(emulator, _PLAYS[label], image=unfit)
        # Whoever was given the unfit image, and whatever was written although there was nothing to do, is wrong.
        wrong = _holds(emulator, unfit) + again.changed
        return first.judged(
            right, len(_PARAMETERS) + len(_TEMPLATES), again=again.calls, again_cpu=again.cpu, wrong=wrong
        )


def _give_templates(emulator: Emulator, image: str) -> None:
    ec2 = emulator.session(region=HOME).client("ec2")
    for name in _TEMPLATES:
        data: t.Any = {"ImageId": image, "InstanceType": "t3.micro"}
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)


def _holds(emulator: Emulator, image: str) -> int:
    """Return how many of the names and templates lead to the image."""
    session = emulator.session(region=HOME)
    found = session.client("ssm").get_parameters(Names=list(_PARAMETERS))["Parameters"]
    ec2 = session.client("ec2")
    versions = [
        version
        for name in _TEMPLATES
        for version in ec2.describe_launch_template_versions(LaunchTemplateName=name, Versions=["$Default"])[
            "LaunchTemplateVersions"
        ]
    ]
    return sum(one.get("Value") == image for one in found) + sum(
        one["LaunchTemplateData"].get("ImageId") == image for one in versions
    )
