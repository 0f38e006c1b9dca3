# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The least policies of the last step and of the way back: without any one action it is told which one is missing."""

from __future__ import annotations

import json
import typing as t

import pytest

from emulated_aws.client import Emulator
from system.iam.test_least_privilege import POLICIES, USER, actions, without
from system.retire.conftest import LAST, LastFleet, Retire, entry
from system.running import Result

pytestmark = pytest.mark.alone
# Where these are missing, it is not known whether the bin retains the image.
KEEPS = ("rbin:GetRule", "rbin:ListRules")


class Trial:
    """Runs of a user who has the policies, or all of them but one action."""

    def __init__(self, emulator: Emulator, retire: Retire, *names: str) -> None:
        self.emulator, self._retire = emulator, retire
        self.policies: list[dict[str, t.Any]] = [json.loads((POLICIES / f"{name}.json").read_text()) for name in names]

    def denied(self, action: str, **options: t.Any) -> Result:
        """Return the result of a run without one action, which has to name it."""
        result = self._retire(as_=self.emulator.principal(USER, without(self.policies, action)), **options)
        told = [result.msg] if result.failed else result.warnings
        assert result.failed is (action not in KEEPS)
        assert any(action in one for one in told), f"{action}: {told}"
        return result

    def allowed(self, **options: t.Any) -> Result:
        """Return the result of a run with all of them, which must need no other."""
        self.emulator.clear_calls()
        result = self._retire(as_=self.emulator.principal(USER, self.policies), **options)
        assert (result.msg, result.warnings, result["changed"]) == ("", [], True)
        assert set(self.emulator.counts()) <= actions(self.policies)
        return result


def test_deregistering_and_the_way_back(emulator: Emulator, last: LastFleet, retire: Retire) -> None:
    """What is missed before anything is changed leaves the image to the next trial; the deletion is missed last."""
    old, other, _new = last.copied("web-1"), last.copied("web-2"), last.copied("web-3", may=())
    last.rules()
    last.disabled(retire, old)
    trial = Trial(emulator, retire, "usage", "retire-deregister")
    tried = ["ec2:DescribeSnapshots", *KEEPS, "ec2:CreateTags", "ec2:DeregisterImage"]
    for action in tried:
        trial.denied(action, image_ids=[old], **LAST)
        assert last.is_there(old)
    undo = trial.allowed(image_ids=[old], **LAST)["undo"]
    half = trial.denied("ec2:DeleteSnapshot", image_ids=[other], **LAST)
    assert (entry(half, other)["state"], entry(half, other)["gib_freed"]) == ("deregistered", 0)
    assert actions(trial.policies[-1:]) == {*tried, "ec2:DeleteSnapshot"}
    trial = Trial(emulator, retire, "retire-restore", "retire-restore-from-bin")
    tried = ["ListImagesInRecycleBin", "ListSnapshotsInRecycleBin", "RestoreSnapshotFromRecycleBin"]
    tried = [f"ec2:{one}" for one in (*tried, "RestoreImageFromRecycleBin")]
    for action in tried:
        trial.denied(action, state="restored", undo=undo)
    trial.allowed(state="restored", undo=undo)
    assert actions(trial.policies[-1:]) == set(tried)


def test_taking_protection_off_and_giving_it_back(emulator: Emulator, last: LastFleet, retire: Retire) -> None:
    old, _new = last.copied("web-1"), last.copied("web-2", may=())
    last.rules()
    last.disabled(retire, old)
    last.ec2.enable_image_deregistration_protection(ImageId=old, WithCooldown=True)
    trial = Trial(emulator, retire, "usage", "retire-deregister", "retire-unprotect")
    trial.denied("ec2:CreateTags", disable_protection=True, **LAST)
    trial.denied("ec2:DisableImageDeregistrationProtection", disable_protection=True, **LAST)
    undo = trial.allowed(disable_protection=True, **LAST)["undo"]
    trial = Trial(emulator, retire, "retire-restore", "retire-restore-protection")
    trial.denied("ec2:EnableImageDeregistrationProtection", state="restored", undo=undo)
    trial.allowed(state="restored", undo=undo)
    assert last.fleet.shown(old)["DeregistrationProtection"] == "enabled-with-cooldown"
