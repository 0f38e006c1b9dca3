# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong while a task is under way: the result says what, where and why, and leaves what was asked for."""

from __future__ import annotations

import typing as t

import pytest
from faults.holdings import backend, held, impostors, named, named_with_parts
from faults.inventory import difference, inventory
from faults.tasks import AWAY, COPY, HOME, INSTANCE, SLOW, SNAPSHOTS, Task
from faults.timeline import Timeline

from emulated_aws.client import Emulator
from system.looking import Looking
from system.running import RunModule

NEXT_STEPS = ("again", "enable it", "pass another", "Check", "Allow", "look at", "cancel its deletion", "policy")
REASONS = (
    "failed with an internal error",
    "not accessible",
    "gone",
    "not there",
    "terminated",
    "is error",
    "shutting-down",
)
KEYS = {COPY.name: ["alias/golden"], SNAPSHOTS.name: ["alias/os", "alias/data", "alias/logs", "alias/golden"]}
KEYS[INSTANCE.name] = KEYS[SNAPSHOTS.name]


class Trouble:
    """What AWS, or somebody, does while the task runs."""

    def __init__(self, look: Looking, region: str):
        self._look, self._region = look, region

    def disable_key(self) -> None:
        """Disable a key that the task uses, in its region."""
        self._look.kms(self._region).disable_key(KeyId=self._look.key_arn(self._alias, self._region))

    def schedule_deletion(self) -> None:
        """Schedule the deletion of a key that the task uses."""
        self._look.kms(self._region).schedule_key_deletion(KeyId=self._look.key_arn(self._alias, self._region))

    @property
    def _alias(self) -> str:
        return "alias/golden" if self._region == AWAY else "alias/data"

    def fail_image(self) -> None:
        """Let AWS give the pending image up."""
        for image in self._pending():
            image.fail("Client.InternalError", "Copy image failed with an internal error")

    def remove_image(self) -> None:
        """Let somebody deregister the pending image."""
        for image in self._pending():
            self._look.ec2(self._region).deregister_image(ImageId=image.id)

    def fail_snapshot(self) -> None:
        """Let a pending snapshot end in error."""
        pending = [one for one in backend(self._region).snapshots.values() if self._is_new(one)]
        for snapshot in pending[:1]:
            snapshot.fail("Given key ID is not accessible")

    def remove_snapshot(self) -> None:
        """Let somebody delete a snapshot on its way."""
        for snapshot in [one for one in backend(self._region).snapshots.values() if self._is_new(one)][:1]:
            del backend(self._region).snapshots[snapshot.id]

    def terminate_instance(self) -> None:
        """Let somebody terminate the instance that the task has started."""
        for one in backend(self._region).all_instances():
            if one.id not in impostors() and any(tag["key"] == "sealed.ami:recipe" for tag in one.get_tags()):
                self._look.ec2(self._region).terminate_instances(InstanceIds=[one.id])

    def _pending(self) -> list[t.Any]:
        return [image for image in backend(self._region).amis.values() if self._is_new(image)]

    def _is_new(self, thing: t.Any) -> bool:
        tags = backend(self._region).tags.get(thing.id, {})
        return thing.state == "pending" and any(key.startswith("sealed.ami:") for key in tags)


CASES = [
    *[(COPY, what, 20.0) for what in
      ("disable_key", "schedule_deletion", "fail_image", "remove_image", "fail_snapshot", "remove_snapshot")],
    *[(SNAPSHOTS, what, 20.0) for what in ("disable_key", "schedule_deletion", "fail_snapshot", "remove_snapshot")],
    *[(INSTANCE, "terminate_instance", after) for after in (1.0, 20.0, 45.0, 65.0, 80.0)],
    *[(INSTANCE, "disable_key", after) for after in (0.0, 10.0)],
]  # fmt: skip


