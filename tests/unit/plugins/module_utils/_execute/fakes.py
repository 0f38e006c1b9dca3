# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions without AWS, written by hand: clients that answer from dictionaries, and write down what they were asked."""

from __future__ import annotations

import dataclasses
import typing as t

import botocore.exceptions

Answer = dict[str, t.Any]


def refusal(code: str, message: str = "words", *, operation: str = "Call", status: int = 400) -> Exception:
    """Return what botocore raises where AWS refuses."""
    answer: t.Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.exceptions.ClientError(answer, operation)


class FakeClient:
    """A client whose operations are functions or answers; an exception is raised, an unknown operation is an error."""

    def __init__(self, **operations: t.Any) -> None:
        self._operations = operations
        self.calls: list[tuple[str, Answer]] = []

    def __getattr__(self, operation: str) -> t.Callable[..., Answer]:
        if operation.startswith("_") or operation not in self._operations:
            raise AttributeError(operation)
        answer = self._operations[operation]

        def call(**params: t.Any) -> Answer:
            self.calls.append((operation, params))
            if isinstance(answer, Exception):
                raise answer
            return t.cast("Answer", answer(**params) if callable(answer) else answer)

        return call


@dataclasses.dataclass
class FakeRegion:
    """One region as the doing layer sees it."""

    name: str = "eu-west-1"
    ec2: t.Any = dataclasses.field(default_factory=FakeClient)
    kms: t.Any = dataclasses.field(default_factory=FakeClient)
    known: bool = True

    def client(self, service: str) -> t.Any:
        """Return the client of the service."""
        return getattr(self, service)

    def knows(self, operation: str, member: str) -> bool:
        """Tell the same of all parameters."""
        return self.known


@dataclasses.dataclass
class FakeRegions:
    """Regions by name; ``listed`` are those that botocore's data has."""

    listed: t.Collection[str]
    described: t.Sequence[str] = ()
    asked: list[str] = dataclasses.field(default_factory=list)

    def region(self, name: str) -> FakeRegion:
        """Return a region that answers DescribeRegions."""
        self.asked.append(name)
        answer = {"Regions": [{"RegionName": one} for one in self.described]}
        return FakeRegion(name, ec2=FakeClient(describe_regions=answer))

    def partition(self, region: str) -> str:
        """Return the partition by the beginning of the name."""
        return "aws-cn" if region.startswith("cn-") else "aws"

    def is_listed(self, region: str) -> bool:
        """Tell whether the region is known without asking."""
        return region in self.listed


@dataclasses.dataclass
class FakeAccount:
    """The images and snapshots of one account in one region: enough of EC2 to remove and to explain them."""

    images: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    snapshots: dict[str, Answer] = dataclasses.field(default_factory=dict)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)
    takes_snapshots_along: bool = False
    hides_snapshots: bool = False

    @property
    def client(self) -> FakeClient:
        """Return a client for them."""
        return FakeClient(
            describe_images=self._describe_images,
            describe_snapshots=self._describe_snapshots,
            deregister_image=self._deregister_image,
            delete_snapshot=self._delete_snapshot,
            disable_image=self._disable_image,
        )

    def _describe_images(self, *, Filters: list[Answer], **_unused: t.Any) -> Answer:
        wanted = set(Filters[0]["Values"])
        shown = [
            {"ImageId": image_id, "BlockDeviceMappings": [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": one}}]}
            for image_id, ids in self.images.items()
            for one in ids
            if one in wanted
        ]
        return {"Images": shown}

    def _describe_snapshots(self, *, Filters: list[Answer], **_unused: t.Any) -> Answer:
        if self.hides_snapshots:
            return {"Snapshots": []}
        wanted = set(Filters[0]["Values"])
        if Filters[0]["Name"] == "description":
            (word,) = (one.strip("*") for one in wanted)
            wanted = {one for one, shown in self.snapshots.items() if word in shown.get("Description", "")}
        return {"Snapshots": [{"SnapshotId": one, **self.snapshots[one]} for one in self.snapshots if one in wanted]}

    def _deregister_image(self, *, ImageId: str, DeleteAssociatedSnapshots: bool = False, **_unused: t.Any) -> Answer:
        self._refuse(ImageId)
        if ImageId not in self.images:
            raise refusal("InvalidAMIID.NotFound")
        ids = self.images.pop(ImageId)
        if not (DeleteAssociatedSnapshots and self.takes_snapshots_along):
            return {}
        return {"DeleteSnapshotResults": [{"SnapshotId": one, "ReturnCode": self._take_along(one)} for one in ids]}

    def _take_along(self, one: str) -> str:
        if any(one in ids for ids in self.images.values()):
            return "skipped"
        if one in self.refused:
            return "missing-permissions"
        self.snapshots.pop(one, None)
        return "success"

    def _disable_image(self, *, ImageId: str) -> Answer:
        self._refuse(ImageId)
        return {}

    def _delete_snapshot(self, *, SnapshotId: str) -> Answer:
        self._refuse(SnapshotId)
        if any(SnapshotId in ids for ids in self.images.values()):
            raise refusal("InvalidSnapshot.InUse")
        if self.snapshots.pop(SnapshotId, None) is None:
            raise refusal("InvalidSnapshot.NotFound")
        return {}

    def _refuse(self, name: str) -> None:
        if name in self.refused:
            raise refusal(self.refused[name])
