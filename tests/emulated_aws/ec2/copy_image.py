# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CopyImage (aws_rules §1)."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from moto.ec2.utils import random_ami_id

from emulated_aws.ec2 import copying, errors, lookup, outcomes, tagging, timing, tokens, zones
from emulated_aws.ec2.agenda import agenda
from emulated_aws.ec2.keyring import KeyUse
from emulated_aws.ec2.model import Image, Lineage, Protection, Snapshot
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
FAILURE = ("Client.InternalError", "Copy image failed with an internal error")


@dataclasses.dataclass(frozen=True)
class Part:
    """One backing snapshot of the source image and the key of its copy."""

    source: Snapshot
    key: KeyUse | None


@action("CopyImage")
def copy_image(call: Call) -> Params:
    """Start a copy and return the id of the pending image."""
    _check_parameters(call)
    origin = copying.source_region(call.region, call.get("SourceRegion"))
    known = tokens.known(call)
    if known:
        call.stop_if_dry_run()
        return {"ImageId": known}
    source = _source_image(call, origin)
    snapshots = _backing_snapshots(call, origin, source)
    zones.judge(call, snapshots, zones.destination(call), alone=False)
    parts = [_part(call, snapshot) for snapshot in snapshots]
    copying.check_minutes(
        call.get("SnapshotCopyCompletionDurationMinutes"),
        "SnapshotCopyCompletionDurationMinutes",
        [part.source for part in parts],
        call.region,
    )
    tags = tagging.specified(call, "image", "snapshot")
    _check_quotas(call.region, len(parts))
    call.stop_if_dry_run()
    image = _begin(call, source, parts)
    call.region.tags[image.id].update(_image_tags(call, origin, source) | tags["image"])
    for snapshot_id in image.snapshot_ids():
        call.region.tags[snapshot_id].update(tags["snapshot"])
    tokens.remember(call, image.id)
    return {"ImageId": image.id}


def check_name(name: str) -> None:
    """Raise InvalidAMIName.Malformed for a name of a wrong length or with a wrong character."""
    if not NAME.fullmatch(name):
        raise errors.image_name_malformed()


def check_description(description: str | None) -> None:
    """Raise EC2's error for a description longer than 255 characters."""
    if description is not None and len(description) > 255:
        raise errors.invalid_value(description, "description", "Character sets beyond 255 characters are not allowed.")


def _check_parameters(call: Call) -> None:
    check_name(call.get("Name"))
    check_description(call.get("Description"))
    zones.destination(call)
    taken = call.region.image_named(call.get("Name"))
    if taken and not settings.copy_image_duplicate_names and not tokens.known(call):
        raise errors.image_name_duplicate(taken.name, taken.id)


def _source_image(call: Call, origin: Ec2Region) -> Image:
    source = lookup.image(origin, call.get("SourceImageId"))
    if source.state != "available":
        raise errors.image_unavailable(source.id)
    shared = source.owner != call.account
    if shared and source.billing.product_codes:
        raise errors.AwsError("InvalidRequest", "Images from AWS Marketplace cannot be copied to another AWS account.")
    if source.root_device_type != "ebs" and (call.get("Encrypted") or call.get("KmsKeyId")):
        raise errors.AwsError("InvalidRequest", "Encrypting during CopyImage applies only to EBS-backed AMIs.")
    return source


def _backing_snapshots(call: Call, origin: Ec2Region, source: Image) -> list[Snapshot]:
    found = []
    for snapshot_id in source.snapshot_ids():
        snapshot = lookup.any_snapshot(origin.region_name, snapshot_id)
        if snapshot is None or not snapshot.restorable_by(call.account):
            raise errors.AwsError("InvalidRequest", "You do not have permission to access the storage of this ami")
        if snapshot.tiering.tier == "archive":
            raise errors.AwsError("IncorrectState", f"The snapshot {snapshot_id} is archived; restore it first.")
        found.append(snapshot)
    return found


def _part(call: Call, source: Snapshot) -> Part:
    outcome = outcomes.copy_image(
        copying.source_seen_from(call.region, source),
        outcomes.Asked(encrypted=call.get("Encrypted"), key=bool(call.get("KmsKeyId"))),
        call.region.ebs_encryption_by_default or zones.encrypted_there(zones.destination(call)),
        settings.copy_image_same_region_key,
        settings.explicit_false_under_default_encryption,
    )
    return Part(source, copying.chosen_key(call.region, outcome, given=call.get("KmsKeyId"), source=source))


