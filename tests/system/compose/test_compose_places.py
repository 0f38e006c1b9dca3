# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources in Local Zones and on Outposts, and time-based copies (aws_rules §21)."""

from __future__ import annotations

import textwrap
import typing as t

import pytest
import yaml

from emulated_aws.catalogue_images import image_id
from system.compose.asking import Local, local_instance
from system.looking import Looking
from system.running import ROOT, Result, RunModule

HOME, AWAY, ZONE = "us-east-1", "eu-west-1", "us-east-1-bos-1a"
OUTPOST = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
MINUTES = "snapshot_copy_completion_duration_minutes"
KNOWS = "ansible_collections.sealed.ami.plugins.module_utils._aws.connection._BotocoreRegion.knows"
BOTH = pytest.mark.parametrize("check", [pytest.param(True, id="check mode"), pytest.param(False, id="run")])


def compose(run_module: RunModule, source: str, *, check: bool = False, **options: t.Any) -> Result:
    """Compose from an image at home."""
    asked = {"source_image_id": source, "source_region": HOME, "region": HOME, "name": "composed", "wait": True}
    return run_module("ec2_ami_compose_keys", check=check, **{**asked, **options})


def local(look: Looking, place: str) -> str:
    """Copy plain-root to a place, under alias/golden."""
    there = {"DestinationOutpostArn": place} if ":" in place else {"DestinationAvailabilityZone": place}
    asked = {"SourceImageId": image_id("plain-root"), "SourceRegion": HOME, "Name": "local", "Encrypted": True}
    return str(look.ec2(HOME).copy_image(**asked, KmsKeyId="alias/golden", **there)["ImageId"])


def require_refused(result: Result, look: Looking, *words: str) -> None:
    """Demand a sentence with these words, and no change."""
    assert result.failed and not result["changed"] and look.mutations() == []
    assert [word for word in words if word not in result.msg] == [], result.msg


def test_a_local_snapshot_under_the_right_key_is_copied_all_the_same(run_module: RunModule, look: Looking) -> None:
    added = [{"device_name": "/dev/sdg", "volume_size": 5, "kms_key_id": "alias/golden"}]
    source = local(look, ZONE)
    made = compose(run_module, source, method="snapshots", kms_key_id="alias/golden", device_mapping=added)
    assert made.actions == ["composed"], made.msg
    ids = {one["snapshot_id"] for one in made["image"]["snapshots"]}
    assert {look.snapshots(HOME)[one].get("AvailabilityZone") for one in ids} == {None} and len(ids) == 2
    assert made["image"]["availability_zone"] is None
    again = compose(run_module, source, method="snapshots", kms_key_id="alias/golden", device_mapping=added)
    assert (again.actions, again["image_id"]) == (["unchanged"], made["image_id"])


@BOTH
@pytest.mark.parametrize(
    ("place", "options", "words"),
    [
        (OUTPOST, {"method": "snapshots"}, ["lies in Outpost", "nowhere"]),
        (OUTPOST, {"method": "instance"}, ["lies in Outpost", "nowhere"]),
        (ZONE, {"method": "instance"}, ["lies in Local Zone", "under the keys that it has"]),
        (ZONE, {"method": "snapshots", "region": AWAY}, ["to its own region", AWAY]),
        (ZONE, {"method": "snapshots", MINUTES: 15}, ["has no duration"]),
    ],
)
def test_what_cannot_be_composed(
    run_module: RunModule, look: Looking, check: bool, place: str, options: dict[str, t.Any], words: list[str]
) -> None:
    source = local(look, place)
    look.emulator.clear_calls()
    require_refused(
        compose(run_module, source, check=check, kms_key_id="alias/golden", **options), look, source, *words
    )


@pytest.mark.parametrize("minutes", [15, 2880])
def test_copies_are_time_based(run_module: RunModule, look: Looking, minutes: int) -> None:
    within: dict[str, t.Any] = {MINUTES: minutes}
    planned = run_module(
        "ec2_ami_compose_keys", check=True, diff=True, source_image_id=image_id("mixed"), source_region=HOME,
        region=AWAY, name="composed", method="snapshots", kms_key_id="alias/golden", **within,
    )  # fmt: skip
    assert f"within {minutes} minutes" in str(planned["diff"])
    made = compose(run_module, image_id("mixed"), region=AWAY, kms_key_id="alias/golden", **within)
    assert made.actions == ["composed"], made.msg
    sent = [call["parameters"] for call in look.calls(action="CopySnapshot")]
    assert [int(one["CompletionDurationMinutes"]) for one in sent] == [minutes, minutes]
    again = compose(run_module, image_id("mixed"), region=AWAY, kms_key_id="alias/golden")
    assert again.actions == ["unchanged"]


@BOTH
@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("mixed", {MINUTES: 20}, ["is 20", "multiples of 15"]),
        ("mixed", {MINUTES: 15, "method": "instance"}, ["method=snapshots", "leave it out"]),
        ("windows", {MINUTES: 15}, ["cannot be kept", "billing information"]),
    ],
)
def test_durations_that_cannot_be(
    run_module: RunModule, look: Looking, check: bool, source: str, options: dict[str, t.Any], words: list[str]
) -> None:
    require_refused(compose(run_module, image_id(source), check=check, **options), look, *words)


LOCATION = "snapshot_location"


@pytest.fixture
def there(look: Looking) -> Local:
    """Prepare an instance in the Local Zone."""
    return local_instance(look.emulator, ZONE)


