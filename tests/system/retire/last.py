# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the last step share: images whose snapshots AWS made for them, and a Recycle Bin with rules."""

from __future__ import annotations

import typing as t

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.retire.conftest import ACTS, DAY, REGION, Fleet, Retire, entry
from system.running import Result

LAST_ACTS = (
    *ACTS, "DeregisterImage", "DeleteSnapshot", "DisableImageDeregistrationProtection",
    "EnableImageDeregistrationProtection", "RestoreSnapshotFromRecycleBin", "RestoreImageFromRecycleBin",
)  # fmt: skip
LAST: dict[str, t.Any] = {"last_step": "deregister", "disable_after_days": 1, "deregister_after_days": 3}
DATABASE = "ami-00ec2000000000004"


class LastFleet:
    """One account's images that may be deregistered, with the region's Recycle Bin."""

    def __init__(self, fleet: Fleet, emulator: Emulator, oracle: Guard) -> None:
        self.fleet, self.emulator, self._oracle = fleet, emulator, oracle
        self.ec2 = fleet.ec2
        self.rbin: t.Any = emulator.session(region=REGION).client("rbin")

    def copied(self, name: str, *, source: str = DATABASE, may: t.Sequence[str] = LAST_ACTS, **more: t.Any) -> str:
        """Return a new copy with three snapshots, which AWS made for it, a day younger than the image before."""
        self.emulator.advance(DAY)
        asked = {"SourceImageId": source, "SourceRegion": REGION, "Name": name, **more}
        image_id = str(self.ec2.copy_image(**asked)["ImageId"])
        self.emulator.advance(DAY / 2)
        self.ec2.create_tags(Resources=[image_id], Tags=[{"Key": "Family", "Value": "web"}])
        self.allow(image_id, may=may)
        return image_id

    def allow(self, image_id: str, *, may: t.Sequence[str] = LAST_ACTS) -> None:
        """Let the product do these things to an image and its snapshots."""
        self._oracle.given(image_id, *self.snapshots(image_id), to=may)

    def snapshots(self, image_id: str) -> list[str]:
        """Return the snapshots in the mapping of an image."""
        shown = [one["Ebs"] for one in self.fleet.shown(image_id)["BlockDeviceMappings"]]
        return [one["SnapshotId"] for one in shown if one.get("SnapshotId")]

    def rules(self, *, images: int = 7, snapshots: int = 7) -> None:
        """Let the bin retain everything for so many days; 0 for no rule."""
        for kind, days in (("EC2_IMAGE", images), ("EBS_SNAPSHOT", snapshots)):
            if days:
                self.rule(kind, days)

    def rule(self, kind: str, days: int = 7, **asked: t.Any) -> str:
        """Make a rule and return its id."""
        period = {"RetentionPeriodValue": days, "RetentionPeriodUnit": "DAYS"}
        return str(self.rbin.create_rule(ResourceType=kind, RetentionPeriod=period, **asked)["Identifier"])

    def disabled(self, retire: Retire, image_id: str, *, reported: bool = False) -> None:
        """Bring an image through the first two steps, to where the last one is due."""
        for wanted, days in (("deprecated", 3), ("disabled", 4)):
            if reported:
                self.fleet.report(image_id)
            result = retire(**LAST)
            found = entry(result, image_id)
            assert (result.msg, found["action"]) == ("", wanted), found["reason"]
            self.emulator.advance(days * DAY)
        if reported:
            self.fleet.report(image_id)

    def binned(self) -> tuple[set[str], set[str]]:
        """Return the images and the snapshots in the bin."""
        images = {one["ImageId"] for one in self.ec2.list_images_in_recycle_bin()["Images"]}
        return images, {one["SnapshotId"] for one in self.ec2.list_snapshots_in_recycle_bin()["Snapshots"]}

    def there(self, snapshot_ids: t.Sequence[str]) -> set[str]:
        """Return those of the snapshots that are there."""
        filters = [{"Name": "snapshot-id", "Values": list(snapshot_ids)}]
        return {one["SnapshotId"] for one in self.ec2.describe_snapshots(Filters=filters)["Snapshots"]}

    def is_there(self, image_id: str) -> bool:
        """Tell whether an image is there, disabled or not."""
        asked: dict[str, t.Any] = {"Filters": [{"Name": "image-id", "Values": [image_id]}], "IncludeDisabled": True}
        return any(one["State"] != "deregistered" for one in self.ec2.describe_images(**asked)["Images"])


def fates(result: Result, image_id: str) -> dict[str, str]:
    """Return what the result says became of each snapshot of an image."""
    return {one["snapshot_id"]: one["action"] for one in entry(result, image_id)["snapshots"]}
