# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another run has started is judged once it is available; what is not the copy is followed by one, a few times."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.sealed.ami.plugins.module_utils._aws.errors import AwsError
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.job import Job
from ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run import CopyRun
from ansible_collections.sealed.ami.plugins.module_utils._image.errors import SealedError
from ansible_collections.sealed.ami.plugins.module_utils._image.outcome import Outcome, Target
from ansible_collections.sealed.ami.plugins.module_utils._image.steps import Plan

from .._image.builders import AWAY, COPY_ID, HOME, KEY_A, LINEAGE, SOURCE_ID, a_copy, a_request, a_requirement, required
from .fakes import FakeRegions, refusal

# Far more than any task needs.
ENDLESS = 50


def a_run(plan: t.Callable[[], list[Job]], monkeypatch: pytest.MonkeyPatch) -> CopyRun:
    """Return a run whose plans are given; carrying them out does nothing."""
    regions: t.Any = FakeRegions([HOME, AWAY], [HOME, AWAY])
    run = CopyRun(regions, a_request(kms_key_id=KEY_A, wait=True), warn=pytest.fail)
    monkeypatch.setattr(run, "_plan", lambda _pairs: plan())
    monkeypatch.setattr(run, "_apply", lambda _jobs: None)
    monkeypatch.setattr("ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run.require_regions", _no)
    monkeypatch.setattr(
        "ansible_collections.sealed.ami.plugins.module_utils._execute.copy.run.resolve_places",
        lambda _regions, request, warn: request,
    )
    return run


def _no(*_arguments: t.Any, **_more: t.Any) -> None:
    """Ask nothing."""


def a_job(*, adopted: bool) -> Job:
    """Return a job that has come to its end: adopted, or found to be the copy."""
    plan = Plan("adopted" if adopted else "unchanged", "it is there", a_copy(sda1=KEY_A))
    outcome = Outcome(Target(SOURCE_ID, HOME, AWAY), plan, action=plan.action)
    requirement = a_requirement(required(KEY_A))
    return Job(outcome, plan, LINEAGE, requirement, image_id=COPY_ID, adopted=adopted, done=True)


@pytest.mark.parametrize("wrong", [0, 1, 2, ENDLESS])
def test_what_is_adopted_is_judged_a_few_times_at_most(wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may start one copy after the other under our token; a task that ends never says ok unverified."""
    plans = [*([a_job(adopted=True)] for _time in range(wrong + 1)), [a_job(adopted=False)]]
    run = a_run(lambda: plans.pop(0), monkeypatch)
    (outcome,) = run.run(check_mode=False)
    if wrong == ENDLESS:
        assert "again and again" in (outcome.error or "") and len(plans) > ENDLESS / 2
    else:
        assert (outcome.error, outcome.action, plans) == (None, "adopted", [])


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(SealedError("the key is disabled"), id="refused"),
        pytest.param(AwsError(message="denied", exception=refusal("UnauthorizedOperation")), id="denied"),
    ],
)
def test_a_second_plan_that_fails_is_an_error_that_names_the_image(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [a_job(adopted=True)]
    first[0].outcome.changed, first[0].outcome.removed = True, ["ami-failed"]

    def plan() -> list[Job]:
        if first:
            return [first.pop()]
        raise trouble

    (outcome,) = a_run(plan, monkeypatch).run(check_mode=False)
    assert str(trouble) in (outcome.error or "") and f"not verified: image {COPY_ID}" in (outcome.error or "")
    assert (outcome.changed, outcome.removed) == (True, ["ami-failed"])
