# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows that measure our own code against itself, and against Packer."""

from __future__ import annotations

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import typing as t

from bench.measure import Figures, Sample, play, run
from bench.rows import LATENCY_MS, Row
from bench.scene import HOME, REGIONS, keys, plain_images
from emulated_aws.client import Emulator

SCALE = pathlib.Path(__file__).with_name("scale.py")
# A snapshot and an encrypted copy of the same volume take equally long; starting and stopping take what they take.
DURATIONS = {
    "copy_seconds_per_gib": 0.25,
    "snapshot_seconds_per_gib": 0.25,
    "instance_start_seconds": 15,
    "instance_stop_seconds": 15,
    "volume_create_seconds": 3,
}


def compose(*, runs: int) -> Row:
    """Row 5: three keys in one image, by both methods and by the documented procedure."""
    programs: dict[str, tuple[str, dict[str, t.Any]]] = {
        "ours snapshots": ("ours_compose", {"method": "snapshots"}),
        "ours instance": ("ours_compose", {"method": "instance"}),
        "amazon.aws tasks": ("peer_compose", {}),
    }
    figures = [
        Figures(label, tuple(_compose(name, variables) for _number in range(runs)))
        for label, (name, variables) in programs.items()
    ]
    peer = figures[-1]
    notes = [
        f"{peer.label} take {peer.median('wall') / own.median('wall'):.2f} x the time of {own.label}"
        for own in figures[:-1]
    ]
    return Row("5", "compose three keys, 80 GiB", figures, notes)


def _compose(name: str, variables: dict[str, t.Any]) -> Sample:
    with Emulator.start(clock="real", seed="full") as emulator:
        emulator.configure(latency_ms=LATENCY_MS, **DURATIONS)
        return play(emulator, name, **variables)


def scale(*, runs: int) -> Row:
    """Row 6: planning and auditing at full size and at a tenth of it, time and memory."""
    figures, notes = [], []
    for work, sizes in (("plan", (500, 5000)), ("info", (1000, 10000))):
        small, large = (_scale(work, size) for size in sizes)
        notes.append(
            f"{work} of {sizes[1]} against {sizes[0]}: time x {large['seconds'] / small['seconds']:.2f}, "
            f"memory x {large['mib'] / small['mib']:.2f} ({small['mib']:.0f} and {large['mib']:.0f} MiB), "
            f"calls {small['calls']} and {large['calls']}"
        )
        for size, found in zip(sizes, (small, large), strict=True):
            sample = Sample(found["seconds"], found["seconds"], found["calls"], False, 0, {})
            figures.append(Figures(f"ours {work} {size}", (sample,) * min(runs, 1)))
    return Row("6", "5,000 images x 20 regions planned; 10,000 images audited", figures, notes)


def _scale(work: str, size: int) -> dict[str, t.Any]:
    command: list[str | pathlib.Path] = [sys.executable, SCALE, work, str(size)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(SCALE.parents[1])}
    )
    return t.cast("dict[str, t.Any]", json.loads(ended.stdout))


def packer(*, runs: int) -> Row:
    """Row 8: the same encrypted images in the home region and five others, by Packer and by one task of ours."""
    if shutil.which("packer") is None:
        return Row("8", "packer is not installed", [], ["install Debian's package packer to measure this row"])
    figures = [
        Figures("ours", tuple(_packed(ours=True) for _number in range(runs))),
        Figures("packer 1.6.6", tuple(_packed(ours=False) for _number in range(runs))),
    ]
    ratio = figures[1].median("wall") / figures[0].median("wall")
    return Row("8", "home + 5 regions, 20 s copies", figures, [f"packer takes {ratio:.2f} x as long as ours"])


def _packed(*, ours: bool) -> Sample:
    with Emulator.start(clock="real", seed="none") as emulator:
        keys(emulator, "alias/bench", (HOME, *REGIONS))
        source = plain_images(emulator, 1)[0]
        emulator.configure(latency_ms=LATENCY_MS, copy_seconds_minimum=20, snapshot_seconds_per_gib=2.5)
        if ours:
            destinations = [{"region": region} for region in (HOME, *REGIONS)]
            return play(emulator, "ours_fleet", images=[source], destinations=destinations)
        with tempfile.TemporaryDirectory() as folder:
            template = pathlib.Path(folder, "template.json")
            template.write_text(json.dumps(_template(emulator, source)))
            return run(emulator, ["packer", "build", template])


def _template(emulator: Emulator, source: str) -> dict[str, t.Any]:
    builder = {
        "type": "amazon-ebs",
        "region": HOME,
        "source_ami": source,
        "instance_type": "t3.micro",
        "ami_name": "packed",
        "communicator": "none",
        "encrypt_boot": True,
        "kms_key_id": "alias/bench",
        "ami_regions": list(REGIONS),
        "region_kms_key_ids": {region: "alias/bench" for region in REGIONS},
        "custom_endpoint_ec2": emulator.url,
        "skip_region_validation": True,
    }
    return {"builders": [builder]}
