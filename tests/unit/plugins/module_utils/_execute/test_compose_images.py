# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image itself: made or met, shown or not yet, and refused where it is not what the recipe says."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.images import (
    await_image,
    find_own_image,
    note_created_snapshots,
    register,
    verify,
)
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.work import Work
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import ComposePlan
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG, RECIPE_TAG, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeregister, returned_by_creating_call
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    KEY_A,
    KEY_B,
    SOURCE_ID,
    a_snapshot,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_recipe,
    a_source,
    an_image_of,
    material_of,
    without,
)

from .fakes import FakeClient, FakeRegion, refusal

SOURCE = a_source(region=AWAY)
REQUEST = a_compose_request(kms_key_id=KEY_A, method="snapshots", source_region=AWAY)
RECIPE = a_recipe(REQUEST, material_of(SOURCE))
IMAGE_ID = "ami-000000000000000d0"
TAKEN = refusal("InvalidAMIName.Duplicate")
BUILDER = "i-00000000000000001"
Answer = dict[str, t.Any]


@dataclasses.dataclass
class Cloud:
    """One region with a clock; RegisterImage fails, or makes the image."""

    image: Image = dataclasses.field(default_factory=lambda: an_image_of(RECIPE, IMAGE_ID))
    refused: Exception | None = None
    # From when to when AWS shows no image, and until when no snapshot.
    hidden: tuple[float, float] = (0.0, 0.0)
    snapshots_hidden: float = 0.0
    passed: float = 0.0
    removed: list[str] = dataclasses.field(default_factory=list)

    def work(self) -> Work:
        """Return the work of a run in it."""
        client = FakeClient(
            register_image=self.refused or {"ImageId": IMAGE_ID},
            describe_images=self._describe_images,
            describe_snapshots=self._describe_snapshots,
            deregister_image=self._deregister_image,
        )
        region = t.cast("t.Any", FakeRegion(AWAY, ec2=client))
        plan = ComposePlan("composed", "", None, method="snapshots")
        outcome = Outcome(Target(SOURCE_ID, AWAY, AWAY), plan)
        return Work(
            region=region, source_region=region, request=REQUEST, recipe=RECIPE, plan=plan, outcome=outcome,
            pace=Pace(lambda: self.passed, self._sleep, jitter=0.0), deadline=2000.0, warn=pytest.fail,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds

    def _describe_images(self, **_more: t.Any) -> Answer:
        if self.hidden[0] <= self.passed < self.hidden[1]:
            return {"Images": []}
        mapping = [
            {"DeviceName": one.device_name, "Ebs": {"SnapshotId": one.snapshot_id, "Encrypted": True, "VolumeSize": 8}}
            for one in self.image.devices
        ]
        tags = [{"Key": key, "Value": value} for key, value in self.image.tags.items()]
        shown = {"ImageId": self.image.image_id, "Name": self.image.name, "State": self.image.state, "Tags": tags}
        return {"Images": [{**shown, "BlockDeviceMappings": mapping}]}

    def _describe_snapshots(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        if self.passed < self.snapshots_hidden:
            return {"Snapshots": []}
        shown = {"State": "completed", "Encrypted": True, "KmsKeyId": KEY_A}
        return {"Snapshots": [{"SnapshotId": one, **shown} for one in Filters[0]["Values"]]}

    def _deregister_image(self, *, ImageId: str, **_more: t.Any) -> Answer:
        self.removed.append(ImageId)
        return {}


def made(work: Work) -> Work:
    """Let the run have made the image."""
    work.own(returned_by_creating_call(MayDeregister, IMAGE_ID))
    return work


def snapshot_ids() -> dict[str, str]:
    """Return the snapshots that were made for the devices."""
    return {one.device_name: str(one.snapshot_id) for one in an_image_of(RECIPE).ebs_devices}


def test_an_image_that_a_call_returned_is_made() -> None:
    work = Cloud().work()
    assert register(work, snapshot_ids(), SOURCE) == IMAGE_ID
    assert (list(work.made), work.outcome.created, work.outcome.adopted) == ([IMAGE_ID], [IMAGE_ID], [])


@pytest.mark.parametrize("trouble", [TAKEN, refusal("InternalError", status=500)], ids=["taken", "lost answer"])
def test_an_image_that_was_met_under_the_name_is_adopted(trouble: Exception) -> None:
    """Another run was faster, or a call of ours without an answer made it: nobody knows, so it stays."""
    work = Cloud(refused=trouble).work()
    assert register(work, snapshot_ids(), SOURCE) == IMAGE_ID
    assert (list(work.made), work.outcome.created, work.outcome.adopted) == ([], [], [IMAGE_ID])


@pytest.mark.parametrize(
    ("fields", "ours"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"state": "pending"}, True, id="on its way"),
        pytest.param({"state": "failed"}, False, id="failed"),
        pytest.param({"tags": {}}, False, id="without our tags"),
        pytest.param({"tags": {**RECIPE.image_tags, RECIPE_TAG: "0"}}, False, id="of another recipe"),
        pytest.param({"tags": {**RECIPE.image_tags, COPY_TAG: "another name"}}, False, id="of another name"),
        pytest.param({"tags": {**RECIPE.image_tags, "aws:backup": "1"}}, False, id="made by a service"),
    ],
)
def test_only_an_image_that_is_proven_is_ours(fields: Answer, ours: bool) -> None:
    work = Cloud(an_image_of(RECIPE, IMAGE_ID, **fields), refused=TAKEN).work()
    assert (find_own_image(work) == IMAGE_ID) is ours
    if not ours:
        with pytest.raises(SealedError, match="was taken by image"):
            register(work, snapshot_ids(), SOURCE)
        assert (work.made, work.outcome.adopted) == ({}, [])


