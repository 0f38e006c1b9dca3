# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a copy: what is rolled back and what stays, what goes with an image, and what the result says of it."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy import finishing
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.finishing import JobFinisher
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.job import Job, Waiting
from ansible_collections.sealed.ami.plugins.module_utils._image.copy.cleanup import deregistration
from ansible_collections.sealed.ami.plugins.module_utils._image.descriptions import COPIED_VOLUME
from ansible_collections.sealed.ami.plugins.module_utils._image.model import COPY_TAG, KEY_TAG, SOURCE_TAG, Image
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.proofs import MayDeregister, MayDisable
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import (
    DeleteSnapshot,
    DeregisterImage,
    DisableImage,
    Plan,
    SetDescription,
    Step,
)

from .._image.builders import COPY_ID, HOME, KEY_A, LINEAGE, SOURCE_ID, a_copy, a_requirement, required
from .fakes import FakeAccount, FakeRegion, refusal

OLD_ID = "ami-000000000000000b0"
MADE = MayDeregister(COPY_ID, "a call of this run made it")


def a_hidden_snapshot(number: int, image_id: str = COPY_ID) -> dict[str, t.Any]:
    """Return a snapshot that CopyImage made for an image which does not show it."""
    tags = {SOURCE_TAG: LINEAGE.tag, KEY_TAG: KEY_A, COPY_TAG: "sealed-ami-0"}
    text = f"Copied for DestinationAmi {image_id} from SourceAmi {SOURCE_ID} for SourceSnapshot snap-0{number}. Task 1."
    return {
        "State": "completed",
        "Encrypted": True,
        "KmsKeyId": KEY_A,
        "VolumeId": COPIED_VOLUME,
        "Description": text,
        "Tags": [{"Key": key, "Value": tag} for key, tag in tags.items()],
    }


def an_account(**more: t.Any) -> FakeAccount:
    """Return an account with the copy, and two snapshots that AWS says were made for it."""
    snapshots = {"snap-1": a_hidden_snapshot(1), "snap-2": a_hidden_snapshot(2)}
    return FakeAccount(images={COPY_ID: ["snap-1"]}, snapshots=snapshots, **more)


def a_job(*after: Step, image: Image | None = None, made: MayDeregister | None = MADE) -> Job:
    """Return the job of a copy that was seen, and that this run has made."""
    plan = Plan("copied", "none is there", None, after=after)
    outcome = Outcome(Target(SOURCE_ID, HOME, "eu-west-1"), plan, image=image or a_copy(state="failed"))
    return Job(outcome, plan, LINEAGE, a_requirement(required(KEY_A)), image_id=COPY_ID, made=made)


def a_finisher(account: FakeAccount, *, rollback: bool = True) -> JobFinisher:
    """Return what ends jobs in the account."""
    waiting = Waiting(wait=True, timeout=600.0, deadline=600.0, longest_delay=60.0, rollback=rollback)
    region: t.Any = FakeRegion(ec2=account.client)
    return JobFinisher(region, waiting)


@pytest.mark.parametrize(
    ("rollback", "made", "committed", "keep", "goes"),
    [
        pytest.param(True, MADE, False, False, True, id="made by this run and asked for"),
        pytest.param(False, MADE, False, False, False, id="not asked for"),
        pytest.param(True, None, False, False, False, id="met"),
        pytest.param(True, MADE, True, False, False, id="its predecessor may be gone"),
        pytest.param(True, MADE, False, True, False, id="AWS goes on with it"),
    ],
)
def test_only_what_this_run_has_made_and_nothing_needs_is_rolled_back(
    rollback: bool, made: MayDeregister | None, committed: bool, keep: bool, goes: bool
) -> None:
    account, job = an_account(), a_job(made=made)
    job.committed = committed
    a_finisher(account, rollback=rollback).fail(job, "no", keep=keep)
    assert (COPY_ID not in account.images) is goes
    assert (job.outcome.error or "").startswith("no") and job.done
    assert (job.outcome.image is None, job.outcome.changed) == (goes, goes)


def test_the_snapshots_that_a_failed_copy_hides_are_rolled_back_with_it() -> None:
    account, job = an_account(), a_job()
    account.snapshots["snap-3"] = a_hidden_snapshot(3, OLD_ID)
    a_finisher(account).fail(job, "no")
    assert list(account.snapshots) == ["snap-3"]
    assert job.outcome.removed == [COPY_ID, "snap-1", "snap-2"] and job.outcome.created == []
    assert job.outcome.error == f"no. Rolled back: {COPY_ID}, snap-1, snap-2 removed"


