# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies in Local Zones and on Outposts: a copy elsewhere in the region is another copy (aws_rules §21)."""

from __future__ import annotations

import textwrap
import typing as t

import pytest
import yaml

from emulated_aws.client import Emulator
from system.copy.asking import AWAY, HOME, MODULE, SOURCES, THIRD, Copy
from system.copy.test_preflight import require_refused
from system.looking import Looking, tags
from system.running import ROOT, Result, RunModule
from system.virtual_time import VirtualTime

ZONE, ZONE_ID, OTHER_ZONE = "us-east-1-bos-1a", "use1-bos1-az1", "us-east-1-chi-2a"
OUTPOST = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
KNOWS = "ansible_collections.sealed.ami.plugins.module_utils._aws.connection._BotocoreRegion.knows"
PLACES = pytest.mark.parametrize(
    "place", [{"availability_zone": ZONE}, {"outpost_arn": OUTPOST}], ids=["zone", "outpost"]
)
BOTH = pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])
Place = dict[str, str]


class To(t.Protocol):
    """``to({"availability_zone": …})``: copy plain-root within its region to that place, {} being the region."""

    def __call__(self, *places: Place, source: str = "plain-root", check: bool = False, **options: t.Any) -> Result: ...


@pytest.fixture
def to(copy: Copy) -> To:
    """Copy within the home region."""

    def run(*places: Place, source: str = "plain-root", check: bool = False, **options: t.Any) -> Result:
        destinations = [{"region": HOME, **place} for place in places]
        return copy(source, check=check, **{"kms_key_id": "alias/golden", "destinations": destinations, **options})

    return run


def lies(look: Looking, image_id: str) -> set[str]:
    """Return where the snapshots of an image lie."""
    ids = [
        one["Ebs"]["SnapshotId"] for one in (look.image(HOME, image_id) or {})["BlockDeviceMappings"] if "Ebs" in one
    ]
    found = look.snapshots(HOME)
    return {found[one].get("OutpostArn") or found[one].get("AvailabilityZone") or "" for one in ids}


def name_of(place: Place) -> str:
    """Return what AWS shows on snapshots there."""
    return "".join(place.values())


@PLACES
@pytest.mark.parametrize("local_first", [True, False])
def test_region_and_place_have_a_copy_each(to: To, look: Looking, place: Place, local_first: bool) -> None:
    made = {}
    for one in ({}, place)[:: -1 if local_first else 1]:
        planned = to(one, check=True)
        result = to(one)
        assert (planned.actions, result.actions) == (["copied"], ["copied"]), result.msg
        assert planned["image"]["reason"] == result["image"]["reason"]
        assert ("are final there" in result["image"]["reason"]) is bool(one)
        made[name_of(one)] = result["image_id"]
        assert lies(look, result["image_id"]) == {name_of(one)}
        for answer in (planned, result):
            shown = answer["image"]["availability_zone"], answer["image"]["outpost_arn"]
            assert shown == (one.get("availability_zone"), one.get("outpost_arn"))
    assert len(set(made.values())) == 2
    look.emulator.clear_calls()
    again = to({}, place)
    assert [one["image_id"] for one in again["images"]] == [made[""], made[name_of(place)]]
    assert again.actions == ["unchanged", "unchanged"] and look.mutations() == []


@PLACES
def test_another_tool_s_copy_is_known_where_it_lies(to: To, look: Looking, place: Place) -> None:
    asked = {
        "SourceImageId": SOURCES["plain-root"],
        "SourceRegion": HOME,
        "Encrypted": True,
        "KmsKeyId": "alias/golden",
    }
    there = (
        {"DestinationAvailabilityZone": ZONE} if "availability_zone" in place else {"DestinationOutpostArn": OUTPOST}
    )
    local = look.ec2(HOME).copy_image(Name="theirs", **asked, **there)["ImageId"]
    regional = to({})
    assert regional.actions == ["copied"] and regional["image_id"] != local
    found = to(place)
    assert (found.actions, found["image_id"]) == (["unchanged"], local)


