# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever was interrupted is resumed, whatever failed is made again, and nothing is ever made twice."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from oracle.guard import Guard
from system.copy.asking import AWAY, HOME, MODULE, SOURCES, Copy
from system.copy.lookalikes import copied_snapshots
from system.looking import Looking, tags
from system.running import StartModule
from system.virtual_time import VirtualTime

pytestmark = pytest.mark.lengthy

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
# How long AWS remembers the token of an image that is gone is not documented (aws_rules §9).
TOKENS = pytest.mark.parametrize(
    "outlives", [pytest.param(True, id="token outlives image"), pytest.param(False, id="token dies with image")]
)


def copies(look: Looking, source: str = "plain-root") -> list[dict[str, t.Any]]:
    """Return the copies in Ireland."""
    return look.images(AWAY, source=SOURCES[source])


def by_hand(look: Looking, **more: t.Any) -> str:
    """Start a copy of plain-root with boto3 alone."""
    asked = {"SourceImageId": SOURCES["plain-root"], "SourceRegion": HOME, "Name": "by-hand", **more}
    return str(look.ec2(AWAY).copy_image(**asked)["ImageId"])


@pytest.mark.parametrize(
    ("started", "action", "number"),
    [
        pytest.param({"Encrypted": True, "KmsKeyId": "alias/golden"}, "adopted", 1, id="under the key"),
        pytest.param({"Encrypted": True, "KmsKeyId": "alias/os"}, "copied", 2, id="under another key"),
        pytest.param({}, "copied", 2, id="plain"),
    ],
)
@pytest.mark.parametrize("shown", [pytest.param(True, id="lineage shown"), pytest.param(False, id="lineage late")])
def test_another_tool_s_pending_copy(
    copy: Copy,
    look: Looking,
    emulator: Emulator,
    oracle: Guard,
    started: dict[str, t.Any],
    action: str,
    number: int,
    shown: bool,
) -> None:
    if not shown:
        # Without lineage and without our tags nothing tells where a pending image comes from.
        action, number = "copied", 2
    emulator.configure(copy_seconds_minimum=100, copy_image_reports_source_while_pending=shown)
    other = by_hand(look, **started)
    if number == 1:
        oracle.given(other, to=["CreateTags"])
    result = copy("plain-root", **KEY, tags={"a": "1"})
    assert (result.msg, result["image"]["state"]) == ("", "available")
    assert (result["image"]["action"] in (action, "updated"), len(copies(look))) == (True, number)
    assert (result["image_id"] == other) is (number == 1)
    assert set(look.keys(AWAY, result["image_id"]).values()) == {look.key_arn("alias/golden", AWAY)}
    assert not copy("plain-root", **KEY, tags={"a": "1"})["changed"]


@pytest.mark.parametrize("shown", [pytest.param(True, id="lineage shown"), pytest.param(False, id="lineage late")])
def test_our_pending_copy_beside_one_under_another_key(
    copy: Copy, look: Looking, emulator: Emulator, shown: bool
) -> None:
    copy("plain-root", kms_key_id="alias/os")
    emulator.configure(copy_seconds_minimum=100, copy_image_reports_source_while_pending=shown)
    first = copy("plain-root", **KEY, wait=False)
    predicted = copy("plain-root", **KEY, wait=False, check=True)
    second = copy("plain-root", **KEY, tags={"a": "1"})
    assert (predicted["changed"], predicted["image_id"]) == (False, first["image_id"])
    assert second["image_id"] == first["image_id"]
    assert len(copies(look)) == 2


