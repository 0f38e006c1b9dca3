# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Decide how the setting Allowed AMIs of one region comes to what is asked for. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import typing as t

from ..errors import PreflightError
from .criteria import Criteria
from .request import AllowedRequest, State


@dataclasses.dataclass(frozen=True)
class Setting:
    """The setting of one account in one region as AWS shows it; ``managed_by`` is the account or a policy."""

    state: str
    criteria: Criteria = ()
    managed_by: str = "account"


@dataclasses.dataclass(frozen=True)
class SetState:
    """Apply the criteria, only report by them, or do neither."""

    state: State

    @property
    def sentence(self) -> str:
        """Say what is done."""
        words = {
            "enabled": "hide every image of another account that meets none of the criteria",
            "audit-mode": "only show which images the criteria would hide",
            "disabled": "apply no criteria",
        }
        return f"turn Allowed AMIs to {self.state}: {words[self.state]}"


@dataclasses.dataclass(frozen=True)
class ReplaceCriteria:
    """Put these criteria in place of all that are there."""

    criteria: Criteria
    before: int = 0

    @property
    def sentence(self) -> str:
        """Say what is done."""
        return f"replace the {self.before} image criteria by {len(self.criteria)}"


Step = t.Union[SetState, ReplaceCriteria]


def plan_allowed(request: AllowedRequest, region: str, found: Setting) -> tuple[Step, ...]:
    """Return the steps, or say why the setting cannot be changed here.

    Criteria come before they are applied, and after they are no longer, so that none hides what it shall not.
    """
    wanted = found.criteria if request.criteria is None else request.criteria
    criteria: list[Step] = [] if wanted == found.criteria else [ReplaceCriteria(wanted, len(found.criteria))]
    state: list[Step] = [] if request.state == found.state else [SetState(request.state)]
    steps = (*criteria, *state) if request.state == "enabled" else (*state, *criteria)
    if not steps:
        return ()
    if found.managed_by != "account":
        raise PreflightError(
            f"Allowed AMIs in {region} is managed by {found.managed_by}, so that this account cannot change it "
            f"({steps[0].sentence}); change the organization's declarative policy. Nothing was changed"
        )
    if request.state == "enabled" and not wanted:
        raise PreflightError(
            f"state=enabled in {region} without any criterion: which images AWS hides then is not documented. Name "
            "image_criteria, such as image_providers [none] for images of this account only. Nothing was changed"
        )
    return steps
