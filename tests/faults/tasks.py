# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks that the fault tests disturb: each kind of work that the modules do, with everything that can be set."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.catalogue_images import image_id
from emulated_aws.client import Emulator

COPY_MODULE, COMPOSE_MODULE = "ec2_ami_encrypted_copy", "ec2_ami_compose_keys"
HOME, AWAY, FAR, THIRD = "us-east-1", "eu-west-1", "eu-central-1", "us-west-2"
PARTNER = "210987654321"
Options = dict[str, t.Any]

# How long things take, in virtual seconds, where nothing else is said.
SLOW = {
    "copy_seconds_minimum": 60.0, "snapshot_seconds_per_gib": 1.0, "instance_start_seconds": 40.0,
    "instance_stop_seconds": 30.0, "volume_create_seconds": 15.0,
}  # fmt: skip
# Every state lasts for some looks of a task, so that it is met in each of them, and not for dozens that are all alike.
BRISK = {
    "copy_seconds_minimum": 3.0, "snapshot_seconds_per_gib": 0.04, "instance_start_seconds": 2.0,
    "instance_stop_seconds": 2.0, "volume_create_seconds": 2.0,
}  # fmt: skip
ATTRIBUTES: Options = {
    "tags": {"Team": "platform", "Stage": "golden"},
    "snapshot_tags": {"Team": "storage"},
    "description": "sealed for production",
    "launch_permissions": {"user_ids": [PARTNER]},
    "deprecate_at": "2030-01-01T00:00:00Z",
    "wait": True,
}
MARKS: Options = {
    "watermarks": ["golden"], "instance_type_specification": {"supported_instance_types": ["t3.*"]}
}  # fmt: skip
SINGLE: Options = {"source_region": HOME, "region": AWAY, "source_image_id": image_id("mixed"), **ATTRIBUTES}
MAPPING = [
    {"device_name": "/dev/xvda", "kms_key_id": "alias/os"},
    {"device_name": "/dev/sdf", "kms_key_id": "alias/data"},
    {"device_name": "/dev/sdg", "kms_key_id": "alias/logs"},
]
EMPTY_VOLUME = {"device_name": "/dev/sdh", "volume_size": 5, "kms_key_id": "alias/golden"}
COMPOSED: Options = {"region": HOME, "source_region": HOME, "name": "composed", **ATTRIBUTES}
OF_IMAGE: Options = {
    **COMPOSED, "source_image_id": image_id("database"), "device_mapping": [*MAPPING, EMPTY_VOLUME]
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Task:
    """One run to be disturbed, and the undisturbed runs before it; ``regions`` are those in which it leaves things."""

    name: str
    module: str
    wanted: Options
    before: tuple[Options, ...] = ()
    regions: tuple[str, ...] = (AWAY,)

    def options(self, emulator: Emulator) -> Options:
        """Return the options of the run."""
        if self.wanted.get("instance_id") != "":
            return dict(self.wanted)
        return {**self.wanted, "instance_id": next(iter(emulator.catalogue()["instances"]))}

    def __str__(self) -> str:
        return self.name


FLEET_REGIONS = (AWAY, FAR, THIRD)
COPY = Task("copy", COPY_MODULE, {**SINGLE, **MARKS, "kms_key_id": "alias/golden"})
FLEET = Task(
    "fleet of 3 x 3",
    COPY_MODULE,
    {
        **ATTRIBUTES,
        "source_region": HOME,
        "source_image_ids": [image_id(name) for name in ("plain-root", "encrypted-root", "mixed")],
        "destinations": [{"region": region} for region in FLEET_REGIONS],
        "kms_key_id": "alias/golden",
    },
    regions=FLEET_REGIONS,
)
REPLACE = Task(
    "superseded",
    COPY_MODULE,
    {**SINGLE, "kms_key_id": "alias/golden", "superseded": "deregister"},
    before=({**SINGLE, "kms_key_id": "alias/os"},),
)
RETIRE = Task(
    "superseded retired",
    COPY_MODULE,
    {**SINGLE, "kms_key_id": "alias/golden", "superseded": "retire"},
    before=({**SINGLE, "kms_key_id": "alias/os"},),
)
LOCAL = Task(
    "in the region and in a Local Zone",
    COPY_MODULE,
    {
        **SINGLE,
        "kms_key_id": "alias/golden",
        "destinations": [{"region": HOME}, {"region": HOME, "availability_zone": "us-east-1-bos-1a"}],
        "superseded": "deregister",
    },
    before=({**SINGLE, "kms_key_id": "alias/os", "region": HOME},),
    regions=(HOME,),
)
REMOVE = Task("absent", COPY_MODULE, {**COPY.wanted, "state": "absent"}, before=(COPY.wanted,))
SNAPSHOTS = Task("snapshots", COMPOSE_MODULE, {**OF_IMAGE, **MARKS, "method": "snapshots"}, regions=(HOME,))
INSTANCE = Task("instance", COMPOSE_MODULE, {**OF_IMAGE, "method": "instance"}, regions=(HOME,))
INSTANCE_ID = Task(
    "instance_id", COMPOSE_MODULE, {**COMPOSED, "instance_id": "", "device_mapping": MAPPING}, regions=(HOME,)
)
DISMANTLE = Task(
    "composed absent", COMPOSE_MODULE, {**SNAPSHOTS.wanted, "state": "absent"},
    before=(SNAPSHOTS.wanted,), regions=(HOME,),
)  # fmt: skip
COPIES = (COPY, REPLACE, REMOVE)
COMPOSITIONS = (SNAPSHOTS, INSTANCE, INSTANCE_ID, DISMANTLE)
