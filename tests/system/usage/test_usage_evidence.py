# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way of using an image is found by the check that is for it, also where nothing else would show it."""

from __future__ import annotations

import typing as t

import pytest

from emulated_aws.client import Emulator
from system.usage.conftest import DAY, OTHER, TYPE, Account, Usage, policy

EVERY = ("references", "reports", "launches", "autoscaling", "parameters", "snapshots", "locks")


def sources(entry: t.Mapping[str, t.Any]) -> set[str]:
    """Return the checks that have found use."""
    return {reason["source"] for reason in entry["reasons"]}


def test_an_image_that_nothing_uses_is_not_in_use(home: Account, usage: Usage) -> None:
    entry = usage(home.image("idle"))
    assert (entry["in_use"], entry["reasons"], entry["unknown"], entry["holds"]) == (False, [], [], [])


@pytest.mark.parametrize("state", ["running", "stopped", "terminated"])
def test_instances_count_until_they_are_terminated(home: Account, usage: Usage, emulator: Emulator, state: str) -> None:
    image = home.image("app")
    instance = home.launch(image)
    emulator.advance(60)
    if state != "running":
        getattr(home.ec2, {"stopped": "stop_instances", "terminated": "terminate_instances"}[state])(
            InstanceIds=[instance]
        )
        emulator.advance(60)
    entry = usage(image)
    assert entry["in_use"] is (state != "terminated")
    assert [reason["what"] for reason in entry["reasons"]] == [f"instance {instance}"] * (state != "terminated")


def test_a_new_instance_counts_although_references_lag(home: Account, usage: Usage, emulator: Emulator) -> None:
    emulator.configure(references_lag_seconds=3600)
    image = home.image("app")
    home.launch(image)
    assert usage(image, checks=["references"])["in_use"] is True


@pytest.mark.parametrize(("newer", "depth", "used"), [(11, 10000, True), (11, 12, True), (11, 11, False)])
def test_the_default_version_of_a_template_counts_however_old(
    home: Account, usage: Usage, newer: int, depth: int, used: bool
) -> None:
    old, new = home.image("old"), home.image("new")
    home.template(old, *[new] * newer)
    entry = usage(old, checks=["references"], version_depth=depth)
    assert entry["in_use"] is used
    # What is the default is found by another check too, whatever the depth.
    assert usage(old, checks=["parameters"], version_depth=1)["in_use"] is True


@pytest.mark.parametrize("size", [0, 1])
def test_an_override_of_a_group_counts_at_any_size(home: Account, usage: Usage, size: int) -> None:
    base, named = home.image("base"), home.image("named")
    group = home.group(size, **policy(home.template(base), {"InstanceType": TYPE, "ImageId": named}))
    entry = usage(named, checks=["references", "autoscaling"])
    assert entry["in_use"] is True
    assert f"Auto Scaling group {group}, an override" in [reason["what"] for reason in entry["reasons"]]
    assert usage(named, checks=["references"])["in_use"] is (size > 0)


def test_the_template_of_an_override_counts(home: Account, usage: Usage) -> None:
    base, named = home.image("base"), home.image("named")
    override = {"InstanceType": TYPE, "LaunchTemplateSpecification": {"LaunchTemplateId": home.template(named)}}
    home.group(**policy(home.template(base), override))
    assert sources(usage(named, checks=["autoscaling"])) == {"autoscaling"}


def test_a_launch_configuration_counts(home: Account, usage: Usage) -> None:
    image = home.image("app")
    home.scaling.create_launch_configuration(LaunchConfigurationName="web", ImageId=image, InstanceType=TYPE)
    assert usage(image)["reasons"][0]["what"] == "launch configuration web"


@pytest.mark.parametrize("seconds", [3600, 0])
def test_a_refresh_under_way_counts(home: Account, usage: Usage, emulator: Emulator, seconds: float) -> None:
    """Once it has ended, the group itself names the image."""
    emulator.configure(instance_refresh_seconds=seconds)
    base, named = home.image("base"), home.image("named")
    template = home.template(base)
    group = home.group(1, **policy(template))
    desired = policy(template, {"InstanceType": TYPE, "ImageId": named})
    home.scaling.start_instance_refresh(AutoScalingGroupName=group, DesiredConfiguration=desired)
    entry = usage(named, checks=["autoscaling"])
    assert entry["in_use"] is True
    assert ("instance refresh" in entry["reasons"][0]["what"]) is (seconds > 0)


@pytest.mark.parametrize("shown", [True, False])
def test_a_replaced_root_volume_counts_under_both_readings(
    home: Account, usage: Usage, emulator: Emulator, shown: bool
) -> None:
    emulator.configure(replaced_root_shows_image=shown)
    base, named, later = (home.image(name) for name in ("base", "named", "later"))
    template = home.template(base)
    group = home.group(1, **policy(template))
    emulator.advance(60)
    home.scaling.start_instance_refresh(
        AutoScalingGroupName=group,
        Strategy="ReplaceRootVolume",
        DesiredConfiguration=policy(template, {"InstanceType": TYPE, "ImageId": named}),
    )
    emulator.advance(60)
    home.scaling.update_auto_scaling_group(
        AutoScalingGroupName=group, **policy(template, {"InstanceType": TYPE, "ImageId": later})
    )
    assert usage(named, checks=["references", "autoscaling"])["in_use"] is True


