# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many images to many regions in one task: all at once within the quotas, in few calls, each on its own feet."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from emulated_aws.ec2 import seed
from system.copy.asking import AWAY, FAR, HOME, SOURCES, THIRD, Copy
from system.looking import Looking
from system.running import Result
from system.virtual_time import VirtualTime

pytestmark = pytest.mark.lengthy

KEY: dict[str, t.Any] = {"kms_key_id": "alias/golden"}
NAMES = ("plain-root", "mixed", "encrypted-root")
QUOTA = 20
Fleet = t.Callable[..., Result]


@pytest.fixture
def fleet(copy: Copy) -> Fleet:
    """Copy several images to several regions, under alias/golden unless told otherwise."""

    def run(ids: t.Sequence[str], regions: t.Sequence[str], **options: t.Any) -> Result:
        everywhere = [{"region": region} for region in regions]
        asked = {"source_image_id": None, "source_image_ids": list(ids), "destinations": everywhere, **KEY, **options}
        return copy("plain-root", **asked)

    return run


def many(number: int, *, disks: int = 1) -> list[str]:
    """Register so many images of 8 GiB disks at home and return their ids."""
    place = seed.Place("123456789012", HOME)
    letters = "abcdefgh"[:disks]
    return [
        seed.image(place, name=f"many-{index}", disks=[seed.Disk(f"/dev/sd{letter}") for letter in letters])
        for index in range(number)
    ]


def sources(*names: str) -> list[str]:
    """Return the ids of images of the catalogue."""
    return [SOURCES[name] for name in names]


def most_at_once(look: Looking, region: str) -> int:
    """Return how many snapshot copies were under way at most, as the log of calls and the snapshots tell."""
    spans = [
        (snapshot["StartTime"].timestamp(), snapshot["CompletionTime"].timestamp())
        for snapshot in look.snapshots(region).values()
        if snapshot["VolumeId"] == "vol-ffffffff"
    ]
    return max(sum(start <= moment < end for start, end in spans) for moment, _end in spans)


def test_every_image_to_every_region(fleet: Fleet, look: Looking) -> None:
    regions = (AWAY, FAR, THIRD)
    result = fleet(sources(*NAMES), regions, tags={"Team": "db"})
    assert (result.msg, result["changed"], set(result.actions)) == ("", True, {"copied"})
    assert {"image", "image_id"}.isdisjoint(result)
    order = [(entry["source_image_id"], entry["region"]) for entry in result["images"]]
    assert order == [(source, region) for source in sources(*NAMES) for region in regions]
    for entry in result["images"]:
        arn = look.key_arn("alias/golden", entry["region"])
        assert set(look.keys(entry["region"], entry["image_id"]).values()) == {arn}


def test_the_number_of_calls(fleet: Fleet, emulator: Emulator) -> None:
    regions = (AWAY, FAR, THIRD)
    emulator.configure(copy_seconds_minimum=0)
    fleet(sources(*NAMES), regions)
    for region in regions:
        counts = emulator.counts(region=region)
        assert counts.pop("ec2:CopyImage") == len(NAMES)
        # One look by lineage and one by our tags, then those of the wait, for all copies of the region together.
        assert counts.pop("ec2:DescribeImages") <= 3
        assert counts.pop("ec2:DescribeSnapshots") <= 3
        # The key, and before the first copy whether the caller may use it, once for all images.
        assert counts == {"kms:DescribeKey": 1, "kms:CreateGrant": 1, "kms:GenerateDataKeyWithoutPlaintext": 1}
    # The sources, their snapshots, what no copy carries of these, and the two keys of these, which the caller has to be
    # allowed to decrypt with.
    at_home = {"ec2:DescribeImages": 1, "ec2:DescribeSnapshots": 1, "kms:DescribeKey": 2, "kms:Decrypt": 2}
    assert emulator.counts(region=HOME) == {**at_home, "ec2:DescribeFastSnapshotRestores": 1}


def test_the_number_of_calls_when_nothing_is_to_be_done(fleet: Fleet, emulator: Emulator) -> None:
    regions = (AWAY, FAR, THIRD)
    fleet(sources(*NAMES), regions)
    emulator.clear_calls()
    assert not fleet(sources(*NAMES), regions)["changed"]
    wanted = {"ec2:DescribeImages": 1, "ec2:DescribeSnapshots": 1, "kms:DescribeKey": 1}
    assert [emulator.counts(region=region) for region in regions] == [wanted] * 3
    assert emulator.counts(region=HOME) == {"ec2:DescribeImages": 1}


