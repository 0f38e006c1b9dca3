# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least policies of retiring: each step does with exactly these, and without none of them."""

from __future__ import annotations

import json
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.iam.test_least_privilege import POLICIES, USER, actions, without
from system.retire.conftest import DAY, OTHER, Fleet, Retire, entry
from system.running import Result

pytestmark = pytest.mark.unused

STEPS = {
    "deprecate": ("usage", "retire-deprecate"),
    "disable": ("usage", "retire-disable"),
    "restore": ("retire-restore",),
    "restore for good": ("retire-restore",),
}
# What gives an image its earlier deprecation back, and what takes a deprecation away: a restore needs one of them.
OF_THE_OTHER = {"restore": "ec2:DisableImageDeprecation", "restore for good": "ec2:EnableImageDeprecation"}


def prepared(emulator: Emulator, fleet: Fleet, retire: Retire, step: str) -> dict[str, t.Any]:
    """Bring an image to where the step is due, and return the options that take it."""
    old, _new = fleet.family()
    fleet.share(old, {"UserId": OTHER})
    if step != "restore for good":
        fleet.ec2.enable_image_deprecation(ImageId=old, DeprecateAt="2030-01-01T00:00:00Z")
    fleet.report(old)
    if step == "deprecate":
        return {}
    assert entry(retire(), old)["action"] == "deprecated"
    emulator.advance(15 * DAY)
    fleet.report(old)
    if step == "disable":
        return {}
    disabled = retire()
    assert entry(disabled, old)["action"] == "disabled"
    return {"state": "restored", "undo": disabled["undo"]}


def policies_of(step: str) -> list[dict[str, t.Any]]:
    """Return the policies of a step as the documentation ships them."""
    return [json.loads((POLICIES / f"{name}.json").read_text()) for name in STEPS[step]]


@pytest.mark.parametrize("step", STEPS)
def test_the_policies_are_enough_and_none_too_many(emulator: Emulator, fleet: Fleet, retire: Retire, step: str) -> None:
    policies = policies_of(step)
    own = actions(policies[-1:]) - {OF_THE_OTHER.get(step)}
    for action in sorted(own):
        emulator.reset(seed="full")
        options = prepared(emulator, fleet, retire, step)
        denied: Result = retire(as_=emulator.principal(USER, without(policies, action)), **options)
        assert (denied.failed, action in denied.msg) == (True, True), f"{action}: {denied.msg}"
    emulator.reset(seed="full")
    options = prepared(emulator, fleet, retire, step)
    emulator.clear_calls()
    result: Result = retire(as_=emulator.principal(USER, policies), **options)
    assert (result.msg, result.warnings, result["changed"]) == ("", [], True)
    assert set(emulator.counts()) <= actions(policies)


def test_evidence_that_may_not_be_read_is_told(emulator: Emulator, fleet: Fleet, retire: Retire) -> None:
    """A user who has the step and not the evidence changes nothing, and reads why."""
    prepared(emulator, fleet, retire, "disable")
    policies = policies_of("disable")
    for action in ("ec2:DescribeImageReferences", "autoscaling:DescribeAutoScalingGroups", "ssm:DescribeParameters"):
        result = retire(as_=emulator.principal(USER, without(policies, action)))
        assert (result.msg, result["changed"]) == ("", False)
        assert any(action in one for one in result.warnings), result.warnings