def test_a_copy_whose_lineage_aws_does_not_report(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.configure(copy_image_reports_source=False)
    first = copy("plain-root", **KEY)
    second = copy("plain-root", **KEY)
    assert (second["changed"], second["image_id"]) == (False, first["image_id"])
    assert len(look.calls(action="CopyImage")) == 1


@TOKENS
def test_a_failed_copy_is_cleaned_up_and_made_again(
    copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime, outlives: bool
) -> None:
    emulator.configure(token_outlives_image=outlives, copy_seconds_minimum=100)
    key_id = look.key_arn("alias/golden", AWAY).rpartition("/")[2]
    virtual_time.later(50, lambda: look.kms(AWAY).disable_key(KeyId=key_id))
    failed = copy("database", **KEY)
    assert failed.failed
    look.kms(AWAY).enable_key(KeyId=key_id)
    second = copy("database", **KEY)
    assert (second.msg, second["image"]["action"]) == ("", "copied")
    assert failed["images"][0]["image_id"] in second["image"]["reason"]
    assert [image["ImageId"] for image in copies(look, "database")] == [second["image_id"]]
    assert len([one for one in look.snapshots(AWAY).values() if one["VolumeId"] == "vol-ffffffff"]) == 3
    assert set(second["image"]["removed"]) >= {failed["images"][0]["image_id"]}


def test_a_failed_copy_of_another_tool_is_left_and_named(copy: Copy, look: Looking) -> None:
    key_id = look.key_arn("alias/os", AWAY).rpartition("/")[2]
    look.kms(AWAY).disable_key(KeyId=key_id)
    failed = by_hand(look, Encrypted=True, KmsKeyId="alias/os")
    result = copy("plain-root", **KEY)
    assert (result.msg, result["changed"], len(copies(look))) == ("", True, 2)
    assert [warning for warning in result.warnings if failed in warning]


@TOKENS
@pytest.mark.parametrize(
    "options",
    [pytest.param({}, id="same attributes"), pytest.param({"description": "new", "tags": {"a": "1"}}, id="others")],
)
def test_a_copy_that_was_deregistered_is_made_again(
    copy: Copy, look: Looking, emulator: Emulator, outlives: bool, options: dict[str, t.Any]
) -> None:
    emulator.configure(token_outlives_image=outlives, deregistered_image_known_seconds=60)
    for number in range(2):
        made = copy("plain-root", **KEY, **({**options, "description": f"{number}"} if options else {}))
        assert (made.msg, made["changed"], made["image"]["action"]) == ("", True, "copied")
        assert [image["ImageId"] for image in copies(look)] == [made["image_id"]]
        look.ec2(AWAY).deregister_image(ImageId=made["image_id"])


@TOKENS
def test_absent_then_present(copy: Copy, look: Looking, emulator: Emulator, outlives: bool) -> None:
    emulator.configure(token_outlives_image=outlives)
    first = copy("plain-root", **KEY)
    copy("plain-root", **KEY, state="absent")
    second = copy("plain-root", **KEY)
    assert (second.msg, second["changed"]) == ("", True)
    assert [image["ImageId"] for image in copies(look)] == [second["image_id"]] != [first["image_id"]]


def test_a_key_that_never_works_ends_with_one_message(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.configure(copy_image_failed_image_vanishes=True, not_found_lag=30)
    result = copy("vendor-encrypted-keyless", **KEY)
    assert result.failed and "never appeared" in result.msg and "kms:CreateGrant" in result.msg
    assert len(emulator.calls(action="CopyImage")) <= 4
    # AWS shows the snapshots of these copies, though never the copies.
    assert copied_snapshots(look) == set(result["images"][0]["left"])


@pytest.mark.parametrize(
    "when", [pytest.param("before", id="before it arrived"), pytest.param("after", id="after it took effect")]
)
def test_an_answer_that_is_lost(copy: Copy, look: Looking, emulator: Emulator, when: str) -> None:
    emulator.faults.add("drop", action="CopyImage", when=when, count=2)
    result = copy("plain-root", **KEY)
    assert (result.msg, len(copies(look))) == ("", 1)


def test_a_name_that_aws_thinks_is_taken_for_a_while(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.configure(copy_image_duplicate_names=False)
    code = {"code": "InvalidAMIName.Duplicate", "status": 400}
    key_id = look.key_arn("alias/golden", AWAY).rpartition("/")[2]
    emulator.configure(copy_seconds_minimum=10)
    failed = copy("plain-root", **KEY, wait=False)
    look.kms(AWAY).disable_key(KeyId=key_id)
    emulator.advance(11)
    look.kms(AWAY).enable_key(KeyId=key_id)
    emulator.faults.add("error", action="CopyImage", count=2, message="already in use by another AMI", **code)
    result = copy("plain-root", **KEY)
    assert (result.msg, len(copies(look))) == ("", 1)
    assert failed["image_id"] in result["image"]["removed"]


def test_a_name_that_is_really_taken(copy: Copy, emulator: Emulator, virtual_time: VirtualTime) -> None:
    emulator.configure(copy_image_duplicate_names=False)
    begun = virtual_time.now()
    result = copy("plain-root", **KEY, region=HOME, name="name-twin")
    assert result.failed and "name-twin" in result.msg and "InvalidAMIName.Duplicate" in result.msg
    assert virtual_time.now() - begun < 60


@pytest.mark.parametrize(
    "second",
    [pytest.param({}, id="the same"), pytest.param({"tags": {"Team": "db"}, "name": "other"}, id="other attributes")],
)
def test_two_runs_at_the_same_moment_make_one_copy(
    start_module: StartModule, served_emulator: Emulator, second: dict[str, t.Any]
) -> None:
    served_emulator.configure(copy_seconds_minimum=1)
    options = {"source_image_id": SOURCES["database"], "source_region": HOME, "region": AWAY, "wait": True, **KEY}
    # Both have looked and found nothing before either copies.
    served_emulator.faults.add("hold", action="CopyImage", count=2)
    runs = [start_module(MODULE, **options), start_module(MODULE, **options, **second)]
    while len(served_emulator.calls(held=True)) < 2:
        served_emulator.wait_until_held()
    served_emulator.release()
    results = [run.result() for run in runs]
    assert [result.msg for result in results] == ["", ""]
    look = Looking(served_emulator)
    (image,) = copies(look, "database")
    assert {result["image_id"] for result in results} == {image["ImageId"]}
    assert {result["image"]["state"] for result in results} == {"available"}
    wanted = second.get("tags", {})
    assert {key: tags(image).get(key) for key in wanted} == wanted
