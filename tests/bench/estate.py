# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the audit of ten accounts in twenty regions, with both its reports, beside Cloud Custodian."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import typing as t

from werkzeug.serving import make_server

from bench.fleet import ACCOUNTS, ORGANIZATION
from bench.measure import PLAYBOOK, Figures, Runs, Sample, alternate, run
from bench.rows import LATENCY_MS
from bench.scene import DESTINATIONS, KEY, keys
from emulated_aws.__main__ import QuietHandler
from emulated_aws.client import Emulator
from emulated_aws.ec2 import seed
from emulated_aws.server import create_app

AUDIT, CUSTODIAN = "ours, audit with reports", "Cloud Custodian"
_ROOT: t.Final = pathlib.Path(__file__).resolve().parents[2]
_PEER: t.Final = _ROOT / ".work" / "custodian"
_PINS: t.Final = _ROOT / "tests" / "requirements" / "custodian.txt"
# Of ten images each, one is not encrypted.
_EVERY: t.Final = 10
_POLICY: t.Final = {
    "name": "unencrypted",
    "resource": "aws.ami",
    "filters": [{"type": "value", "key": "BlockDeviceMappings[].Ebs.Encrypted", "op": "contains", "value": False}],
}


def audit(runs: Runs) -> list[Figures]:
    """Row 10: 1,000 images in each region of each account."""
    return _audit(runs, ACCOUNTS, 1000)


def audit_small(runs: Runs) -> list[Figures]:
    """Row 10a: a hundredth of them, in three accounts."""
    return _audit(runs, ACCOUNTS[:3], 10)


class Estate(t.NamedTuple):
    """Accounts with so many images in each region, and a folder for reports."""

    emulator: Emulator
    accounts: t.Sequence[str]
    images: int
    folder: pathlib.Path

    def judged(self, sample: Sample, found: int, **extra: float) -> Sample:
        """Return the run with how many of the images that are not encrypted it has found."""
        wanted = len(self.accounts) * len(DESTINATIONS) * -(-self.images // _EVERY)
        return sample.judged(found, wanted, **extra)


def _audit(runs: Runs, accounts: t.Sequence[str], images: int) -> list[Figures]:
    with _served(accounts, images) as emulator, tempfile.TemporaryDirectory() as folder:
        estate = Estate(emulator, accounts, images, pathlib.Path(folder))
        return alternate(
            runs, {AUDIT: functools.partial(_ours, estate), CUSTODIAN: functools.partial(_custodian, estate)}
        )


@contextlib.contextmanager
def _served(accounts: t.Sequence[str], images: int) -> t.Iterator[Emulator]:
    """Serve the accounts from this process, whose own processor time is not that of a program."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    emulator = Emulator.connect(f"http://127.0.0.1:{server.port}")
    emulator.clock(manual=False)
    emulator.organization(ORGANIZATION, *accounts)
    for account in accounts:
        keys(emulator, DESTINATIONS, account=account)
        for region in DESTINATIONS:
            for number in range(images):
                key = KEY if number % _EVERY else None
                disks = [seed.Disk("/dev/xvda", key=key)]
                seed.image(seed.Place(account, region), name=f"app-{number:05d}", disks=disks)
    emulator.configure(latency_ms=LATENCY_MS)
    try:
        yield emulator
    finally:
        server.shutdown()


def _ours(estate: Estate) -> Sample:
    page, data = estate.folder / "audit.html", estate.folder / "audit.json"
    given = {
        "audit_accounts": [{"role_arn": f"arn:aws:iam::{account}:role/auditor"} for account in estate.accounts],
        "audit_regions": list(DESTINATIONS),
        "audit_policy": {"encrypted": True},
        "audit_fail_on": [],
        "audit_html_path": str(page),
        "audit_json_path": str(data),
    }
    sample = run(estate.emulator, [PLAYBOOK, "sealed.ami.audit", "-e", json.dumps(given)])
    summary = json.loads(data.read_text())["summary"] if not sample.failed else {"not_compliant": 0}
    size = page.stat().st_size / 2**20 if page.exists() else 0.0
    return estate.judged(sample, summary["not_compliant"], page_mib=size)


def _custodian(estate: Estate) -> Sample:
    """Run one program for each account, as its documentation does, with the same rule; it says nothing of keys."""
    program, policy = _installed(), estate.folder / "policy.json"
    policy.write_text(json.dumps({"policies": [_POLICY]}))
    regions = [word for region in DESTINATIONS for word in ("-r", region)]
    samples, found = [], 0
    for account in estate.accounts:
        output = estate.folder / account
        command: list[str | pathlib.Path] = [program, "run", "-s", output, "--cache-period", "0", *regions, policy]
        samples.append(run(estate.emulator, command, account=account))
        found += sum(len(json.loads(path.read_text())) for path in output.glob("*/unencrypted/resources.json"))
    return estate.judged(_sum(samples), found)


def _sum(samples: t.Sequence[Sample]) -> Sample:
    """Return runs one after the other as one."""
    return Sample(
        wall=sum(sample.wall for sample in samples),
        cpu=sum(sample.cpu for sample in samples),
        calls=sum(sample.calls for sample in samples),
        failed=any(sample.failed for sample in samples),
        extra={"mib": max(sample.extra["mib"] for sample in samples)},
        output="".join(sample.output for sample in samples),
    )


def _installed() -> pathlib.Path:
    """Return Cloud Custodian in an environment of its own, as it wants other packages than ours."""
    if not (_PEER / "bin" / "custodian").exists():
        subprocess.run([sys.executable, "-m", "venv", _PEER], check=True)
        pip = (_PEER / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-qq")
        subprocess.run([*pip, "--no-deps", "-r", os.fspath(_PINS)], check=True)
    return _PEER / "bin" / "custodian"
