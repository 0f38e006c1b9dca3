# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who uses an image: references in the account, reports on others, and the last launch (§17)."""

from __future__ import annotations

import typing as t

import pytest

from .builders import INSTANCE_TYPE, an_image, an_instance, copied, image_of, launch, share_image
from .place import Place, a_name, reached, refused
from .rules import rule

HOUR, DAY = 3600.0, 86400.0


def references(place: Place, *image_ids: str, **request: t.Any) -> list[tuple[str, str]]:
    """Return type and resource of everything that names the images."""
    request = request or {"IncludeAllResourceTypes": True}
    found = place.ec2.describe_image_references(ImageIds=list(image_ids), **request)["ImageReferences"]
    return [(each["ResourceType"], each["Arn"].rpartition(":")[2]) for each in found]


def a_template(place: Place, image_id: str, *later: str) -> str:
    """Make a launch template with a version for each image and return its id."""
    made = place.ec2.create_launch_template(
        LaunchTemplateName=a_name("template"), LaunchTemplateData={"ImageId": image_id}
    )
    template_id = str(made["LaunchTemplate"]["LaunchTemplateId"])
    for one in later:
        data = {"ImageId": one}
        place.ec2.create_launch_template_version(LaunchTemplateId=template_id, LaunchTemplateData=data)
    return template_id


def only(kind: str, option: str = "", *values: str) -> dict[str, t.Any]:
    """Return the request for one type, with one of its options."""
    options = {"ResourceTypeOptions": [{"OptionName": option, "OptionValues": list(values)}]} if option else {}
    return {"ResourceTypes": [{"ResourceType": kind, **options}]}


@rule("17.1 instances", "M8", "UG-refs")
def test_instances_refer_to_images_in_every_state(home: Place) -> None:
    """Instances count in all states, terminated ones too, unless states are named; images of others count as well."""
    image_id = an_image(home)
    running, stopped = (an_instance(home, image_id, state=state)["InstanceId"] for state in ("running", "stopped"))
    assert references(home, image_id) == [("ec2:Instance", f"instance/{one}") for one in (running, stopped)]
    home.ec2.terminate_instances(InstanceIds=[stopped])
    reached(home, stopped, "terminated")
    assert len(references(home, image_id)) == 2
    states = only("ec2:Instance", "state-name", "pending", "running", "stopped")
    assert references(home, image_id, **states) == [("ec2:Instance", f"instance/{running}")]


@rule("17.1 instances", "UG-refs")
def test_images_of_others_may_be_asked_about(home: Place, other: Place) -> None:
    """References to any image are listed, owned or not, and those of the own account only."""
    image_id = an_image(other)
    share_image(other, image_id, home, storage=False)
    instance_id = launch(home, image_id)
    assert references(home, image_id) == [("ec2:Instance", f"instance/{instance_id}")]
    assert references(other, image_id) == []


@rule("17.1 launch templates", "M8", "UG-refs")
def test_templates_refer_by_their_newest_versions(home: Place) -> None:
    """A template counts by its ten newest versions, or as many as asked for."""
    old, new = an_image(home), an_image(home)
    template = a_template(home, old, *[new] * 10)
    assert references(home, old) == []
    assert references(home, new) == [("ec2:LaunchTemplate", f"launch-template/{template}")]
    deeper = only("ec2:LaunchTemplate", "version-depth", "11")
    assert references(home, old, **deeper) == [("ec2:LaunchTemplate", f"launch-template/{template}")]


@rule("17.1 parameters", "M8", "UG-refs")
def test_parameters_refer_by_their_newest_value(home: Place) -> None:
    """A parameter of the data type aws:ec2:image counts by its newest value."""
    ssm = home.target.client("ssm", region=home.region, account=home.account)
    old, new = an_image(home), an_image(home)
    request = {"Name": "/golden/web", "Type": "String", "DataType": "aws:ec2:image"}
    ssm.put_parameter(Value=old, **request)
    ssm.put_parameter(Value=new, Overwrite=True, **request)
    assert references(home, new) == [("ssm:Parameter", "parameter/golden/web")]
    assert references(home, old) == []


