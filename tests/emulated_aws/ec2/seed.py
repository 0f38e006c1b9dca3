# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make images and snapshots directly, as if they had been there for long.

seed.image(
    seed.Place("123456789012", "eu-west-1"),
    name="web",
    disks=[seed.Disk("/dev/sda1", size=8, key="alias/images"), seed.Disk("/dev/sdf", size=20)],
    extras=seed.Extras(tags={"Role": "web"}),
)
"""

from __future__ import annotations

import dataclasses
import typing as t

from moto.ec2.models import ec2_backends
from moto.ec2.utils import random_ami_id, random_snapshot_id, random_volume_id

from emulated_aws.ec2 import tiering, timing
from emulated_aws.ec2.agenda import lock
from emulated_aws.ec2.backend import Ec2Region
from emulated_aws.ec2.devices import Device, Ebs
from emulated_aws.ec2.model import Billing, BootSettings, Image, Lineage, Permission, Snapshot, Tiering

BILLING = {
    "linux": Billing(),
    "windows": Billing("windows", "Windows", "RunInstances:0002"),
    "rhel": Billing(None, "Red Hat Enterprise Linux", "RunInstances:0010"),
    "suse": Billing(None, "SUSE Linux", "RunInstances:000g"),
    "ubuntu-pro": Billing(None, "Ubuntu Pro", "RunInstances:0g00"),
    "windows-sql-standard": Billing("windows", "Windows with SQL Server Standard", "RunInstances:0006"),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """An account and a region."""

    account: str
    region: str

    def backend(self) -> Ec2Region:
        """Return what the account has in the region."""
        return t.cast(Ec2Region, ec2_backends[self.account][self.region])


@dataclasses.dataclass(frozen=True)
class Disk:
    """One mapping: an EBS snapshot under ``key`` (any form; ``None`` is unencrypted), or an ephemeral disk."""

    device: str
    size: int = 8
    key: str | None = None
    volume_type: str = "gp3"
    iops: int | None = None
    throughput: int | None = None
    delete_on_termination: bool = True
    ephemeral: str | None = None
    empty: bool = False
    archived: bool = False
    restored_for_days: float | None = None
    shared_with: tuple[str, ...] = ()
    public: bool = False
    snapshot_id: str | None = None


@dataclasses.dataclass(frozen=True)
class Extras:
    """What else an image can have; permissions are ``{"UserId": …}``, ``{"Group": "all"}`` and so on."""

    description: str | None = None
    image_id: str | None = None
    root_device_name: str | None = None
    root_device_type: t.Literal["ebs", "instance-store"] = "ebs"
    owner_alias: str | None = None
    launch_permissions: tuple[tuple[tuple[str, str], ...], ...] = ()
    age_seconds: float = 86400.0
    deprecate_at: float | None = None
    disabled: bool = False
    source: tuple[str, ...] | None = None
    undated: bool = False
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


def share(**permission: str) -> tuple[tuple[str, str], ...]:
    """Return one launch permission for ``Extras``, such as ``share(UserId="123456789012")``."""
    return tuple(permission.items())


def image(
    place: Place,
    *,
    name: str,
    disks: t.Sequence[Disk],
    boot: BootSettings | None = None,
    billing: Billing | None = None,
    extras: Extras | None = None,
) -> str:
    """Register an available image with these disks at once and return its id."""
    more = extras or Extras()
    with lock:
        region = place.backend()
        made = Image(
            id=more.image_id or random_ami_id(),
            owner=place.account,
            region=place.region,
            name=name,
            devices=[_device(place, disk, billing or Billing()) for disk in disks],
            root_device_name=more.root_device_name or (disks[0].device if disks else ""),
            root_device_type=more.root_device_type,
            description=more.description,
            boot=boot or BootSettings(),
            billing=billing or Billing(),
            state="disabled" if more.disabled else "available",
            created_at=timing.now() - more.age_seconds,
            undated=more.undated,
            lineage=Lineage(*more.source) if more.source else Lineage(),
            owner_alias=more.owner_alias,
            launch_permissions=[_permission(one) for one in more.launch_permissions],
            deprecate_at=more.deprecate_at,
        )
        region.amis[made.id] = made
        region.tags[made.id].update(more.tags)
    return made.id


def _permission(pairs: tuple[tuple[str, str], ...]) -> Permission:
    return dict(pairs)


def _device(place: Place, disk: Disk, billing: Billing) -> Device:
    if disk.ephemeral:
        return Device(disk.device, virtual_name=disk.ephemeral)
    snapshot_id = None if disk.empty else disk.snapshot_id or snapshot(place, disk, billing=billing)
    return Device(
        disk.device,
        Ebs(
            snapshot_id=snapshot_id,
            size=disk.size,
            volume_type=disk.volume_type,
            iops=disk.iops if disk.iops or disk.volume_type != "gp3" else 3000,
            throughput=disk.throughput if disk.throughput or disk.volume_type != "gp3" else 125,
            delete_on_termination=disk.delete_on_termination,
            encrypted=disk.key is not None,
        ),
    )


def snapshot(
    place: Place,
    disk: Disk,
    *,
    billing: Billing | None = None,
    description: str = "",
    tags: t.Mapping[str, str] | None = None,
) -> str:
    """Make a completed (or archived) snapshot at once and return its id."""
    with lock:
        region = place.backend()
        made = Snapshot(
            id=random_snapshot_id(),
            owner=place.account,
            region=place.region,
            size=disk.size,
            volume_id=random_volume_id(),
            description=description,
            encrypted=disk.key is not None,
            kms_key_arn=region.key(disk.key).arn() if disk.key else None,
            completed_at=timing.now(),
            users=set(disk.shared_with),
            public=disk.public,
            tiering=Tiering("archive", "archival-completed", timing.now(), timing.now())
            if disk.archived
            else Tiering(),
            billing=billing or Billing(),
        )
        region.snapshots[made.id] = made
        if disk.restored_for_days is not None:
            tiering.restore(made, disk.restored_for_days)
        region.tags[made.id].update(tags or {})
    return made.id
