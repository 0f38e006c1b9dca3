# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the playbook fleet_copy with one host for each account, and with one for each account and region."""

from __future__ import annotations

import json
import pathlib
import tempfile
import typing as t

from bench.measure import PLAYBOOK, Figures, Runs, Sample, alternate, run
from bench.rows import LATENCY_MS
from bench.scene import DESTINATIONS, HOME, KEY, count_sealed, keys, plain_images
from emulated_aws.client import Emulator

PER_ACCOUNT, PER_REGION = "ours, a host for each account", "ours, a host for each region"
# As many at the same time as make a first run as fast: an account has no more to wait for than its slowest region.
_FORKS: t.Final = {PER_ACCOUNT: 10, PER_REGION: 20}
IMAGES: t.Final = 20
ORGANIZATION: t.Final = "arn:aws:organizations::123456789012:organization/o-bench00000"
ACCOUNTS: t.Final = tuple(f"{number:012d}" for number in range(200000000001, 200000000011))


class Fleet(t.NamedTuple):
    """What each account has: images at home, and a key in each region."""

    images: dict[str, list[str]]
    arns: dict[str, dict[str, str]]


def second_run(runs: Runs) -> list[Figures]:
    """Row 9: nothing to do, 20 images in 20 regions of 10 accounts."""
    return _second_run(runs, ACCOUNTS)


def second_run_of_one(runs: Runs) -> list[Figures]:
    """Row 9a: the same of one account, which takes a tenth of the time to measure."""
    return _second_run(runs, ACCOUNTS[:1])


def _second_run(runs: Runs, accounts: t.Sequence[str]) -> list[Figures]:
    with Emulator.start(clock="real", seed="none") as emulator, tempfile.TemporaryDirectory() as folder:
        emulator.organization(ORGANIZATION, *accounts)
        fleet = Fleet(
            {account: plain_images(emulator, IMAGES, account=account) for account in accounts},
            {account: keys(emulator, DESTINATIONS, account=account) for account in accounts},
        )
        emulator.configure(latency_ms=LATENCY_MS)
        inventories = {
            label: _inventory(pathlib.Path(folder), fleet.images, host_per)
            for label, host_per in ((PER_ACCOUNT, "account"), (PER_REGION, "region"))
        }

        def program(label: str) -> Sample:
            options = ("--forks", str(_FORKS[label]), "-i", inventories[label])
            sample = run(emulator, [PLAYBOOK, *options, "sealed.ami.fleet_copy"])
            made = sum(count_sealed(emulator, arns, account=account) for account, arns in fleet.arns.items())
            return sample.judged(made, len(accounts) * len(DESTINATIONS) * IMAGES)

        first = program(PER_ACCOUNT)
        if first.failed:
            raise SystemExit(f"a run that should succeed failed:\n{first.output[-3000:]}")
        return alternate(runs, {PER_ACCOUNT: lambda: program(PER_ACCOUNT), PER_REGION: lambda: program(PER_REGION)})


def _inventory(folder: pathlib.Path, images: t.Mapping[str, t.Sequence[str]], host_per: str) -> pathlib.Path:
    path = folder / f"{host_per}.image_targets.yml"
    options = {
        "plugin": "sealed.ami.image_targets",
        "host_per": host_per,
        "source_region": HOME,
        "kms_key_id": KEY,
        "accounts": [
            {
                "role_arn": f"arn:aws:iam::{account}:role/image-copier",
                "source_image_ids": ids,
                "regions": list(DESTINATIONS),
            }
            for account, ids in images.items()
        ],
    }
    path.write_text(json.dumps(options))
    return path