@pytest.mark.parametrize(("state", "goes"), [("failed", True), ("pending", True), ("available", False)])
def test_only_an_image_that_may_hide_snapshots_takes_more_along_than_it_shows(state: str, goes: bool) -> None:
    """Beside the mapping of an available copy there can only be somebody's copies of its snapshots."""
    account, job = an_account(), a_job(image=a_copy(state=state, sda1=KEY_A))
    a_finisher(account).fail(job, "no")
    assert COPY_ID not in account.images
    assert ("snap-1" in account.snapshots, "snap-2" in account.snapshots) == (not goes, not goes)


def test_trouble_with_rolling_back_does_not_hide_the_failure() -> None:
    account, job = an_account(refused={COPY_ID: "UnauthorizedOperation"}), a_job()
    a_finisher(account).fail(job, "no")
    assert (job.outcome.error or "").startswith("no. Rolling back failed too: Failed to deregister")
    assert COPY_ID in account.images and job.outcome.removed == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(DisableImage(MayDisable(OLD_ID, "superseded")), id="disabled"),
        pytest.param(DeregisterImage(MayDeregister(OLD_ID, "superseded"), (), "superseded"), id="deregistered"),
    ],
)
def test_a_copy_stays_whose_predecessor_may_be_gone(step: Step) -> None:
    account, job = an_account(refused={OLD_ID: "UnauthorizedOperation"}), a_job(step)
    finisher = a_finisher(account)
    with pytest.raises(AwsError):
        finisher.finish(job, a_copy(sda1=KEY_A))
    finisher.fail(job, "no")
    assert COPY_ID in account.images


def test_what_lies_beside_the_mapping_of_an_image_stays() -> None:
    """CopyImage made what the mapping names; what looks like it is somebody's copy of one."""
    account, image = an_account(), a_copy(sda1=KEY_A)
    shown = str(image.snapshot_ids[0])
    account.images[COPY_ID] = [shown]
    account.snapshots[shown] = a_hidden_snapshot(0)
    job = a_job(deregistration(MADE, image, "state is absent"))
    a_finisher(account).finish(job, image)
    assert (account.images, list(account.snapshots)) == ({}, ["snap-1", "snap-2"])


def test_an_image_that_shows_no_snapshot_takes_those_along_that_were_made_for_it() -> None:
    account, image = an_account(), a_copy(state="pending")
    taken = {**a_hidden_snapshot(1), "Tags": []}
    account.snapshots.update({"snap-3": taken, "snap-4": a_hidden_snapshot(1, OLD_ID)})
    job = a_job(deregistration(MADE, image, "state is absent"))
    a_finisher(account).finish(job, image)
    assert (account.images, list(account.snapshots)) == ({}, ["snap-1", "snap-3", "snap-4"])


def test_of_two_hidden_snapshots_with_one_description_neither_goes_where_none_is_older() -> None:
    account, job = an_account(), a_job()
    account.snapshots["snap-3"] = a_hidden_snapshot(2)
    a_finisher(account).fail(job, "no")
    assert list(account.snapshots) == ["snap-2", "snap-3"]


@pytest.mark.parametrize("begun", [True, False])
def test_what_was_to_go_is_left_once_its_removal_has_begun(begun: bool) -> None:
    old = DeregisterImage(MayDeregister(OLD_ID, "superseded"), (), "superseded")
    account = an_account(refused={OLD_ID: "UnauthorizedOperation"})
    job, finisher = a_job(old, image=a_copy(sda1=KEY_A)), a_finisher(account, rollback=False)
    if begun:
        with pytest.raises(AwsError):
            finisher.finish(job, a_copy(sda1=KEY_A))
    finisher.fail(job, "no")
    assert job.outcome.left == ([OLD_ID] if begun else [])


@pytest.mark.parametrize(
    ("trouble", "may_have_acted"),
    [
        pytest.param(refusal("InternalError", status=500), True, id="a server error"),
        pytest.param(refusal("RequestLimitExceeded", status=503), False, id="throttled"),
        pytest.param(refusal("UnauthorizedOperation", status=403), False, id="denied"),
    ],
)
def test_a_change_whose_answer_was_lost_counts(
    trouble: Exception, may_have_acted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: t.Any, **_more: t.Any) -> t.NoReturn:
        raise AwsError(message="no", exception=trouble)

    monkeypatch.setattr(finishing, "apply_attribute", fail)
    job = a_job(SetDescription("new"))
    with pytest.raises(AwsError):
        a_finisher(an_account()).finish(job, a_copy(sda1=KEY_A))
    assert job.outcome.changed is may_have_acted