def _check_quotas(region: Ec2Region, snapshots: int) -> None:
    copies = [one for one in region.amis.values() if one.lineage.image_id and not one.lineage.instance_id]
    pending = [one for one in copies if one.state == "pending"]
    limit = settings.concurrent_image_copies
    if limit and len(pending) >= limit:
        raise errors.AwsError(
            "ResourceLimitExceeded", f"Too many image copies in progress. The limit is {limit} for this region."
        )
    if settings.copy_image_counts_snapshots:
        copying.check_copy_quota(region, snapshots)


def _begin(call: Call, source: Image, parts: list[Part]) -> Image:
    region = call.region
    image = dataclasses.replace(
        source,
        id=random_ami_id(),
        owner=call.account,
        owner_alias=None,
        region=region.region_name,
        name=call.get("Name"),
        description=_description(call),
        devices=[device.copy() for device in source.devices],
        lineage=Lineage(image_id=source.id, region=call.get("SourceRegion")),
        image_location=f"{call.account}/{call.get('Name')}",
        state="pending",
        created_at=timing.now(),
        launch_permissions=[],
        protection=Protection(),
        lag=region.new_lag(),
        deprecate_at=source.deprecate_at if settings.copy_image_carries_deprecation else None,
        watermarks=dict(source.watermarks),
        instance_types=dict(source.instance_types) if settings.copy_image_carries_instance_types else {},
        last_launched_at=None,
    )
    ready_at = _copy_snapshots(call, image, parts)
    region.amis[image.id] = image
    agenda.at(ready_at, lambda _due: _end(region, image))
    return image


def _description(call: Call) -> str | None:
    if call.get("Description") is None and settings.copy_image_sends_default_description:
        return f"[Copied {call.get('SourceImageId')} from {call.get('SourceRegion')}] {call.get('Name')}"
    return t.cast("str | None", call.get("Description"))


def _copy_snapshots(call: Call, image: Image, parts: list[Part]) -> float:
    """Start the copies, put them into the image's mapping, and return when the last one ends."""
    backed = [device.ebs for device in image.devices if device.ebs and device.ebs.snapshot_id]
    ready_at = timing.now() + settings.copy_seconds_minimum
    for ebs, part in zip(backed, parts, strict=True):
        job = copying.SnapshotCopy(
            region=call.region,
            source_region=call.get("SourceRegion"),
            source_id=part.source.id,
            source=part.source,
            encrypted=part.key is not None,
            key=part.key,
            minutes=call.get("SnapshotCopyCompletionDurationMinutes"),
        )
        snapshot = job.begin(
            f"Copied for DestinationAmi {image.id} from SourceAmi {call.get('SourceImageId')} "
            f"for SourceSnapshot {part.source.id}. Task created on {int(timing.now() * 1000)}."
        )
        snapshot.billing = part.source.billing
        snapshot.location = zones.destination(call)
        ebs.snapshot_id, ebs.encrypted = snapshot.id, snapshot.encrypted
        ready_at = max(ready_at, snapshot.ready_at)
    return ready_at


def _end(region: Ec2Region, image: Image) -> None:
    if image.state != "pending" or image.id not in region.amis:
        return
    copies = [region.snapshots.get(snapshot_id) for snapshot_id in image.snapshot_ids()]
    if all(snapshot is not None and snapshot.state == "completed" for snapshot in copies):
        image.state = "available"
        return
    image.fail(*FAILURE)
    if not settings.copy_image_keeps_snapshots_of_failed:
        _drop_snapshots(region, image)
    if settings.copy_image_failed_image_vanishes:
        del region.amis[image.id]


def _drop_snapshots(region: Ec2Region, image: Image) -> None:
    for device in image.devices:
        if device.ebs and device.ebs.snapshot_id:
            region.snapshots.pop(device.ebs.snapshot_id, None)
            device.ebs.snapshot_id = None


def _image_tags(call: Call, origin: Ec2Region, source: Image) -> tagging.Tags:
    if not call.get("CopyImageTags"):
        return {}
    tags: tagging.Tags = {}
    for region in lookup.regions_named(origin.region_name):
        if region.account_id == source.owner != call.account:
            shared = region.tags.get(source.id, {}).items()
            tags |= {key: value for key, value in shared if key.startswith(tagging.SHARED_TAG_PREFIX)}
    return tags | tagging.user_tags(origin.tags.get(source.id, {}))
