# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: to the second, without giving up a copy on its way, and with AWS's own words when one fails."""

from __future__ import annotations

import datetime
import itertools

import pytest

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, FAR, SOURCES, Copy
from system.looking import Looking
from system.virtual_time import VirtualTime

pytestmark = pytest.mark.lengthy

KEY = "alias/golden"


@pytest.mark.parametrize("wait_timeout", [pytest.param(seconds, id=f"{seconds} s") for seconds in (1, 37, 600)])
def test_the_timeout_is_kept_to_the_second(
    copy: Copy, emulator: Emulator, virtual_time: VirtualTime, wait_timeout: int
) -> None:
    emulator.configure(copy_seconds_minimum=3000)
    begun = virtual_time.now()
    result = copy("database", kms_key_id=KEY, wait_timeout=wait_timeout)
    assert result.failed
    assert virtual_time.now() - begun == pytest.approx(wait_timeout, abs=0.5)


def test_a_timeout_names_everything_and_a_further_run_resumes(
    copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime
) -> None:
    emulator.configure(copy_seconds_minimum=1000)
    first = copy("database", kms_key_id=KEY, wait_timeout=100, on_failure="rollback")
    (entry,) = first["images"]
    assert first["changed"] and entry["state"] == "pending"
    assert [word for word in (entry["image_id"], AWAY, "100 s", "resumes") if word not in first.msg] == []
    assert entry["image_id"] in entry["created"]
    emulator.clear_calls()
    begun = virtual_time.now()
    second = copy("database", kms_key_id=KEY)
    assert (second.msg, second["image"]["action"], second["image_id"]) == ("", "adopted", entry["image_id"])
    assert (second["changed"], second["image"]["state"], look.mutations()) == (False, "available", [])
    assert virtual_time.now() - begun == pytest.approx(900, abs=20)
    third = copy("database", kms_key_id=KEY)
    assert (third["changed"], third["image"]["action"]) == (False, "unchanged")


def test_one_timeout_for_all_regions(copy: Copy, emulator: Emulator, virtual_time: VirtualTime) -> None:
    emulator.configure(copy_seconds_per_gib=10)
    destinations = [{"region": AWAY}, {"region": FAR}]
    ids = [SOURCES["plain-root"], SOURCES["database"]]
    begun = virtual_time.now()
    result = copy(
        "plain-root", source_image_id=None, source_image_ids=ids, kms_key_id=KEY, destinations=destinations,
        wait_timeout=200,
    )  # fmt: skip
    assert virtual_time.now() - begun == pytest.approx(200, abs=1)
    assert result.actions == ["copied", "copied", "failed", "failed"]
    assert "2 of 4 copies failed" in result.msg


def test_one_timeout_for_an_adopted_copy_and_the_one_that_replaces_it(
    copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime
) -> None:
    emulator.configure(copy_seconds_minimum=60)
    other = look.ec2(AWAY).copy_image(SourceImageId=SOURCES["plain-root"], SourceRegion="us-east-1", Name="by-hand")
    begun = virtual_time.now()
    result = copy("plain-root", kms_key_id=KEY, wait_timeout=90)
    assert result.failed and result["images"][0]["image_id"] != other["ImageId"]
    assert virtual_time.now() - begun == pytest.approx(90, abs=0.5)
    assert copy("plain-root", kms_key_id=KEY)["image"]["action"] == "adopted"


def test_not_waiting(copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime) -> None:
    emulator.configure(copy_seconds_minimum=300)
    begun = virtual_time.now()
    started = copy("database", kms_key_id=KEY, wait=False)
    assert (started["changed"], started["image"]["state"], started["image"]["action"]) == (True, "pending", "copied")
    assert virtual_time.now() - begun < 2
    again = copy("database", kms_key_id=KEY, wait=False)
    assert (again["changed"], again["image_id"], again["image"]["action"]) == (False, started["image_id"], "adopted")
    assert virtual_time.now() - begun < 4
    awaited = copy("database", kms_key_id=KEY)
    assert (awaited["changed"], awaited["image_id"]) == (False, started["image_id"])
    assert awaited["image"]["state"] == "available"
    assert len(look.calls(action="CopyImage")) == 1


def test_a_key_disabled_on_the_way(copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime) -> None:
    emulator.configure(copy_seconds_minimum=300)
    key_id = look.key_arn(KEY, AWAY).rpartition("/")[2]
    virtual_time.later(100, lambda: look.kms(AWAY).disable_key(KeyId=key_id))
    result = copy("database", kms_key_id=KEY)
    (entry,) = result["images"]
    words = [
        entry["image_id"],
        "Client.InternalError",
        "Copy image failed with an internal error",
        "/dev/sdf",
        "Given key ID is not accessible",
        "is Disabled",
        "kms:EnableKey",
    ]
    assert result.failed and [word for word in words if word not in result.msg] == []
    assert entry["state"] == "failed"