@pytest.mark.emulator_only
@pytest.mark.parametrize("seen", [True, False])
@rule("17.1 parameters", "UG-refs")
def test_text_parameters_under_both_readings(home: Place, seen: bool) -> None:
    """Whether a parameter of plain text counts is open."""
    home.target.configure(references_see_text_parameters=seen)
    ssm = home.target.client("ssm", region=home.region, account=home.account)
    image_id = an_image(home)
    ssm.put_parameter(Name="plain", Value=image_id, Type="String")
    assert bool(references(home, image_id)) == seen


@rule("17.1 not covered", "UG-refs", "AS8")
def test_lineage_is_no_reference(home: Place) -> None:
    """Copies of an image are no references to it."""
    image_id = an_image(home)
    copied(home, image_id)
    assert references(home, image_id) == []


@pytest.mark.emulator_only
@rule("17.1 recipes", "UG-refs")
def test_recipes_of_image_builder_may_be_listed(home: Place) -> None:
    """Image Builder lists the recipes that AWS looks at for references; the emulated account has none."""
    builder = home.target.client("imagebuilder", region=home.region, account=home.account)
    assert builder.list_image_recipes(maxResults=1)["imageRecipeSummaryList"] == []
    assert builder.list_container_recipes(maxResults=1)["containerRecipeSummaryList"] == []


@rule("17.1 request", "M8")
def test_what_a_request_for_references_needs(home: Place) -> None:
    """At most ten images, some type, and options that the type has."""
    image_id = an_image(home)
    with refused():
        references(home, *[f"ami-{number:017x}" for number in range(11)])
    with refused("MissingParameter"):
        home.ec2.describe_image_references(ImageIds=[image_id])
    with refused("InvalidParameterValue"):
        references(home, image_id, **only("ssm:Parameter", "version-depth", "3"))
    with refused("InvalidParameterValue"):
        references(home, image_id, **only("ec2:LaunchTemplate", "version-depth", "0"))


@rule("17.1 paging", "M8")
def test_references_come_in_pages(home: Place) -> None:
    """References are paged, five at least to a page."""
    image_id = an_image(home)
    for _ in range(7):
        launch(home, image_id)
    pages = home.ec2.get_paginator("describe_image_references").paginate(
        ImageIds=[image_id], IncludeAllResourceTypes=True, PaginationConfig={"PageSize": 5}
    )
    assert [len(each["ImageReferences"]) for each in pages] == [5, 2]


@pytest.mark.emulator_only
@rule("17.1 consistency", "UG-refs")
def test_references_may_lag(home: Place) -> None:
    """A new instance may not be listed for a while; a terminated one is listed for about an hour."""
    home.target.configure(references_lag_seconds=60)
    image_id = an_image(home)
    instance_id = launch(home, image_id)
    assert references(home, image_id) == []
    home.target.pass_time(60)
    assert references(home, image_id)
    home.ec2.terminate_instances(InstanceIds=[instance_id])
    reached(home, instance_id, "terminated")
    home.target.pass_time(HOUR + 60)
    assert references(home, image_id) == []


def a_report(place: Place, image_id: str, *kinds: str, **request: t.Any) -> str:
    """Ask for a report on an image and return its id."""
    types = [{"ResourceType": kind} for kind in kinds or ("ec2:Instance", "ec2:LaunchTemplate")]
    return str(place.ec2.create_image_usage_report(ImageId=image_id, ResourceTypes=types, **request)["ReportId"])


def report_of(place: Place, report_id: str) -> dict[str, t.Any]:
    """Return a report as it is described."""
    return t.cast(
        dict[str, t.Any], place.ec2.describe_image_usage_reports(ReportIds=[report_id])["ImageUsageReports"][0]
    )


def entries(place: Place, report_id: str) -> set[tuple[str, str, int]]:
    """Return account, type and count of a report's entries."""
    found = place.ec2.describe_image_usage_report_entries(ReportIds=[report_id])["ImageUsageReportEntries"]
    return {(each["AccountId"], each["ResourceType"], each["UsageCount"]) for each in found}


@rule("17.2 reports", "M8", "UG-usage")
def test_reports_count_what_others_do(home: Place, other: Place) -> None:
    """A report counts instances and templates of other accounts, a template once."""
    image_id = an_image(home)
    share_image(home, image_id, other, storage=False)
    for _ in range(2):
        launch(other, image_id)
    a_template(other, image_id, image_id)
    report = a_report(home, image_id)
    assert report.startswith("amiur-")
    found = home.until(lambda: (one := report_of(home, report))["State"] != "pending" and one, "report")
    assert found["State"] == "available" and (found["ExpirationTime"] - found["CreationTime"]).days == 30
    assert entries(home, report) == {(other.account_id, "ec2:Instance", 2), (other.account_id, "ec2:LaunchTemplate", 1)}
    home.ec2.delete_image_usage_report(ReportId=report)
    assert home.ec2.describe_image_usage_reports()["ImageUsageReports"] == []


