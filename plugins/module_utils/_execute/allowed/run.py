# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Bring the setting Allowed AMIs of each region to what is asked for."""

from __future__ import annotations

import functools
import typing as t

from ..._aws.allowed_images import read_setting, replace_criteria, require_conditions, set_state, unseen_conditions
from ..._aws.connection import Connection, Region
from ..._aws.errors import AwsError
from ..._image.allowed.planner import ReplaceCriteria, SetState, Setting, plan_allowed
from ..._image.allowed.request import AllowedRequest
from ..._image.allowed.result import RegionOutcome
from ..parallel import all_of, for_each
from ..regions import require_known_regions


def set_allowed_images(
    connection: Connection, request: AllowedRequest, *, check: bool, warn: t.Callable[[str], None]
) -> list[RegionOutcome]:
    """Return what became of each region, in the order asked for; nothing changes unless the plan is possible in all."""
    require_known_regions(connection, request.regions)
    regions = {name: connection.region(name) for name in request.regions}
    found: dict[str, Setting] = all_of(for_each(regions, lambda name: read_setting(regions[name])))
    _require_shown(next(iter(regions.values())), request, warn=warn)
    outcomes = {name: RegionOutcome(name, found[name], plan_allowed(request, name, found[name])) for name in regions}
    if check:
        for one in outcomes.values():
            one.done = list(one.steps)
    else:
        all_of(for_each(regions, lambda name: _apply(regions[name], outcomes[name])))
    return list(outcomes.values())


def _require_shown(region: Region, request: AllowedRequest, *, warn: t.Callable[[str], None]) -> None:
    """Say what the installed botocore would hide of the criteria that are there."""
    if request.criteria is None:
        return
    require_conditions(region, request.criteria)
    unseen = unseen_conditions(region)
    if unseen:
        warn(
            f"whether the criteria that are there have {' or '.join(unseen)} is not known, for the installed botocore "
            "does not show it; update it to be certain that they are as asked for"
        )


def _apply(region: Region, outcome: RegionOutcome) -> None:
    """Take the steps of a region in their order; after an error none of the others."""
    handlers: dict[type, t.Callable[[t.Any], None]] = {
        ReplaceCriteria: functools.partial(replace_criteria, region),
        SetState: functools.partial(set_state, region),
    }
    for step in outcome.steps:
        try:
            handlers[type(step)](step)
        except AwsError as error:
            left = [one.sentence for one in outcome.steps if one not in outcome.done]
            outcome.error = f"{error}. Not done: {'; '.join(left)}"
            # AWS may have acted on a call whose answer was lost.
            outcome.uncertain = error.is_outage and not error.is_throttled
            return
        outcome.done.append(step)
