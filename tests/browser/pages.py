# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of audits of any size, made by the module's own pure core, and the page that the role makes of them."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

from ansible_collections.sealed.ami.plugins.module_utils._image.audit.model import AuditedKey, RegionAudit
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.request import parse_audit_request
from ansible_collections.sealed.ami.plugins.module_utils._image.audit.result import to_audit_result
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BlockDevice, Image, Snapshot

HERE = pathlib.Path(__file__).parent
ACCOUNT = "123456789012"
REGIONS = ("eu-central-1", "eu-west-1", "us-east-1", "us-west-2")
DEVICES = {"/dev/xvda": "os", "/dev/sdf": "data"}
# Which key each device is under; by turns, so that every verdict comes up.
STATES: t.Mapping[str, AuditedKey] = {
    "os": AuditedKey("", "Enabled", "CUSTOMER", None, ("alias/os",)),
    "data": AuditedKey("", "Enabled", "CUSTOMER", None, ("alias/data",)),
    "dying": AuditedKey("", "PendingDeletion", "CUSTOMER", "2026-12-24T00:00:00Z", ("alias/dying",)),
    "aws": AuditedKey("", "Enabled", "AWS", None, ("alias/aws/ebs",)),
}
POLICY = {"encrypted": True, "customer_managed": True, "key_usable": True}
Results = list[dict[str, t.Any]]


def arn(name: str, region: str) -> str:
    """Return the ARN of one of the keys."""
    number = list(STATES).index(name) + 1
    return f"arn:aws:kms:{region}:{ACCOUNT}:key/{number:08d}-0000-4000-8000-{REGIONS.index(region) + 1:012d}"


def key_of(number: int, device: str) -> str | None:
    """Return which key a device of the image with this number is under."""
    if device == "/dev/sdf":
        return ("data", "data", "dying", None)[number % 4]
    return ("os", "os", "os", "aws", None)[number % 5]


def audits(count: int, *, name: str = "golden", tags: t.Mapping[str, str] | None = None) -> list[RegionAudit]:
    """Return ``count`` images of two devices: sources in the first region, their copies in the others."""
    images: dict[str, list[Image]] = {region: [] for region in REGIONS}
    snapshots: dict[str, Snapshot] = {}
    for number in range(count):
        family, place = divmod(number, len(REGIONS))
        region = REGIONS[place]
        devices: list[BlockDevice] = []
        for device in DEVICES:
            key = key_of(number, device)
            snapshot_id = f"snap-{number:014x}{len(devices):03x}"
            devices.append(BlockDevice(device, snapshot_id, volume_size=8 + number % 50))
            # Every ninth snapshot is one that its owner has not shared.
            if number % 9 or device == "/dev/xvda":
                snapshots[snapshot_id] = Snapshot(
                    snapshot_id, "completed", key is not None, key and arn(key, region), 8, associated_keys=()
                )
        source: dict[str, t.Any] = {}
        if place:
            source = {"source_image_id": image_id(family * len(REGIONS)), "source_region": REGIONS[0]}
        images[region].append(
            Image(
                image_id(number), region, f"{name}-{family:04d}", owner_id=ACCOUNT, devices=tuple(devices),
                creation_date="2026-11-23T10:00:00.000Z", tags={"Team": "platform", **(tags or {})}, **source,
            )
        )  # fmt: skip
    return [RegionAudit(region, tuple(images[region]), snapshots, keys_of(region)) for region in REGIONS]


def keys_of(region: str) -> dict[str, AuditedKey]:
    """Return the keys of a region."""
    return {
        arn(name, region): AuditedKey(arn(name, region), key.state, key.manager, key.deletion_date, key.aliases)
        for name, key in STATES.items()
    }


def image_id(number: int) -> str:
    """Return the id of the image with this number."""
    return f"ami-{number:017x}"


def results(found: list[RegionAudit], *, account: str = ACCOUNT, name: str = "") -> Results:
    """Return what the role holds after it has looked at one account."""
    request = parse_audit_request({"regions": list(REGIONS), "policy": POLICY}, default_region=None)
    result = to_audit_result(found, request)
    return [{"account": account, "name": name, **{part: result[part] for part in ("regions", "images", "errors")}}]


def write_page(folder: pathlib.Path, found: Results, **variables: t.Any) -> pathlib.Path:
    """Let the role write its reports about the results, and return the page."""
    page = folder / "audit.html"
    told = {"audit_results": found, "audit_policy": POLICY, "audit_title": "Encryption", **variables}
    (folder / "results.json").write_text(json.dumps(told))
    given = {
        "results_file": str(folder / "results.json"),
        "audit_fail_on": [],
        "audit_html_path": str(page),
        "audit_json_path": str(folder / "audit.json"),
        "ansible_python_interpreter": sys.executable,
    }
    command = [str(pathlib.Path(sys.executable).with_name("ansible-playbook")), str(HERE / "report.yml")]
    environment = {**os.environ, "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    ended = subprocess.run(
        [*command, "-e", json.dumps(given)], env=environment, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise AssertionError(f"the role failed: {ended.stdout[-3000:]}{ended.stderr}")
    return page


POISON = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"></style></details>"
    "\"'><b class=owned onclick=alert(1)>{{ 7*7 }}{% raw %}&amp;&lt; é 雪"
)
POISONED_POLICY = {"encrypted": True, "devices": [{"device_name": POISON, "allowed_key_tags": {POISON: POISON}}]}


def poisoned() -> Results:
    """Return two accounts in which every text is markup, and every image is copied from one of another account."""
    found = pages_of_two_accounts()
    for result in found:
        result["name"] = POISON
        result["errors"] = [{"region": POISON, "message": POISON}]
        for image in result["images"]:
            _poison(image, keep=("image_id", "region", "source_image_id"))
            image["tags"] = {POISON: POISON, f"Name{POISON}": POISON}
    return found


def pages_of_two_accounts() -> Results:
    """Return the same images as two accounts see them."""
    return results(audits(12)) + results(audits(12), account="210987654321", name="consumer")


def _poison(part: dict[str, t.Any], *, keep: t.Container[str]) -> None:
    for name, value in part.items():
        if name in keep or isinstance(value, (bool, int)):
            continue
        if name == "associated_kms_keys":
            part[name] = [{"kms_key_arn": POISON, "kms_key_aliases": [POISON]}]
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                _poison(item, keep=keep)
        elif isinstance(value, list):
            part[name] = [POISON]
        elif value is not None:
            part[name] = POISON
