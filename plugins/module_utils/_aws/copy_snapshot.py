# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Make snapshots, of snapshots and of volumes. Neither call takes a client token, so neither is repeated here."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list

from .connection import Region
from .errors import call, required

Tags = t.Mapping[str, str]


def copy_snapshot(
    region: Region,
    snapshot_id: str,
    *,
    source_region: str,
    kms_key_id: str,
    description: str,
    tags: Tags,
) -> str:
    """Start a copy into the region under a key and return its id; what cannot be copied fails later, or at once."""
    answer = call(
        f"copy snapshot {snapshot_id} from {source_region} to {region.name}",
        region.ec2_once.copy_snapshot,
        retry=False,
        SourceRegion=source_region,
        SourceSnapshotId=snapshot_id,
        Encrypted=True,
        KmsKeyId=kms_key_id,
        Description=description,
        TagSpecifications=tag_specifications(snapshot=tags),
    )
    return str(required(answer, "SnapshotId", of=f"the copy of snapshot {snapshot_id}"))


def create_snapshot(region: Region, volume_id: str, *, description: str, tags: Tags) -> str:
    """Start a snapshot of a volume, which has the volume's key, and return its id."""
    answer = call(
        f"create a snapshot of volume {volume_id} in {region.name}",
        region.ec2_once.create_snapshot,
        retry=False,
        VolumeId=volume_id,
        Description=description,
        TagSpecifications=tag_specifications(snapshot=tags),
    )
    return str(required(answer, "SnapshotId", of=f"the snapshot of volume {volume_id}"))


def tag_specifications(**tags: Tags) -> list[dict[str, t.Any]]:
    """Return the tags of each kind of resource that a creating call makes; the same tags always look the same."""
    return [
        {"ResourceType": kind, "Tags": ansible_dict_to_boto3_tag_list(dict(sorted(values.items())))}
        for kind, values in tags.items()
        if values
    ]
