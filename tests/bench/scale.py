# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan, copy, audit, retire or list many images in a process of its own; print time, memory in MiB, calls as JSON."""

from __future__ import annotations

import json
import pathlib
import re
import sys
import time
import typing as t

import jinja2
from browser import pages as audited

from ansible_collections.sealed.ami.plugins.module_utils._aws.connection import spare_collections
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.facts import Facts
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.identity import Lineage, Requirement
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.planner import plan_copy
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.request import CopyRequest, Destination
from ansible_collections.sealed.ami.plugins.module_utils._image.keys import RequiredKey
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image
from ansible_collections.sealed.ami.plugins.plugin_utils._audit_report import arrange_report
from bench.rows import LATENCY_MS
from bench.scene import DESTINATIONS, HOME, count_sealed, keys, plain_images, sealed_images
from emulated_aws.client import Emulator
from emulated_aws.ec2 import seed
from emulated_aws.identity import HOME_ACCOUNT
from system.running import ROOT, Result, arguments, run_here
from system.virtual_time import VirtualTime

REGIONS, COPY_SECONDS = 20, 60
PAGED, LARGEST_PAGE = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2"), 1000


def plan(size: int) -> int:
    """Plan copies of ``size`` images to 20 regions, a third of them there already; keep all plans, as a run does."""
    destinations = tuple(Destination(region=f"eu-west-{number}") for number in range(1, REGIONS + 1))
    request = CopyRequest(tuple(f"ami-{number:017x}" for number in range(size)), "us-east-1", destinations)
    plans = []
    meter.start()
    for destination in destinations:
        arn = f"arn:aws:kms:{destination.region}:123456789012:key/00000000-0000-4000-8000-000000000000"
        key = RequiredKey("alias/golden", arn)
        for number, image_id in enumerate(request.source_image_ids):
            source = _image(image_id, "us-east-1", None)
            copy = _image(f"ami-{number:016x}f", destination.region, arn, image_id)
            facts = Facts(
                lineage=Lineage(image_id, "us-east-1"),
                source=source,
                requirement=Requirement(key, source.devices),
                images=(copy,) if number % 3 == 0 else (),
            )
            plans.append(plan_copy(request, destination, facts))
    meter.stop()
    if sum(plan.changed for plan in plans) != REGIONS * sum(number % 3 != 0 for number in range(size)):
        raise SystemExit("the plans are wrong")
    return 0


def _image(image_id: str, region: str, key: str | None, source: str | None = None) -> Image:
    device = BlockDevice("/dev/xvda", f"snap-{image_id[4:]}", bool(key), key, 8)
    lineage: dict[str, t.Any] = {"source_image_id": source, "source_region": "us-east-1" if source else None}
    return Image(image_id, region, name=image_id, root_device_name="/dev/xvda", devices=(device,), **lineage)


def info(size: int) -> int:
    """Audit ``size`` images of one region through the module; return how many API calls that took."""
    with Emulator.start(clock="real", seed="none") as emulator:
        arn = keys(emulator, [HOME])[HOME]
        sealed_images(emulator, size)

        def audit(**wanted: t.Any) -> list[dict[str, t.Any]]:
            given = {"regions": [HOME], "owners": ["self"], **wanted}
            taken = arguments(given, check=False, diff=False, credentials=None, endpoint=emulator.url)
            return t.cast("list[dict[str, t.Any]]", run_here("ec2_ami_encryption_info", taken)["images"])

        audit(filters={"name": "no image has this name"})  # What costs once, imports above all, is not measured.
        emulator.clear_calls()
        meter.start()
        images = audit()
        meter.stop()
        if [image["snapshots"][0]["kms_key_arn"] for image in images] != [arn] * size:
            raise SystemExit(f"{len(images)} images instead of {size}, or not under {arn}")
        return sum(emulator.counts().values())


def retire(size: int) -> int:
    """Plan to retire ``size`` images in each of five regions, all but three of them; return the calls of a region."""
    with Emulator.start(clock="real", seed="none") as emulator:
        for region in PAGED:
            plain_images(emulator, size, region=region)
        emulator.configure(latency_ms=LATENCY_MS)
        given = {"regions": list(PAGED), "group_by": "name:^(bench)-", "last_step": "deregister"}

        def planned(name: str) -> Result:
            wanted = {**given, "filters": {"name": name}}
            taken = arguments(wanted, check=True, diff=False, credentials=None, endpoint=emulator.url)
            return run_here("ec2_ami_retire", taken)

        planned("no image has this name")  # What costs once, imports above all, is not measured.
        emulator.clear_calls()
        meter.start()
        result = planned("bench-*")
        meter.stop()
        if len(result["images"]) != size * len(PAGED) or "at least 105 images are due" not in result.msg:
            raise SystemExit(f"{len(result['images'])} images instead of {size * len(PAGED)}: {result.msg}")
        return max(sum(call["region"] == region for call in emulator.calls()) for region in PAGED)


