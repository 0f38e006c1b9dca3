# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources in Local Zones and on Outposts, and time-based copies (aws_rules §21)."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.catalogue_images import image_id
from system.looking import Looking
from system.running import Result, RunModule

HOME, AWAY, ZONE = "us-east-1", "eu-west-1", "us-east-1-bos-1a"
OUTPOST = "arn:aws:outposts:us-east-1:123456789012:outpost/op-0123456789abcdef0"
MINUTES = "snapshot_copy_completion_duration_minutes"
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