@rule("17.2 reports", "M8")
def test_reports_are_on_own_images(home: Place, other: Place) -> None:
    """A report can be had on an own image only."""
    image_id = an_image(other)
    share_image(other, image_id, home, storage=False)
    with refused("AuthFailure", "UnauthorizedOperation", status=None):
        a_report(home, image_id)


@pytest.mark.emulator_only
@rule("17.2 pending", "U26-your-ec2-ami-usage")
def test_one_report_at_a_time_for_an_image(home: Place, other: Place) -> None:
    """A report is pending for a while, in which no other on the same image can be had, and expires after 30 days."""
    home.target.configure(usage_report_seconds=600)
    first, second = an_image(home), an_image(home)
    report = a_report(home, first)
    assert report_of(home, report)["State"] == "pending" and entries(home, report) == set()
    with refused():
        a_report(home, first)
    a_report(home, second)
    home.target.pass_time(600)
    assert report_of(home, report)["State"] == "available"
    home.target.pass_time(30 * DAY)
    assert home.ec2.describe_image_usage_reports()["ImageUsageReports"] == []


@pytest.mark.emulator_only
@rule("17.2 delay", "UG-usage")
def test_reports_miss_the_last_day(home: Place, other: Place) -> None:
    """Instances of the last 24 hours may be missing from a report."""
    home.target.configure(usage_report_lag=DAY)
    image_id = an_image(home)
    share_image(home, image_id, other, storage=False)
    launch(other, image_id)
    assert entries(home, a_report(home, image_id)) == set()
    home.target.pass_time(DAY)
    assert entries(home, a_report(home, image_id)) == {(other.account_id, "ec2:Instance", 1)}


@pytest.mark.emulator_only
@pytest.mark.parametrize("counted", [True, False])
@rule("17.2 own account", "UG-usage")
def test_the_own_account_in_reports_under_both_readings(home: Place, counted: bool) -> None:
    """Whether a report counts the own account is open; a report that fails says why."""
    home.target.configure(own_account_in_usage_report=counted)
    image_id = an_image(home)
    launch(home, image_id)
    report = a_report(home, image_id)
    assert bool(entries(home, report)) == counted
    home.target.configure(usage_reports_fail=True)
    assert report_of(home, report)["State"] == "error" and report_of(home, report)["StateReason"]
    assert entries(home, report) == set()


@pytest.mark.emulator_only
@rule("17.3 LastLaunchedTime", "U26-ami-last-launched-time")
def test_the_last_launch_is_told_a_day_later_and_to_the_owner(home: Place, other: Place) -> None:
    """LastLaunchedTime comes 24 hours late; before, and for others, it is missing."""
    image_id = an_image(home)
    share_image(home, image_id, other, storage=False)
    other.ec2.run_instances(ImageId=image_id, MinCount=1, MaxCount=1, InstanceType=INSTANCE_TYPE)
    home.target.pass_time(DAY - 1)
    assert "LastLaunchedTime" not in image_of(home, image_id)
    home.target.pass_time(2)
    assert image_of(home, image_id)["LastLaunchedTime"]
    assert "LastLaunchedTime" not in image_of(other, image_id)


@rule("16 ancestry", "U26-ami-ancestry")
def test_ancestry_leads_back_through_copies_and_instances(home: Place, away: Place) -> None:
    """GetImageAncestry lists the image and its sources in order, until one that has none."""
    first = an_image(home)
    second = copied(away, first, home)["ImageId"]
    found = away.ec2.get_image_ancestry(ImageId=second)["ImageAncestryEntries"]
    assert [(each["ImageId"], each.get("SourceImageId")) for each in found] == [(second, first), (first, None)]
    assert found[0]["SourceImageRegion"] == home.region
    home.ec2.deregister_image(ImageId=first)
    found = away.ec2.get_image_ancestry(ImageId=second)["ImageAncestryEntries"]
    assert found[0]["SourceImageId"] == first
