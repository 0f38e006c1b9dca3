# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Ask EC2 what uses images: references, usage reports, the last launch and locks. Nothing here changes anything."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import typing as t

with contextlib.suppress(ImportError):  # Handled by AnsibleAWSModule.
    import botocore

from .._image.timestamps import parse_timestamp
from .._image.usage_reports import REPORT_TYPES, TEMPLATES, USUAL_VERSIONS, Report
from .._image.use import MOST_VERSIONS
from .connection import Region
from .errors import AwsError, call, required
from .paging import FILTER_VALUES, read_all

Entry = dict[str, t.Any]

# "ImageIds: up to 10" for references, up to 200 for reports (botocore's model).
REFERENCE_IDS: t.Final = 10
REPORT_IDS: t.Final = 200
_ENDED: t.Final = "terminated"
_LIVING: t.Final = ("pending", "running", "shutting-down", "stopping", "stopped")
_REFERENCE_TYPES: t.Final = (*REPORT_TYPES, "ssm:Parameter")
_DEPTH: t.Final = "version-depth"


def require_operation(client: t.Any, operation: str, *, method: str) -> None:
    """Refuse an operation that the installed botocore does not know: nothing was read."""
    if not hasattr(client, method):
        raise AwsError(
            message=f"botocore {botocore.__version__} does not know {operation}; update boto3 and botocore where the "
            "module runs"
        )


def managed(region: Region, operation: str) -> dict[str, t.Any]:
    """Return the parameter that shows what AWS's own services manage in the account, where botocore knows it."""
    name = "IncludeManagedResources"
    return {name: True} if region.knows(operation, name) else {}


@dataclasses.dataclass(frozen=True)
class OwnImage:
    """What DescribeImages tells the owner of an image."""

    state: str
    snapshot_ids: frozenset[str]
    last_launched_time: str | None = None