def test_a_copy_that_is_gone(copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime) -> None:
    emulator.configure(copy_seconds_minimum=300, deregistered_image_known_seconds=0)

    def deregister() -> None:
        (image,) = look.images(AWAY, source=SOURCES["plain-root"])
        look.ec2(AWAY).deregister_image(ImageId=image["ImageId"])

    virtual_time.later(100, deregister)
    begun = virtual_time.now()
    result = copy("plain-root", kms_key_id=KEY)
    assert result.failed and "was visible and is now gone" in result.msg
    assert virtual_time.now() - begun < 200
    assert not copy("plain-root", kms_key_id=KEY).failed


def test_a_copy_that_fails_and_vanishes(copy: Copy, emulator: Emulator) -> None:
    emulator.configure(copy_image_failed_image_vanishes=True, copy_seconds_minimum=100)
    result = copy("vendor-encrypted-keyless", kms_key_id=KEY)
    assert result.failed and "now gone" in result.msg and "key" in result.msg
    assert result["images"][0]["image_id"] in result.msg


def test_an_image_that_aws_hides_at_first(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.configure(not_found_lag=60, tag_filter_lag=90, copy_seconds_minimum=30)
    result = copy("plain-root", kms_key_id=KEY, tags={"a": "1"}, description="x", launch_permissions={})
    assert (result.msg, result["image"]["state"]) == ("", "available")
    assert len(look.calls(action="CopyImage")) == 1


@pytest.mark.parametrize(
    ("blind", "hidden"),
    [
        pytest.param((None, 0), (200, 50), id="while the copy goes on"),
        pytest.param((100, 200), (290, 40), id="after an outage"),
        pytest.param((1, 170), (150, 40), id="before it was ever seen"),
    ],
)
def test_one_answer_without_the_image_proves_nothing(
    copy: Copy, look: Looking, emulator: Emulator, blind: tuple[float | None, float], hidden: tuple[float, float]
) -> None:
    """Looks may be minutes apart: what the one before has shown a minute ago is not gone by the next."""
    emulator.configure(copy_seconds_minimum=600)
    if blind[0] is not None:
        emulator.faults.add("unreachable", region=AWAY, starts_in=blind[0], lasts=blind[1])
    empty = [{"path": "Images", "set": []}]
    times = {"starts_in": hidden[0], "lasts": hidden[1]}
    emulator.faults.add("mutate", action="DescribeImages", region=AWAY, changes=empty, **times)
    result = copy("plain-root", kms_key_id=KEY, wait_timeout=900)
    assert (result.msg, result["image"]["state"]) == ("", "available")
    assert len(look.calls(action="CopyImage")) == 1
    assert emulator.faults.list()[-1]["hits"] > 0


def test_no_answer_while_waiting(copy: Copy, look: Looking, emulator: Emulator) -> None:
    emulator.configure(copy_seconds_minimum=100)
    emulator.faults.add("expired_token", region=AWAY, starts_in=50)
    result = copy("plain-root", kms_key_id=KEY, on_failure="rollback")
    (entry,) = result["images"]
    assert result.failed and "credentials expired" in result.msg and entry["image_id"] in result.msg
    emulator.faults.clear()
    # Whatever is not known to have failed is never rolled back.
    assert copy("plain-root", kms_key_id=KEY)["image_id"] == entry["image_id"]
    assert len(look.calls(action="CopyImage")) == 1


def test_a_look_that_is_denied_rolls_nothing_back(copy: Copy, look: Looking, emulator: Emulator) -> None:
    """AWS goes on with the copy, and nobody knows of anything wrong with it."""
    emulator.configure(copy_seconds_minimum=600)
    emulator.faults.add("access_denied", action="DescribeImages", region=AWAY, starts_in=300)
    result = copy("plain-root", kms_key_id=KEY, on_failure="rollback")
    (entry,) = result["images"]
    assert result.failed and entry["image_id"] in entry["created"]
    emulator.faults.clear()
    assert copy("plain-root", kms_key_id=KEY)["image_id"] == entry["image_id"]
    assert look.calls(action="DeregisterImage") == []


def test_keys_that_aws_shows_late_are_awaited(copy: Copy, emulator: Emulator) -> None:
    emulator.configure(copy_seconds_minimum=30)
    late = [{"path": "Snapshots.*.KmsKeyId", "drop": True}]
    emulator.faults.add("mutate", action="DescribeSnapshots", region=AWAY, changes=late, lasts=90)
    result = copy("plain-root", kms_key_id=KEY)
    assert (result.msg, result["image"]["action"], result["image"]["state"]) == ("", "copied", "available")
    assert emulator.faults.list()[-1]["hits"] > 0


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param({"kind": "throttled"}, id="throttled"),
        pytest.param({"kind": "server_error"}, id="server error"),
        pytest.param({"kind": "unavailable"}, id="unavailable"),
        pytest.param({"kind": "drop"}, id="connection dropped"),
        pytest.param({"kind": "drop", "when": "after"}, id="connection dropped after the fact"),
    ],
)
def test_passing_trouble_is_lived_through(
    copy: Copy, look: Looking, emulator: Emulator, trouble: dict[str, str]
) -> None:
    emulator.configure(copy_seconds_minimum=100)
    emulator.faults.add(**trouble, probability=0.3, seed=7)
    result = copy("database", kms_key_id=KEY, tags={"a": "1"}, deregistration_protection="enabled")
    assert (result.msg, result["image"]["state"]) == ("", "available")
    emulator.faults.clear()
    assert len(look.images(AWAY, source=SOURCES["database"])) == 1


