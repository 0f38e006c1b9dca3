# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images and snapshots: what the emulated AWS knows about each."""

from __future__ import annotations

import dataclasses
import typing as t

from emulated_aws.ec2 import timing
from emulated_aws.ec2.devices import Device

Permission = dict[str, str]


@dataclasses.dataclass(frozen=True)
class Billing:
    """Platform and license data of an image, an instance or (as hidden metadata) a snapshot."""

    platform: str | None = None
    platform_details: str = "Linux/UNIX"
    usage_operation: str = "RunInstances"
    product_codes: tuple[str, ...] = ()

    def codes_only(self) -> Billing:
        """Return what is left when the platform metadata are lost: Marketplace product codes stay."""
        return Billing(product_codes=self.product_codes)

    def wire_codes(self) -> list[dict[str, str]]:
        """Return the product codes as EC2 lists them."""
        return [{"ProductCodeId": code, "ProductCodeType": "marketplace"} for code in self.product_codes]


@dataclasses.dataclass(frozen=True)
class BootSettings:
    """Everything that decides how an image boots; CopyImage and CreateImage carry all of it."""

    architecture: str = "x86_64"
    virtualization_type: str = "hvm"
    ena_support: bool | None = True
    sriov_net_support: str | None = "simple"
    boot_mode: str | None = None
    tpm_support: str | None = None
    uefi_data: str | None = None
    imds_support: str | None = None
    kernel_id: str | None = None
    ramdisk_id: str | None = None


@dataclasses.dataclass
class Lag:
    """When a new object can be found by its id, and when by its tags."""

    visible_at: float = 0.0
    filterable_at: float = 0.0

    def visible(self) -> bool:
        """Tell whether look-ups find the object yet."""
        return timing.now() >= self.visible_at

    def filterable(self) -> bool:
        """Tell whether filters see the object's tags yet."""
        return timing.now() >= self.filterable_at


@dataclasses.dataclass
class Lineage:
    """Where an image came from."""

    image_id: str | None = None
    region: str | None = None
    instance_id: str | None = None


@dataclasses.dataclass
class Protection:
    """Deregistration protection; after disabling one with cooldown it holds until ``cooldown_until``."""

    enabled: bool = False
    with_cooldown: bool = False
    cooldown_until: float = 0.0

    def blocks(self) -> bool:
        """Tell whether the image cannot be deregistered now."""
        return self.enabled or timing.now() < self.cooldown_until

    def wire(self) -> str:
        """Return the text that DescribeImages shows."""
        if not self.enabled:
            return "disabled"
        return "enabled-with-cooldown" if self.with_cooldown else "enabled-without-cooldown"


@dataclasses.dataclass
class Image:
    """An AMI."""

    id: str
    owner: str
    region: str
    name: str
    devices: list[Device]
    root_device_name: str = "/dev/sda1"
    root_device_type: str = "ebs"
    description: str | None = None
    boot: BootSettings = dataclasses.field(default_factory=BootSettings)
    billing: Billing = dataclasses.field(default_factory=Billing)
    lineage: Lineage = dataclasses.field(default_factory=Lineage)
    protection: Protection = dataclasses.field(default_factory=Protection)
    lag: Lag = dataclasses.field(default_factory=Lag)
    state: str = "available"
    state_reason: tuple[str, str] | None = None
    created_at: float = dataclasses.field(default_factory=timing.now)
    image_location: str | None = None
    owner_alias: str | None = None
    launch_permissions: list[Permission] = dataclasses.field(default_factory=list)
    deprecate_at: float | None = None
    last_launched_at: float | None = None
    undated: bool = False
    watermarks: dict[str, Watermark] = dataclasses.field(default_factory=dict)
    instance_types: dict[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)

    @property
    def public(self) -> bool:
        """Tell whether everybody may launch the image."""
        return {"Group": "all"} in self.launch_permissions

    @property
    def deprecated(self) -> bool:
        """Tell whether the deprecation date has passed."""
        return self.deprecate_at is not None and timing.now() >= self.deprecate_at

    def snapshot_ids(self) -> list[str]:
        """Return the ids of the backing snapshots in the order of the mapping."""
        return [device.ebs.snapshot_id for device in self.devices if device.ebs and device.ebs.snapshot_id]

    def fail(self, code: str, message: str) -> None:
        """Put the image into the state ``failed``."""
        self.state, self.state_reason = "failed", (code, message)

    # What moto's Instance reads from the image that it starts.
    @property
    def platform(self) -> str | None:
        """Return ``windows`` or nothing."""
        return self.billing.platform

    @property
    def architecture(self) -> str:
        """Return the processor architecture."""
        return self.boot.architecture

    @property
    def virtualization_type(self) -> str:
        """Return ``hvm`` or ``paravirtual``."""
        return self.boot.virtualization_type

    @property
    def kernel_id(self) -> str | None:
        """Return the kernel of a paravirtual image."""
        return self.boot.kernel_id


