# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies on their way: made or met, not shown yet or gone, and what the result says of each (aws_rules §9)."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.job import Job, Waiting
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.region_copies import RegionCopies
from ansible_collections.sealed.ami.plugins.module_utils._execute.pace import Pace
from ansible_collections.sealed.ami.plugins.module_utils._image.aws_facts import VISIBILITY_SECONDS
from ansible_collections.sealed.ami.plugins.module_utils._image.model import RUN_TAG
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeregister
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import CopyImage, Plan

from .._image.builders import AWAY, COPY_ID, HOME, KEY_A, KEY_B, LINEAGE, SOURCE_ID, a_copy, a_requirement, required
from .fakes import FakeClient, FakeRegion, refusal

MARK = "this run"
OLD_ID = "ami-000000000000000b0"
SNAPSHOT = "snap-1"
TIMEOUT = 3600.0
Answer = dict[str, t.Any]
# What AWS shows of an image, by its id and the seconds since the start: its state, None for nothing.
Shows = t.Callable[[str, float], "str | None"]


@dataclasses.dataclass
class Cloud:
    """One region with a clock, in which CopyImage answers with one image after the other."""

    shows: Shows
    answers: list[str] = dataclasses.field(default_factory=lambda: [COPY_ID])
    marks: dict[str, str] = dataclasses.field(default_factory=dict)
    key: str = KEY_A
    began: float = 1000.0
    passed: float = 0.0
    tokens: list[str] = dataclasses.field(default_factory=list)
    client: FakeClient = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.client = FakeClient(
            copy_image=self._copy_image,
            describe_images=self._describe_images,
            describe_snapshots=self._describe_snapshots,
            deregister_image={},
            delete_snapshot={},
        )

    @property
    def pace(self) -> Pace:
        """Return its clock."""
        return Pace(lambda: self.began + self.passed, self._sleep, jitter=0.0)

    @property
    def removed(self) -> list[str]:
        """Return what was asked to be removed."""
        calls = [(name, params) for name, params in self.client.calls if name.startswith(("deregister", "delete"))]
        return [next(iter(params.values())) for _name, params in calls]

    def copies(self, *, rollback: bool = True) -> RegionCopies:
        """Return what makes copies in it."""
        waiting = Waiting(
            wait=True, timeout=TIMEOUT, deadline=self.began + TIMEOUT, longest_delay=20.0, rollback=rollback, mark=MARK
        )
        region: t.Any = FakeRegion(AWAY, ec2=self.client, kms=FakeClient(describe_key=refusal("AccessDenied")))
        return RegionCopies(region, waiting, self.pace)

    def _sleep(self, seconds: float) -> None:
        self.passed += seconds

    def _copy_image(self, *, ClientToken: str, TagSpecifications: list[Answer], **_more: t.Any) -> Answer:
        self.tokens.append(ClientToken)
        image_id = self.answers.pop(0)
        tags = {tag["Key"]: tag["Value"] for tag in TagSpecifications[0]["Tags"]}
        self.marks.setdefault(image_id, tags[RUN_TAG])
        return {"ImageId": image_id}

    def _describe_images(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        (only,) = Filters
        shown = [self._image(one) for one in only["Values"] if only["Name"] == "image-id"]
        return {"Images": [one for one in shown if one]}

    def _image(self, image_id: str) -> Answer | None:
        state = self.shows(image_id, self.passed)
        if state is None:
            return None
        mapping = [{"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": SNAPSHOT, "Encrypted": True}}]
        tags = [{"Key": RUN_TAG, "Value": self.marks[image_id]}]
        return {"ImageId": image_id, "State": state, "BlockDeviceMappings": mapping, "Tags": tags}

    def _describe_snapshots(self, *, Filters: list[Answer], **_more: t.Any) -> Answer:
        # A filter by tag finds none yet.
        entry = {"SnapshotId": SNAPSHOT, "State": "completed", "Encrypted": True, "KmsKeyId": self.key}
        return {"Snapshots": [entry] if SNAPSHOT in Filters[0]["Values"] else []}


def always(state: str) -> Shows:
    """Show every image in one state."""
    return lambda _image_id, _passed: state


def a_job(**fields: t.Any) -> Job:
    """Return the job of a copy that is to be started."""
    create = CopyImage(SOURCE_ID, HOME, "golden", "", KEY_A, "token-0", {}, {})
    plan = Plan("copied", "none is there", a_copy(state="pending"), create=create)
    outcome = Outcome(Target(SOURCE_ID, HOME, AWAY), plan)
    return Job(outcome, plan, LINEAGE, a_requirement(required(KEY_A)), **fields)


def test_what_a_copy_made_is_written_down() -> None:
    cloud, job = Cloud(always("available")), a_job()
    cloud.copies().apply([job])
    assert (job.outcome.error, job.outcome.action, job.outcome.changed) == (None, "copied", True)
    assert job.outcome.created == [COPY_ID, SNAPSHOT] and cloud.removed == []


