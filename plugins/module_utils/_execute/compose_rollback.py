# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Remove what a failed run has made: the image first, since it holds the snapshots."""

from __future__ import annotations

import typing as t

from .._aws.errors import AwsError
from .._aws.images import deregister_image
from .._aws.snapshots import delete_snapshot
from .._aws.volumes import delete_volume
from .compose_work import Work


def roll_back(work: Work) -> None:
    """Remove every id that this run has noted, and say in the outcome what went and what did not."""
    outcome = work.outcome
    removals: dict[str, t.Callable[[str], bool]] = {
        "ami-": lambda one: deregister_image(work.region, one, with_snapshots=False),
        "vol-": lambda one: delete_volume(work.region, one),
        "snap-": lambda one: delete_snapshot(work.region, one),
    }
    gone: list[str] = []
    trouble = ""
    for prefix, remove in removals.items():
        for one in [created for created in outcome.created if created.startswith(prefix)]:
            try:
                remove(one)
                gone.append(one)
            except AwsError as error:
                trouble = f". Rolling back failed too: {error}"
    work.forget(*gone)
    outcome.removed += gone
    outcome.error = f"{outcome.error}. Rolled back: {', '.join(gone) or 'nothing was there to remove'}{trouble}"
