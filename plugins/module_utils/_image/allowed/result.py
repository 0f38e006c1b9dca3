# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What became of the setting Allowed AMIs, and what ec2_allowed_images returns of it. No AWS, no Ansible."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .planner import ReplaceCriteria, SetState, Setting, Step


@dataclasses.dataclass
class RegionOutcome:
    """One region: what was there, what is to be done, and how much of it is."""

    region: str
    before: Setting
    steps: tuple[Step, ...]
    done: list[Step] = dataclasses.field(default_factory=list)
    error: str | None = None
    uncertain: bool = False

    @property
    def after(self) -> Setting:
        """Return the setting once the steps are done that are done."""
        setting = self.before
        for step in self.done:
            if isinstance(step, SetState):
                setting = dataclasses.replace(setting, state=step.state)
            elif isinstance(step, ReplaceCriteria):
                setting = dataclasses.replace(setting, criteria=step.criteria)
        return setting


def to_allowed_result(outcomes: t.Sequence[RegionOutcome]) -> dict[str, t.Any]:
    """Return the module's result; the same shape for check mode, success and failure."""
    return {
        "changed": any(one.done or one.uncertain for one in outcomes),
        "settings": [_to_entry(one) for one in outcomes],
    }


def allowed_message(outcomes: t.Sequence[RegionOutcome], *, check: bool) -> str:
    """Return in one line what became of each region."""
    words = {True: "would be updated" if check else "updated", False: "unchanged"}
    return "; ".join(f"{one.region} {words[bool(one.done)]}: {one.after.state}" for one in outcomes)


def allowed_failure(outcomes: t.Sequence[RegionOutcome]) -> str:
    """Return what went wrong, region by region; empty where nothing did."""
    return " | ".join(f"{one.region}: {one.error}" for one in outcomes if one.error)


def to_allowed_diff(outcomes: t.Sequence[RegionOutcome]) -> list[dict[str, str]]:
    """Return Ansible's diff form: the setting of each region that changes, before and after."""
    return [
        {
            "before_header": one.region,
            "after_header": one.region,
            "before": _text(one.before),
            "after": _text(one.after) + "".join(f"{step.sentence}\n" for step in one.done),
        }
        for one in outcomes
        if one.done
    ]


def _to_entry(outcome: RegionOutcome) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {
        "region": outcome.region,
        "action": "failed" if outcome.error else "updated" if outcome.done else "unchanged",
        **_to_setting(outcome.after),
        "managed_by": outcome.before.managed_by,
        "previous": _to_setting(outcome.before),
        "steps": [step.sentence for step in outcome.done],
    }
    return {**entry, "error": outcome.error} if outcome.error else entry


def _to_setting(setting: Setting) -> dict[str, t.Any]:
    return {"state": setting.state, "image_criteria": [dict(one) for one in setting.criteria]}


def _text(setting: Setting) -> str:
    return json.dumps(_to_setting(setting), indent=2, sort_keys=True) + "\n"