@pytest.mark.parametrize("superseded", ["keep", "deregister"])
def test_what_is_superseded_is_superseded_in_its_place(to: To, look: Looking, superseded: str) -> None:
    places: list[Place] = [{}, {"availability_zone": ZONE}]
    regional, local = (to(place)["image_id"] for place in places)
    result = to({"availability_zone": ZONE}, kms_key_id="alias/os", superseded=superseded)
    assert result.actions == ["copied" if superseded == "keep" else "replaced"]
    assert look.image(HOME, regional) is not None
    assert (look.image(HOME, local) is None) is (superseded == "deregister")
    both = to(*places, kms_key_id="alias/os", superseded=superseded)
    assert both.actions == [result.actions[0], "unchanged"]
    assert (look.image(HOME, regional) is None) is (superseded == "deregister")


@PLACES
@pytest.mark.parametrize("local", [True, False])
def test_what_is_removed_is_removed_in_its_place(to: To, look: Looking, place: Place, local: bool) -> None:
    regional, there = to({})["image_id"], to(place)["image_id"]
    gone, stays = (there, regional) if local else (regional, there)
    planned = to(place if local else {}, state="absent", check=True)
    result = to(place if local else {}, state="absent")
    for answer in (planned, result):
        assert answer.actions == ["removed"] and gone in answer["image"]["removed"]
        assert any(stays in one and "is kept" in one for one in answer.warnings)
    assert look.image(HOME, gone) is None and look.image(HOME, stays) is not None
    assert not to(place if local else {}, state="absent")["changed"]


def test_a_copy_that_lies_elsewhere_than_asked_is_never_ok(to: To, look: Looking) -> None:
    """AWS's answer decides, not the request."""
    elsewhere = [{"path": "Snapshots.*.AvailabilityZone", "drop": True}]
    look.emulator.faults.add("mutate", action="DescribeSnapshots", region=HOME, changes=elsewhere)
    result = to({"availability_zone": ZONE})
    assert result.failed and f"wanted Local Zone {ZONE}" in result.msg
    assert result["images"][0]["image_id"] in result.msg


@PLACES
@pytest.mark.parametrize("first_local", [True, False])
def test_copies_on_their_way_are_resumed_in_their_place(
    to: To, look: Looking, emulator: Emulator, place: Place, first_local: bool
) -> None:
    emulator.configure(copy_seconds_minimum=100)
    started = to(place if first_local else {}, wait=False)
    other = to({} if first_local else place, wait=False)
    assert other.actions == ["copied"] and other["image_id"] != started["image_id"]
    resumed = to(place if first_local else {})
    assert (resumed["image_id"], resumed["image"]["state"]) == (started["image_id"], "available")
    assert len(look.images(HOME, source=SOURCES["plain-root"])) == 2


@PLACES
@pytest.mark.parametrize("failing", [{}, None], ids=["in the region", "in the place"])
def test_a_failed_copy_is_removed_by_its_own_destination(
    to: To, look: Looking, virtual_time: VirtualTime, place: Place, failing: Place | None
) -> None:
    look.emulator.configure(copy_seconds_minimum=100)
    there, key = place if failing is None else failing, {"KeyId": look.key_arn("alias/golden", HOME)}
    virtual_time.later(50, lambda: look.kms(HOME).disable_key(**key))
    failed = to(there)["images"][0]["image_id"]
    look.kms(HOME).enable_key(**key)
    other = to({} if failing is None else place)
    assert other.actions == ["copied"] and look.image(HOME, failed) is not None, other.msg
    again = to(there)
    assert again.actions == ["copied"] and again["image"]["removed"][0] == failed, again.msg
    assert look.image(HOME, other["image_id"]) is not None and not to({}, place)["changed"]


@pytest.mark.parametrize("required", [True, False])
def test_what_stays_plain_where_aws_lets_it(to: To, look: Looking, emulator: Emulator, required: bool) -> None:
    emulator.configure(local_zone_requires_encryption=required)
    place = {"availability_zone": ZONE}
    made = to(place, encrypted=False, kms_key_id=None)
    assert made.actions == ["copied"], made.msg
    assert [one["encrypted"] for one in made["image"]["snapshots"]] == [required]
    again = to(place, encrypted=False, kms_key_id=None)
    assert (again.actions, again["image_id"]) == (["unchanged"], made["image_id"])


