# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the playbook fleet_copy with one host for each account, and with one for each account and region."""

from __future__ import annotations

import json
import pathlib
import tempfile

from bench.measure import PLAYBOOK, Figures, Runs, Sample, alternate, run
from bench.rows import LATENCY_MS
from bench.scene import HOME, KEY, REGIONS, count_sealed, keys, plain_images
from emulated_aws.client import Emulator

PER_ACCOUNT, PER_REGION = "ours, a host for each account", "ours, a host for each region"
IMAGES = 2


def second_run(runs: Runs) -> list[Figures]:
    """Row 9: nothing to do, 2 images in 5 regions of an account."""
    with Emulator.start(clock="real", seed="none") as emulator, tempfile.TemporaryDirectory() as folder:
        arns = keys(emulator, REGIONS)
        images = plain_images(emulator, IMAGES)
        emulator.configure(latency_ms=LATENCY_MS)
        inventories = {
            label: _inventory(pathlib.Path(folder), images, host_per)
            for label, host_per in ((PER_ACCOUNT, "account"), (PER_REGION, "region"))
        }

        def program(label: str) -> Sample:
            sample = run(emulator, [PLAYBOOK, "-i", inventories[label], "sealed.ami.fleet_copy"])
            busiest = max(sum(call["region"] == region for call in emulator.calls()) for region in REGIONS)
            return sample.judged(count_sealed(emulator, arns), IMAGES * len(REGIONS), busiest=busiest)

        first = program(PER_ACCOUNT)
        if first.failed:
            raise SystemExit(f"a run that should succeed failed:\n{first.output[-3000:]}")
        return alternate(runs, {PER_ACCOUNT: lambda: program(PER_ACCOUNT), PER_REGION: lambda: program(PER_REGION)})


def _inventory(folder: pathlib.Path, images: list[str], host_per: str) -> pathlib.Path:
    path = folder / f"{host_per}.image_targets.yml"
    options = {
        "plugin": "sealed.ami.image_targets",
        "host_per": host_per,
        "source_region": HOME,
        "source_image_ids": images,
        "kms_key_id": KEY,
        "accounts": [{"account": "bench", "regions": list(REGIONS)}],
    }
    path.write_text(json.dumps(options))
    return path
