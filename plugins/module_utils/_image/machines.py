# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Volumes and instances as values. Nothing in this file talks to AWS."""

from __future__ import annotations

import dataclasses
import typing as t

ALIVE: t.Final = ("pending", "running", "stopping", "stopped")


@dataclasses.dataclass(frozen=True)
class Volume:
    """A volume as DescribeVolumes shows it; ``volume_size`` is in GiB, ``throughput`` in MiB/s.

    ``instance_id`` and ``device_name`` are of its first attachment; ``attached_to`` has the instances of all.
    """

    volume_id: str
    state: str
    encrypted: bool = False
    kms_key_arn: str | None = None
    volume_size: int = 0
    volume_type: str = ""
    iops: int | None = None
    throughput: int | None = None
    snapshot_id: str = ""
    instance_id: str | None = None
    device_name: str = ""
    attached_to: tuple[str, ...] = ()
    zone: str = ""
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Attachment:
    """A volume at a device of an instance."""

    device_name: str
    volume_id: str
    delete_on_termination: bool


@dataclasses.dataclass(frozen=True)
class Instance:
    """An instance as DescribeInstances shows it; ``boot`` and ``billing`` are as an image has them."""

    instance_id: str
    state: str
    image_id: str = ""
    state_reason: str = ""
    zone: str = ""
    outpost_arn: str = ""
    root_device_name: str = ""
    root_device_type: str = "ebs"
    client_token: str = ""
    attachments: tuple[Attachment, ...] = ()
    boot: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    billing: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    tags: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        """Tell whether the instance runs, or can run again."""
        return self.state in ALIVE
