# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Read what usage reports say of other accounts; those that are missing are for their owner to ask for."""

from __future__ import annotations

import typing as t

from .._aws.attributes import launch_permissions
from .._aws.errors import AwsError
from .._aws.image_use import usage_entries, usage_reports
from .._image.timestamps import to_text
from .._image.usage_reports import Report, enough, is_shared
from .._image.use import REPORTS, Reason
from .parallel import for_each
from .use_reading import AT_ONCE, Reading, tried

_KINDS: t.Final = {
    "ec2:Instance": "instances",
    "ec2:LaunchTemplate": "launch templates",
    "imagebuilder:ImageRecipe": "image recipes",
    "imagebuilder:ContainerRecipe": "container recipes",
}


def read_reports(reading: Reading) -> None:
    """Look at the reports that exist; where none is good enough, an image must be shared with nobody."""
    own = [image_id for image_id in reading.images if image_id in reading.own]
    foreign = [image_id for image_id in reading.images if image_id not in reading.own]
    reading.miss(REPORTS, ["only the owner of the image can find out who else uses it"] if foreign else (), foreign)
    if not own:
        return
    reports = tried(lambda: usage_reports(reading.region, own))
    reading.miss(REPORTS, reports.trouble, own)
    _note_entries(reading, reports.value)
    if not reports.trouble:
        _note_unreported(reading, own, reports.value)


def _note_entries(reading: Reading, reports: t.Sequence[Report]) -> None:
    """Note each use that a fresh report counts; an old report may count what has ended since."""
    fresh = {one.report_id: one for one in reports if one.is_fresh(reading.request, reading.now)}
    if not fresh:
        return
    entries = tried(lambda: usage_entries(reading.region, list(fresh)))
    reading.miss(REPORTS, entries.trouble, {one.image_id for one in fresh.values()})
    for entry in entries.value:
        report = fresh.get(str(entry.get("ReportId")))
        count, kind = int(entry.get("UsageCount") or 0), str(entry.get("ResourceType"))
        if report is None or count < 1:
            continue
        account = str(entry.get("AccountId"))
        what = (
            f"{count} {_KINDS.get(kind, kind)} in account {account}, by usage report {report.report_id} of "
            f"{to_text(report.created)}"
        )
        reading.evidence.add(report.image_id, Reason(REPORTS, what, account_id=account, count=count))


def _note_unreported(reading: Reading, own: t.Sequence[str], reports: t.Sequence[Report]) -> None:
    """Note that use elsewhere is not known for images without a report, if others can launch them."""
    reports_on: dict[str, list[Report]] = {image_id: [] for image_id in own}
    for report in reports:
        reports_on.setdefault(report.image_id, []).append(report)
    lacking: dict[str, str] = {}
    for image_id in own:
        report_on, why = enough(reports_on[image_id], reading.request, reading.now)
        if report_on is not None:
            reading.reported[image_id] = report_on.created
        elif not reading.evidence.shows_use(image_id):
            lacking[image_id] = why
    known = {image_id: reading.permissions[image_id] for image_id in lacking if image_id in reading.permissions}
    asked = [image_id for image_id in lacking if image_id not in known]
    answers = for_each(asked, lambda image_id: launch_permissions(reading.region, image_id), workers=AT_ONCE)
    for image_id, answer in {**known, **answers}.items():
        if isinstance(answer, AwsError):
            reading.miss(REPORTS, [f"{lacking[image_id]}; {answer}"], [image_id])
        elif is_shared(answer, reading.request):
            reading.miss(REPORTS, [f"the image is shared, and {lacking[image_id]}"], [image_id])
