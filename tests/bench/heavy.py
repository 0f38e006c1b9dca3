# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure composing, our own code at scale, and Packer."""

from __future__ import annotations

import functools
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import typing as t

from bench.measure import Figures, Runs, Sample, alternate, play, run
from bench.rows import LATENCY_MS, OURS
from bench.scene import HOME, KEY, REGIONS, count_sealed, keys, keys_of, plain_images
from emulated_aws.client import Emulator

SNAPSHOTS, INSTANCE, TASKS = "ours, snapshots", "ours, instance", "amazon.aws tasks"
PACKER, EMULATED = "packer 1.6.6", "the emulated AWS"
REPORTED: t.Final = (20000, 200000)
PAGED: t.Final = 20000
# Images of the first runs, and the seconds that they take at least: waves of 20 copies of a minute.
FIRST_RUNS: t.Final = {20: 60, 50: 180}
# Each work at its full size and at a tenth of it.
SIZES: t.Final = {"plan": (500, 5000), "info": (1000, 10000)}
# Images in each of five regions.
RETIRED: t.Final = (250, 500, 1000)
_SCALE: t.Final = pathlib.Path(__file__).with_name("scale.py")
_COMPOSED: t.Final = "bench-three-keys"
_KEYS: t.Final = {"/dev/xvda": "alias/os", "/dev/sdf": "alias/data", "/dev/sdg": "alias/logs"}
# A snapshot and an encrypted copy of the same volume take equally long; starting and stopping take what they take.
_DURATIONS: t.Final = {
    "copy_seconds_per_gib": 0.25,
    "snapshot_seconds_per_gib": 0.25,
    "instance_start_seconds": 15,
    "instance_stop_seconds": 15,
    "volume_create_seconds": 3,
}


def compose(runs: Runs) -> list[Figures]:
    """Row 5: three keys in one image, by both methods and by the documented procedure."""
    programs = {
        SNAPSHOTS: functools.partial(_compose, "ours_compose", method="snapshots"),
        INSTANCE: functools.partial(_compose, "ours_compose", method="instance"),
        TASKS: functools.partial(_compose, "peer_compose"),
    }
    return alternate(runs, programs)


def _compose(playbook: str, **variables: t.Any) -> Sample:
    with Emulator.start(clock="real", seed="full") as emulator:
        emulator.configure(latency_ms=LATENCY_MS, **_DURATIONS)
        sample = play(emulator, playbook, **variables)
        arns = emulator.catalogue()["keys"][f"123456789012 {HOME}"]
        wanted = {device: arns[alias] for device, alias in _KEYS.items()}
        found = keys_of(emulator, _COMPOSED)
        return sample.judged(len(found) if found == [wanted] else -len(found), 1)


def scale(runs: Runs) -> list[Figures]:
    """Row 6: planning and auditing at full size and at a tenth of it, each in a process of its own."""
    programs = {
        label_at(work, size): functools.partial(_scale, work, size) for work, sizes in SIZES.items() for size in sizes
    }
    return alternate(runs, programs)


def accounts(runs: Runs) -> list[Figures]:
    """Row 9b: a first run of an account's images to 20 regions in one task, in virtual time."""
    programs = {label_at("account", size): functools.partial(_scale, "account", size) for size in FIRST_RUNS}
    return alternate(runs, programs)


def report(runs: Runs) -> list[Figures]:
    """Row 10b: the audit's page of a large estate, and of a tenth of it."""
    return alternate(runs, {label_at("page", size): functools.partial(_scale, "page", size) for size in REPORTED})


def pages(runs: Runs) -> list[Figures]:
    """Row 6a: the emulated AWS with many images, put there and listed page by page in one process."""
    return alternate(runs, {EMULATED: functools.partial(_scale, "pages", PAGED)})


def retire(runs: Runs) -> list[Figures]:
    """Row 12: planning to retire many images in five regions, each call taking its time."""
    programs = {label_at("retire", size): functools.partial(_scale, "retire", size) for size in RETIRED}
    return alternate(runs, programs)


def label_at(work: str, size: int) -> str:
    """Return the label of one size of one work."""
    return f"ours, {work} {size:,}"


def _scale(work: str, size: int) -> Sample:
    command: list[str | pathlib.Path] = [sys.executable, _SCALE, work, str(size)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(_SCALE.parents[1])}
    )
    found = json.loads(ended.stdout)
    sample = Sample(found["wall"], found["cpu"], found["calls"])
    return sample.judged(size, size, mib=found["mib"], virtual=found["virtual"], page_mib=found["page"])


def packer(runs: Runs) -> list[Figures]:
    """Row 8: the same encrypted images in the home region and five others, by Packer and by one task of ours."""
    if shutil.which("packer") is None:
        raise SystemExit("install Debian's package packer to measure this row")
    return alternate(runs, {OURS: _copied, PACKER: _packed})


def _copied() -> Sample:
    regions = (HOME, *REGIONS)
    with Emulator.start(clock="real", seed="none") as emulator:
        arns, images = _prepare(emulator)
        sample = play(emulator, "ours_fleet", images=images, destinations=[{"region": region} for region in regions])
        return sample.judged(count_sealed(emulator, arns), len(regions))


def _packed() -> Sample:
    with Emulator.start(clock="real", seed="none") as emulator, tempfile.TemporaryDirectory() as folder:
        arns, images = _prepare(emulator)
        template = pathlib.Path(folder, "template.json")
        template.write_text(json.dumps(_template(emulator, images[0])))
        sample = run(emulator, ["packer", "build", template])
        return sample.judged(count_sealed(emulator, arns), len(arns))


def _prepare(emulator: Emulator) -> tuple[dict[str, str], list[str]]:
    arns = keys(emulator, (HOME, *REGIONS))
    images = plain_images(emulator, 1)
    emulator.configure(latency_ms=LATENCY_MS, copy_seconds_minimum=20, snapshot_seconds_per_gib=2.5)
    return arns, images


def _template(emulator: Emulator, source: str) -> dict[str, t.Any]:
    builder = {
        "type": "amazon-ebs",
        "region": HOME,
        "source_ami": source,
        "instance_type": "t3.micro",
        "ami_name": "packed",
        "communicator": "none",
        "encrypt_boot": True,
        "kms_key_id": KEY,
        "ami_regions": list(REGIONS),
        "region_kms_key_ids": {region: KEY for region in REGIONS},
        "custom_endpoint_ec2": emulator.url,
        "skip_region_validation": True,
    }
    return {"builders": [builder]}
