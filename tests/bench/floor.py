# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what a play with nothing to do takes beside one whose only task is a ping, and what it takes it for."""

from __future__ import annotations

import functools
import json
import pathlib
import sys

from bench import processes
from bench.measure import Figures, Runs, Sample, alternate, play
from bench.rows import OURS, again, require_ok, scene
from bench.scene import HOME, KEY, REGIONS
from system.running import arguments

PING, INFO, STEPS = "ansible.builtin.ping", "amazon.aws.ec2_ami_info", "ours, the module alone"
# The parts of the module alone, as ``steps.py`` names them.
PARTS = {
    "core": "importing ansible-core, as a ping does",
    "theirs": "importing amazon.aws and boto3",
    "ours": "importing this collection",
    "work": "reading the models, making clients, calling AWS, judging",
}


def floor(runs: Runs) -> list[Figures]:
    """Row 4a: 20 images in 5 regions with nothing to do, beside a ping."""
    with scene(images=20, regions=REGIONS) as held:
        require_ok(held.play(OURS))
        programs = {
            PING: functools.partial(play, held.emulator, "peer_ping"),
            INFO: functools.partial(play, held.emulator, "peer_info", images=held.images),
            OURS: functools.partial(again, held, OURS),
            STEPS: functools.partial(_steps, held.emulator.url, held.images),
        }
        return alternate(runs, programs)


def _steps(endpoint: str, images: list[str]) -> Sample:
    given = {
        "source_image_ids": images,
        "source_region": HOME,
        "destinations": [{"region": region} for region in REGIONS],
        "kms_key_id": KEY,
        "tags": {"Bench": "yes"},
    }
    taken = arguments(given, check=False, diff=False, credentials=None, endpoint=endpoint)
    command: list[str | pathlib.Path] = [
        sys.executable,
        pathlib.Path(__file__).with_name("steps.py"),
        json.dumps(taken),
    ]
    ended = processes.run(command, {"PYTHONPATH": str(pathlib.Path(__file__).parents[1])})
    if ended.status:
        raise SystemExit(f"the module failed:\n{ended.stderr[-3000:]}")
    found = json.loads(ended.stdout)
    return Sample(ended.wall, ended.cpu, 0, failed=found["changed"], extra=found["spent"])
