# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The instance of a composed image: which one is taken, and what is read back before an image is made of it."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.instance import Builder
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.work import Work
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import launch_token
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.request import InstanceOptions
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import (
    AttachVolume,
    ComposePlan,
    CreateImage,
    CreateVolume,
    HoldInstance,
    LaunchInstance,
    StopInstance,
    WorkStep,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    KEY_A,
    KEY_B,
    SOURCE_ID,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_recipe,
    a_source,
    material_of,
)

from .fakes import FakeClient, FakeRegion, refusal

SOURCE = a_source(region=AWAY)
ASKED: dict[str, t.Any] = {"kms_key_id": KEY_A, "method": "instance", "source_region": AWAY}
ADDED: dict[str, t.Any] = {**ASKED, "device_mapping": [{"device_name": "/dev/sdh", "volume_size": 5}]}
RECIPE = a_recipe(a_compose_request(**ASKED), material_of(SOURCE))
OPTIONS = InstanceOptions(instance_type="t3.small", subnet_id="subnet-1")
INSTANCE, IMAGE_ID, VOLUME = "i-00000000000000001", "ami-000000000000000d0", "vol-added"
LAUNCH = LaunchInstance(SOURCE_ID, ("/dev/xvda", "/dev/sdf"))
SPENT = refusal("IdempotentInstanceTerminated")
Answer = dict[str, t.Any]


