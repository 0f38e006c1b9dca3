# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making volumes: the same rules for CreateVolume and for RunInstances (aws_rules §4)."""

from __future__ import annotations

import dataclasses
import typing as t

from moto.ec2.utils import random_volume_id

from emulated_aws.ec2 import copying, errors, outcomes
from emulated_aws.ec2.devices import Ebs, check_volume_type
from emulated_aws.ec2.keyring import KeyUse
from emulated_aws.ec2.model import Billing, Snapshot
from emulated_aws.ec2.volume import Volume

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

GP3_IOPS, GP3_THROUGHPUT = 3000, 125


@dataclasses.dataclass(frozen=True)
class VolumeRequest:
    """What a request says about one volume; sizes in GiB, throughput in MiB/s."""

    ebs: Ebs
    snapshot: Snapshot | None
    encrypted: bool | None = None
    key: str | None = None

    def check(self) -> None:
        """Raise EC2's error for what a volume cannot be."""
        check_volume_type(self.ebs.volume_type, size=self.ebs.size, iops=self.ebs.iops, throughput=self.ebs.throughput)
        if self.snapshot is None:
            return
        if self.snapshot.state != "completed":
            raise errors.AwsError(
                "IncorrectState", f"The snapshot '{self.snapshot.id}' is in the state '{self.snapshot.state}'."
            )
        if self.snapshot.tiering.tier == "archive":
            raise errors.AwsError("IncorrectState", f"The snapshot '{self.snapshot.id}' is archived.")
        if self.ebs.size < self.snapshot.size:
            raise errors.invalid_mapping(
                f"Volume of size {self.ebs.size}GB is smaller than snapshot '{self.snapshot.id}', "
                f"expect size>= {self.snapshot.size}GB"
            )

    def chosen_key(self, region: Ec2Region) -> KeyUse | None:
        """Return the key of the volume, or raise the error for a key without Encrypted=true."""
        if self.snapshot and self.snapshot.location.local and self.snapshot.kms_key_arn:
            return self._key_of_local(region, self.snapshot)
        source = copying.source_seen_from(region, self.snapshot) if self.snapshot else None
        asked = outcomes.Asked(encrypted=self.encrypted, key=bool(self.key))
        outcome = outcomes.new_volume(source, asked, region.ebs_encryption_by_default)
        return copying.chosen_key(region, outcome, given=self.key, source=self.snapshot)

    def _key_of_local(self, region: Ec2Region, snapshot: Snapshot) -> KeyUse:
        """Return the snapshot's key: the key chosen when a local snapshot is made is final (aws_rules §21)."""
        if self.key and not self.encrypted:
            raise errors.key_needs_encrypted()
        if self.key and region.key(self.key).arn() != snapshot.kms_key_arn:
            raise errors.AwsError(
                "InvalidParameterCombination", f"Volumes of the local snapshot {snapshot.id} keep its KMS key."
            )
        return region.key(t.cast(str, snapshot.kms_key_arn))


def make(region: Ec2Region, asked: VolumeRequest, zone: str) -> Volume:
    """Make a volume in the state ``creating``."""
    key = asked.chosen_key(region)
    source_key = copying.source_key(region, asked.snapshot)
    volume = Volume(
        id=random_volume_id(),
        zone=zone,
        size=asked.ebs.size,
        volume_type=asked.ebs.volume_type,
        iops=asked.ebs.iops or default_iops(asked.ebs.volume_type, asked.ebs.size),
        throughput=asked.ebs.throughput or (GP3_THROUGHPUT if asked.ebs.volume_type == "gp3" else None),
        snapshot_id=asked.snapshot.id if asked.snapshot else None,
        encrypted=key is not None,
        keys=tuple(one for one in (source_key, key) if one),
        kms_key_arn=key.arn() if key else None,
        billing=asked.snapshot.billing if asked.snapshot else Billing(),
        lag=region.new_lag(),
    )
    region.volumes[volume.id] = volume
    return volume


def default_iops(volume_type: str, size_gib: int) -> int | None:
    """Return the IOPS that EC2 reports where none were asked for."""
    if volume_type == "gp3":
        return GP3_IOPS
    return min(16000, max(100, 3 * size_gib)) if volume_type == "gp2" else None
