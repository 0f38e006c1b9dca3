# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of retiring share: an account with families of images that were made day after day."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.identity import Credentials
from oracle.guard import Guard
from system.looking import Looking
from system.running import Result, RunModule

MODULE, REGION, OTHER = "ec2_ami_retire", "us-east-1", "210987654321"
DAY = 86400.0
ACTS = (
    "CreateTags", "DeleteTags", "EnableImageDeprecation", "DisableImageDeprecation", "DisableImage", "EnableImage",
    "ModifyImageAttribute",
)  # fmt: skip
LAST_ACTS = (
    *ACTS, "DeregisterImage", "DeleteSnapshot", "DisableImageDeregistrationProtection",
    "EnableImageDeregistrationProtection", "RestoreSnapshotFromRecycleBin", "RestoreImageFromRecycleBin",
)  # fmt: skip
LAST: dict[str, t.Any] = {"last_step": "deregister", "disable_after_days": 1, "deregister_after_days": 3}
DATABASE = "ami-00ec2000000000004"
WEB = {"filters": {"name": "web-*"}, "group_by": "name:^(web)-", "keep": {"newest": 1}}


class Fleet:
    """One account's images."""

    def __init__(self, emulator: Emulator, oracle: Guard) -> None:
        self.emulator, self._oracle = emulator, oracle
        self.ec2: t.Any = emulator.session(region=REGION).client("ec2")

    def image(self, name: str, *, may: t.Sequence[str] = ACTS, **tags: str) -> str:
        """Return a new image that is a day younger than the one before; nothing may be done to it but ``may``."""
        self.emulator.advance(DAY)
        volume = self.ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"]
        snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        self.emulator.advance(60)
        image_id = str(
            self.ec2.register_image(
                Name=name,
                Architecture="x86_64",
                VirtualizationType="hvm",
                EnaSupport=True,
                RootDeviceName="/dev/xvda",
                BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": snapshot}}],
            )["ImageId"]
        )
        shown = [{"Key": key, "Value": value} for key, value in {"Family": "web", **tags}.items()]
        self.ec2.create_tags(Resources=[image_id], Tags=shown)
        self._oracle.given(image_id, to=may)
        return image_id

    def family(self, *, old: t.Sequence[str] = ACTS) -> tuple[str, str]:
        """Return an image and the newer one that replaces it, to which nothing may be done."""
        return self.image("web-1", may=old), self.image("web-2", may=())

    def shown(self, image_id: str) -> dict[str, t.Any]:
        """Return what AWS shows of an image, disabled or not."""
        (found,) = self.ec2.describe_images(ImageIds=[image_id], IncludeDisabled=True)["Images"]
        return t.cast("dict[str, t.Any]", found)

    def tags(self, image_id: str) -> dict[str, str]:
        """Return its tags."""
        return {tag["Key"]: tag["Value"] for tag in self.shown(image_id).get("Tags") or ()}

    def share(self, image_id: str, *entries: dict[str, str]) -> None:
        """Let accounts, groups or organizations launch an image."""
        self.ec2.modify_image_attribute(ImageId=image_id, LaunchPermission={"Add": list(entries)})

    def permissions(self, image_id: str) -> list[dict[str, str]]:
        """Return who may launch an image."""
        found = self.ec2.describe_image_attribute(ImageId=image_id, Attribute="launchPermission")["LaunchPermissions"]
        return sorted(found, key=str)

    def report(self, image_id: str) -> None:
        """Ask for a usage report, which AWS makes at once here."""
        deep = [{"OptionName": "version-depth", "OptionValues": ["10000"]}]
        kinds = ("ec2:Instance", "ec2:LaunchTemplate", "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe")
        types = [
            {"ResourceType": one, **({"ResourceTypeOptions": deep} if one == "ec2:LaunchTemplate" else {})}
            for one in kinds
        ]
        self.ec2.create_image_usage_report(ImageId=image_id, ResourceTypes=types)


class Retire(t.Protocol):
    """``retire(last_step="deprecate")`` runs the module in the home region."""

    def __call__(
        self, *, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any
    ) -> Result: ...


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


@pytest.fixture
def fleet(emulator: Emulator, oracle: Guard) -> Fleet:
    """Return our account."""
    return Fleet(emulator, oracle)


@pytest.fixture
def last(fleet: Fleet, emulator: Emulator, oracle: Guard) -> LastFleet:
    """Return our account, with images whose snapshots AWS made for them, and with a Recycle Bin."""
    return LastFleet(fleet, emulator, oracle)


@pytest.fixture
def retire(run_module: RunModule) -> Retire:
    """Return what retires the web family, all but the newest, unless other options are given."""

    def run(*, check: bool = False, diff: bool = False, as_: Credentials | None = None, **options: t.Any) -> Result:
        chosen = options if options.get("state") == "restored" else {**WEB, **options}
        return run_module(MODULE, check=check, diff=diff, as_=as_, **{"region": REGION, **chosen})

    return run


def entry(result: Result, image_id: str) -> dict[str, t.Any]:
    """Return the entry of an image."""
    (found,) = (one for one in result["images"] if one["image_id"] == image_id)
    return t.cast("dict[str, t.Any]", found)


def changes(look: Looking) -> list[str]:
    """Return the changing calls since the log was emptied."""
    return [call["action"] for call in look.calls() if call["action"] in LAST_ACTS]


def fates(result: Result, image_id: str) -> dict[str, str]:
    """Return what the result says became of each snapshot of an image."""
    return {one["snapshot_id"]: one["action"] for one in entry(result, image_id)["snapshots"]}
