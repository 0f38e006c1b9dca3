# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Snapshots in one region: botocore's dictionaries in, ``Snapshot`` values out."""

from __future__ import annotations

import dataclasses
import typing as t

from .._image.descriptions import image_described_in
from .._image.model import Snapshot
from .._image.proofs import MayDeleteSnapshot
from .connection import Region
from .errors import call, call_unless_gone, required
from .paging import Filters, read_all
from .progress import note_progress
from .tags import Tags, tag_specifications, tags_in

# An associated key that AWS shows without saying which it is.
UNNAMED_KEY: t.Final = "not named by AWS"
IN_USE_CODE: t.Final = "InvalidSnapshot.InUse"
_GONE: t.Final = "InvalidSnapshot.NotFound"


def find_snapshots(region: Region, snapshot_ids: t.Iterable[str], *, owned: bool = False) -> dict[str, Snapshot]:
    """Return snapshots by id, or only the caller's own; those that AWS does not show to the caller are absent."""
    params = {"OwnerIds": ["self"]} if owned else {}
    found = _describe(region, [{"Name": "snapshot-id", "Values": sorted(set(snapshot_ids))}], **params)
    return {snapshot.snapshot_id: snapshot for snapshot in found}


def find_snapshots_by_tag(
    region: Region,
    tag: str,
    values: t.Sequence[str],
    *,
    volume_id: str | None = None,
    made_for: t.Container[str] | None = None,
) -> list[Snapshot]:
    """Return the caller's snapshots that carry one of the values, optionally of one (placeholder) volume id only.

    With ``made_for`` only those that AWS says were made for one of these images: tags travel to backups and more.
    """
    filters = [{"Name": f"tag:{tag}", "Values": list(values)}]
    if volume_id is not None:
        filters.append({"Name": "volume-id", "Values": [volume_id]})
    return _describe(region, filters, made_for=made_for, OwnerIds=["self"])


def find_snapshots_described(region: Region, pattern: str) -> list[Snapshot]:
    """Return the caller's snapshots by their description, in which ``*`` stands for anything.

    Filters by tag may miss a snapshot for a minute after it was made; what the creating call carried itself shows at
    once.
    """
    return _describe(region, [{"Name": "description", "Values": [pattern]}], OwnerIds=["self"])


def own_snapshots(region: Region) -> dict[str, Snapshot]:
    """Return all snapshots of the caller by id: EC2 has no filter on the key."""
    return {snapshot.snapshot_id: snapshot for snapshot in _describe(region, [], OwnerIds=["self"])}


def find_snapshots_made_for(region: Region, image_id: str) -> list[Snapshot]:
    """Return the caller's snapshots that AWS says were made for an image, which may not show them itself."""
    found = find_snapshots_described(region, f"*{image_id}*")
    return [one for one in found if image_described_in(one.description) == image_id]


def any_pending(region: Region) -> bool:
    """Tell whether any snapshot of the caller is on its way in the region."""
    return bool(_describe(region, [{"Name": "status", "Values": ["pending"]}], OwnerIds=["self"]))


def public_snapshot_block(region: Region) -> str:
    """Return the account's block public access of snapshots in the region: ``unblocked`` or a block."""
    what = f"read block public access for snapshots in {region.name}"
    answer = call(what, region.ec2.get_snapshot_block_public_access_state)
    return str(required(answer, "State", of="block public access for snapshots"))


def copy_snapshot(
    region: Region,
    snapshot_id: str,
    *,
    source_region: str,
    kms_key_id: str,
    description: str,
    tags: Tags,
    minutes: int | None = None,
) -> str:
    """Start a copy into the region under a key and return its id; what cannot be copied fails later, or at once."""
    answer = call(
        f"copy snapshot {snapshot_id} from {source_region} to {region.name}",
        region.ec2.copy_snapshot,
        retry=False,
        SourceRegion=source_region,
        SourceSnapshotId=snapshot_id,
        Encrypted=True,
        KmsKeyId=kms_key_id,
        Description=description,
        TagSpecifications=tag_specifications(snapshot=tags),
        **({} if minutes is None else {"CompletionDurationMinutes": minutes}),
    )
    return str(required(answer, "SnapshotId", of=f"the copy of snapshot {snapshot_id}"))


def create_snapshot(region: Region, volume_id: str, *, description: str, tags: Tags) -> str:
    """Start a snapshot of a volume, which has the volume's key, and return its id."""
    answer = call(
        f"create a snapshot of volume {volume_id} in {region.name}",
        region.ec2.create_snapshot,
        retry=False,
        VolumeId=volume_id,
        Description=description,
        TagSpecifications=tag_specifications(snapshot=tags),
    )
    return str(required(answer, "SnapshotId", of=f"the snapshot of volume {volume_id}"))


def delete_snapshot(region: Region, proof: MayDeleteSnapshot) -> bool:
    """Delete a snapshot; return False where AWS says that it is gone already."""
    snapshot_id = proof.resource_id
    what = f"delete snapshot {snapshot_id} in {region.name}"
    return call_unless_gone(what, region.ec2.delete_snapshot, gone=_GONE, SnapshotId=snapshot_id)


def _describe(
    region: Region, filters: Filters, *, made_for: t.Container[str] | None = None, **params: t.Any
) -> list[Snapshot]:
    what = f"describe snapshots in {region.name}"
    entries = read_all(region.ec2, "describe_snapshots", what, filters=filters, **params)
    if made_for is not None:
        entries = [one for one in entries if image_described_in(str(one.get("Description") or "")) in made_for]
    note_progress(region.name, entries)
    # The member came with the operation; an older botocore drops it from the answer, which then says nothing.
    tells_associated = region.knows("AssociateKmsKeyId", "KmsKeyId")
    # Shown at the latest since copies can go to Local Zones.
    tells_zone = region.knows("CopySnapshot", "DestinationAvailabilityZone")
    found = [_to_snapshot(entry, tells_associated=tells_associated) for entry in entries]
    return found if tells_zone else [dataclasses.replace(one, availability_zone=None) for one in found]


def _associated_keys(entry: dict[str, t.Any]) -> tuple[str, ...]:
    """Return the keys beside the snapshot's own; whether AWS lists that one too is not documented."""
    own = str(entry.get("KmsKeyId") or "")
    named = {str(one.get("KmsKeyId") or UNNAMED_KEY) for one in entry.get("AssociatedKmsKeys") or ()}
    return tuple(sorted(one for one in named if one != own and not own.endswith(f":key/{one}")))


def _to_snapshot(entry: dict[str, t.Any], *, tells_associated: bool) -> Snapshot:
    expiry, started = entry.get("RestoreExpiryTime"), entry.get("StartTime")
    return Snapshot(
        snapshot_id=required(entry, "SnapshotId", of="a snapshot"),
        state=entry.get("State") or "unknown",
        encrypted=entry.get("Encrypted"),
        kms_key_arn=entry.get("KmsKeyId"),
        volume_size=int(entry.get("VolumeSize") or 0),
        state_message=entry.get("StateMessage") or "",
        progress=entry.get("Progress") or "",
        storage_tier=entry.get("StorageTier") or "standard",
        restore_expiry_time=expiry.strftime("%Y-%m-%dT%H:%M:%SZ") if expiry else None,
        owner_id=entry.get("OwnerId") or "",
        volume_id=entry.get("VolumeId") or "",
        description=entry.get("Description") or "",
        start_time=started.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if started else "",
        outpost_arn=entry.get("OutpostArn") or "",
        availability_zone=entry.get("AvailabilityZone") or "",
        associated_keys=_associated_keys(entry) if tells_associated else None,
        tags=tags_in(entry),
    )
