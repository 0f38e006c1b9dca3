# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read lists to their end, with no more filter values in a call than AWS takes."""

from __future__ import annotations

import dataclasses
import typing as t

from .errors import AwsError, call

Filters = t.Sequence[t.Mapping[str, t.Any]]

# "The maximum number of filter values specified on a single call is 200": all filters of the call together
# (FilterLimitExceeded).
FILTER_VALUES: t.Final = 200


@dataclasses.dataclass(frozen=True)
class _List:
    """Where an answer has the entries, what tells one from another, and how to ask for the next page."""

    member: str
    identity: str
    page: int
    inner: str = ""
    size: str = "MaxResults"
    token: str = "NextToken"
    next_token: str = "NextToken"

    def entries(self, answer: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return the entries of one page."""
        shown = answer.get(self.member) or []
        return [entry for one in shown for entry in one.get(self.inner) or ()] if self.inner else list(shown)


def _kms_list(member: str, identity: str, page: int) -> _List:
    return _List(member, identity, page, size="Limit", token="Marker", next_token="NextMarker")


_LISTS: t.Final = {
    "describe_images": _List("Images", "ImageId", 1000),
    "describe_snapshots": _List("Snapshots", "SnapshotId", 1000),
    "describe_volumes": _List("Volumes", "VolumeId", 500),
    "describe_instances": _List("Reservations", "InstanceId", 500, inner="Instances"),
    "describe_subnets": _List("Subnets", "SubnetId", 1000),
    "describe_launch_template_versions": _List("LaunchTemplateVersions", "VersionNumber", 200),
    "describe_auto_scaling_groups": _List("AutoScalingGroups", "AutoScalingGroupName", 100, size="MaxRecords"),
    "describe_image_references": _List("ImageReferences", "Arn", 1000),
    "describe_image_usage_reports": _List("ImageUsageReports", "ReportId", 1000),
    "describe_image_usage_report_entries": _List("ImageUsageReportEntries", "ReportId", 1000),
    # One entry for each zone of a snapshot, with no id of its own.
    "describe_fast_snapshot_restores": _List("FastSnapshotRestores", "", 200),
    "describe_locked_snapshots": _List("Snapshots", "SnapshotId", 1000),
    "describe_launch_configurations": _List("LaunchConfigurations", "LaunchConfigurationName", 100, size="MaxRecords"),
    "describe_parameters": _List("Parameters", "Name", 50),
    "get_parameters_by_path": _List("Parameters", "Name", 10),
    "get_parameter_history": _List("Parameters", "Version", 50),
    "list_images_in_recycle_bin": _List("Images", "ImageId", 1000),
    "list_snapshots_in_recycle_bin": _List("Snapshots", "SnapshotId", 1000),
    "list_rules": _List("Rules", "Identifier", 1000),
    "list_aliases": _kms_list("Aliases", "AliasArn", 100),
    "list_grants": _kms_list("Grants", "GrantId", 100),
    "list_resource_tags": _kms_list("Tags", "TagKey", 50),
}


def read_all(
    client: t.Any, operation: str, description: str, *, filters: Filters = (), **params: t.Any
) -> list[dict[str, t.Any]]:
    """Return every entry once, in no particular order; a filter without a value fits nothing, so AWS is not asked."""
    listed = _LISTS[operation]
    if not filters:
        return list(_read_pages(client, operation, description, params))
    found: dict[str, dict[str, t.Any]] = {}
    for batch in filter_batches(filters):
        for entry in _read_pages(client, operation, description, {**params, "Filters": batch}):
            # An entry that fits values of two batches comes twice. One without an id is for the caller to refuse.
            found[entry.get(listed.identity) or f"entry {len(found)}"] = entry
    return list(found.values())


def filter_batches(filters: Filters) -> t.Iterator[list[dict[str, t.Any]]]:
    """Yield filters that together fit what the given ones fit, each small enough for one call.

    What fits a filter fits one of its values, so the values of one filter may be asked for one part after the other.
    """
    sizes = [len(one["Values"]) for one in filters]
    longest = sizes.index(max(sizes))
    others = sum(sizes) - sizes[longest]
    if 0 in sizes:
        return
    if sum(sizes) <= FILTER_VALUES or sizes[longest] == 1:
        yield [dict(one) for one in filters]
        return
    part = FILTER_VALUES - others if others <= FILTER_VALUES // 2 else (sizes[longest] + 1) // 2
    for start in range(0, sizes[longest], part):
        values = list(filters[longest]["Values"][start : start + part])
        yield from filter_batches(
            [{**one, "Values": values} if place == longest else one for place, one in enumerate(filters)]
        )


def _read_pages(
    client: t.Any, operation: str, description: str, params: t.Mapping[str, t.Any]
) -> t.Iterator[dict[str, t.Any]]:
    """Yield the entries page by page: what is repeated for throttling is one page, not the list from its start."""
    listed, token = _LISTS[operation], None
    while True:
        page: dict[str, t.Any] = {listed.size: listed.page, **({listed.token: token} if token else {})}
        answer = call(description, getattr(client, operation), **params, **page)
        yield from listed.entries(answer)
        last, token = token, answer.get(listed.next_token)
        if not token:
            return
        if token == last:
            raise AwsError(message=f"Failed to {description}: AWS answers with the same page again; run the task again")