def test_destinations_have_their_own_options(fleet: Fleet, look: Looking) -> None:
    destinations = [
        {"region": AWAY, "kms_key_id": "alias/os", "name": "os-{source_name}", "tags": {"Where": "ireland"}},
        {"region": AWAY, "kms_key_id": "alias/data", "name": "data-{source_name}", "description": "of data"},
        {"region": FAR},
    ]
    result = fleet(sources("plain-root", "mixed"), (), destinations=destinations, description="golden", tags={"a": "1"})
    assert result.msg == ""
    found = [(entry["name"], entry["tags"].get("Where"), entry["tags"].get("a")) for entry in result["images"][:3]]
    assert found == [("os-plain-root", "ireland", None), ("data-plain-root", None, "1"), ("plain-root", None, "1")]
    images = [look.image(entry["region"], entry["image_id"]) or {} for entry in result["images"][:3]]
    assert [image["Description"] for image in images] == ["golden", "of data", "golden"]
    assert not fleet(
        sources("plain-root", "mixed"), (), destinations=destinations, description="golden", tags={"a": "1"}
    )["changed"]


def test_only_what_is_missing_is_copied(copy: Copy, fleet: Fleet, look: Looking) -> None:
    copy("mixed", region=FAR, **KEY)
    look.emulator.clear_calls()
    result = fleet(sources("plain-root", "mixed"), (AWAY, FAR))
    assert result.actions == ["copied", "copied", "copied", "unchanged"]
    assert len(look.calls(action="CopyImage")) == 3


@pytest.mark.parametrize(
    ("images", "disks", "rounds"),
    [
        pytest.param(25, 1, 2, id="one snapshot each"),
        pytest.param(10, 3, 2, id="three snapshots each"),
        pytest.param(45, 1, 3, id="three rounds"),
    ],
)
def test_the_quota_is_used_and_kept(
    fleet: Fleet, look: Looking, virtual_time: VirtualTime, images: int, disks: int, rounds: int
) -> None:
    look.emulator.configure(copy_seconds_minimum=100)
    begun = virtual_time.now()
    result = fleet(many(images, disks=disks), (AWAY,))
    assert (result.msg, set(result.actions)) == ("", {"copied"})
    calls = look.calls(action="CopyImage")
    assert [call["error"] for call in calls] == [None] * images
    assert QUOTA - disks < most_at_once(look, AWAY) <= QUOTA
    assert virtual_time.now() - begun < rounds * 100 + 60


def test_slots_that_others_take_are_waited_for(fleet: Fleet, look: Looking, virtual_time: VirtualTime) -> None:
    look.emulator.configure(copy_seconds_minimum=300)
    for index, image_id in enumerate(many(18)):
        look.ec2(AWAY).copy_image(SourceImageId=image_id, SourceRegion=HOME, Name=f"other-{index}")
    look.emulator.configure(copy_seconds_minimum=100)
    begun = virtual_time.now()
    result = fleet(many(12), (AWAY,))
    assert (result.msg, set(result.actions)) == ("", {"copied"})
    refused = [call for call in look.calls(action="CopyImage") if call["error"] == "ResourceLimitExceeded"]
    assert 0 < len(refused) < 20
    assert virtual_time.now() - begun < 600


def test_more_than_the_slots_without_waiting(fleet: Fleet, look: Looking, virtual_time: VirtualTime) -> None:
    look.emulator.configure(copy_seconds_minimum=100)
    result = fleet(many(25), (AWAY,), wait=False)
    assert result.msg == ""
    assert [entry["image_id"] for entry in result["images"] if not entry["image_id"]] == []
    assert len([call for call in look.calls(action="CopyImage") if call["error"]]) < 10
    assert len(look.images(AWAY)) >= 25