def lies(look: Looking, image: str | None) -> set[str | None]:
    """Return the Local Zones of the snapshots of an image."""
    shown = (look.image(HOME, str(image)) or {})["BlockDeviceMappings"]
    return {look.snapshots(HOME)[one["Ebs"]["SnapshotId"]].get("AvailabilityZone") for one in shown if "Ebs" in one}


def of_instance(run_module: RunModule, there: Local, *, check: bool = False, **options: t.Any) -> Result:
    """Make an image of the instance in the Local Zone."""
    asked = {"instance_id": there.instance_id, "region": HOME, "name": "composed", "no_reboot": True, "wait": True}
    given = {name: value for name, value in {**asked, **options}.items() if value is not None}
    return run_module("ec2_ami_compose_keys", check=check, diff=check, **given)


@pytest.mark.parametrize(("location", "zone"), [("local", ZONE), ("regional", None), (None, None)])
def test_an_image_of_an_instance_lies_where_it_is_asked_for(
    run_module: RunModule, look: Looking, there: Local, location: str | None, zone: str | None
) -> None:
    planned = of_instance(run_module, there, check=True, snapshot_location=location)
    made = of_instance(run_module, there, snapshot_location=location)
    assert made.actions == ["composed"], made.msg
    assert lies(look, made["image_id"]) == {zone}
    for answer in (planned, made):
        assert answer["image"]["availability_zone"] == zone
        assert ("where their keys are final" in answer["image"]["reason"]) is bool(zone)
    assert (f"its snapshots in Local Zone {ZONE}" in str(planned["diff"])) is bool(zone)
    (sent,) = [call["parameters"] for call in look.calls(action="CreateImage")]
    assert sent.get("SnapshotLocation") == location
    again = of_instance(run_module, there, snapshot_location=location)
    assert (again.actions, again["image_id"]) == (["unchanged"], made["image_id"])


@pytest.mark.parametrize(("first", "then"), [("local", "regional"), ("local", None), ("regional", "local")])
def test_an_image_that_lies_elsewhere_is_another(
    run_module: RunModule, look: Looking, there: Local, first: str, then: str | None
) -> None:
    made = of_instance(run_module, there, snapshot_location=first)
    look.emulator.clear_calls()
    other = of_instance(run_module, there, snapshot_location=then)
    require_refused(other, look, f"is taken by image {made['image_id']}", "lies in", "wanted")


@pytest.mark.parametrize(("location", "zone"), [("local", ZONE), ("regional", None)])
def test_the_temporary_instance_says_where_its_image_lies(
    run_module: RunModule, look: Looking, there: Local, location: str, zone: str | None
) -> None:
    added = [{"device_name": "/dev/sdg", "volume_size": 5, "kms_key_id": "alias/data"}]
    instance = {"subnet_id": there.subnet_id}
    asked: dict[str, t.Any] = {"method": "instance", "instance": instance, "device_mapping": added}
    made = compose(run_module, image_id("plain-root"), kms_key_id="alias/golden", snapshot_location=location, **asked)
    assert made.actions == ["composed"], made.msg
    assert lies(look, made["image_id"]) == {zone} and made["image"]["availability_zone"] == zone
    keys = set(look.keys(HOME, made["image_id"]).values())
    assert keys == {look.key_arn("alias/golden", HOME), look.key_arn("alias/data", HOME)}
    again = compose(run_module, image_id("plain-root"), kms_key_id="alias/golden", snapshot_location=location, **asked)
    assert again.actions == ["unchanged"]


@BOTH
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({LOCATION: "local"}, ["method snapshots", "without an instance"]),
        ({LOCATION: "local", "method": "instance"}, ["pass instance.subnet_id"]),
        ({LOCATION: "regional", "method": "instance", "instance": {"subnet_id": "default"}}, ["is no Local Zone"]),
    ],
)
def test_locations_that_no_instance_has(
    run_module: RunModule, look: Looking, check: bool, options: dict[str, t.Any], words: list[str]
) -> None:
    if "instance" in options:
        subnets = look.ec2(HOME).describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
        options = {**options, "instance": {"subnet_id": subnets[0]["SubnetId"]}}
    require_refused(compose(run_module, image_id("database"), check=check, **options), look, LOCATION, *words)


@BOTH
def test_botocore_without_locations(
    run_module: RunModule, look: Looking, there: Local, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    monkeypatch.setattr(KNOWS, lambda _self, _operation, member: member != "SnapshotLocation")
    look.emulator.clear_calls()
    refused = of_instance(run_module, there, check=check, snapshot_location="local")
    require_refused(refused, look, "botocore 1.", "SnapshotLocation of CreateImage", "update boto3")


def test_the_task_of_the_guide(run_module: RunModule, look: Looking, there: Local) -> None:
    guide = (ROOT / "docs" / "docsite" / "rst" / "guide_many_regions.rst").read_text()
    block = guide.partition("its image lies in the region:")[2].partition(".. code-block:: yaml\n\n")[2]
    lines = [line for line in block.splitlines() if line.startswith("    ")]
    (task,) = yaml.safe_load(textwrap.dedent("\n".join(lines)))
    asked = {**task["sealed.ami.ec2_ami_compose_keys"], "instance_id": there.instance_id}
    made = run_module("ec2_ami_compose_keys", **asked)
    assert made.actions == ["composed"] and lies(look, made["image_id"]) == {ZONE}, made.msg