def own_images(region: Region, image_ids: t.Collection[str], snapshot_ids: t.Collection[str]) -> dict[str, OwnImage]:
    """Return by id these images of the caller, and all of the caller's images that are made of the snapshots.

    Images of others are absent. More ids than two calls can carry are not sent: a page of all images holds a thousand.
    """
    asked = {"image-id": sorted(image_ids), "block-device-mapping.snapshot-id": sorted(snapshot_ids)}
    filters: list[list[Entry]] = [[{"Name": name, "Values": values}] for name, values in asked.items() if values]
    if sum(-(-len(values) // FILTER_VALUES) for values in asked.values()) > len(filters):
        filters = [[]]
    disabled = {"IncludeDisabled": True} if region.knows("DescribeImages", "IncludeDisabled") else {}
    what = f"describe images in {region.name}"
    return {
        required(entry, "ImageId", of="an image"): _to_own(entry)
        for one in filters
        for entry in read_all(region.ec2, "describe_images", what, filters=one, Owners=["self"], **disabled)
    }


def _to_own(entry: Entry) -> OwnImage:
    devices = [mapping.get("Ebs") or {} for mapping in entry.get("BlockDeviceMappings") or ()]
    return OwnImage(
        state=entry.get("State") or "unknown",
        snapshot_ids=frozenset(str(ebs["SnapshotId"]) for ebs in devices if ebs.get("SnapshotId")),
        last_launched_time=entry.get("LastLaunchedTime"),
    )


def require_last_launch(region: Region) -> None:
    """Refuse a botocore that drops LastLaunchedTime from the answer: a time that is not shown is no launch not made."""
    model = region.ec2.meta.service_model.operation_model("DescribeImages").output_shape
    if "LastLaunchedTime" not in model.members["Images"].member.members:
        raise AwsError(
            message=f"botocore {botocore.__version__} does not show LastLaunchedTime of images; update boto3 and "
            "botocore where the module runs"
        )


def references_to(region: Region, image_ids: t.Sequence[str], *, version_depth: int) -> list[Entry]:
    """Return what in this account and region names up to ten images; terminated instances do not count."""
    require_operation(region.ec2, "DescribeImageReferences", method="describe_image_references")
    options = {
        "ec2:Instance": [{"OptionName": "state-name", "OptionValues": list(_LIVING)}],
        TEMPLATES: [{"OptionName": _DEPTH, "OptionValues": [str(version_depth)]}],
    }
    types = [
        {"ResourceType": kind, **({"ResourceTypeOptions": options[kind]} if kind in options else {})}
        for kind in _REFERENCE_TYPES
    ]
    what = f"find references to images in {region.name}"
    return read_all(region.ec2, "describe_image_references", what, ImageIds=list(image_ids), ResourceTypes=types)


def instances_of(region: Region, image_ids: t.Sequence[str]) -> list[Entry]:
    """Return the instances of images that are not terminated."""
    # A filter on the state would leave room for fewer images in a call.
    filters = [{"Name": "image-id", "Values": list(image_ids)}]
    more = managed(region, "DescribeInstances")
    what = f"describe instances in {region.name}"
    found = read_all(region.ec2, "describe_instances", what, filters=filters, **more)
    return [one for one in found if (one.get("State") or {}).get("Name") != _ENDED]


def usage_reports(region: Region, image_ids: t.Sequence[str]) -> list[Report]:
    """Return the usage reports that there are on own images."""
    require_operation(region.ec2, "DescribeImageUsageReports", method="describe_image_usage_reports")
    what = f"describe image usage reports in {region.name}"
    return [
        _to_report(entry)
        for part in _parts(image_ids)
        for entry in read_all(region.ec2, "describe_image_usage_reports", what, ImageIds=part)
    ]


def usage_entries(region: Region, report_ids: t.Sequence[str]) -> list[Entry]:
    """Return what reports say: how many resources of a type use an image in an account."""
    what = f"describe the entries of image usage reports in {region.name}"
    return [
        entry
        for part in _parts(report_ids)
        for entry in read_all(region.ec2, "describe_image_usage_report_entries", what, ReportIds=part)
    ]


def locked_snapshots(region: Region) -> list[Entry]:
    """Return the locks on the caller's snapshots that hold."""
    require_operation(region.ec2, "DescribeLockedSnapshots", method="describe_locked_snapshots")
    entries = read_all(region.ec2, "describe_locked_snapshots", f"describe locked snapshots in {region.name}")
    return [entry for entry in entries if entry.get("LockState") != "expired"]


def require_recipes_listed(region: Region) -> None:
    """Ask Image Builder for its recipes, as AWS does on the caller's behalf to find references; raise if it may not.

    Only the permission is asked for; which recipes name an image is for AWS to tell.
    """
    client, what = region.client("imagebuilder"), f"list the recipes of Image Builder in {region.name}"
    call(what, client.list_image_recipes, maxResults=1)
    found = call(what, client.list_container_recipes, maxResults=1).get("containerRecipeSummaryList") or ()
    for one in found:
        call(what, client.get_container_recipe, containerRecipeArn=one["arn"])


def _parts(ids: t.Sequence[str]) -> list[list[str]]:
    return [list(ids[start : start + REPORT_IDS]) for start in range(0, len(ids), REPORT_IDS)]


def _to_report(entry: Entry) -> Report:
    kinds = entry.get("ResourceTypes") or ()
    depths = [
        int(value)
        for kind in kinds
        if kind.get("ResourceType") == TEMPLATES
        for option in kind.get("ResourceTypeOptions") or ()
        if option.get("OptionName") == _DEPTH
        for value in option.get("OptionValues") or ()
    ]
    return Report(
        report_id=required(entry, "ReportId", of="an image usage report"),
        image_id=required(entry, "ImageId", of="an image usage report"),
        state=entry.get("State") or "unknown",
        created=_seconds(required(entry, "CreationTime", of="an image usage report")),
        reason=entry.get("StateReason") or "",
        account_ids=frozenset(entry.get("AccountIds") or ()),
        types=frozenset(str(kind.get("ResourceType")) for kind in kinds),
        version_depth=min([*depths, MOST_VERSIONS]) if depths else USUAL_VERSIONS,
    )


def _seconds(moment: t.Any) -> float:
    if isinstance(moment, datetime.datetime):
        return moment.timestamp()
    # What is no time is of an age that no report may have.
    return parse_timestamp(str(moment)) or 0.0