@pytest.mark.parametrize(("lasts", "is_there"), [(30.0, True), (1900.0, False)])
@pytest.mark.parametrize("begins", [0.0, 20.0])
def test_one_look_without_the_image_proves_nothing(begins: float, lasts: float, is_there: bool) -> None:
    cloud = Cloud(hidden=(begins, begins + lasts), snapshots_hidden=begins + 5)
    work = cloud.work()
    if is_there:
        assert await_image(work, IMAGE_ID, wait=True)[0].image_id == IMAGE_ID
    else:
        with pytest.raises(SealedError, match="is not there"):
            await_image(work, IMAGE_ID, wait=True)
        assert cloud.passed >= 60


def test_an_image_is_awaited_until_all_its_snapshots_are_shown() -> None:
    """Its keys are those of its snapshots, and AWS may show these later than the image."""
    cloud = Cloud(snapshots_hidden=90.0)
    image, snapshots = await_image(cloud.work(), IMAGE_ID, wait=True)
    assert cloud.passed >= 90 and set(image.snapshot_ids) == set(snapshots)
    assert image.kms_key_arns == {KEY_A}


@pytest.mark.parametrize("is_made", [True, False])
def test_the_snapshots_of_an_image_that_was_met_are_not_this_run_s(is_made: bool) -> None:
    work = made(Cloud().work()) if is_made else Cloud().work()
    image = an_image_of(RECIPE, IMAGE_ID)
    ours = a_snapshot("snap-ours", description=f"Created by CreateImage({BUILDER}) for {IMAGE_ID}")
    other = a_snapshot("snap-other", description=f"Created by CreateImage({BUILDER}) for ami-000000000000000d1")
    note_created_snapshots(work, image, [ours, other])
    assert ("snap-ours" in work.made, "snap-ours" in work.outcome.created) == (is_made, is_made)
    assert work.outcome.adopted == ([] if is_made else ["snap-ours"])
    assert "snap-other" not in work.made


def of_devices(*devices: t.Any) -> Image:
    """Return the image with other devices."""
    return an_image_of(RECIPE, IMAGE_ID, devices=tuple(devices))


DEVICES = an_image_of(RECIPE).devices


@pytest.mark.parametrize(
    ("image", "words"),
    [
        pytest.param(of_devices(*without(DEVICES, "/dev/sdf", kms_key_arn=KEY_B)), KEY_B, id="under another key"),
        pytest.param(
            of_devices(*without(DEVICES, "/dev/sdf", encrypted=False, kms_key_arn=None)), "no encryption", id="plain"
        ),
        pytest.param(of_devices(*without(DEVICES, "/dev/sdf", kms_key_arn=None)), "key unknown", id="key not shown"),
        pytest.param(of_devices(*without(DEVICES, "/dev/sdf")), "/dev/sdf is missing", id="without a device"),
    ],
)
def test_an_image_that_is_not_as_wanted_is_refused(image: Image, words: str) -> None:
    cloud = Cloud()
    with pytest.raises(SealedError, match="is not sealed") as refused:
        verify(made(cloud.work()), image, SOURCE)
    assert words in str(refused.value) and cloud.removed == []
    verify(cloud.work(), an_image_of(RECIPE, IMAGE_ID), SOURCE)


@pytest.mark.parametrize("is_made", [True, False])
@pytest.mark.parametrize("lost", ["UsageOperation", "PlatformDetails", "ProductCodes"])
def test_an_image_without_its_billing_information_goes_only_where_this_run_made_it(lost: str, is_made: bool) -> None:
    cloud = Cloud()
    billing: Answer = {
        "UsageOperation": "RunInstances:0010", "PlatformDetails": "Red Hat Enterprise Linux",
        "ProductCodes": [{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}],
    }  # fmt: skip
    source = dataclasses.replace(SOURCE, billing=billing)
    image = an_image_of(RECIPE, IMAGE_ID, billing={name: one for name, one in billing.items() if name != lost})
    work = made(cloud.work()) if is_made else cloud.work()
    with pytest.raises(SealedError, match="lost billing information"):
        verify(work, image, source)
    assert cloud.removed == work.outcome.removed == [IMAGE_ID] * is_made
    verify(work, image, None)
