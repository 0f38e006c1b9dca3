# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode changes nothing and says what the real run then does, for every case of the planner's table."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, BY_DEFAULT, FAR, HOME, SOURCES, Copy
from system.copy.lookalikes import without_mark
from system.looking import Looking

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
OLD: dict[str, t.Any] = {"kms_key_id": "alias/os"}
SHARED: dict[str, t.Any] = {"kms_key_id": "alias/shared", "launch_permissions": {"user_ids": ["210987654321"]}}
Prepare = t.Callable[[Copy, Looking], object]


def nothing(_copy: Copy, _look: Looking) -> None:
    """Leave AWS as the catalogue has it."""


def copied(source: str, **options: t.Any) -> Prepare:
    """Have a copy there already."""
    return lambda copy, _look: copy(source, **options)


def on_its_way(source: str, **options: t.Any) -> Prepare:
    """Have a copy there that takes its time."""

    def prepare(copy: Copy, look: Looking) -> None:
        look.emulator.configure(copy_seconds_minimum=60)
        copy(source, wait=False, **options)

    return prepare


def failed(copy: Copy, look: Looking) -> None:
    """Have a failed copy of plain-root there."""
    on_its_way("plain-root", **KEY)(copy, look)
    key_id = look.key_arn("alias/golden", AWAY).rpartition("/")[2]
    look.kms(AWAY).disable_key(KeyId=key_id)
    look.emulator.advance(61)
    look.kms(AWAY).enable_key(KeyId=key_id)


def left_behind(copy: Copy, look: Looking) -> None:
    """Have snapshots there whose image is gone."""
    look.ec2(AWAY).deregister_image(ImageId=copy("database", **KEY)["image_id"])


def spoilt(copy: Copy, look: Looking) -> None:
    """Have a copy there with other tags and another description."""
    image_id = copy("plain-root", **KEY, tags={"a": "1"}, description="x")["image_id"]
    look.ec2(AWAY).create_tags(Resources=[image_id], Tags=[{"Key": "b", "Value": "2"}])
    look.ec2(AWAY).modify_image_attribute(ImageId=image_id, Description={"Value": "y"})


def slow(_copy: Copy, look: Looking) -> None:
    """Let copies take their time."""
    look.emulator.configure(copy_seconds_minimum=60)


FLEET = {"source_image_id": None, "source_image_ids": [SOURCES["plain-root"], SOURCES["mixed"]]}
CASES = [
    pytest.param(nothing, "database", KEY, "copied", id="absent"),
    pytest.param(nothing, "database", {}, "copied", id="absent, default key"),
    pytest.param(nothing, "plain-root", {"region": BY_DEFAULT}, "copied", id="absent, own default key"),
    pytest.param(nothing, "mixed", {"encrypted": False}, "copied", id="absent, preserved"),
    pytest.param(nothing, "mixed", {"encrypted": False, "region": BY_DEFAULT}, "copied", id="encrypted by default"),
    pytest.param(nothing, "encrypted-root", {"region": HOME, **KEY}, "copied", id="same region and key"),
    pytest.param(nothing, "encrypted-root", {"region": HOME, **OLD}, "copied", id="same region, other key"),
    pytest.param(nothing, "blank-volume", {"encrypted": False}, "copied", id="blank volume"),
    pytest.param(
        nothing, "ephemeral", {**KEY, "name": "x-{region}", "description": "d"}, "copied", id="ephemeral disks"
    ),
    pytest.param(nothing, "plain-root", {**KEY, "copy_tags": True, "tags": {"Stage": "x"}}, "copied", id="tags copied"),
    pytest.param(nothing, "plain-root", {**SHARED, "deprecate_at": "2028-01-01T00:00:00Z"}, "copied", id="shared"),
    pytest.param(slow, "database", {**KEY, "wait": False}, "copied", id="not waited for"),
    pytest.param(copied("plain-root", **KEY), "plain-root", KEY, "unchanged", id="met"),
    pytest.param(copied("mixed", encrypted=False), "mixed", {"encrypted": False}, "unchanged", id="met, preserved"),
    pytest.param(spoilt, "plain-root", {**KEY, "tags": {"a": "1"}, "description": "x"}, "updated", id="spoilt"),
    pytest.param(copied("plain-root", **OLD), "plain-root", KEY, "copied", id="other key"),
    pytest.param(
        copied("database", **OLD), "database", {**KEY, "superseded": "deregister"}, "replaced", id="other key goes"
    ),
    pytest.param(
        copied("database", **OLD), "database", {**KEY, "superseded": "retire"}, "replaced", id="other key is retired"
    ),
    pytest.param(on_its_way("plain-root", **KEY), "plain-root", KEY, "adopted", id="pending"),
    pytest.param(
        on_its_way("plain-root", **KEY),
        "plain-root",
        {**KEY, "tags": {"a": "1"}, "description": "d"},
        "adopted",
        id="pending, spoilt",
    ),
    pytest.param(on_its_way("plain-root", **KEY), "plain-root", {**KEY, "wait": False}, "adopted", id="pending stays"),
    pytest.param(on_its_way("plain-root", **OLD), "plain-root", KEY, "copied", id="pending, other key"),
    pytest.param(failed, "plain-root", KEY, "copied", id="failed"),
    pytest.param(nothing, "database", {**KEY, "state": "absent"}, "unchanged", id="nothing to remove"),
    pytest.param(copied("database", **KEY), "database", {**KEY, "state": "absent"}, "removed", id="to remove"),
    pytest.param(on_its_way("database", **KEY), "database", {**KEY, "state": "absent"}, "removed", id="pending goes"),
    pytest.param(left_behind, "database", {**KEY, "state": "absent"}, "removed", id="left behind"),
    pytest.param(
        copied("mixed", **KEY, region=FAR),
        "plain-root",
        {**FLEET, **KEY, "destinations": [{"region": AWAY, "name": "{source_name}-x"}, {"region": FAR}]},
        "copied",
        id="fleet",
    ),
]


