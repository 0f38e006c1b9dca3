# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""One copy on its way, and what has been seen of it so far."""

from __future__ import annotations

import dataclasses

from ..._image.copy.identity import Lineage, Requirement
from ..._image.copy.prediction import new_storage_gib
from ..._image.model import Image
from ..._image.outcome import Outcome, Target
from ..._image.proofs import MayDeregister
from ..._image.steps import Plan


@dataclasses.dataclass(frozen=True)
class Waiting:
    """How long to wait for copies and what to do with those that fail.

    ``deadline`` is in seconds since the epoch, the others in seconds. ``mark`` is given by this run alone to the images
    that its calls make.
    """

    wait: bool
    timeout: float
    deadline: float
    longest_delay: float
    rollback: bool = False
    mark: str = ""


@dataclasses.dataclass
class Job:
    """The state of one target while it is worked on; its ``outcome`` is what remains.

    ``adopted`` marks an image that another run started: it is awaited here, and judged once its keys can be read.
    ``made`` proves that this run made the image, so that this run may remove it.
    ``committed`` marks that what the copy replaces is being removed: from here on it must not be rolled back.
    ``removing`` marks that the removal of something has begun.
    ``overtaken`` are superseded copies that somebody else has disabled or deregistered in the meantime.
    """

    outcome: Outcome
    plan: Plan
    lineage: Lineage
    requirement: Requirement
    image_id: str = ""
    token: str = ""
    source_key_arns: frozenset[str] = frozenset()
    adopted: bool = False
    made: MayDeregister | None = None
    committed: bool = False
    removing: bool = False
    started: float = 0.0
    last_seen: float | None = None
    next_look: float = 0.0
    refused_since: float | None = None
    dead_ids: list[str] = dataclasses.field(default_factory=list)
    overtaken: set[str] = dataclasses.field(default_factory=set)
    done: bool = False

    @classmethod
    def failed(cls, target: Target, lineage: Lineage, error: str) -> Job:
        """Return a job that ended before it could be planned."""
        plan = Plan("failed", error, None)
        outcome = Outcome(target, plan, action="failed", reason=error, error=error)
        return cls(outcome, plan, lineage, Requirement(None, None), done=True)

    @property
    def snapshot_count(self) -> int:
        """Return how many of the region's copy slots the job takes."""
        return self.plan.create.snapshot_count if self.plan.create else 0

    @property
    def is_running(self) -> bool:
        """Tell whether AWS is at work on it."""
        return bool(self.image_id) and not self.done

    @property
    def is_queued(self) -> bool:
        """Tell whether the copy is still to be started."""
        return not self.image_id and not self.done

    def know_source(self, source: Image) -> None:
        """Note the source's keys, and correct the predicted storage: under one key source and copy share it."""
        self.source_key_arns = source.kms_key_arns
        gib = new_storage_gib(source, self.outcome.target.region, self.requirement)
        self.plan = self.outcome.plan = dataclasses.replace(self.plan, new_storage_gib=gib)

    def explain(self) -> None:
        """Let the outcome say what the plan said."""
        self.outcome.action, self.outcome.reason = self.plan.action, self.plan.reason