class Watermark(t.NamedTuple):
    """A watermark, which goes on to copies and to images of instances."""

    key: str
    source_region: str
    source_image_id: str
    source_created_at: float
    created_at: float


class Gone(t.NamedTuple):
    """A deregistered image and when that was."""

    image: Image
    at: float


@dataclasses.dataclass
class Tiering:
    """Archive storage of a snapshot."""

    tier: str = "standard"
    operation: str | None = None
    started_at: float | None = None
    archived_at: float | None = None
    restore_expires_at: float | None = None


@dataclasses.dataclass(frozen=True)
class Lock:
    """A lock of a snapshot; in compliance mode it may have a period in which it can still be taken away."""

    mode: str
    created_at: float
    expires_at: float
    cools_until: float | None = None

    def holds(self) -> bool:
        """Tell whether the snapshot cannot be deleted now."""
        return timing.now() < self.expires_at

    def state(self) -> str:
        """Return the state that DescribeLockedSnapshots shows."""
        if not self.holds():
            return "expired"
        cooling = self.cools_until is not None and timing.now() < self.cools_until
        return "compliance-cooloff" if cooling else self.mode


@dataclasses.dataclass(frozen=True)
class Location:
    """Where a snapshot lies, if not simply in its region: in a Local Zone, or on an Outpost."""

    zone: str | None = None
    outpost_arn: str | None = None

    @property
    def local(self) -> bool:
        """Tell whether it is a local snapshot, as AWS calls it."""
        return bool(self.zone or self.outpost_arn)


@dataclasses.dataclass
class Snapshot:
    """An EBS snapshot."""

    id: str
    owner: str
    region: str
    size: int
    volume_id: str = "vol-ffffffff"
    description: str = ""
    encrypted: bool = False
    kms_key_arn: str | None = None
    state: str = "completed"
    state_message: str | None = None
    created_at: float = dataclasses.field(default_factory=timing.now)
    starts_at: float = dataclasses.field(default_factory=timing.now)
    ready_at: float = dataclasses.field(default_factory=timing.now)
    completed_at: float | None = None
    copied_from: tuple[str, str] | None = None
    completion_minutes: int | None = None
    users: set[str] = dataclasses.field(default_factory=set)
    public: bool = False
    public_blocked: bool = False
    tiering: Tiering = dataclasses.field(default_factory=Tiering)
    lock: Lock | None = None
    associated_keys: list[str] = dataclasses.field(default_factory=list)
    location: Location = dataclasses.field(default_factory=Location)
    billing: Billing = dataclasses.field(default_factory=Billing)
    lag: Lag = dataclasses.field(default_factory=Lag)

    def complete(self, at: float) -> None:
        """Put the snapshot into the state ``completed``."""
        self.state, self.completed_at = "completed", at

    def fail(self, message: str) -> None:
        """Put the snapshot into the state ``error``."""
        self.state, self.state_message = "error", message

    def progress(self) -> str:
        """Return the percentage that DescribeSnapshots shows."""
        if self.state == "completed":
            return "100%"
        return timing.progress(self.starts_at, self.ready_at, timing.now()) if self.state == "pending" else "0%"

    def restorable_by(self, account: str) -> bool:
        """Tell whether the account may make volumes and copies from the snapshot."""
        by_all = self.public and not self.public_blocked
        return by_all or account == self.owner or account in self.users


View = dict[str, t.Any]
