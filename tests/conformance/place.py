# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One account in one region as a test sees it, with the means to wait there and to expect refusals."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import typing as t
import uuid

import pytest
from botocore.exceptions import ClientError

from .target import Client, Target

T = t.TypeVar("T")
RUN = uuid.uuid4().hex[:8]
_numbers = itertools.count(1)


def a_name(kind: str = "image") -> str:
    """Return a name that nothing else has."""
    return f"conformance-{RUN}-{kind}-{next(_numbers)}"


@dataclasses.dataclass
class Place:
    """An account and a region of the target."""

    target: Target
    account: str
    region: str

    @functools.cached_property
    def ec2(self) -> Client:
        return self.target.client("ec2", region=self.region, account=self.account)

    @functools.cached_property
    def raw_ec2(self) -> Client:
        """EC2 without botocore's own validation, so that AWS's is seen."""
        return self.target.client("ec2", region=self.region, account=self.account, validate=False)

    @functools.cached_property
    def kms(self) -> Client:
        return self.target.client("kms", region=self.region, account=self.account)

    @functools.cached_property
    def account_id(self) -> str:
        sts = self.target.client("sts", region=self.region, account=self.account)
        return str(sts.get_caller_identity()["Account"])

    @functools.cached_property
    def zone(self) -> str:
        """The name of an availability zone here."""
        zones = self.ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
        return str(min(zone["ZoneName"] for zone in zones["AvailabilityZones"]))

    def until(self, ready: t.Callable[[], T | None], what: str) -> T:
        """Return the first true value of ``ready``, letting time pass between the questions."""
        for _ in range(self.target.polls):
            value = ready()
            if value:
                return value
            self.target.pass_time(self.target.poll_seconds)
        raise AssertionError(f"{what}: not within {self.target.polls * self.target.poll_seconds:.0f} seconds")


def lookup(describe: t.Callable[[], list[dict[str, t.Any]]]) -> dict[str, t.Any] | None:
    """Return the one thing described; none when AWS says NotFound, or nothing (§5.1, §9: both occur)."""
    try:
        found = describe()
    except ClientError as error:
        if error.response["Error"]["Code"].endswith((".NotFound", ".Unavailable")):
            return None
        raise
    return found[0] if found else None


def image(place: Place, image_id: str) -> dict[str, t.Any] | None:
    """Return the image as DescribeImages shows it now."""
    return lookup(lambda: place.ec2.describe_images(ImageIds=[image_id])["Images"])


def snapshot(place: Place, snapshot_id: str) -> dict[str, t.Any] | None:
    """Return the snapshot as DescribeSnapshots shows it now."""
    return lookup(lambda: place.ec2.describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"])


def volume(place: Place, volume_id: str) -> dict[str, t.Any] | None:
    """Return the volume as DescribeVolumes shows it now."""
    return lookup(lambda: place.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"])


def instance(place: Place, instance_id: str) -> dict[str, t.Any] | None:
    """Return the instance as DescribeInstances shows it now."""
    found = lookup(lambda: place.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"])
    return found["Instances"][0] if found else None


# Answers that say nothing about the value under test: the target broke, or did not get as far as looking at it.
BESIDE_THE_POINT = ("EmulatorFailure", "InternalError", "InternalFailure", "InvalidAction", "UnknownParameter")
GONE: dict[str, t.Any] = {"State": "vanished"}


def settled(place: Place, describe: t.Callable[[Place, str], dict[str, t.Any] | None], id_: str) -> dict[str, t.Any]:
    """Return the image, snapshot or volume once it is no longer under way; ``GONE`` if it was seen and vanished."""
    seen = False

    def ready() -> dict[str, t.Any] | None:
        nonlocal seen
        found = describe(place, id_)
        if found is None:
            return GONE if seen else None
        seen = True
        return None if found["State"] in ("pending", "creating") else found

    return place.until(ready, f"{id_} settling")


def reached(place: Place, instance_id: str, *states: str) -> dict[str, t.Any]:
    """Return the instance once it is in one of the states."""

    def ready() -> dict[str, t.Any] | None:
        found = instance(place, instance_id)
        return found if found and found["State"]["Name"] in states else None

    return place.until(ready, f"{instance_id} {' or '.join(states)}")


def is_beside_the_point(code: str) -> bool:
    """Tell whether a refusal cannot be the one that a test without codes is after."""
    return code in BESIDE_THE_POINT or code.endswith(".NotFound")


@contextlib.contextmanager
def refused(*codes: str, status: int | None = 400, says: str = "") -> t.Iterator[None]:
    """Expect AWS to refuse at once with one of the codes; without codes any refusal of the values given will do."""
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] in codes if codes else not is_beside_the_point(error["Code"]), error
    assert status is None or caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status, error
    assert says.lower() in (error["Message"] or "").lower(), error


@contextlib.contextmanager
def tampered(client: Client, action: str, **parameters: str) -> t.Iterator[None]:
    """Add to, or replace in, what goes over the wire; botocore itself would not send it."""

    def tamper(params: dict[str, t.Any], **_: t.Any) -> None:
        params["body"].update(parameters)

    event = f"before-call.ec2.{action}"
    client.meta.events.register(event, tamper)
    try:
        yield
    finally:
        client.meta.events.unregister(event, tamper)


def own_ids(place: Place) -> set[str]:
    """Return the ids of all images and snapshots that the account owns here."""
    images = place.ec2.describe_images(Owners=["self"])["Images"]
    snapshots = place.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
    return {found["ImageId"] for found in images} | {found["SnapshotId"] for found in snapshots}


@contextlib.contextmanager
def nothing_created(place: Place) -> t.Iterator[None]:
    """Fail if the block leaves an image or a snapshot that was not there before."""
    before = own_ids(place)
    yield
    assert own_ids(place) <= before