def pages(size: int) -> int:
    """Put ``size`` images into five regions of the emulated AWS, list them page by page, and return the calls."""
    with Emulator.in_process(seed="none") as emulator:
        meter.start()
        for number in range(size):
            place = seed.Place(HOME_ACCOUNT, PAGED[number % len(PAGED)])
            seed.image(place, name=f"image-{number}", disks=[seed.Disk("/dev/xvda")])
        found = 0
        for region in PAGED:
            paginator = emulator.session(region=region).client("ec2").get_paginator("describe_images")
            for page in paginator.paginate(Owners=["self"], PaginationConfig={"PageSize": LARGEST_PAGE}):
                found += len(page["Images"])
        meter.stop()
        if found != size:
            raise SystemExit(f"{found} images instead of {size}")
        return sum(emulator.counts().values())


def account(size: int) -> int:
    """Copy ``size`` images to 20 regions in one task, in virtual time; return the calls."""
    with Emulator.in_process(seed="none") as emulator:
        images = plain_images(emulator, size)
        arns = keys(emulator, DESTINATIONS)
        emulator.configure(copy_seconds_minimum=COPY_SECONDS)
        virtual = VirtualTime(emulator)
        time.sleep = virtual.sleep  # type: ignore[assignment]
        Pace.__init__.__defaults__ = (virtual.now, virtual.sleep, 0.1)  # As the fixtures of tests/system have it.
        destinations = [{"region": region, "kms_key_id": arn} for region, arn in arns.items()]
        given = {"source_image_ids": images, "source_region": HOME, "destinations": destinations, "wait": True}
        emulator.clear_calls()
        meter.start()
        began = virtual.now()
        run_here("ec2_ami_encrypted_copy", arguments(given, check=False, diff=False, credentials=None, endpoint=None))
        meter.virtual_seconds = virtual.now() - began
        meter.stop()
        calls = sum(emulator.counts().values())
        if (found := count_sealed(emulator, arns)) != size * len(DESTINATIONS):
            raise SystemExit(f"{found} copies instead of {size * len(DESTINATIONS)}")
        return calls


def page(size: int) -> int:
    """Write the audit's page of so many images, of which the role shows 2,000 in full; this takes no calls."""
    results = audited.results(audited.audits(size))
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "roles" / "audit" / "templates"), trim_blocks=True
    )
    templates.filters["sealed.ami.audit_report"] = arrange_report
    given = {"audit_results": results, "audit__policy": audited.POLICY, "audit__html_limit": 2000}
    meter.start()
    text = templates.get_template("audit.html.j2").render(audit_title="Images", now=lambda **_given: "now", **given)
    meter.stop()
    meter.page_mib = len(text.encode()) / 2**20
    shown = set(re.findall(r"ami-[0-9a-f]{17}", text))
    if missing := {image["image_id"] for image in results[0]["images"]} - shown:
        raise SystemExit(f"{len(missing)} images are not on the page")
    return 0


class Meter:
    """Wall and processor time, how far memory rises above what it was, and what has passed in virtual time."""

    wall = cpu = mib = virtual_seconds = page_mib = 0.0

    def start(self) -> None:
        """Measure from here."""
        self.wall, self.cpu, self.mib = -time.monotonic(), -time.process_time(), -_peak()

    def stop(self) -> None:
        """Measure until here."""
        self.wall, self.cpu, self.mib = self.wall + time.monotonic(), self.cpu + time.process_time(), self.mib + _peak()


meter = Meter()


def _peak() -> float:
    # What getrusage calls the peak counts the process too from which this one was forked.
    (kib,) = re.findall(r"^VmHWM:\s+(\d+) kB", pathlib.Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(kib) / 1024


def main() -> None:
    """Do the work named on the command line, with the garbage collector set as a task sets it."""
    spare_collections()
    work = {"plan": plan, "info": info, "pages": pages, "retire": retire, "account": account, "page": page}[sys.argv[1]]
    calls = work(int(sys.argv[2]))
    print(
        json.dumps(
            {
                "wall": meter.wall,
                "cpu": meter.cpu,
                "mib": meter.mib,
                "calls": calls,
                "virtual": meter.virtual_seconds,
                "page": meter.page_mib,
            }
        )
    )


if __name__ == "__main__":
    main()
