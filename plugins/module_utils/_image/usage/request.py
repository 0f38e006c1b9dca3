# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Turn the options of ec2_ami_usage_info into one value, refusing what can never be right. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..answers import parse_list
from ..errors import RequestError
from ..options import Options, parse_filters, require_image_id, require_region_name
from ..use import MOST_VERSIONS, UseRequest

_ACCOUNT: t.Final = re.compile(r"\d{12}")


@dataclasses.dataclass(frozen=True)
class UsageRequest:
    """Which images to look at, where, and by which evidence. Without ids the caller's own images are meant."""

    regions: tuple[str, ...]
    image_ids: tuple[str, ...] = ()
    filters: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    use: UseRequest = dataclasses.field(default_factory=UseRequest)
    ignore_region_errors: bool = False

    @property
    def owners(self) -> tuple[str, ...]:
        """Return whose images fit: those of others only by their ids, for anyone may use any name."""
        return () if self.image_ids else ("self",)


def parse_usage_request(options: Options, *, default_region: str | None) -> UsageRequest:
    """Return the request, or say what in it cannot be."""
    regions = parse_list(options.get("regions")) or ([default_region] if default_region else [])
    if not regions:
        raise RequestError("no region is given; pass regions or region, or set AWS_REGION")
    image_ids = options.get("image_ids")
    if image_ids is not None and not parse_list(image_ids):
        raise RequestError("image_ids is empty; leave it out to look at all images of this account, or name some")
    return UsageRequest(
        regions=tuple(dict.fromkeys(require_region_name(region, option="regions") for region in regions)),
        image_ids=tuple(dict.fromkeys(require_image_id(one, option="image_ids") for one in parse_list(image_ids))),
        filters=parse_filters(options.get("filters")),
        use=parse_use_request(options),
        ignore_region_errors=bool(options.get("ignore_region_errors")),
    )


def parse_use_request(options: Options) -> UseRequest:
    """Return which evidence is asked for."""
    checks = tuple(dict.fromkeys(options["checks"]))
    if not checks:
        raise RequestError("checks is empty, so that nothing would be looked at; name some, or leave it out for all")
    if not 1 <= options["version_depth"] <= MOST_VERSIONS:
        raise RequestError(f"version_depth {options['version_depth']} is not between 1 and {MOST_VERSIONS}")
    for name in ("report_max_age", "launched_within_days"):
        if options[name] < 1:
            raise RequestError(f"{name} {options[name]} is less than 1")
    accounts = parse_list(options.get("account_ids"))
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise RequestError(f"account_ids: {account!r} is not an account id of 12 digits (quote it in YAML)")
    return UseRequest(
        checks=checks,
        version_depth=options["version_depth"],
        report_max_age_hours=options["report_max_age"],
        account_ids=tuple(dict.fromkeys(accounts)),
        launched_within_days=options["launched_within_days"],
    )