@dataclasses.dataclass
class Cloud:
    """One region with a clock. ``launches`` are the answers to RunInstances: a state, or an error."""

    launches: list[str | Exception] = dataclasses.field(default_factory=lambda: ["pending"])
    state: str = "running"
    token: str = launch_token(RECIPE.work, SOURCE_ID) + "1"
    work_tag: str = RECIPE.work
    # The number of the looks at the instance to which AWS answers with none.
    hidden: t.Container[int] = ()
    volume: Answer = dataclasses.field(default_factory=dict)
    passed: float = 0.0
    looks: int = 0
    tokens: list[str] = dataclasses.field(default_factory=list)
    done: list[str] = dataclasses.field(default_factory=list)

    def work(self, **asked: t.Any) -> Work:
        """Return the work of a run in it."""
        request = a_compose_request(**(asked or ASKED))
        client = FakeClient(
            run_instances=self._run,
            stop_instances=lambda **_ids: self._note("stop", state="stopped"),
            start_instances=lambda **_ids: self._note("start", state="running"),
            describe_instances=self._describe_instances,
            describe_volumes=self._describe_volumes,
            describe_images={"Images": []},
            create_volume=lambda **_more: {**self._note("create volume"), "VolumeId": VOLUME},
            attach_volume=lambda **_more: self._note("attach"),
            create_image=lambda **_more: {**self._note("image"), "ImageId": IMAGE_ID},
        )
        region = t.cast("t.Any", FakeRegion(AWAY, ec2=client))
        plan = ComposePlan("composed", "", None, method="instance")
        return Work(
            region=region, source_region=region, request=request, recipe=a_recipe(request, material_of(SOURCE)),
            plan=plan, outcome=Outcome(Target(SOURCE_ID, AWAY, AWAY), plan),
            pace=Pace(lambda: self.passed, self._sleep, jitter=0.0), deadline=900.0, warn=pytest.fail,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds

    def _note(self, what: str, *, state: str = "") -> Answer:
        self.done.append(what)
        self.state = state or self.state
        return {}

    def _run(self, *, ClientToken: str, **_more: t.Any) -> Answer:
        self.tokens.append(ClientToken)
        answer = self.launches.pop(0)
        if isinstance(answer, Exception):
            raise answer
        name = f"i-{len(self.tokens):017}"
        return {"Instances": [{"InstanceId": name, "State": {"Name": answer}, "ImageId": SOURCE_ID}]}

    def _describe_instances(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        self.looks += 1
        if self.looks in self.hidden:
            return {"Reservations": []}
        tags = [{"Key": key, "Value": value} for key, value in {**RECIPE.work_tags, COPY_TAG: self.work_tag}.items()]
        attached = [
            {"DeviceName": f"/dev/{one}", "Ebs": {"VolumeId": f"vol-{one}", "DeleteOnTermination": one == "xvda"}}
            for one in ("xvda", "sdf")
        ]
        entry = {
            "InstanceId": Filters[0]["Values"][0], "State": {"Name": self.state}, "ImageId": SOURCE_ID, "Tags": tags,
            "ClientToken": self.token, "BlockDeviceMappings": attached, "RootDeviceName": "/dev/xvda",
        }  # fmt: skip
        return {"Reservations": [{"Instances": [entry]}]}

    def _describe_volumes(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        plain = {"State": "in-use", "Encrypted": True, "KmsKeyId": KEY_A, "Size": 8, "VolumeType": "gp3"}
        changed = {"vol-sdf": self.volume, VOLUME: {"Size": 5, "State": "available", **self.volume}}
        return {"Volumes": [{"VolumeId": one, **plain, **changed.get(one, {})} for one in Filters[0]["Values"]]}


def held(cloud: Cloud) -> Work:
    """Return the work of a run that goes on with an instance that was held."""
    return cloud.work(**ASKED, instance={"held_instance_id": INSTANCE})


def launched(work: Work) -> str:
    """Launch or take the instance, and return its id."""
    return Builder(work, SOURCE, OPTIONS).hold([LAUNCH])


@pytest.mark.parametrize(
    "ended",
    [
        pytest.param(["terminated"], id="terminated"),
        pytest.param(["shutting-down", "terminated"], id="on its way to that"),
        pytest.param([SPENT], id="its token is spent"),
        pytest.param([refusal("IdempotentParameterMismatch"), SPENT], id="launched otherwise"),
    ],
)
def test_an_instance_that_has_ended_is_not_the_one(ended: list[str | Exception]) -> None:
    """AWS answers a used token with the instance of then."""
    cloud = Cloud(launches=[*ended, "pending", "pending"])
    work = cloud.work()
    number = len(ended) + 1
    assert launched(work) == f"i-{number:017}"
    assert len(set(cloud.tokens)) == len(cloud.tokens) == number
    assert list(work.made) == work.outcome.created == [f"i-{number:017}"]


def test_instances_are_not_launched_without_end() -> None:
    cloud = Cloud(launches=["terminated"] * 50)
    work = cloud.work()
    with pytest.raises(SealedError, match="stays alive"):
        launched(work)
    assert len(cloud.tokens) < 10 and work.made == {}


def test_a_refused_launch_is_told() -> None:
    cloud = Cloud(launches=[refusal("UnauthorizedOperation"), "pending"])
    with pytest.raises(Exception, match="UnauthorizedOperation"):
        launched(cloud.work())


@pytest.mark.parametrize("hidden", [(), (1,), (1, 2, 3)])
def test_a_held_instance_is_taken_though_a_look_does_not_show_it(hidden: tuple[int, ...]) -> None:
    cloud = Cloud(launches=[], hidden=hidden)
    work = held(cloud)
    assert launched(work) == INSTANCE
    assert (cloud.tokens, list(work.made)) == ([], [INSTANCE])


@pytest.mark.parametrize(
    ("cloud", "words"),
    [
        pytest.param(Cloud(token="theirs"), "was not launched for image", id="launched by somebody else"),
        pytest.param(Cloud(token=""), "was not launched for image", id="launched without a token"),
        pytest.param(Cloud(work_tag="sealed-ami-other"), "was not launched for image", id="launched for another image"),
        pytest.param(Cloud(state="terminated"), "is gone", id="terminated"),
        pytest.param(Cloud(state="shutting-down"), "is gone", id="on its way to that"),
        pytest.param(Cloud(hidden=range(10**6)), "is gone", id="shown no more"),
    ],
)  # fmt: skip
def test_any_other_instance_is_left_alone(cloud: Cloud, words: str) -> None:
    """What this run holds no proof for it neither stops nor terminates."""
    work = held(cloud)
    with pytest.raises(SealedError, match=words):
        launched(work)
    assert (work.made, work.outcome.created, cloud.done, cloud.tokens) == ({}, [], [], [])


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_held_instance_runs(state: str) -> None:
    cloud = Cloud(state=state)
    Builder(cloud.work(), SOURCE, OPTIONS).hold([LAUNCH, HoldInstance()])
    assert cloud.done == (["start"] if state == "stopped" else [])


@pytest.mark.parametrize(
    ("volume", "words"),
    [
        pytest.param({}, "", id="as wanted"),
        pytest.param({"KmsKeyId": KEY_B}, KEY_B, id="under another key"),
        pytest.param({"Encrypted": False, "KmsKeyId": None}, "no encryption", id="plain"),
        pytest.param({"Size": 9}, "9 GiB", id="of another size"),
    ],
)
def test_no_image_is_made_of_volumes_that_are_not_as_wanted(volume: Answer, words: str) -> None:
    """Each snapshot takes the key of its volume."""
    cloud = Cloud(volume=volume)
    builder = Builder(cloud.work(), SOURCE, OPTIONS)
    steps: list[WorkStep] = [LAUNCH, StopInstance(), CreateImage("composed", None)]
    if not words:
        assert builder.run(steps) == IMAGE_ID
        return
    with pytest.raises(SealedError, match="are not as wanted") as refused:
        builder.run(steps)
    assert words in str(refused.value) and cloud.done == ["stop"]


@pytest.mark.parametrize("volume", [{}, {"KmsKeyId": KEY_B}, {"Encrypted": False, "KmsKeyId": None}])
def test_the_key_of_an_added_volume_is_read_back_before_it_is_attached(volume: Answer) -> None:
    cloud = Cloud(volume=volume)
    builder = Builder(cloud.work(**ADDED), SOURCE, OPTIONS)
    steps: list[WorkStep] = [LAUNCH, CreateVolume("/dev/sdh", 5, KEY_A), StopInstance(), AttachVolume("/dev/sdh")]
    if volume:
        with pytest.raises(SealedError, match="It is not used"):
            builder.hold(steps)
    else:
        builder.hold(steps)
    assert ("attach" in cloud.done) == (not volume)