def test_looks_are_few_and_shared(copy: Copy, emulator: Emulator) -> None:
    emulator.configure(copy_seconds_minimum=1200)
    ids = [SOURCES[name] for name in ("plain-root", "database", "mixed", "encrypted-root")]
    emulator.clear_calls()
    result = copy("plain-root", source_image_id=None, source_image_ids=ids, kms_key_id=KEY, wait_delay=60)
    assert result.msg == ""
    copied = emulator.calls(action="CopyImage", region=AWAY)[-1]["number"]
    looks = list(emulator.calls(action="DescribeSnapshots", region=AWAY, since=copied))
    moments = [datetime.datetime.fromisoformat(look["virtual_time"]).timestamp() for look in looks]
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert len(looks) < 45 and max(gaps) <= 60
    images = list(emulator.calls(action="DescribeImages", region=AWAY, since=copied))
    assert 1 <= len(images) <= len(looks)
    assert all(len(look["parameters"]["Filters"][0]["Values"]) == 4 for look in images[:-1])


def test_an_outage_is_borne_for_some_minutes(
    copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime
) -> None:
    emulator.configure(copy_seconds_minimum=600)
    emulator.faults.add("unreachable", region=AWAY, starts_in=100, lasts=200)
    result = copy("plain-root", kms_key_id=KEY, wait_timeout=900)
    assert (result.msg, result["image"]["state"]) == ("", "available")


def test_a_longer_outage_ends_the_task_but_not_the_copy(
    copy: Copy, look: Looking, emulator: Emulator, virtual_time: VirtualTime
) -> None:
    emulator.configure(copy_seconds_minimum=3000)
    emulator.faults.add("unreachable", region=AWAY, starts_in=100)
    begun = virtual_time.now()
    result = copy("plain-root", kms_key_id=KEY, on_failure="rollback")
    (entry,) = result["images"]
    assert result.failed and "AWS did not answer" in result.msg and entry["image_id"] in result.msg
    assert 300 < virtual_time.now() - begun < 600
    emulator.faults.clear()
    assert copy("plain-root", kms_key_id=KEY)["image_id"] == entry["image_id"]


def test_a_copy_without_all_devices_of_its_source(copy: Copy, emulator: Emulator) -> None:
    changes = [{"path": "Images.*.BlockDeviceMappings", "keep": 1}]
    emulator.faults.add("mutate", action="DescribeImages", region=AWAY, changes=changes)
    result = copy("database", kms_key_id=KEY)
    (entry,) = result["images"]
    assert result.failed and result["changed"]
    named = (entry["image_id"], "/dev/sdf", "/dev/sdg", "differ", AWAY)
    assert [word for word in named if word not in result.msg] == []
    assert entry["image_id"] in entry["created"]


@pytest.mark.parametrize("kind", ["throttled", "server_error", "unavailable", "unreachable"])
@pytest.mark.parametrize("wait_timeout", [30, 120])
def test_the_timeout_holds_where_aws_cannot_be_asked(
    copy: Copy, emulator: Emulator, virtual_time: VirtualTime, kind: str, wait_timeout: int
) -> None:
    """Calls are repeated for a minute and a half each, but not past the end of the waiting."""
    emulator.configure(copy_seconds_minimum=3000)
    emulator.faults.add(kind, region=AWAY, action="Describe*", starts_in=10)
    begun = virtual_time.now()
    result = copy("plain-root", kms_key_id=KEY, wait_timeout=wait_timeout)
    assert result.failed and f"wait_timeout of {wait_timeout} s is over" in result.msg
    assert result["images"][0]["image_id"] in result.msg
    assert virtual_time.now() - begun == pytest.approx(wait_timeout, abs=1)
