# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long things take and how far they are; all times are seconds since the epoch of the virtual clock."""

from __future__ import annotations

import datetime

from emulated_aws.clock import clock
from emulated_aws.settings import settings

ALMOST_DONE = 0.9


def copy_seconds(size_gib: int, *, full: bool) -> float:
    """Return the duration of one snapshot copy; an incremental one (same region, same key) takes the minimum only."""
    per_size = settings.copy_seconds_per_gib * size_gib if full else 0.0
    return max(settings.copy_seconds_minimum, per_size)


def snapshot_seconds(size_gib: int) -> float:
    """Return the duration of making a snapshot of a volume."""
    return settings.snapshot_seconds_per_gib * size_gib


def progress(starts_at: float, ready_at: float, now: float) -> str:
    """Return a percentage as DescribeSnapshots words it, for work that is not finished yet."""
    if now <= starts_at or ready_at <= starts_at:
        return "0%"
    done = (now - starts_at) / (ready_at - starts_at)
    if settings.progress_reaches_100_while_pending and done >= ALMOST_DONE:
        return "100%"
    return f"{min(99, int(done * 100))}%"


def moment(seconds: float) -> datetime.datetime:
    """Return the UTC datetime, without a zone as moto's serialiser wants it."""
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).replace(tzinfo=None)


def moment_text(seconds: float) -> str:
    """Return the ISO 8601 text with milliseconds that EC2 uses for dates it models as strings."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def now() -> float:
    """Return the present moment of the virtual clock."""
    return clock.now()
