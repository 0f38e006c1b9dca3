# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what AWS has brought: compare the newest botocore with the pinned one, where images and keys are touched.

The answer is written to docs/dev/aws_news.md, so that a reviewer sees what emulated AWS and modules may have to learn.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import typing as t
import zipfile

from botocore.loaders import Loader
from botocore.model import ServiceModel

ROOT = pathlib.Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "dev" / "aws_news.md"
HEADER = """<!--
Copyright (c) 2026 sealed.ami contributors
GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# What AWS has brought

Written by `make news` (`ARGS="--since 1.43.90"` compares with another version than the pinned one); what it
compares is said in `tests/tools/news.py`.

"""
# Which operations of a service matter; shapes count as far as these reach them.
WATCHED = {
    "autoscaling": r"AutoScalingGroup|InstanceRefresh|LaunchConfiguration|AutoScalingInstances",
    "ebs": r"",
    "ec2": (
        r"Image|Snapshot|Volume|Kms|EbsEncryption|EbsDefault|LaunchTemplate|RunInstances|DescribeInstances$"
        r"|InstanceAttribute|RecycleBin|UefiData|CreateTags|DeleteTags|DescribeTags|FastLaunch|AvailabilityZones"
    ),
    "kms": r"",
    "organizations": r"DescribeOrganization|ListAccounts|ListParents|OrganizationalUnit",
    "ram": r"ResourceShare|Permission",
    "rbin": r"",
    "ssm": r"Parameter",
    "sts": r"AssumeRole$|GetCallerIdentity|GetSessionToken",
}
# What AWS adds to every week, and what nothing here depends on.
ENDLESS = ("InstanceType", "ResourceType")
Facts = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Models:
    """One version of botocore and the folder of its models."""

    version: str
    folder: str

    def facts(self) -> Facts:
        """Return everything that a caller may notice, by a name for each."""
        found: Facts = {}
        loader = Loader(extra_search_paths=[self.folder], include_default_search_paths=False)
        available = loader.list_available_services("service-2")
        for service, pattern in WATCHED.items():
            if service in available:
                found |= service_facts(service, ServiceModel(loader.load_service_model(service, "service-2")), pattern)
        return found


def service_facts(service: str, model: ServiceModel, pattern: str) -> Facts:
    """Return the facts of the watched operations of a service."""
    found: Facts = {}
    for name in model.operation_names:
        if not re.search(pattern, name):
            continue
        operation = model.operation_model(name)
        found[f"{service}: operation {name}"] = "there"
        for shape in (operation.input_shape, operation.output_shape):
            add_shape(found, service, shape)
    return found


def add_shape(found: Facts, service: str, shape: t.Any) -> None:
    """Add a shape and all that it reaches; a shape that was seen before ends the walk."""
    key = f"{service}: shape {shape.name}" if shape is not None else ""
    if shape is None or key in found:
        return
    found[key] = str(shape.type_name)
    for value in [] if shape.name in ENDLESS else getattr(shape, "enum", None) or []:
        found[f"{service}: value {value} of {shape.name}"] = "there"
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            need = "required" if name in shape.required_members else "optional"
            found[f"{service}: member {shape.name}.{name}"] = f"{member.type_name}, {need}"
            add_shape(found, service, member)
    elif shape.type_name == "list":
        add_shape(found, service, shape.member)
    elif shape.type_name == "map":
        add_shape(found, service, shape.value)


def differences(old: Facts, new: Facts) -> list[str]:
    """Return a line for each fact that came, went or changed."""
    lines = [
        f"new: {name} ({new[name]})".removesuffix(" (there)")
        for name in new.keys() - old.keys()
        if ": shape " not in name
    ]
    lines += [f"gone: {name}" for name in old.keys() - new.keys() if ": shape " not in name]
    both = (name for name in old.keys() & new.keys() if old[name] != new[name])
    lines += [f"changed: {name}, {old[name]} to {new[name]}" for name in both]
    return sorted(lines, key=lambda line: (line.partition(": ")[2], line))


def pinned() -> Models:
    """Return the models that are installed, as tests/requirements pins them."""
    import botocore

    return Models(importlib.metadata.version("botocore"), os.path.join(os.path.dirname(botocore.__file__), "data"))


def fetched(wanted: str, folder: pathlib.Path) -> Models:
    """Download botocore (``botocore`` or ``botocore==version``) by pip and return its models."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", os.fspath(folder), wanted]
    subprocess.run(command, check=True)
    [wheel] = folder.glob("botocore-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith("botocore/data/")])
    return Models(wheel.name.split("-")[1], os.fspath(folder / "botocore" / "data"))


def report(old: Models, new: Models) -> str:
    """Return the comparison as Markdown."""
    lines = differences(old.facts(), new.facts())
    body = "\n".join(f"- {line}" for line in lines) or "Nothing that touches images, snapshots, volumes or keys."
    return f"{HEADER}botocore {new.version}, compared with {old.version}:\n\n{body}\n"


def main() -> int:
    """Compare, print and write the report."""
    parser = argparse.ArgumentParser(description="Compare the newest botocore with the pinned one.")
    parser.add_argument("--since", metavar="VERSION", help="compare with this version in place of the pinned one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = [pathlib.Path(folder, name) for name in ("new", "old")]
        for place in places:
            place.mkdir()
        old = fetched(f"botocore=={options.since}", places[1]) if options.since else pinned()
        text = report(old, fetched("botocore", places[0]))
    REPORT.write_text(text)
    print(text[len(HEADER) :], end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
