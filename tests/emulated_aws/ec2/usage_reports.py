# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image usage reports: what other accounts do with an own image, a day late (aws_rules §17.2)."""

from __future__ import annotations

import dataclasses
import secrets
import typing as t

from emulated_aws.ec2 import errors, lookup, references, tagging, timing, tokens
from emulated_aws.ec2.filters import Facts
from emulated_aws.ec2.model import View
from emulated_aws.ec2.paging import page
from emulated_aws.ec2.request import Call, Params, action
from emulated_aws.settings import settings

if t.TYPE_CHECKING:
    from emulated_aws.ec2.backend import Ec2Region

TYPES = ("ec2:Instance", "ec2:LaunchTemplate", "imagebuilder:ImageRecipe", "imagebuilder:ContainerRecipe")
LIFE = 30 * 86400.0
MOST_ACCOUNTS = 200


@dataclasses.dataclass
class Report:
    """One report; its entries are counted when it becomes available."""

    id: str
    image_id: str
    types: list[Params]
    accounts: list[str]
    created_at: float
    ready_at: float
    entries: list[View] | None = None

    @property
    def state(self) -> str:
        """Return pending, available or error."""
        if timing.now() < self.ready_at:
            return "pending"
        return "error" if settings.usage_reports_fail else "available"


@action("CreateImageUsageReport")
def create_image_usage_report(call: Call) -> Params:
    """Start a report on an own image; one at a time for each."""
    known = tokens.known(call)
    if known:
        return {"ReportId": known}
    image = lookup.image(call.region, call.get("ImageId"), owned=True)
    references.options_of(call.get("ResourceTypes"), TYPES)
    if len(call.get("AccountIds", [])) > MOST_ACCOUNTS:
        raise errors.invalid_value(len(call.get("AccountIds")), "accountIds", f"At most {MOST_ACCOUNTS}.")
    tags = tagging.specified(call, "image-usage-report")["image-usage-report"]
    if any(one.image_id == image.id and one.state == "pending" for one in _reports(call.region)):
        raise errors.AwsError("ResourceLimitExceeded", f"A report on {image.id} is pending already.")
    call.stop_if_dry_run()
    now = timing.now()
    report = Report(
        id=f"amiur-{secrets.token_hex(8)}1",
        image_id=image.id,
        types=call.get("ResourceTypes"),
        accounts=call.get("AccountIds", []),
        created_at=now,
        ready_at=now + settings.usage_report_seconds,
    )
    call.region.usage_reports[report.id] = report
    call.region.tags[report.id].update(tags)
    tokens.remember(call, report.id)
    return {"ReportId": report.id}


def _reports(region: Ec2Region) -> list[Report]:
    """Return the reports that are not expired yet."""
    since = region.now() - LIFE
    return [one for one in region.usage_reports.values() if one.created_at > since]


def _asked(call: Call) -> list[Report]:
    images, ids = call.get("ImageIds", []), call.get("ReportIds", [])
    found = _reports(call.region)
    unknown = [one for one in ids if one not in {report.id for report in found}]
    if unknown:
        raise errors.AwsError("InvalidImageUsageReportId.NotFound", f"The report '{unknown[0]}' does not exist.")
    return [one for one in found if (not images or one.image_id in images) and (not ids or one.id in ids)]


@action("DescribeImageUsageReports")
def describe_image_usage_reports(call: Call) -> Params:
    """List reports with their states."""
    call.stop_if_dry_run()
    facts: Facts[Report] = Facts(
        {"state": lambda one: one.state, "creation-time": lambda one: timing.moment_text(one.created_at)},
        tags=lambda one: call.region.tags.get(one.id, {}),
    )
    shown, token = page(call, facts.select(_asked(call), call.get("Filters", [])), smallest=1)
    return {"NextToken": token, "ImageUsageReports": [_view(call.region, report) for report in shown]}


def _view(region: Ec2Region, report: Report) -> View:
    shown: View = {
        "ImageId": report.image_id,
        "ReportId": report.id,
        "ResourceTypes": report.types,
        "State": report.state,
        "CreationTime": timing.moment(report.created_at),
        "ExpirationTime": timing.moment(report.created_at + LIFE),
    }
    optional = {
        "AccountIds": report.accounts or None,
        "StateReason": "The report could not be made." if report.state == "error" else None,
        "Tags": tagging.wire(region.tags.get(report.id, {})) or None,
    }
    return shown | {name: value for name, value in optional.items() if value is not None}


@action("DescribeImageUsageReportEntries")
def describe_image_usage_report_entries(call: Call) -> Params:
    """List how often each account uses the image, by type of resource."""
    call.stop_if_dry_run()
    entries = [entry for one in _asked(call) if one.state == "available" for entry in _entries(call.region, one)]
    facts: Facts[View] = Facts(
        {
            "account-id": lambda entry: entry["AccountId"],
            "resource-type": lambda entry: entry["ResourceType"],
            "creation-time": lambda entry: timing.moment_text(entry["ReportCreationTime"].timestamp()),
        },
        tags=lambda _entry: {},
    )
    shown, token = page(call, facts.select(entries, call.get("Filters", [])), smallest=1)
    return {"NextToken": token, "ImageUsageReportEntries": shown}


def _entries(region: Ec2Region, report: Report) -> list[View]:
    if report.entries is None:
        report.entries = [entry for other in lookup.regions_named(region.region_name) for entry in _of(other, report)]
    return report.entries


def _of(region: Ec2Region, report: Report) -> t.Iterator[View]:
    own = report.image_id in region.amis
    if (own and not settings.own_account_in_usage_report) or region.account_id not in (
        report.accounts or [region.account_id]
    ):
        return
    for kind, options in references.options_of(report.types, TYPES).items():
        count = _count(region, report, kind, options)
        if count:
            yield {
                "ResourceType": kind,
                "ReportId": report.id,
                "UsageCount": count,
                "AccountId": region.account_id,
                "ImageId": report.image_id,
                "ReportCreationTime": timing.moment(report.created_at),
            }


def _count(region: Ec2Region, report: Report, kind: str, options: list[str]) -> int:
    if kind == "ec2:Instance":
        seen_by = report.ready_at - settings.usage_report_lag
        return sum(one.created_at <= seen_by for one in references.instances_of(region, report.image_id))
    if kind == "ec2:LaunchTemplate":
        return len(references.templates_of(region, report.image_id, int(options[0]) if options else 20))
    return 0


@action("DeleteImageUsageReport")
def delete_image_usage_report(call: Call) -> Params:
    """Delete a report."""
    report_id = call.get("ReportId")
    if report_id not in {one.id for one in _reports(call.region)}:
        raise errors.AwsError("InvalidImageUsageReportId.NotFound", f"The report '{report_id}' does not exist.")
    call.stop_if_dry_run()
    del call.region.usage_reports[report_id]
    return {"Return": True}