def without_ids(value: t.Any, other: t.Any) -> t.Any:
    """Return a value with None wherever the other one has None: ids, keys and states that only AWS can choose."""
    if other is None:
        return None
    if isinstance(value, dict) and isinstance(other, dict):
        return {name: without_ids(item, other.get(name, item)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return [without_ids(item, twin) for item, twin in zip(value, other, strict=True)]
    return value


def comparable(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what is promised of a result."""
    found = {name: result.get(name) for name in ("changed", "failed", "image_id", "image", "images", "warnings")}
    found["before"] = [one["before"] for one in result["diff"]]
    found["headers"] = [(one["before_header"], one["after_header"]) for one in result["diff"]]
    return found


@pytest.mark.parametrize(("prepare", "source", "options", "action"), CASES)
def test_prediction(
    copy: Copy, look: Looking, emulator: Emulator, prepare: Prepare, source: str, options: dict[str, t.Any], action: str
) -> None:
    prepare(copy, look)
    emulator.clear_calls()
    predicted = comparable(copy(source, check=True, diff=True, **options))
    assert look.mutations() == []
    real = comparable(copy(source, diff=True, **options))
    if action == "adopted":
        # What a pending image does not show yet, it shows when it is available.
        del predicted["before"], real["before"]
    assert without_ids(predicted, real) == without_ids(real, predicted)
    assert real["images"][0]["action"] == action
    assert real["failed"] is None
    assert bool(real["headers"]) is real["changed"]


def test_the_prediction_is_not_vague(copy: Copy, look: Looking) -> None:
    (entry,) = copy("database", **KEY, check=True, tags={"a": "1"})["images"]
    arn = look.key_arn("alias/golden", AWAY)
    assert (entry["image_id"], entry["name"], entry["state"], entry["new_storage_gib"]) == (
        None,
        "database",
        "available",
        80,
    )
    assert {one["kms_key_arn"] for one in entry["snapshots"]} == {arn}
    assert [one["volume_size"] for one in entry["snapshots"]] == [50, 20, 10]
    real = copy("database", **KEY, tags={"a": "1"})
    image = look.image(AWAY, real["image_id"])
    assert image is not None and without_mark(image) == entry["tags"]


def test_the_diff_shows_each_device_before_and_after(copy: Copy, look: Looking) -> None:
    copy("mixed", **OLD)
    (diff,) = copy("mixed", **KEY, superseded="deregister", check=True, diff=True)["diff"]
    old, new = look.key_arn("alias/os", AWAY), look.key_arn("alias/golden", AWAY)
    before, after = diff["before"].splitlines(), diff["after"].splitlines()
    assert [line.split()[0] for line in before[1:]] == ["/dev/sdf", "/dev/xvda"]
    assert [old in line for line in before[1:]] == [True, True]
    assert [new in line and "(new)" in line for line in after[1:3]] == [True, True]
    assert [line.split()[0] for line in after[3:]] == ["copy", "deregister"]
