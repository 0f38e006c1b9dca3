# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remember everything that a test makes, by listening to its clients, and remove it afterwards."""

from __future__ import annotations

import contextlib
import typing as t

from botocore.exceptions import ClientError

from .place import Place, image, reached
from .target import Client

# What each action makes: the kind of thing, and where its id is in the response.
MAKERS: dict[tuple[str, str], tuple[str, t.Callable[[dict[str, t.Any]], list[str]]]] = {
    ("ec2", "CopyImage"): ("image", lambda made: [made["ImageId"]]),
    ("ec2", "CreateImage"): ("image", lambda made: [made["ImageId"]]),
    ("ec2", "RegisterImage"): ("image", lambda made: [made["ImageId"]]),
    ("ec2", "CopySnapshot"): ("snapshot", lambda made: [made["SnapshotId"]]),
    ("ec2", "CreateSnapshot"): ("snapshot", lambda made: [made["SnapshotId"]]),
    ("ec2", "CreateVolume"): ("volume", lambda made: [made["VolumeId"]]),
    ("ec2", "RunInstances"): ("instance", lambda made: [each["InstanceId"] for each in made["Instances"]]),
    ("kms", "CreateKey"): ("key", lambda made: [made["KeyMetadata"]["Arn"]]),
}


class Ledger:
    """The things made in one place since the ledger was opened."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.made: dict[str, list[str]] = {kind: [] for kind in ("instance", "image", "snapshot", "volume", "key")}

    @contextlib.contextmanager
    def open(self) -> t.Iterator[Ledger]:
        """Write down what the place's clients make, until the block ends."""
        clients: list[Client] = [self.place.ec2, self.place.raw_ec2, self.place.kms]
        for client in clients:
            client.meta.events.register("after-call.*.*", self._note)
        try:
            yield self
        finally:
            for client in clients:
                client.meta.events.unregister("after-call.*.*", self._note)

    def _note(self, parsed: dict[str, t.Any], model: t.Any, **_: t.Any) -> None:
        maker = MAKERS.get((model.service_model.service_name, model.name))
        if maker and "Error" not in parsed:
            self.made[maker[0]] += maker[1](parsed)

    def clear(self) -> None:
        """Remove everything, in the order that AWS allows."""
        ec2, kms = self.place.ec2, self.place.kms
        if self.made["instance"]:
            ec2.terminate_instances(InstanceIds=self.made["instance"])
        for instance_id in self.made["instance"]:
            reached(self.place, instance_id, "terminated")
        for image_id in self.made["image"]:
            self._clear_image(image_id)
        for snapshot_id in self.made["snapshot"]:
            tolerate(ec2.delete_snapshot, SnapshotId=snapshot_id)
        for volume_id in self.made["volume"]:
            tolerate(ec2.delete_volume, VolumeId=volume_id)
        for key in self.made["key"]:
            tolerate(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=7)

    def _clear_image(self, image_id: str) -> None:
        """Deregister an image; its snapshots go too, unless another image uses them, whose turn comes."""
        found = image(self.place, image_id)
        for mapping in found["BlockDeviceMappings"] if found else []:
            self.made["snapshot"] += [mapping["Ebs"]["SnapshotId"]] if mapping.get("Ebs", {}).get("SnapshotId") else []
        tolerate(self.place.ec2.deregister_image, ImageId=image_id)


def tolerate(call: t.Callable[..., t.Any], **request: t.Any) -> None:
    """Make a call that may find its object gone already."""
    try:
        call(**request)
    except ClientError as error:
        gone = ("NotFound", "Unavailable", "NotFoundException", "KMSInvalidStateException")
        if not error.response["Error"]["Code"].endswith(gone):
            raise
