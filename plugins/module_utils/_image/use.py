# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Judge whether an image is in use: yes, no, or not known. No AWS, no Ansible, no clock.

Nothing of AWS says it outright. Each check below looks at one kind of evidence, and each has its holes
(aws_rules §17), so that ``no`` needs all of them to have been read.
"""

from __future__ import annotations

import dataclasses
import typing as t

REFERENCES: t.Final = "references"
REPORTS: t.Final = "reports"
LAUNCHES: t.Final = "launches"
AUTOSCALING: t.Final = "autoscaling"
PARAMETERS: t.Final = "parameters"
SNAPSHOTS: t.Final = "snapshots"
LOCKS: t.Final = "locks"
CHECKS: t.Final = (REFERENCES, REPORTS, LAUNCHES, AUTOSCALING, PARAMETERS, SNAPSHOTS, LOCKS)
# An image whose snapshots are locked, or are those of another image too, is not used by that. It is what a
# deregistration would leave, and two images of the same snapshots would keep each other for ever.
HOLDS: t.Final = (SNAPSHOTS, LOCKS)
# "LastLaunchedTime" and what usage reports say of instances are a day late (aws_rules §17.2, §17.3).
LAG_SECONDS: t.Final = 86400
MOST_VERSIONS: t.Final = 10000


@dataclasses.dataclass(frozen=True)
class UseRequest:
    """Which evidence to look at, and what to demand of it. No ``account_ids`` means: whichever accounts there are."""

    checks: tuple[str, ...] = CHECKS
    version_depth: int = MOST_VERSIONS
    report_max_age_hours: int = 24
    account_ids: tuple[str, ...] = ()
    launched_within_days: int = 2


@dataclasses.dataclass(frozen=True)
class Reason:
    """One piece of evidence; ``source`` is the check that found it, ``what`` a phrase for people."""

    source: str
    what: str
    arn: str | None = None
    account_id: str | None = None
    count: int | None = None


@dataclasses.dataclass(frozen=True)
class Use:
    """What is known of the use of one image.

    ``holds`` is what deregistering the image would leave of its snapshots. Up to ``as_of`` the evidence is complete:
    what has happened since then may not be shown yet.
    """

    image_id: str
    region: str
    in_use: bool | None
    reasons: tuple[Reason, ...] = ()
    unknown: tuple[str, ...] = ()
    last_launched_time: str | None = None
    holds: tuple[Reason, ...] = ()
    as_of: str | None = None

    def joined(self, other: Use) -> Use:
        """Return the verdict by the evidence of both, of the same image."""
        reasons, unknown = self.reasons + other.reasons, self.unknown + other.unknown
        complete = [one for one in (self.as_of, other.as_of) if one]
        return dataclasses.replace(
            self,
            in_use=True if reasons else None if unknown else False,
            reasons=reasons,
            unknown=unknown,
            last_launched_time=self.last_launched_time or other.last_launched_time,
            holds=self.holds + other.holds,
            as_of=min(complete, default=None),
        )


@dataclasses.dataclass
class Evidence:
    """What the checks have found in one region, and what they could not read, as they go along."""

    # As keys, each is there once and in the order in which it was found.
    found: dict[str, dict[Reason, None]] = dataclasses.field(default_factory=dict)
    gaps: dict[str, dict[str, None]] = dataclasses.field(default_factory=dict)
    gaps_of_all: dict[str, None] = dataclasses.field(default_factory=dict)

    def add(self, image_id: str, reason: Reason) -> None:
        """Note a piece of evidence, once."""
        self.found.setdefault(image_id, {})[reason] = None

    def miss(self, sentence: str, image_ids: t.Iterable[str] | None = None) -> None:
        """Note what could not be read of some images, or of all of them."""
        for known in [self.gaps_of_all] if image_ids is None else [self.gaps.setdefault(one, {}) for one in image_ids]:
            known[sentence] = None

    def shows_use(self, image_id: str) -> bool:
        """Tell whether the image is known to be used already."""
        return any(reason.source not in HOLDS for reason in self.found.get(image_id, ()))

    def judge(self, image_id: str, region: str, *, last_launched_time: str | None, as_of: str) -> Use:
        """Return the verdict: evidence of use counts whatever else is not known, and no evidence only if nothing is."""
        found = self.found.get(image_id, {})
        unknown = (*self.gaps.get(image_id, ()), *self.gaps_of_all)
        reasons = tuple(reason for reason in found if reason.source not in HOLDS)
        return Use(
            image_id=image_id,
            region=region,
            in_use=True if reasons else None if unknown else False,
            reasons=reasons,
            unknown=unknown,
            last_launched_time=last_launched_time,
            holds=tuple(reason for reason in found if reason.source in HOLDS),
            as_of=as_of,
        )
