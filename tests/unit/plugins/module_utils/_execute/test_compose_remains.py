# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which snapshots of images that were made by way of an instance are left over (aws_rules §25)."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.instances import find_instance
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.remains import (
    snapshots_of_builders,
    with_builder,
)
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import launch_token
from ansible_collections.sealed.ami.plugins.module_utils._image.model import BUILDER_TAG
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import AWAY, KEY_A, SOURCE_ID
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_recipe,
    a_source,
    an_image_of,
    material_of,
)

from .fakes import FakeClient, FakeRegion

RECIPE = a_recipe(
    a_compose_request(kms_key_id=KEY_A, method="instance", source_region=AWAY), material_of(a_source(region=AWAY))
)
IMAGE_ID, BUILDER, SNAPSHOT = "ami-000000000000000d0", "i-00000000000000001", "snap-00000000000000001"
OURS = launch_token(RECIPE.work, SOURCE_ID) + "1"
Answer = dict[str, t.Any]


def tag_list(tags: t.Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS does."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclasses.dataclass
class Cloud:
    """One region with a clock, a snapshot that CreateImage created from an instance, and perhaps its image."""

    image: str = ""
    hidden_until: float = 0.0
    used: bool = False
    instance: str = "terminated"
    token: str = OURS
    builder_tag: str = BUILDER
    filters_by_tag: bool = True
    passed: float = 0.0

    @property
    def region(self) -> t.Any:
        """Return the region."""
        client = FakeClient(
            describe_images=self._describe_images,
            describe_snapshots=self._describe_snapshots,
            describe_instances=self._describe_instances,
        )
        return FakeRegion(AWAY, ec2=client)

    def left(self, *, launched: bool = False) -> tuple[list[str], list[str]]:
        """Return the snapshots that may go, and those that are only named."""
        builder = find_instance(self.region, BUILDER)
        proofs, unproven = snapshots_of_builders(
            self.region, RECIPE.name, pace=Pace(lambda: self.passed, self._sleep, jitter=0.0),
            launched=[builder] if launched and builder else [],
        )  # fmt: skip
        return [one.resource_id for one in proofs], list(unproven)

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds

    def _describe_images(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        mapping = [{"DeviceName": "/dev/sda", "Ebs": {"SnapshotId": SNAPSHOT}}]
        if Filters[0]["Name"] == "image-id":
            shown = bool(self.image) and self.passed >= self.hidden_until
            return {"Images": [{"ImageId": IMAGE_ID, "State": self.image}] if shown else []}
        other = {"ImageId": "ami-other", "State": "available", "BlockDeviceMappings": mapping}
        return {"Images": [other] if self.used else []}

    def _describe_snapshots(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        if Filters[0]["Name"].startswith("tag:") and not self.filters_by_tag:
            return {"Snapshots": []}
        tags = {**RECIPE.work_tags, BUILDER_TAG: self.builder_tag}
        entry = {
            "SnapshotId": SNAPSHOT, "State": "completed", "Encrypted": True, "KmsKeyId": KEY_A, "VolumeId": "vol-1",
            "Description": f"Created by CreateImage({BUILDER}) for {IMAGE_ID}", "Tags": tag_list(tags),
        }  # fmt: skip
        return {"Snapshots": [entry]}

    def _describe_instances(self, **_more: t.Any) -> Answer:
        entry = {
            "InstanceId": BUILDER, "State": {"Name": self.instance}, "ImageId": SOURCE_ID, "ClientToken": self.token,
            "Tags": tag_list(RECIPE.work_tags),
        }  # fmt: skip
        return {"Reservations": [{"Instances": [entry] if self.instance else []}]}


@pytest.mark.parametrize(
    ("cloud", "proven", "named"),
    [
        pytest.param(Cloud(), True, False, id="its image is gone"),
        pytest.param(Cloud(image="deregistered"), True, False, id="its image is deregistered"),
        pytest.param(Cloud(instance=""), True, False, id="its instance is listed no more"),
        pytest.param(Cloud(image="available"), False, False, id="its image is there"),
        pytest.param(Cloud(image="pending"), False, False, id="its image is on its way"),
        pytest.param(Cloud(image="available", hidden_until=100), False, False, id="its image is hidden for a while"),
        pytest.param(Cloud(used=True), False, False, id="another image uses it"),
        pytest.param(Cloud(instance="running"), False, False, id="its instance is at work"),
        pytest.param(Cloud(token="theirs"), False, True, id="somebody else launched its instance"),
        pytest.param(Cloud(builder_tag="i-00000000000000002"), False, True, id="its tag names another instance"),
    ],
)  # fmt: skip
def test_what_is_left_over_is_proven_and_used_by_nothing(cloud: Cloud, proven: bool, named: bool) -> None:
    assert cloud.left() == ([SNAPSHOT] * proven, [SNAPSHOT] * named)


@pytest.mark.parametrize("token", [OURS, "theirs"])
@pytest.mark.parametrize("instance", ["terminated", "running"])
def test_what_filters_by_tag_miss_is_found_by_the_instance_that_was_launched(token: str, instance: str) -> None:
    cloud = Cloud(filters_by_tag=False, token=token, instance=instance)
    assert cloud.left() == ([], [])
    expected = [SNAPSHOT] if (token, instance) == (OURS, "terminated") else []
    assert cloud.left(launched=True) == (expected, [])


@pytest.mark.parametrize("is_tagged", [True, False])
@pytest.mark.parametrize("token", [OURS, "theirs"])
@pytest.mark.parametrize("listed", [True, False])
def test_an_image_says_whose_instance_it_was_made_of(token: str, listed: bool, is_tagged: bool) -> None:
    """The tags of an image can be copied to an image of any other instance of the source."""
    tags = {**RECIPE.image_tags, **({BUILDER_TAG: BUILDER} if is_tagged else {})}
    image = an_image_of(RECIPE, IMAGE_ID, source_instance_id=BUILDER, source_image_id=SOURCE_ID, tags=tags)
    cloud = Cloud(token=token, instance="terminated" if listed else "")
    assert with_builder(cloud.region, image).source_client_token == (token if listed and is_tagged else None)