@pytest.mark.parametrize("version", ["1", "$Default"])
def test_a_version_that_names_a_parameter_counts(home: Account, usage: Usage, version: str) -> None:
    """A group launches by version 1 of a template, which has newer ones, and an older version of a parameter."""
    image, new = home.image("app"), home.image("new")
    home.parameter("/golden/web", image, new)
    home.ssm.label_parameter_version(Name="/golden/web", ParameterVersion=1, Labels=["stable"])
    template = home.template("resolve:ssm:/golden/web:stable", new, new)
    if version == "1":
        home.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="3")
    home.group(LaunchTemplate={"LaunchTemplateId": template, "Version": version})
    entry = usage(image, checks=["autoscaling"])
    assert entry["in_use"] is True
    assert "through parameter /golden/web:stable" in entry["reasons"][0]["what"]


def test_parameters_count_by_their_newest_value_and_by_labels(home: Account, usage: Usage) -> None:
    labeled, plain, newest = (home.image(name) for name in ("labeled", "plain", "newest"))
    home.parameter("/golden/web", labeled, plain, newest)
    home.ssm.label_parameter_version(Name="/golden/web", ParameterVersion=1, Labels=["stable"])
    checks = ["references", "parameters"]
    assert [usage(one, checks=checks)["in_use"] for one in (labeled, plain, newest)] == [True, False, True]
    assert "labeled stable" in usage(labeled, checks=checks)["reasons"][0]["what"]


@pytest.mark.parametrize("seen", [True, False])
def test_text_parameters_under_both_readings(home: Account, usage: Usage, emulator: Emulator, seen: bool) -> None:
    """AWS may find a parameter of text; that a template leads to it counts in any case."""
    emulator.configure(references_see_text_parameters=seen)
    image, led_to = home.image("app"), home.image("led-to")
    for name, value in (("plain", image), ("used", led_to)):
        home.ssm.put_parameter(Name=name, Value=value, Type="String")
    home.template("resolve:ssm:used")
    assert usage(image, checks=["references", "parameters"])["in_use"] is seen
    assert usage(led_to, checks=["references", "parameters"])["in_use"] is True


def test_more_parameters_and_templates_than_a_page_are_read(home: Account, usage: Usage) -> None:
    image, many = home.image("app"), home.image("many")
    for number in range(60):
        home.parameter(f"/golden/{number:02}", image if number == 59 else many)
    entry = usage(image, checks=["parameters"])
    assert [reason["what"] for reason in entry["reasons"]] == ["parameter /golden/59, version 1"]


@pytest.mark.parametrize(
    ("days", "options", "used"),
    [
        pytest.param(1.1, {}, True, id="yesterday"),
        pytest.param(3, {}, False, id="before"),
        pytest.param(3, {"launched_within_days": 7}, True, id="before, and asked for"),
    ],
)
def test_a_recent_launch_counts_whoever_made_it(
    home: Account, other: Account, usage: Usage, emulator: Emulator, days: float, options: dict[str, t.Any], used: bool
) -> None:
    image = home.image("app")
    home.share(image, OTHER)
    other.ec2.terminate_instances(InstanceIds=[other.launch(image)])
    emulator.advance(days * DAY)
    entry = usage(image, checks=["launches"], **options)
    assert entry["in_use"] is used
    assert entry["last_launched_time"]


def test_what_deregistering_would_leave_is_no_use(home: Account, usage: Usage) -> None:
    """Two images of one snapshot would keep each other for ever."""
    image = home.image("app")
    snapshot = home.snapshot(image)
    twin = home.image("twin", snapshot=snapshot)
    home.ec2.disable_image(ImageId=twin)
    home.ec2.lock_snapshot(SnapshotId=snapshot, LockMode="governance", LockDuration=1)
    entry = usage(image)
    assert entry["in_use"] is False
    assert {hold["source"] for hold in entry["holds"]} == {"snapshots", "locks"}
    assert twin in " ".join(hold["what"] for hold in entry["holds"])


def test_a_lock_that_has_expired_holds_nothing(home: Account, usage: Usage, emulator: Emulator) -> None:
    image = home.image("app")
    home.ec2.lock_snapshot(SnapshotId=home.snapshot(image), LockMode="governance", LockDuration=1)
    emulator.advance(2 * DAY)
    assert usage(image, checks=["locks"])["holds"] == []


def test_copies_are_no_use(home: Account, usage: Usage) -> None:
    image = home.image("app")
    home.ec2.copy_image(SourceImageId=image, SourceRegion="us-east-1", Name="copy")
    assert usage(image)["in_use"] is False