def test_a_quota_that_stays_full_ends_with_the_timeout(fleet: Fleet, look: Looking, virtual_time: VirtualTime) -> None:
    look.emulator.configure(copy_seconds_minimum=5000)
    for index, image_id in enumerate(many(20)):
        look.ec2(AWAY).copy_image(SourceImageId=image_id, SourceRegion=HOME, Name=f"other-{index}")
    look.emulator.clear_calls()
    begun = virtual_time.now()
    result = fleet(many(2), (AWAY,), wait_timeout=300)
    assert virtual_time.now() - begun == pytest.approx(300, abs=1)
    assert result.failed and "quota" in result.msg and "Run the task again" in result.msg
    assert 0 < len(look.calls(action="CopyImage")) < 15


def test_the_rate_of_copy_image_is_lived_with(fleet: Fleet, look: Looking) -> None:
    # Capacity 5, and one every 20 seconds: a twentieth of what AWS gives.
    look.emulator.faults.add("throttle", action="CopyImage", scale=0.05)
    result = fleet(many(12), (AWAY,))
    assert (result.msg, set(result.actions)) == ("", {"copied"})
    refused = [call for call in look.calls(action="CopyImage") if call["error"] == "RequestLimitExceeded"]
    assert refused and len(look.images(AWAY)) >= 12


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        pytest.param(
            {"kind": "error", "action": "CopyImage", "code": "InvalidRequest", "status": 400, "message": "no luck"},
            ["no luck"],
            id="copying is refused",
        ),
        pytest.param({"kind": "access_denied", "action": "CopyImage"}, ["ec2:CopyImage", "policy"], id="denied"),
        pytest.param({"kind": "unreachable"}, ["did not answer"], id="out of reach"),
        pytest.param({"kind": "server_error"}, ["An internal error"], id="broken"),
        pytest.param({"kind": "expired_token"}, ["credentials expired"], id="expired"),
    ],
)
def test_one_region_failing_neither_stops_nor_hides_the_others(
    fleet: Fleet, look: Looking, fault: dict[str, t.Any], words: list[str]
) -> None:
    look.emulator.configure(copy_seconds_minimum=60)
    look.emulator.faults.add(**fault, region=FAR)
    result = fleet(sources("plain-root", "mixed"), (AWAY, FAR, THIRD))
    assert result.failed and result["changed"]
    assert result.actions == ["copied", "failed", "copied"] * 2
    assert [word for word in ["2 of 6 copies failed", FAR, *words] if word not in result.msg] == []
    for entry in result["images"]:
        good = entry["region"] != FAR
        assert ("error" in entry) is not good
        assert entry["state"] == ("available" if good else "absent") or not good
    look.emulator.faults.clear()
    second = fleet(sources("plain-root", "mixed"), (AWAY, FAR, THIRD))
    assert (second.msg, second.actions) == ("", ["unchanged", "copied", "unchanged"] * 2)


def test_one_image_failing_neither_stops_nor_hides_the_others(fleet: Fleet, look: Looking) -> None:
    look.emulator.configure(copy_seconds_minimum=60)
    ids = [*sources("plain-root"), SOURCES["vendor-encrypted-keyless"], *sources("mixed")]
    result = fleet(ids, (AWAY,), on_failure="rollback")
    assert result.failed and result.actions == ["copied", "failed", "copied"]
    assert SOURCES["vendor-encrypted-keyless"] in result.msg
    assert {image.get("SourceImageId") for image in look.images(AWAY)} >= set(sources("plain-root", "mixed"))
    assert look.images(AWAY, source=SOURCES["vendor-encrypted-keyless"]) == []


def test_time_based_copies(fleet: Fleet, look: Looking, virtual_time: VirtualTime) -> None:
    look.emulator.configure(copy_seconds_per_gib=1000)
    begun = virtual_time.now()
    result = fleet(sources("plain-root"), (AWAY,), snapshot_copy_completion_duration_minutes=15)
    assert result.msg == ""
    (call,) = look.calls(action="CopyImage")
    assert call["parameters"]["SnapshotCopyCompletionDurationMinutes"] == 15
    assert virtual_time.now() - begun < 16 * 60


def test_more_images_than_a_filter_takes(fleet: Fleet, look: Looking) -> None:
    ids = many(205)
    result = fleet(ids, (AWAY,), check=True)
    assert (result.msg, len(result["images"]), set(result.actions)) == ("", 205, {"copied"})
    calls = look.calls(action=["DescribeImages", "DescribeSnapshots"])
    values = [one["Values"] for call in calls for one in call["parameters"]["Filters"]]
    assert max(map(len, values)) <= 200