@pytest.mark.parametrize("vanishes", [False, True], ids=["stays", "vanishes"])
@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize(("task", "what", "after"), CASES, ids=lambda value: str(value))
def test_late_failure(
    task: Task,
    what: str,
    after: float,
    on_failure: str,
    vanishes: bool,
    emulator: Emulator,
    run_module: RunModule,
    virtual_time: Timeline,
    look: Looking,
) -> None:
    emulator.configure(**{**SLOW, "snapshot_seconds_per_gib": 10.0})
    emulator.configure(copy_image_failed_image_vanishes=vanishes, copy_image_keeps_snapshots_of_failed=not vanishes)
    emulator.configure(bad_key_volume="vanishes" if vanishes else "error")
    before = held()
    virtual_time.after(after, getattr(Trouble(look, task.regions[0]), what))
    result = run_module(task.module, **{**task.options(emulator), "on_failure": on_failure})
    new = held() - before
    if not result.failed:
        # What was lost before it was ever seen is made again without a word.
        assert what.startswith("remove")
        assert backend(task.regions[0]).amis[result["image_id"]].state == "available"
        return
    assert not any(one.startswith("i-") for one in new), f"{new}: {result.msg}"
    assert new <= named(result), f"there {sorted(new)}, named {sorted(named(result))}: {result.msg}"
    if not vanishes and not what.startswith("remove"):
        # AWS may just hide what is gone, so it is still named.
        assert named(result) <= new, f"there {sorted(new)}, named {sorted(named(result))}: {result.msg}"
    if on_failure == "rollback":
        assert not new, result.msg
    assert any(word in result.msg for word in NEXT_STEPS), result.msg
    assert any(word in result.msg for word in (*REASONS, "Disabled", "PendingDeletion")), result.msg
    assert any(kind in result.msg for kind in ("ami-", "snap-", "i-")), result.msg
    if "instance" not in what and what != "remove_image":
        assert any(alias in result.msg for alias in KEYS[task.name]), f"no key is named: {result.msg}"
        assert "/dev/" in result.msg, f"no device is named: {result.msg}"


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize("task", [COPY, SNAPSHOTS, INSTANCE], ids=str)
def test_quota_exceeded_throughout(task: Task, on_failure: str, emulator: Emulator, run_module: RunModule) -> None:
    before = held()
    emulator.configure(**SLOW)
    creating = ["CopyImage", "CopySnapshot", "CreateSnapshot", "CreateImage"]
    emulator.faults.add("error", action=creating, code="ResourceLimitExceeded", status=400, message="Too many")
    result = run_module(task.module, **{**task.options(emulator), "on_failure": on_failure, "wait_timeout": 900})
    emulator.faults.clear()
    assert result.failed and "wait_timeout of 900 s is over" in result.msg and "again" in result.msg
    new = held() - before
    assert new == named(result), f"there {sorted(new)}: {result.msg}"
    assert not any(one.startswith("i-") for one in new)
    assert not run_module(task.module, **task.options(emulator)).failed


CUT_OFF = {
    "expired_token": "The credentials expired; renew them and run the task again: it resumes where it stopped",
    "clock_skew": "Check the credentials and that this machine's clock is right",
    "unreachable": "check the region, the network and endpoint_url, then run the task again: it resumes",
}
MOMENTS = [(COPY, 5.0), (COPY, 50.0), (SNAPSHOTS, 5.0), (SNAPSHOTS, 55.0)]
MOMENTS += [(INSTANCE, after) for after in (20.0, 50.0, 70.0, 90.0, 120.0)]


@pytest.mark.parametrize("on_failure", ["keep", "rollback"])
@pytest.mark.parametrize("kind", sorted(CUT_OFF))
@pytest.mark.parametrize(("task", "after"), MOMENTS, ids=lambda value: str(value))
def test_cut_off_from_aws(
    task: Task, after: float, kind: str, on_failure: str, emulator: Emulator, run_module: RunModule
) -> None:
    """From a moment of the wait on no call comes through, so nothing can be rolled back either: all is named."""
    emulator.configure(**SLOW)
    assert not run_module(task.module, **task.options(emulator)).failed
    clean = inventory(emulator, task.regions)
    emulator.reset(seed="full")
    emulator.configure(**SLOW)
    before = held()
    emulator.faults.add(kind, starts_in=after)
    result = run_module(task.module, **{**task.options(emulator), "on_failure": on_failure})
    emulator.faults.clear()
    new = held() - before
    assert result.failed and CUT_OFF[kind] in result.msg, result.msg
    unnamed = new - named_with_parts(result, task.regions)
    assert new and not unnamed, f"there and not named {sorted(unnamed)}: {result.msg}"
    assert not run_module(task.module, **task.options(emulator)).failed
    assert not difference(inventory(emulator, task.regions), clean)


def test_the_default_key_is_disabled_before_the_copy_starts(run_module: RunModule, look: Looking) -> None:
    look.kms(AWAY).disable_key(KeyId=look.key_arn("alias/golden", AWAY))
    result = run_module(COPY.module, **COPY.wanted)
    assert result.failed and "alias/golden" in result.msg and "Disabled; enable it" in result.msg
    assert [one for one in look.mutations() if one != "DisableKey"] == []
    assert HOME not in {call["region"] for call in look.calls(action="CopyImage")}