@pytest.mark.parametrize("made", [pytest.param(MADE, id="made"), pytest.param(None, id="met")])
def test_a_failure_names_what_this_run_has_made(made: MayDeregister | None) -> None:
    image = a_copy(sda1=KEY_A)
    job = a_job(image=image, made=made)
    a_finisher(an_account(), rollback=False).fail(job, "no")
    assert job.outcome.created == ([COPY_ID, *image.snapshot_ids] if made else [])
    assert (job.outcome.action, job.outcome.reason, job.outcome.error) == ("copied", "none is there", "no")


@pytest.mark.parametrize(
    ("image", "adopted", "left"),
    [
        pytest.param(None, False, ["snap-3", "snap-1", "snap-2"], id="never shown"),
        pytest.param(a_copy(state="failed"), False, ["snap-3", "snap-1", "snap-2"], id="shown without snapshots"),
        pytest.param(a_copy(sda1=KEY_A), False, ["snap-3"], id="shown"),
        pytest.param(None, True, ["snap-3"], id="another run's"),
    ],
)
def test_the_snapshots_of_copies_that_came_to_nothing_are_named(
    image: Image | None, adopted: bool, left: list[str]
) -> None:
    account, job = an_account(), a_job()
    account.snapshots["snap-3"] = a_hidden_snapshot(3, OLD_ID)
    job.outcome.image, job.adopted, job.made, job.dead_ids = image, adopted, None, [OLD_ID]
    finisher = a_finisher(account)
    for _twice in range(2):
        finisher.fail(job, "no")
        assert job.outcome.left == left


def test_that_they_cannot_be_looked_for_does_not_hide_the_failure() -> None:
    account, job = FakeAccount(), a_job(made=None)
    account.snapshots = {"snap-1": {"SnapshotId": None}}
    a_finisher(account).fail(job, "no")
    assert job.outcome.error == "no"


@pytest.mark.parametrize("kind", ["image", "snapshot"])
def test_a_snapshot_that_another_image_uses_is_named_as_left(kind: str) -> None:
    account, image = an_account(), a_copy(sda1=KEY_A)
    shown = str(image.snapshot_ids[0])
    account.images[OLD_ID] = [shown]
    gone = deregistration(MADE, image, "state is absent")
    job = a_job(gone if kind == "image" else DeleteSnapshot(gone.snapshots[0], "left behind"))
    a_finisher(account).finish(job, image)
    assert (job.outcome.left, job.outcome.removed) == ([shown], [COPY_ID] if kind == "image" else [])
    assert (job.done, job.removing, job.outcome.image) == (True, True, image)


@pytest.mark.parametrize(
    ("image_id", "words"), [(COPY_ID, f"{COPY_ID} is still pending"), ("", "could not be started for quota")]
)
@pytest.mark.parametrize("adopted", [True, False])
def test_waiting_ends_and_aws_goes_on(image_id: str, words: str, adopted: bool) -> None:
    account, job = an_account(), a_job()
    job.image_id, job.adopted = image_id, adopted
    a_finisher(account).time_out(job)
    assert (job.done, job.outcome.timed_out, COPY_ID in account.images) == (True, True, True)
    assert words in (job.outcome.error or "") and "600 s" in (job.outcome.error or "")
    assert job.outcome.action == ("unchanged" if adopted else "copied")


def test_failed_copies_go_before_a_new_one_is_started() -> None:
    account, image = an_account(), a_copy(state="failed")
    job = a_job()
    job.plan = Plan("copied", "", None, before=(deregistration(MADE, image, "the copy failed"),))
    a_finisher(account).prepare(job)
    assert account.images == {} and not job.committed and not job.done


@pytest.mark.parametrize("stays", [0, 1])
def test_what_could_not_be_rolled_back_is_still_listed_as_created(stays: int) -> None:
    account, image = an_account(), a_copy(sda1=KEY_A, sdf=KEY_A)
    account.images[OLD_ID] = [image.snapshot_ids[stays]]
    job = a_job(image=image)
    a_finisher(account).fail(job, "no")
    assert job.outcome.created == [image.snapshot_ids[stays]]
    assert job.outcome.removed == [COPY_ID, image.snapshot_ids[1 - stays]]


@pytest.mark.parametrize("overtaken", [{OLD_ID}, set()])
@pytest.mark.parametrize("changed", [True, False])
def test_what_somebody_else_has_retired_is_no_change(overtaken: set[str], changed: bool) -> None:
    job = a_job()
    job.overtaken, job.outcome.changed = overtaken, changed
    a_finisher(an_account()).finish(job, a_copy(sda1=KEY_A))
    is_theirs = bool(overtaken) and not changed
    assert job.outcome.action == ("unchanged" if is_theirs else "copied")
    assert ("somebody else has retired" in job.outcome.reason) is is_theirs