@pytest.mark.parametrize(
    "place", [{"availability_zone": ZONE}, {"availability_zone_id": ZONE_ID}, {"outpost_arn": OUTPOST}]
)
def test_a_place_at_the_top_is_that_of_the_only_destination(copy: Copy, to: To, look: Looking, place: Place) -> None:
    asked: dict[str, t.Any] = {"region": HOME, "kms_key_id": "alias/golden"}
    there: dict[str, t.Any] = {**asked, **place}
    planned = copy("plain-root", check=True, **there)
    made = copy("plain-root", **there)
    assert (planned.actions, made.actions) == (["copied"], ["copied"]), made.msg
    assert lies(look, made["image_id"]) == {ZONE if "outpost_arn" not in place else OUTPOST}
    assert to(place)["image_id"] == made["image_id"]
    assert copy("plain-root", **asked)["image_id"] != made["image_id"]
    removed = copy("plain-root", **there, state="absent")
    assert removed.actions == ["removed"] and look.image(HOME, made["image_id"]) is None


@BOTH
@PLACES
def test_a_place_at_the_top_is_not_for_many(to: To, look: Looking, check: bool, place: Place) -> None:
    require_refused(to({}, place, check=check, **place), look, name_of(place), "is for the one destination", "region")


def test_a_zone_is_found_by_its_id(to: To, look: Looking) -> None:
    first = to({"availability_zone_id": ZONE_ID})
    assert first["image"]["availability_zone"] == ZONE and lies(look, first["image_id"]) == {ZONE}
    assert not to({"availability_zone": ZONE})["changed"]
    look.emulator.clear_calls()
    twice = to({"availability_zone_id": ZONE_ID}, {"availability_zone": ZONE})
    require_refused(twice, look, ZONE, "is listed twice")


def test_a_local_copy_says_where_it_lies(to: To, look: Looking) -> None:
    made = to({"availability_zone": ZONE}, {})
    local, regional = (look.image(HOME, one["image_id"]) for one in made["images"])
    assert local and regional
    assert tags(local)["sealed.ami:place"] == ZONE and "sealed.ami:place" not in tags(regional)
    assert local["Name"] == f"{regional['Name']}-{ZONE}"


REFUSALS: list[t.Any] = [
    pytest.param([{"availability_zone": ZONE, "outpost_arn": OUTPOST}], {}, ["mutually exclusive"], id="two places"),
    pytest.param([{"availability_zone": "Boston!"}], {}, ["'Boston!'", "not the name"], id="no name"),
    pytest.param([{"availability_zone": "us-east-1-nyc-9a"}], {}, ["has no zone", ZONE], id="no such zone"),
    pytest.param([{"availability_zone": OTHER_ZONE}], {}, ["not enabled", "us-east-1-chi-2"], id="not enabled"),
    pytest.param([{"availability_zone": "us-east-1a"}], {}, ["no Local Zone", "leave the zone"], id="no Local Zone"),
    pytest.param([{"outpost_arn": "op-1"}], {}, ["not the ARN of an Outpost"], id="no ARN"),
    pytest.param(
        [{"outpost_arn": OUTPOST.replace("us-east-1", THIRD)}], {}, [f"belongs to {THIRD}"], id="Outpost elsewhere"
    ),
    pytest.param([{"outpost_arn": OUTPOST}], {"encrypted": False, "kms_key_id": None}, ["always"], id="plain"),
    pytest.param(
        [{"outpost_arn": OUTPOST}], {"launch_permissions": {"user_ids": ["210987654321"]}}, ["cannot be shared"],
        id="shared",
    ),
    pytest.param(
        [{"availability_zone": ZONE}], {"snapshot_copy_completion_duration_minutes": 15}, ["cannot be kept"],
        id="time-based",
    ),
    pytest.param(
        [{"availability_zone": ZONE}], {"source_region": AWAY, "source": "plain-root-eu"}, ["its own region alone"],
        id="from another region",
    ),
]  # fmt: skip


@BOTH
@pytest.mark.parametrize(("places", "options", "words"), REFUSALS)
def test_what_cannot_be(
    to: To, look: Looking, check: bool, places: list[Place], options: dict[str, t.Any], words: list[str]
) -> None:
    require_refused(to(*places, check=check, **options), look, *words)


@pytest.fixture
def local_source(look: Looking) -> t.Callable[[str], str]:
    """Return what puts an image into a place, for which nothing else is asked."""

    def make(place: str) -> str:
        there = {"DestinationOutpostArn": place} if ":" in place else {"DestinationAvailabilityZone": place}
        asked = {"SourceImageId": SOURCES["plain-root"], "SourceRegion": HOME, "Name": "local"}
        return str(look.ec2(HOME).copy_image(**asked, **there)["ImageId"])

    return make


