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
    return _audit(runs, 1000)


def audit_small(runs: Runs) -> list[Figures]:
    """Row 10a: a hundredth of them."""
    return _audit(runs, 10)


def _audit(runs: Runs, images: int) -> list[Figures]:
    with _estate(images) as emulator, tempfile.TemporaryDirectory() as folder:
        programs = {AUDIT: _ours, CUSTODIAN: _custodian}
        return alternate(
            runs,
            {
                label: functools.partial(program, emulator, pathlib.Path(folder), images)
                for label, program in programs.items()
            },
        )


@contextlib.contextmanager
def _estate(images: int) -> t.Iterator[Emulator]:
    """Serve the accounts from this process, whose own processor time is not that of a program."""
    server = make_server("127.0.0.1", 0, create_app(), threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    emulator = Emulator.connect(f"http://127.0.0.1:{server.port}")
    emulator.clock(manual=False)
    emulator.organization(ORGANIZATION, *ACCOUNTS)
    for account in ACCOUNTS:
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


def _judged(sample: Sample, found: int, images: int, **extra: float) -> Sample:
    return sample.judged(found, len(ACCOUNTS) * len(DESTINATIONS) * -(-images // _EVERY), **extra)


def _ours(emulator: Emulator, folder: pathlib.Path, images: int) -> Sample:
    page, data = folder / "audit.html", folder / "audit.json"
    given = {
        "audit_accounts": [{"role_arn": f"arn:aws:iam::{account}:role/auditor"} for account in ACCOUNTS],
        "audit_regions": list(DESTINATIONS),
        "audit_policy": {"encrypted": True},
        "audit_fail_on": [],
        "audit_html_path": str(page),
        "audit_json_path": str(data),
    }
    sample = run(emulator, [PLAYBOOK, "sealed.ami.audit", "-e", json.dumps(given)])
    summary = json.loads(data.read_text())["summary"] if not sample.failed else {"not_compliant": 0}
    size = page.stat().st_size / 2**20 if page.exists() else 0.0
    return _judged(sample, summary["not_compliant"], images, page_mib=size)


def _custodian(emulator: Emulator, folder: pathlib.Path, images: int) -> Sample:
    """Run one program for each account, as its documentation does, with the same rule; it says nothing of keys."""
    program, policy = _installed(), folder / "policy.json"
    policy.write_text(json.dumps({"policies": [_POLICY]}))
    regions = [word for region in DESTINATIONS for word in ("-r", region)]
    samples, found = [], 0
    for account in ACCOUNTS:
        output = folder / account
        command = [program, "run", "-s", output, "--cache-period", "0", *regions, policy]
        samples.append(run(emulator, command, account=account))
        found += sum(len(json.loads(path.read_text())) for path in output.glob("*/unencrypted/resources.json"))
    return _judged(_sum(samples), found, images)


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