@pytest.mark.parametrize("mark", ["another run", ""])
@pytest.mark.parametrize("key", [KEY_A, KEY_B])
def test_an_answer_with_another_run_s_image_makes_it_nobody_s(mark: str, key: str) -> None:
    """AWS answers a used token with the image of then: it is not judged as ours, and nothing of it is claimed."""
    cloud, job = Cloud(always("available"), marks={COPY_ID: mark}, key=key), a_job()
    cloud.copies().apply([job])
    assert (job.outcome.error, job.outcome.action, job.adopted, job.made) == (None, "adopted", True, None)
    assert (job.outcome.created, job.outcome.changed, cloud.removed) == ([], False, [])


@pytest.mark.parametrize("answered", ["pending", "available", "failed"])
def test_another_run_s_image_is_not_rolled_back(answered: str) -> None:
    def shows(_image_id: str, passed: float) -> str:
        return answered if passed < 30 else "failed"

    cloud, job = Cloud(shows, marks={COPY_ID: "another run"}), a_job()
    cloud.copies().apply([job])
    assert bool(job.outcome.error) is (answered != "available")
    assert (job.outcome.created, cloud.removed) == ([], [])


def test_this_run_s_failed_image_is_rolled_back() -> None:
    cloud, job = Cloud(always("failed")), a_job()
    cloud.copies().apply([job])
    assert cloud.removed[0] == COPY_ID


@pytest.mark.parametrize("key", [KEY_A, KEY_B])
def test_the_snapshots_say_which_key_it_is(key: str) -> None:
    cloud, job = Cloud(always("available"), key=key), a_job()
    cloud.copies(rollback=False).apply([job])
    assert bool(job.outcome.error) is (key == KEY_B) and key in (job.outcome.error or KEY_A)


def test_what_is_given_up_goes_on_in_aws() -> None:
    """Nobody knows of anything wrong with it."""
    cloud, ended = Cloud(always("pending")), a_job(done=True)
    job = a_job(image_id=COPY_ID, made=MayDeregister(COPY_ID, "a call of this run made it"))
    cloud.copies().give_up([job, ended], "no")
    assert (job.outcome.error, job.done, cloud.removed) == ("no", True, [])
    assert ended.outcome.error is None


@pytest.mark.parametrize(("hidden", "copies"), [(0.0, 1), (100.0, 1), (TIMEOUT, 2)])
def test_an_image_that_is_not_shown_yet_is_awaited_and_then_made_again(hidden: float, copies: int) -> None:
    """Only what stays hidden for longer than AWS may hide it needs another token; it is not called lost."""

    def shows(image_id: str, passed: float) -> str | None:
        return "available" if image_id == OLD_ID or passed >= hidden else None

    cloud, job = Cloud(shows, answers=[COPY_ID, OLD_ID]), a_job()
    cloud.copies().apply([job])
    assert (job.outcome.error, len(set(cloud.tokens)), len(cloud.tokens)) == (None, copies, copies)
    assert job.outcome.created == [COPY_ID if copies == 1 else OLD_ID, SNAPSHOT]
    assert copies == 1 or cloud.passed >= VISIBILITY_SECONDS


@pytest.mark.parametrize("lasts", [30.0, TIMEOUT])
def test_an_image_that_was_shown_is_gone_only_after_a_while(lasts: float) -> None:
    def shows(_image_id: str, passed: float) -> str | None:
        if passed < 60:
            return "pending"
        return None if passed < 60 + lasts else "available"

    cloud, job = Cloud(shows), a_job()
    cloud.copies(rollback=False).apply([job])
    assert len(cloud.tokens) == 1
    assert ("is now gone" in (job.outcome.error or "")) is (lasts == TIMEOUT)


def test_a_copy_that_is_deregistered_on_the_way_ends_the_waiting() -> None:
    """AWS may go on to show a deregistered image for a while."""
    cloud, job = Cloud(lambda _image_id, passed: "pending" if passed < 60 else "deregistered"), a_job()
    cloud.copies(rollback=False).apply([job])
    assert not job.outcome.timed_out and cloud.passed < TIMEOUT / 10
    assert "is deregistered" in (job.outcome.error or "") and len(cloud.tokens) == 1


@pytest.mark.parametrize("mark", ["another run", MARK])
def test_an_answer_with_a_deregistered_image_asks_for_another_token(mark: str) -> None:
    def shows(image_id: str, _passed: float) -> str:
        return "deregistered" if image_id == OLD_ID else "available"

    cloud, job = Cloud(shows, answers=[OLD_ID, COPY_ID], marks={OLD_ID: mark}), a_job()
    cloud.copies().apply([job])
    assert (job.outcome.error, job.outcome.action, len(set(cloud.tokens))) == (None, "copied", 2)
    assert (job.outcome.created, job.adopted, cloud.removed) == ([COPY_ID, SNAPSHOT], False, [])
