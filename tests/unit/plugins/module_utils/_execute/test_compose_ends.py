# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How composing ends: what a failed run made is rolled back, what was on the way is torn down, the rest stays."""

from __future__ import annotations

import dataclasses
import fnmatch
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.rollback import Rollback, remove_made_image
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.teardown import tear_down
from ansible_collections.sealed.ami.plugins.module_utils._execute.compose.work import Work
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.recipe import launch_token
from ansible_collections.sealed.ami.plugins.module_utils._image.compose.steps import (
    ComposePlan,
    DeleteVolume,
    TerminateInstance,
)
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.model import DEVICE_TAG, Snapshot
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import (
    MayDeleteSnapshot,
    MayDeleteVolume,
    MayDeregister,
    MayTerminate,
    returned_by_creating_call,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.builders import (
    AWAY,
    KEY_A,
    SOURCE_ID,
    fresh,
)
from ansible_collections.sealed.ami.tests.unit.plugins.module_utils._image.composing import (
    a_compose_request,
    a_recipe,
    a_source,
    material_of,
)

from .fakes import FakeClient, FakeRegion, refusal

REQUEST = a_compose_request(
    kms_key_id=KEY_A, method="instance", source_region=AWAY,
    device_mapping=[{"device_name": "/dev/sdh", "volume_size": 5}],
)  # fmt: skip
RECIPE = a_recipe(REQUEST, material_of(a_source(region=AWAY)))
DENIED = "UnauthorizedOperation"
EVER = 10**6
# AWS ends an instance in its own time.
SECONDS_TO_END = 40.0
SECONDS_OF_A_CALL = 0.01
LATEST = 10000.0
Answer = dict[str, t.Any]
KINDS: dict[str, t.Any] = {
    "ami": MayDeregister, "i": MayTerminate, "vol": MayDeleteVolume, "snap": MayDeleteSnapshot,
}  # fmt: skip


@dataclasses.dataclass
class Cloud:
    """One account in one region, with a clock: instances end after a while, and with them what is attached."""

    instances: dict[str, Answer] = dataclasses.field(default_factory=dict)
    volumes: dict[str, Answer] = dataclasses.field(default_factory=dict)
    snapshots: dict[str, str] = dataclasses.field(default_factory=dict)
    images: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    # The code that an operation on a thing is refused with, and how often.
    refused: dict[tuple[str, str], tuple[str, int]] = dataclasses.field(default_factory=dict)
    ends: dict[str, float] = dataclasses.field(default_factory=dict)
    now: float = 1000.0
    seconds_to_end: float = SECONDS_TO_END
    asked: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    @property
    def client(self) -> FakeClient:
        """Return a client for it."""
        return FakeClient(
            describe_instances=self._describe_instances,
            describe_volumes=self._describe_volumes,
            describe_images=self._describe_images,
            describe_snapshots=self._describe_snapshots,
            terminate_instances=lambda *, InstanceIds: self._terminate(InstanceIds[0]),
            delete_volume=lambda *, VolumeId: self._delete("delete_volume", VolumeId),
            delete_snapshot=lambda *, SnapshotId: self._delete("delete_snapshot", SnapshotId),
            deregister_image=lambda *, ImageId, **_more: self._delete("deregister_image", ImageId),
        )

    def sleep(self, seconds: float) -> None:
        """Let time pass; nothing waits for hours."""
        self.now += seconds
        assert self.now < LATEST
        for one, when in self.ends.items():
            if self.now >= when and self.instances[one]["State"]["Name"] != "terminated":
                self.instances[one]["State"] = {"Name": "terminated"}
                self.volumes = {name: each for name, each in self.volumes.items() if not self._goes_with(each, one)}

    def asked_for(self, operation: str) -> list[str]:
        """Return on what an operation was called."""
        return [one for name, one in self.asked if name == operation]

    def _goes_with(self, volume: Answer, instance_id: str) -> bool:
        return any(one["InstanceId"] == instance_id and one["DeleteOnTermination"] for one in volume["Attachments"])

    def _meet(self, operation: str, one: str) -> None:
        self.asked.append((operation, one))
        self.now += SECONDS_OF_A_CALL
        code, times = self.refused.get((operation, one), ("", 0))
        if times:
            self.refused[operation, one] = (code, times - 1)
            raise refusal(code, operation=operation)

    def _terminate(self, one: str) -> Answer:
        self._meet("terminate_instances", one)
        if one not in self.instances:
            raise refusal("InvalidInstanceID.NotFound")
        self.ends.setdefault(one, self.now + self.seconds_to_end)
        self.instances[one]["State"] = {"Name": "shutting-down"}
        return {}

    def _delete(self, operation: str, one: str) -> Answer:
        self._meet(operation, one)
        table, code = {
            "delete_volume": (self.volumes, "InvalidVolume.NotFound"),
            "delete_snapshot": (self.snapshots, "InvalidSnapshot.NotFound"),
            "deregister_image": (self.images, "InvalidAMIID.NotFound"),
        }[operation]
        if t.cast("dict[str, t.Any]", table).pop(one, None) is None:
            raise refusal(code)
        return {}

    def _describe_instances(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        wanted = Filters[0]["Values"]
        self._meet("describe_instances", wanted[0])
        found = [{"InstanceId": one, **each} for one, each in self.instances.items() if self._fits(Filters, one, each)]
        return {"Reservations": [{"Instances": fresh(found)}]}

    def _describe_volumes(self, *, Filters: t.Any = (), VolumeIds: t.Any = (), **_more: t.Any) -> Answer:
        self._meet("describe_volumes", VolumeIds[0] if VolumeIds else "")
        if VolumeIds and VolumeIds[0] not in self.volumes:
            raise refusal("InvalidVolume.NotFound")
        found = [
            {"VolumeId": one, **each}
            for one, each in self.volumes.items()
            if one in VolumeIds or (Filters and self._fits(Filters, one, each))
        ]
        return {"Volumes": fresh(found)}

    def _fits(self, filters: list[Answer], one: str, entry: Answer) -> bool:
        (only,) = filters
        if only["Name"].startswith("tag:"):
            tags = {tag["Key"]: tag["Value"] for tag in entry["Tags"]}
            return fnmatch.fnmatchcase(tags.get(only["Name"][4:], ""), only["Values"][0])
        return one in only["Values"]

    def _describe_images(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        (wanted,) = Filters[0]["Values"]
        self._meet("describe_images", wanted)
        shown = [
            {
                "ImageId": one, "State": "available",
                "BlockDeviceMappings": [{"DeviceName": f"/dev/sd{n}", "Ebs": {"SnapshotId": each}}
                                        for n, each in enumerate(ids)],
            }
            for one, ids in self.images.items() if one == wanted
        ]  # fmt: skip
        return {"Images": fresh(shown)}

    def _describe_snapshots(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        (only,) = Filters
        found = [one for one, text in self.snapshots.items() if fnmatch.fnmatchcase(text, only["Values"][0])]
        assert only["Name"] == "description"
        return {"Snapshots": [
            {"SnapshotId": one, "State": "completed", "Encrypted": True, "Description": self.snapshots[one],
             "VolumeId": "vol-of-builder"} for one in found
        ]}  # fmt: skip


def work_on(cloud: Cloud, *made: str, met: t.Sequence[str] = (), method: str = "instance") -> Work:
    """Return the work of a run that has made some things, for which it has proofs, and has met others."""
    region = t.cast("t.Any", FakeRegion(AWAY, ec2=cloud.client))
    plan = ComposePlan("composed", "", None, method=fresh(method))
    outcome = Outcome(Target(SOURCE_ID, AWAY, AWAY), plan, error="It failed", adopted=list(met))
    pace = Pace(lambda: cloud.now, cloud.sleep, jitter=0.0)
    work = Work(
        region=region, source_region=region, request=REQUEST, recipe=RECIPE, plan=plan, outcome=outcome, pace=pace,
        deadline=cloud.now + 60, warn=lambda _text: None,
    )  # fmt: skip
    for one in made:
        work.own(returned_by_creating_call(KINDS[one.partition("-")[0]], one))
    return work


def described(image_id: str) -> str:
    """Return what AWS writes on a snapshot that CreateImage makes for an image (aws_rules §25)."""
    return f"Created by CreateImage(i-1) for {image_id}"


def a_full_cloud(**more: t.Any) -> Cloud:
    """Return an account with two of each, the first made by the run under test."""
    cloud = Cloud(
        volumes={one: a_volume() for one in ("vol-1", "vol-2")},
        snapshots={"snap-1": "", "snap-2": ""},
        images={"ami-1": ["snap-1"], "ami-2": ["snap-2"]},
    )
    return dataclasses.replace(cloud, **more)


def a_volume(attached_to: str = "", *, ends: bool = False, device: str = "/dev/sdh", **fields: t.Any) -> Answer:
    """Return an empty volume as it is made for the device that is added."""
    attachment = {"InstanceId": attached_to, "Device": device, "DeleteOnTermination": ends}
    tags = {**RECIPE.work_tags, DEVICE_TAG: "/dev/sdh"}
    return {
        "State": "in-use" if attached_to else "available", "Encrypted": True, "KmsKeyId": KEY_A, "Size": 5,
        "VolumeType": "gp3", "Attachments": [attachment] if attached_to else [],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()], **fields,
    }  # fmt: skip


def an_instance(state: str = "running", *, ours: bool = True) -> Answer:
    """Return an instance as it is launched for the image."""
    token = launch_token(RECIPE.work, SOURCE_ID) + "1"
    return {
        "State": {"Name": state}, "ImageId": SOURCE_ID, "ClientToken": token if ours else "theirs",
        "Tags": [{"Key": key, "Value": value} for key, value in RECIPE.work_tags.items()],
    }  # fmt: skip


def test_what_a_run_made_is_rolled_back_and_nothing_that_it_met() -> None:
    """The image first, for it holds its snapshots."""
    cloud = a_full_cloud()
    work = work_on(cloud, "snap-1", "vol-1", "ami-1", met=["ami-2", "vol-2", "snap-2"])
    work.outcome.removed.append("ami-0")
    Rollback(work).run()
    assert (list(cloud.images), list(cloud.volumes), list(cloud.snapshots)) == (["ami-2"], ["vol-2"], ["snap-2"])
    changes = [one for name, one in cloud.asked if not name.startswith("describe")]
    assert changes == ["ami-1", "vol-1", "snap-1"]
    outcome = work.outcome
    assert outcome.error == "It failed. Rolled back: ami-1, vol-1, snap-1 removed"
    assert (outcome.created, outcome.adopted) == ([], ["ami-2", "vol-2", "snap-2"])
    assert (outcome.removed, work.made) == (["ami-0", "ami-1", "vol-1", "snap-1"], {})


def test_nothing_made_is_nothing_rolled_back() -> None:
    work = work_on(cloud := a_full_cloud(), met=["ami-1"])
    Rollback(work).run()
    assert (work.outcome.error, cloud.asked) == ("It failed. Rolled back: nothing removed", [])


@pytest.mark.parametrize("code", [DENIED, "AuthFailure"])
@pytest.mark.parametrize(
    ("operation", "stays"), [("deregister_image", "ami-1"), ("delete_volume", "vol-1"), ("delete_snapshot", "snap-1")]
)
def test_trouble_with_one_does_not_keep_the_others(operation: str, stays: str, code: str) -> None:
    cloud = a_full_cloud(refused={(operation, stays): (code, EVER)})
    work = work_on(cloud, "ami-1", "vol-1", "snap-1")
    Rollback(work).run()
    gone = [one for one in ("ami-1", "vol-1", "snap-1") if one != stays]
    assert (work.outcome.removed, work.outcome.created) == (gone, [stays])
    assert f". Rolled back: {', '.join(gone)} removed. Rolling back failed too: " in str(work.outcome.error)
    assert len(cloud.asked_for(operation)) == 1


def test_the_first_trouble_is_told() -> None:
    refused = {("deregister_image", "ami-1"): (DENIED, EVER), ("delete_volume", "vol-1"): ("OperationNotPermitted", 1)}
    work = work_on(a_full_cloud(refused=refused), "ami-1", "vol-1")
    Rollback(work).run()
    assert DENIED in str(work.outcome.error) and "OperationNotPermitted" not in str(work.outcome.error)


@pytest.mark.parametrize(
    ("operation", "one", "code", "patience"),
    [
        # A volume that is created or detached is neither at once, and an image that is gone may be shown a while.
        ("delete_volume", "vol-1", "IncorrectState", 300.0),
        ("delete_volume", "vol-1", "VolumeInUse", 300.0),
        ("delete_snapshot", "snap-1", "InvalidSnapshot.InUse", 150.0),
    ],
)
@pytest.mark.parametrize("rolled_back", [True, False])
def test_what_cannot_be_deleted_yet_is_tried_again(
    operation: str, one: str, code: str, patience: float, rolled_back: bool
) -> None:
    cloud = a_full_cloud(refused={(operation, one): (code, 3 if rolled_back else EVER)})
    began = cloud.now
    work = work_on(cloud, one)
    Rollback(work).run()
    assert (work.outcome.removed == [one]) is rolled_back
    least = 15.0 if rolled_back else patience
    assert least <= cloud.now - began <= least + 5.0
    assert (code in str(work.outcome.error)) is not rolled_back


@pytest.mark.parametrize("shown", ["with its snapshots", "without", "not at all"])
def test_snapshots_that_an_image_hides_are_found_by_what_aws_says(shown: str) -> None:
    kinds: dict[str, dict[str, list[str]]] = {
        "with its snapshots": {"ami-1": ["snap-1"]}, "without": {"ami-1": []}, "not at all": {},
    }  # fmt: skip
    cloud = Cloud(images=kinds[shown], snapshots={"snap-1": described("ami-1"), "snap-2": described("ami-11")})
    work = work_on(cloud, "ami-1")
    Rollback(work).run()
    assert (cloud.images, list(cloud.snapshots)) == ({}, ["snap-2"])
    assert work.outcome.removed == ["ami-1", "snap-1"]


@pytest.mark.parametrize("method", ["", "snapshots"])
def test_only_an_image_of_an_instance_has_snapshots_of_its_own_call(method: str) -> None:
    cloud = Cloud(images={"ami-1": ["snap-1"]}, snapshots={"snap-1": described("ami-1")})
    Rollback(work_on(cloud, "ami-1", method=method)).run()
    assert cloud.asked == [("deregister_image", "ami-1")]


def test_an_image_is_removed_though_nobody_may_look_at_it() -> None:
    cloud = a_full_cloud(refused={("describe_images", "ami-1"): (DENIED, EVER)})
    work = work_on(cloud, "ami-1")
    Rollback(work).run()
    assert work.outcome.removed == ["ami-1"] and "Rolling back failed too" in str(work.outcome.error)


def test_an_image_whose_instance_ended_too_early_is_removed_with_its_snapshots() -> None:
    cloud = Cloud(images={"ami-1": []}, snapshots={"snap-1": described("ami-1"), "snap-2": ""})
    work = work_on(cloud, "ami-1", "ami-3", met=["ami-2"])
    remove_made_image(work, "ami-2")
    assert cloud.asked == []
    remove_made_image(work, fresh("ami-1"))
    assert (cloud.images, list(cloud.snapshots), work.outcome.removed) == ({}, ["snap-2"], ["ami-1", "snap-1"])
    assert list(work.made) == ["ami-3"]


@pytest.mark.parametrize(
    ("operation", "one", "code"),
    [
        ("deregister_image", "ami-1", "InvalidAMIID.NotFound"),
        ("delete_volume", "vol-1", "InvalidVolume.NotFound"),
        ("delete_snapshot", "snap-1", "InvalidSnapshot.NotFound"),
    ],
)
def test_what_aws_does_not_know_yet_is_removed_once_it_does(operation: str, one: str, code: str) -> None:
    """It may hide for a while what it has just named (aws_rules §9)."""
    cloud = a_full_cloud(refused={(operation, one): (code, 3)})
    work = work_on(cloud)
    work.own_new(returned_by_creating_call(KINDS[one.partition("-")[0]], one))
    Rollback(work).run()
    assert one not in (*cloud.images, *cloud.volumes, *cloud.snapshots)
    assert len(cloud.asked_for(operation)) == 4


STEPS = (TerminateInstance(), DeleteVolume("/dev/sdh"))


def test_the_instance_ends_first_for_it_holds_the_volumes() -> None:
    cloud = Cloud({"i-1": an_instance()}, {"vol-1": a_volume("i-1"), "vol-2": a_volume()})
    began = cloud.now
    work = work_on(cloud, "i-1", "vol-1", met=["vol-2"])
    tear_down(work, STEPS)
    assert cloud.instances["i-1"]["State"] == {"Name": "terminated"} and list(cloud.volumes) == ["vol-2"]
    assert cloud.asked_for("terminate_instances") == ["i-1"] and cloud.asked_for("delete_volume") == ["vol-1"]
    assert cloud.now - began >= SECONDS_TO_END
    # Temporary things are no part of the result, neither as made nor as removed.
    assert (work.outcome.created, work.outcome.removed, work.made) == ([], [], {})


def test_what_runs_before_have_left_is_said_to_be_removed() -> None:
    cloud = Cloud({"i-1": an_instance(), "i-2": an_instance()}, {"vol-1": a_volume(), "vol-2": a_volume()})
    left = (
        TerminateInstance(returned_by_creating_call(MayTerminate, "i-2")),
        DeleteVolume(volume=returned_by_creating_call(MayDeleteVolume, "vol-2")),
    )
    work = work_on(cloud, "i-1", "vol-1")
    tear_down(work, (*STEPS, *left))
    assert (sorted(work.outcome.removed), work.outcome.created, cloud.volumes) == (["i-2", "vol-2"], [], {})


@pytest.mark.parametrize("state", ["shutting-down", "terminated", "unknown"])
def test_an_instance_that_ends_is_not_asked_again(state: str) -> None:
    cloud = Cloud({"i-1": an_instance(state)}, ends={"i-1": 1010.0})
    work = work_on(cloud, "i-1")
    tear_down(work, STEPS)
    assert cloud.asked_for("terminate_instances") == [] and work.made == {}
    assert (cloud.now > 1009.0) is (state != "terminated")


@pytest.mark.parametrize("state", ["pending", "running", "stopping", "stopped"])
def test_an_instance_that_is_there_in_any_way_is_ended(state: str) -> None:
    cloud = Cloud({"i-1": an_instance(state)})
    tear_down(work_on(cloud, "i-1"), STEPS)
    assert cloud.instances["i-1"]["State"] == {"Name": "terminated"}


def test_an_instance_that_aws_does_not_know_is_over() -> None:
    cloud = Cloud()
    work = work_on(cloud, "i-1")
    tear_down(work, STEPS)
    assert (cloud.asked_for("terminate_instances"), work.made) == (["i-1"], {})
    assert cloud.now < 1001.0


def test_an_instance_that_nobody_may_look_at_is_ended_all_the_same() -> None:
    cloud = Cloud({"i-1": an_instance()}, refused={("describe_instances", "i-1"): (DENIED, EVER)})
    work = work_on(cloud, "i-1")
    with pytest.raises(AwsError, match=DENIED):
        tear_down(work, STEPS)
    assert cloud.asked_for("terminate_instances") == ["i-1"] and work.made == {}


def test_an_instance_that_cannot_be_ended_stays_in_the_result() -> None:
    """Its volume cannot be deleted while it runs; another one can."""
    cloud = Cloud(
        {"i-1": an_instance()},
        {"vol-1": a_volume("i-1"), "vol-2": a_volume()},
        refused={("terminate_instances", "i-1"): (DENIED, EVER), ("delete_volume", "vol-1"): ("VolumeInUse", EVER)},
    )
    work = work_on(cloud, "i-1", "vol-1", "vol-2")
    with pytest.raises(AwsError, match=DENIED):
        tear_down(work, STEPS)
    assert (work.outcome.created, list(cloud.volumes)) == (["i-1", "vol-1"], ["vol-1"])
    assert len(cloud.asked_for("delete_volume")) == 2


@pytest.mark.parametrize("code", ["VolumeInUse", "IncorrectState"])
def test_a_volume_that_is_detached_yet_is_tried_again(code: str) -> None:
    cloud = Cloud(volumes={"vol-1": a_volume()}, refused={("delete_volume", "vol-1"): (code, 3)})
    work = work_on(cloud, "vol-1")
    tear_down(work, STEPS)
    assert (cloud.volumes, work.made, len(cloud.asked_for("delete_volume"))) == ({}, {}, 4)


def test_a_volume_that_cannot_be_deleted_stays_in_the_result_and_keeps_no_other() -> None:
    volumes = {one: a_volume() for one in ("vol-1", "vol-2", "vol-3")}
    cloud = Cloud(volumes=volumes, refused={("delete_volume", "vol-1"): (DENIED, EVER),
                                            ("delete_volume", "vol-2"): ("VolumeInUse", 2)})  # fmt: skip
    work = work_on(cloud, *volumes)
    with pytest.raises(AwsError, match=DENIED):
        tear_down(work, STEPS)
    assert (list(cloud.volumes), work.outcome.created) == (["vol-1"], ["vol-1"])
    assert len(cloud.asked_for("delete_volume")) == 5


def test_what_does_not_end_is_not_waited_for_without_end() -> None:
    """The wait is its own: a timeout of the task must not keep an instance alive."""
    cloud = Cloud({"i-1": an_instance(), "i-2": an_instance()}, seconds_to_end=EVER)
    began = cloud.now
    work = work_on(cloud, "i-1", "i-2")
    with pytest.raises(SealedError, match=f"^i-1, i-2 did not end in {AWAY} within 900 s$"):
        tear_down(work, STEPS)
    assert 900 <= cloud.now - began <= 1000
    assert work.outcome.created == ["i-1", "i-2"]


@pytest.mark.parametrize(
    ("volume", "goes", "noted"),
    [
        pytest.param(a_volume("i-1"), True, False, id="made for the device"),
        pytest.param(a_volume("i-1", device="/dev/sdi"), False, True, id="somebody's, at another device"),
        pytest.param(a_volume("i-1", SnapshotId="snap-9"), False, True, id="restored"),
        pytest.param(a_volume("i-9"), False, True, id="at another instance"),
        pytest.param(a_volume("i-1", ends=True, device="/dev/xvda", Tags=[]), True, False, id="ends with it"),
    ],
)
def test_volumes_without_a_proof_of_this_run(volume: Answer, goes: bool, noted: bool) -> None:
    """Those of an instance are noted as it shows them; only those that were made for a device are deleted."""
    cloud = Cloud({"i-1": an_instance()}, {"vol-1": volume})
    work = work_on(cloud, "i-1")
    work.note("vol-1", "snap-1")
    tear_down(work, STEPS)
    assert ("vol-1" not in cloud.volumes) is goes
    assert work.outcome.created == (["vol-1"] if noted else []) + ["snap-1"]


def test_noted_volumes_that_nobody_may_look_at_are_told_and_kept_in_the_result() -> None:
    cloud = Cloud({"i-1": an_instance()}, {}, refused={("describe_volumes", "vol-1"): (DENIED, EVER)})
    work = work_on(cloud, "i-1")
    work.note("vol-1")
    with pytest.raises(AwsError, match=DENIED):
        tear_down(work, STEPS)
    assert work.outcome.created == ["vol-1"] and work.made == {}


@pytest.mark.parametrize("search", [True, False])
@pytest.mark.parametrize("launched", [True, False])
def test_what_other_runs_of_the_recipe_have_left_is_searched_for(search: bool, launched: bool) -> None:
    """Without an instance of its own a run takes no other's: it may be under way."""
    cloud = Cloud({one: an_instance() for one in ("i-1", "i-2")}, {"vol-1": a_volume(), "vol-2": a_volume("i-2")})
    cloud.instances["i-3"] = an_instance(ours=False)
    work = work_on(cloud, *(["i-1"] if launched else []))
    if search:
        tear_down(work, STEPS, search=True)
    else:
        tear_down(work, STEPS)
    ended = ["i-1"] * launched + ["i-2"] * (launched and search)
    assert cloud.asked_for("terminate_instances") == ended
    assert list(cloud.volumes) == (["vol-1"] if launched and search else ["vol-1", "vol-2"])
    assert (work.outcome.created, work.outcome.removed) == ([], [])


def test_a_volume_of_which_our_snapshot_was_taken_is_found_by_it() -> None:
    """A filter by tag may miss a new volume, and nothing but the snapshot proves that an empty one is ours."""
    cloud = Cloud(volumes={"vol-1": a_volume(), "vol-2": a_volume()})
    device = next(one for one in RECIPE.ebs_devices if one.is_added)
    snapshot = Snapshot(
        "snap-1", "completed", True, KEY_A, 5, volume_id="vol-1", tags=RECIPE.snapshot_tags(device),
        description=RECIPE.snapshot_description(device),
    )  # fmt: skip
    tear_down(work_on(cloud), STEPS, search=True, snapshots=iter([snapshot]))
    assert list(cloud.volumes) == ["vol-2"]


def test_a_search_that_is_denied_keeps_nothing_from_being_removed() -> None:
    cloud = Cloud(volumes={"vol-1": a_volume()}, refused={("describe_volumes", ""): (DENIED, EVER)})
    work = work_on(cloud, "vol-1")
    with pytest.raises(AwsError, match=DENIED):
        tear_down(work, STEPS, search=True)
    assert (cloud.volumes, work.made) == ({}, {})
