# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy that failed under a key that is no longer asked for is removed by the task that started it, or named."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, Copy
from system.copy.lookalikes import by_hand, copied_snapshots, ids
from system.copy.test_resumption import TOKENS
from system.looking import Looking
from system.running import Result
from system.virtual_time import VirtualTime

pytestmark = pytest.mark.lengthy

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
BOTH = [
    {"region": AWAY, "kms_key_id": "alias/golden", "name": "golden"},
    {"region": AWAY, "kms_key_id": "alias/os", "name": "other"},
]


class Spoiling:
    """Let copies under a key fail, and point names of keys elsewhere."""

    def __init__(self, look: Looking, virtual_time: VirtualTime):
        self._look, self._time = look, virtual_time
        self._kms, self._ec2 = look.kms(AWAY), look.ec2(AWAY)

    def key_id(self, alias: str) -> str:
        """Return the id of the key behind an alias."""
        return self._look.key_arn(alias, AWAY).rpartition("/")[2]

    def during(self, alias: str, run: t.Callable[[], Result]) -> Result:
        """Run a task while the key behind the alias is disabled after 50 seconds, and enable it again."""
        key_id = self.key_id(alias)
        self._look.emulator.configure(copy_seconds_minimum=100)
        self._time.later(50, lambda: self._kms.disable_key(KeyId=key_id))
        result = run()
        self._kms.enable_key(KeyId=key_id)
        return result

    def move_alias(self, target: str) -> None:
        """Point alias/golden to the key behind another alias, or to a key."""
        key_id = self.key_id(target) if target.startswith("alias/") else target
        self._kms.update_alias(AliasName="alias/golden", TargetKeyId=key_id)

    def default_key(self, target: str) -> None:
        """Make the key behind an alias the default key of EBS."""
        self._ec2.modify_ebs_default_kms_key_id(KmsKeyId=self.key_id(target))


@pytest.fixture
def spoiling(look: Looking, virtual_time: VirtualTime) -> Spoiling:
    """Return what lets copies fail."""
    return Spoiling(look, virtual_time)


def failed_id(result: Result) -> str:
    """Return the id of the image that the task has left in failure."""
    assert result.failed and result["images"], result.msg
    return str(next(one["image_id"] for one in result["images"] if one["action"] == "failed"))


@TOKENS
def test_under_an_alias_that_has_moved(
    copy: Copy, look: Looking, emulator: Emulator, spoiling: Spoiling, outlives: bool
) -> None:
    emulator.configure(token_outlives_image=outlives)
    golden = spoiling.key_id("alias/golden")
    failed = failed_id(spoiling.during("alias/golden", lambda: copy("database", **KEY)))
    spoiling.move_alias("alias/os")
    predicted, second = copy("database", **KEY, check=True), copy("database", **KEY)
    assert (second.msg, second["image"]["action"]) == ("", "copied")
    assert failed in second["image"]["removed"] and predicted["image"]["removed"] == second["image"]["removed"]
    assert ids(look) == {second["image_id"]}
    assert len(copied_snapshots(look)) == 3
    assert not copy("database", **KEY)["changed"]
    # Back again: AWS may answer the token of then with the image that is gone.
    spoiling.move_alias(golden)
    third = copy("database", **KEY)
    assert (third.msg, third["image"]["action"]) == ("", "copied")
    assert ids(look) == {second["image_id"], third["image_id"]}


def test_under_a_former_default_key(copy: Copy, look: Looking, spoiling: Spoiling) -> None:
    spoiling.default_key("alias/os")
    failed = failed_id(spoiling.during("alias/os", lambda: copy("database")))
    spoiling.default_key("alias/golden")
    second = copy("database")
    assert (second.msg, failed in second["image"]["removed"]) == ("", True)
    assert ids(look) == {second["image_id"]}


def test_beside_a_copy_that_is_there(copy: Copy, look: Looking, spoiling: Spoiling) -> None:
    made = copy("plain-root", **KEY)
    golden = spoiling.key_id("alias/golden")
    spoiling.move_alias("alias/os")
    failed = failed_id(spoiling.during("alias/os", lambda: copy("plain-root", **KEY)))
    spoiling.move_alias(golden)
    again = copy("plain-root", **KEY)
    assert (again.msg, again["image"]["action"], again["image_id"]) == ("", "updated", made["image_id"])
    assert failed in again["image"]["removed"]
    assert ids(look) == {made["image_id"]}
    assert not copy("plain-root", **KEY)["changed"]


def test_of_two_destinations_each_sees_to_its_own(copy: Copy, look: Looking, spoiling: Spoiling) -> None:
    first = spoiling.during("alias/os", lambda: copy("plain-root", destinations=BOTH))
    failed = failed_id(first)
    assert first.actions == ["copied", "failed"], first.msg
    second = copy("plain-root", destinations=BOTH)
    assert (second.msg, second.actions, second.warnings) == ("", ["unchanged", "copied"], [])
    assert [failed in one.get("removed", []) for one in second["images"]] == [False, True]
    assert ids(look) == {one["image_id"] for one in second["images"]}


def test_the_second_plan_of_an_adopted_copy_leaves_the_other_destination_alone(
    copy: Copy, look: Looking, spoiling: Spoiling
) -> None:
    look.emulator.configure(copy_seconds_minimum=100)
    copy("plain-root", **KEY, wait=False)
    # Both have one name, so that the key alone tells whose it is.
    both = [{"region": AWAY, "kms_key_id": one["kms_key_id"]} for one in BOTH]
    result = spoiling.during("alias/os", lambda: copy("plain-root", destinations=both))
    assert result.actions == ["adopted", "failed"], result.msg
    assert failed_id(result) in ids(look)


def test_what_may_be_another_task_s_is_named(copy: Copy, look: Looking, spoiling: Spoiling) -> None:
    other: dict[str, t.Any] = {"kms_key_id": "alias/os", "name": "of another task"}
    failed = failed_id(spoiling.during("alias/os", lambda: copy("plain-root", **other)))
    for _time in range(2):
        result = copy("plain-root", **KEY)
        assert result.msg == "" and failed in ids(look)
        assert [one for one in result.warnings if failed in one and "another name" in one]
    gone = copy("plain-root", **KEY, superseded="deregister")
    assert failed in gone["image"]["removed"] and failed not in ids(look)


def test_the_tags_of_our_copy_prove_nothing(copy: Copy, look: Looking) -> None:
    """Another tool's copy under another key has failed, and a script has given it the tags of ours."""
    made = copy("plain-root", **KEY)
    key_id = look.key_arn("alias/os", AWAY).rpartition("/")[2]
    look.kms(AWAY).disable_key(KeyId=key_id)
    theirs = by_hand(look, "plain-root", like=look.image(AWAY, made["image_id"]))
    look.emulator.advance(600)
    assert (look.image(AWAY, theirs) or {})["State"] == "failed"
    result = copy("plain-root", **KEY, superseded="deregister")
    assert theirs in ids(look)
    assert [one for one in result.warnings if theirs in one]
