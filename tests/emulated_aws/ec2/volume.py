# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EBS volumes: what the emulated AWS knows about each."""

from __future__ import annotations

import dataclasses

from emulated_aws.ec2 import timing
from emulated_aws.ec2.keyring import KeyUse
from emulated_aws.ec2.model import Billing, Lag, Location, View


@dataclasses.dataclass
class Attachment:
    """A volume at a device of an instance."""

    volume_id: str
    instance_id: str
    device: str
    delete_on_termination: bool = False
    attached_at: float = dataclasses.field(default_factory=timing.now)
    state: str = "attached"

    def wire(self) -> View:
        """Return the attachment as DescribeVolumes shows it."""
        return {
            "VolumeId": self.volume_id,
            "InstanceId": self.instance_id,
            "Device": self.device,
            "State": self.state,
            "AttachTime": timing.moment(self.attached_at),
            "DeleteOnTermination": self.delete_on_termination,
        }


@dataclasses.dataclass
class Volume:
    """An EBS volume."""

    id: str
    zone: str
    size: int
    volume_type: str = "gp2"
    iops: int | None = None
    throughput: int | None = None
    snapshot_id: str | None = None
    encrypted: bool = False
    keys: tuple[KeyUse, ...] = ()
    kms_key_arn: str | None = None
    state: str = "creating"
    created_at: float = dataclasses.field(default_factory=timing.now)
    multi_attach: bool = False
    attachment: Attachment | None = None
    billing: Billing = dataclasses.field(default_factory=Billing)
    lag: Lag = dataclasses.field(default_factory=Lag)
    last_snapshot_at: Location | None = None

    def keys_usable(self) -> bool:
        """Tell whether EBS could read the source and write the volume at this moment."""
        return all(key.usable() for key in self.keys)

    def key_in_wrong_state(self) -> bool:
        """Tell whether a key of the volume exists, but is disabled, pending deletion or the like."""
        return any(key.in_wrong_state() for key in self.keys)

    def own_key_usable(self) -> bool:
        """Tell whether an instance could start with the volume at this moment."""
        return not self.encrypted or (bool(self.keys) and self.keys[-1].usable())
