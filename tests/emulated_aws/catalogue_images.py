# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of the catalogue, one for each scenario; their ids hold their numbers."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from emulated_aws.catalogue_keys import CONSUMER, VENDOR
from emulated_aws.ec2.model import Billing, BootSettings
from emulated_aws.ec2.seed import BILLING, Disk
from emulated_aws.identity import HOME_ACCOUNT

UEFI_DATA = base64.b64encode(b"AMZNUEFI\0an example of Secure Boot variables\0").decode()
TWIN = "name-twin"
HOSTILE = '<script>alert("1")</script> & {{ 7*7 }} é 雪'


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """One image: ``launch`` are accounts (or ``all``) that may launch it; ``state`` overrides ``available``."""

    number: int
    name: str
    why: str
    disks: tuple[Disk, ...]
    account: str = HOME_ACCOUNT
    region: str = "us-east-1"
    boot: BootSettings = dataclasses.field(default_factory=BootSettings)
    billing: Billing = dataclasses.field(default_factory=Billing)
    tags: tuple[tuple[str, str], ...] = ()
    launch: tuple[str, ...] = ()
    extras: tuple[tuple[str, t.Any], ...] = ()
    state: str = "available"

    @property
    def image_id(self) -> str:
        """Return the id, which the number decides."""
        return f"ami-00ec2{self.number:012d}"


def root(key: str | None = None, size: int = 8, **more: t.Any) -> Disk:
    """Return a root disk."""
    return Disk("/dev/xvda", size=size, key=key, **more)


def data(letter: str, key: str | None = None, size: int = 20, **more: t.Any) -> Disk:
    """Return a data disk."""
    return Disk(f"/dev/sd{letter}", size=size, key=key, delete_on_termination=False, **more)


TEAM = (("Team", "platform"), ("Stage", "golden"))
UEFI = BootSettings(boot_mode="uefi", tpm_support="v2.0", uefi_data=UEFI_DATA, imds_support="v2.0")
DATABASE = (data("f", size=50, iops=4000, throughput=250), data("g", size=20, volume_type="gp2"))
DATABASE_SEALED = (data("f", "alias/data", 50), data("g", "alias/logs", 20, volume_type="gp2"))
MARKETPLACE = Billing(product_codes=("8l2mxbk5cz9sample0code1",))
IMAGES = (
    ImageSpec(1, "plain-root", "one unencrypted volume", (root(),), tags=TEAM),
    ImageSpec(2, "encrypted-root", "one volume under alias/golden", (root("alias/golden"),), tags=TEAM),
    ImageSpec(3, "mixed", "plain root, data under alias/data", (root(), data("f", "alias/data")), tags=TEAM),
    ImageSpec(4, "database", "three plain volumes of different types", (root(size=10), *DATABASE), tags=TEAM),
    ImageSpec(5, "database-sealed", "three volumes, three keys", (root("alias/os", 10), *DATABASE_SEALED)),
    ImageSpec(6, "ephemeral", "a root and two instance store disks", (
        root(), Disk("/dev/sdb", ephemeral="ephemeral0"), Disk("/dev/sdc", ephemeral="ephemeral1"))),
    ImageSpec(7, "uefi-tpm", "UEFI, NitroTPM and Secure Boot variables", (root(),), boot=UEFI),
    ImageSpec(8, "windows", "Windows license", (Disk("/dev/sda1", size=30),), billing=BILLING["windows"]),
    ImageSpec(9, "rhel", "Red Hat license", (Disk("/dev/sda1", size=10),), billing=BILLING["rhel"]),
    ImageSpec(10, "marketplace", "a Marketplace product code", (root(),), billing=MARKETPLACE),
    ImageSpec(11, "instance-store", "no EBS volume at all", (), extras=(("root_device_type", "instance-store"),)),
    ImageSpec(12, "blank-volume", "a data volume that starts empty", (root(), data("f", size=100, empty=True))),
    ImageSpec(13, "arm64", "another architecture", (root(),), boot=BootSettings(architecture="arm64")),
    ImageSpec(14, "archived", "its snapshot is in the archive tier", (root(archived=True),)),
    ImageSpec(15, "default-key", "under the AWS managed key", (root("alias/aws/ebs"),)),
    ImageSpec(16, "locked-out", "under a disabled key", (root("alias/disabled"),)),
    ImageSpec(17, "deprecated", "deprecated long ago", (root(),), extras=(("deprecate_at", 1.0),)),
    ImageSpec(18, "disabled", "hidden and not to be launched", (root(),), extras=(("disabled", True),)),
    ImageSpec(19, "stuck-pending", "never becomes available", (root(),), state="pending"),
    ImageSpec(20, "stuck-failed", "failed", (root(),), state="failed"),
    ImageSpec(21, "hostile", "markup and templates in tags", (root(),), tags=(("Name", HOSTILE), (HOSTILE, "x")),
              extras=(("description", HOSTILE),)),
    ImageSpec(22, TWIN, "one of two with this name", (root(),)),
    ImageSpec(23, TWIN, "the other", (root(size=9),)),
    ImageSpec(24, "paravirtual", "PV with a kernel", (Disk("/dev/sda1"),), boot=BootSettings(
        virtualization_type="paravirtual", ena_support=None, sriov_net_support=None, kernel_id="aki-919dcaf8")),
    ImageSpec(25, "multi-region-key", "under alias/global", (root("alias/global"),)),
    ImageSpec(26, "exported", "ours, shared with the consumer for launch and copy", (
        root("alias/shared", shared_with=(CONSUMER,)),), launch=(CONSUMER,)),
    ImageSpec(31, "vendor-plain", "shared for launch and copy", (
        root(shared_with=(HOME_ACCOUNT, CONSUMER)),), VENDOR, launch=(HOME_ACCOUNT, CONSUMER)),
    ImageSpec(32, "vendor-launch-only", "shared for launch; its snapshot is not", (
        root(),), VENDOR, launch=(HOME_ACCOUNT, CONSUMER)),
    ImageSpec(33, "vendor-encrypted", "shared with its key", (
        root("alias/vendor-images", shared_with=(HOME_ACCOUNT, CONSUMER)),), VENDOR, launch=(HOME_ACCOUNT, CONSUMER)),
    ImageSpec(34, "vendor-encrypted-keyless", "shared without its key", (
        root("alias/vendor-private", shared_with=(HOME_ACCOUNT,)),), VENDOR, launch=(HOME_ACCOUNT,)),
    ImageSpec(35, "plain-root", "public decoy with the name of ours", (root(public=True),), VENDOR, launch=("all",)),
    ImageSpec(36, "vendor-private", "not shared", (root(),), VENDOR),
    ImageSpec(37, "vendor-marketplace", "a Marketplace image of another account", (
        root(shared_with=(HOME_ACCOUNT, CONSUMER)),), VENDOR, billing=MARKETPLACE, launch=(HOME_ACCOUNT, CONSUMER),
        extras=(("owner_alias", "aws-marketplace"),)),
    ImageSpec(41, "plain-root-eu", "one unencrypted volume in Ireland", (root(),), region="eu-west-1", tags=TEAM),
    ImageSpec(42, "mixed-eu", "plain root, data under alias/data, in Ireland", (
        root(), data("f", "alias/data")), region="eu-west-1"),
)  # fmt: skip


def image_id(name: str, *, account: str = HOME_ACCOUNT) -> str:
    """Return the id of the account's first image of that name."""
    return next(spec.image_id for spec in IMAGES if (spec.name, spec.account) == (name, account))
