# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has in the end, in a form in which two runs can be compared: without ids and times."""

from __future__ import annotations

import collections
import functools
import typing as t

from emulated_aws.catalogue_images import IMAGES
from emulated_aws.client import Emulator
from emulated_aws.identity import HOME_ACCOUNT
from system.looking import tags

Inventory = dict[str, collections.Counter[t.Any]]

_ENDED = ("terminated", "shutting-down")
_OF_CATALOGUE = {spec.image_id for spec in IMAGES}
# The copy token names the attempt, and an interrupted one may have been given up.
# The token of an attempt, the mark of the run that made an image, and its instance: they differ from run to run.
_RUN_TAGS = ("sealed.ami:copy", "sealed.ami:run", "sealed.ami:builder")
# A record names its image; of a time only that it is one says anything.
_RECORD, _DISABLED = "sealed.ami:launch-permissions-", "sealed.ami:disabled-at"


def inventory(emulator: Emulator, regions: t.Iterable[str], *, own_tags: bool = True) -> Inventory:
    """Return what the account has in each region; ``own_tags`` of False leaves out the collection's own tags."""
    return {region: collections.Counter(_Region(emulator, region, own_tags).things()) for region in regions}


@functools.cache
def _client(emulator: Emulator, region: str) -> t.Any:
    return emulator.session(account=HOME_ACCOUNT).client("ec2", region_name=region)


class _Region:
    def __init__(self, emulator: Emulator, region: str, own_tags: bool):
        self._ec2 = _client(emulator, region)
        self._own_tags = own_tags

    def things(self) -> t.Iterator[tuple[t.Any, ...]]:
        """Yield everything that a run can leave."""
        found = self._ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        snapshots = {one["SnapshotId"]: one for one in found}
        for image in self._ec2.describe_images(Owners=["self"], IncludeDisabled=True)["Images"]:
            yield self._image(image, snapshots)
        for snapshot in found:
            yield "snapshot", *_content(snapshot), snapshot["State"], self._tags(snapshot)
        for volume in self._ec2.describe_volumes()["Volumes"]:
            yield "volume", volume["State"], volume["Size"], volume.get("KmsKeyId", "plain")
        for reservation in self._ec2.describe_instances()["Reservations"]:
            for instance in reservation["Instances"]:
                if instance["State"]["Name"] not in _ENDED:
                    yield "instance", instance["State"]["Name"], instance["ImageId"]

    def _image(self, image: dict[str, t.Any], snapshots: dict[str, t.Any]) -> tuple[t.Any, ...]:
        devices = tuple(sorted(self._device(mapping, snapshots) for mapping in image["BlockDeviceMappings"]))
        attributes = tuple(image.get(name) for name in ("Name", "State", "SourceImageId", "Description"))
        more = () if image["ImageId"] in _OF_CATALOGUE else self._sharing(image)
        return "image", *attributes, image.get("DeprecationTime"), devices, self._tags(image), *more

    def _device(self, mapping: dict[str, t.Any], snapshots: dict[str, t.Any]) -> tuple[t.Any, ...]:
        snapshot = snapshots.get(mapping.get("Ebs", {}).get("SnapshotId", ""))
        return mapping["DeviceName"], *(_content(snapshot) if snapshot else ())

    def _sharing(self, image: dict[str, t.Any]) -> tuple[t.Any, ...]:
        answer = self._ec2.describe_image_attribute(ImageId=image["ImageId"], Attribute="launchPermission")
        shared = [sorted(one.values()) for one in answer["LaunchPermissions"]]
        for ebs in [one["Ebs"] for one in image["BlockDeviceMappings"] if "SnapshotId" in one.get("Ebs", {})]:
            answer = self._ec2.describe_snapshot_attribute(
                SnapshotId=ebs["SnapshotId"], Attribute="createVolumePermission"
            )
            shared += [sorted(one.values()) for one in answer["CreateVolumePermissions"]]
        return (repr(sorted(shared)),)

    def _tags(self, thing: dict[str, t.Any]) -> tuple[tuple[str, str], ...]:
        kept = {key: value for key, value in tags(thing).items() if key not in _RUN_TAGS}
        for key, value in kept.items():
            if key.startswith(_RECORD):
                kept[key] = value.replace(thing["ImageId"], "this image")
        if _DISABLED in kept:
            kept[_DISABLED] = kept[_DISABLED][:2]
        if not self._own_tags:
            kept = {key: value for key, value in kept.items() if not key.startswith("sealed.ami:")}
        return tuple(sorted(kept.items()))


def _content(snapshot: dict[str, t.Any]) -> tuple[t.Any, ...]:
    place = snapshot.get("OutpostArn") or snapshot.get("AvailabilityZone") or ""
    return snapshot["VolumeSize"], snapshot.get("KmsKeyId", "plain"), place


def difference(found: Inventory, wanted: Inventory) -> str:
    """Return what is there too much and what is missing, one line each."""
    lines = []
    for region in wanted:
        lines += [f"{region}: too much: {one}" for one in (found[region] - wanted[region]).elements()]
        lines += [f"{region}: missing: {one}" for one in (wanted[region] - found[region]).elements()]
    return "\n".join(lines)