@BOTH
@pytest.mark.parametrize(
    ("place", "destination", "options", "words"),
    [
        (OUTPOST, {"region": HOME}, {}, ["lies in Outpost", "nowhere"]),
        (OUTPOST, {"region": HOME, "outpost_arn": OUTPOST}, {}, ["lies in Outpost", "nowhere"]),
        (ZONE, {"region": AWAY}, {}, ["to its own region", AWAY]),
        (ZONE, {"region": HOME, "outpost_arn": OUTPOST}, {}, ["to its own region", "op-"]),
        (ZONE, {"region": HOME, "availability_zone": ZONE}, {}, ["already", "within a Local Zone"]),
        (ZONE, {"region": HOME}, {"snapshot_copy_completion_duration_minutes": 15}, ["has no duration"]),
    ],
)
def test_ways_that_no_copy_takes(
    copy: Copy, look: Looking, local_source: t.Callable[[str], str], check: bool, place: str,
    destination: dict[str, str], options: dict[str, t.Any], words: list[str],
) -> None:  # fmt: skip
    source = local_source(place)
    look.emulator.clear_calls()
    asked: dict[str, t.Any] = {"source_image_id": source, "destinations": [destination], "kms_key_id": "alias/golden"}
    result = copy("plain-root", check=check, **asked, **options)
    require_refused(result, look, source, *words)


@pytest.mark.parametrize("between", ["parent", "group", "none"])
def test_between_local_zones_aws_decides(
    copy: Copy, look: Looking, emulator: Emulator, local_source: t.Callable[[str], str], between: str
) -> None:
    emulator.configure(local_zone_copies_between=between)
    look.ec2(HOME).modify_availability_zone_group(GroupName="us-east-1-chi-2", OptInStatus="opted-in")
    asked: dict[str, t.Any] = {"source_image_id": local_source(ZONE), "kms_key_id": "alias/golden"}
    result = copy("plain-root", destinations=[{"region": HOME, "availability_zone": OTHER_ZONE}], **asked)
    assert any("between certain Local Zones only" in one for one in result.warnings)
    assert result.failed is (between != "parent")
    assert result.actions == ["failed" if result.failed else "copied"]
    home = copy("plain-root", destinations=[{"region": HOME}], **asked)
    assert home.actions == ["copied"], home.msg


def test_the_task_of_the_guide(run_module: RunModule) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_many_regions.rst").read_text()
    block = guide.partition("\n\nAWS lists")[0].rpartition(".. code-block:: yaml\n\n")[2]
    (task,) = yaml.safe_load(textwrap.dedent(block))
    asked = task["sealed.ami.ec2_ami_encrypted_copy"]
    made = run_module(MODULE, **asked)
    assert made.actions == ["copied", "copied"], made.msg
    assert [one["availability_zone"] for one in made["images"]] == [None, ZONE]
    assert run_module(MODULE, **asked).actions == ["unchanged", "unchanged"]


def test_botocore_without_places(to: To, look: Looking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KNOWS, lambda _self, _operation, member: not member.startswith("DestinationAvail"))
    for check in (True, False):
        result = to({"availability_zone": ZONE}, check=check)
        require_refused(result, look, "botocore 1.", "DestinationAvailabilityZone", "CopyImage", "update boto3")
    assert to({"outpost_arn": OUTPOST}).actions == ["copied"]


@pytest.mark.parametrize("enabled", [True, False])
def test_botocore_that_does_not_show_zones(
    copy: Copy, look: Looking, monkeypatch: pytest.MonkeyPatch, enabled: bool
) -> None:
    """Where Local Zones are in use, a copy may lie in one; where none is, it lies in the region."""
    region = HOME if enabled else AWAY
    asked: dict[str, t.Any] = {"region": region, "kms_key_id": "alias/golden"}
    first = copy("plain-root", **asked)
    monkeypatch.setattr(KNOWS, lambda _self, _operation, member: not member.startswith("DestinationAvail"))
    look.emulator.clear_calls()
    for state in ("present", "absent"):
        result = copy("plain-root", check=True, **asked, state=state)
        if enabled:
            require_refused(result, look, first["image_id"], "is not known", "botocore")
        else:
            assert result.actions == ["unchanged" if state == "present" else "removed"]
