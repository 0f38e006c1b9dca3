# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell what image usage reports say of other accounts, and whether that is enough. No AWS, no Ansible, no clock."""

from __future__ import annotations

import dataclasses
import typing as t

from .permissions import LaunchPermissions
from .use import MOST_VERSIONS, UseRequest

# What a report has to look at: everything that launches by an image as far as reports can see it.
REPORT_TYPES: t.Final = (
    "ec2:Instance",
    "ec2:LaunchTemplate",
    "imagebuilder:ImageRecipe",
    "imagebuilder:ContainerRecipe",
)
TEMPLATES: t.Final = "ec2:LaunchTemplate"
# So many versions of a template a report looks at unless it is told otherwise.
USUAL_VERSIONS: t.Final = 20
_HOUR: t.Final = 3600


@dataclasses.dataclass(frozen=True)
class Report:
    """A usage report on one image; no ``account_ids`` means all accounts."""

    report_id: str
    image_id: str
    state: str
    created: float
    reason: str = ""
    account_ids: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset(REPORT_TYPES)
    version_depth: int = MOST_VERSIONS

    def hours(self, now: float) -> float:
        """Return the age."""
        return (now - self.created) / _HOUR

    def is_fresh(self, request: UseRequest, now: float) -> bool:
        """Tell whether what it shows is recent enough to be evidence."""
        return self.state == "available" and self.hours(now) <= request.report_max_age_hours


def enough(reports: t.Iterable[Report], request: UseRequest, now: float) -> tuple[Report | None, str]:
    """Return the newest report that answers the whole question, or why none does."""
    newest_first = sorted(reports, key=lambda report: report.created, reverse=True)
    for report in newest_first:
        if not _lacks(report, request, now):
            return report, ""
    if newest_first:
        return None, _lacks(newest_first[0], request, now)
    return None, "there is no usage report on it"


def _lacks(report: Report, request: UseRequest, now: float) -> str:
    """Say why a report does not prove that an image is unused; empty where it does."""
    name = f"usage report {report.report_id}"
    if report.state == "pending":
        return f"{name} is pending; run again when it is available"
    if report.state != "available":
        return f"{name} is in the state {report.state}: {report.reason or 'AWS gives no reason'}"
    if not report.is_fresh(request, now):
        return f"{name} is {report.hours(now):.0f} hours old, and report_max_age is {request.report_max_age_hours}"
    unseen = sorted(set(REPORT_TYPES) - report.types)
    if unseen:
        return f"{name} does not look at {', '.join(unseen)}"
    if report.version_depth < request.version_depth:
        return (
            f"{name} looks at {report.version_depth} versions of a launch template, and version_depth is "
            f"{request.version_depth}"
        )
    if report.account_ids and not (request.account_ids and report.account_ids >= set(request.account_ids)):
        return f"{name} is on the accounts {', '.join(sorted(report.account_ids))} alone"
    return ""


def is_shared(permissions: LaunchPermissions, request: UseRequest) -> bool:
    """Tell whether accounts that matter may launch the image; who is in an organization is not known."""
    wide = permissions.group_names or permissions.org_arns or permissions.org_unit_arns
    accounts = permissions.user_ids
    return bool(wide or (accounts & set(request.account_ids) if request.account_ids else accounts))
