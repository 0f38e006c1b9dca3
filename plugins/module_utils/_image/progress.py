# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""How far snapshots are, from what AWS says of them. No AWS, no Ansible."""

from __future__ import annotations

import typing as t

from .model import Snapshot


def least_percent(snapshots: t.Sequence[Snapshot]) -> int | None:
    """Return the lowest percentage of the pending snapshots; None when none is pending, or when one has failed."""
    pending = [snapshot for snapshot in snapshots if snapshot.state == "pending"]
    if not pending or any(snapshot.state == "error" for snapshot in snapshots):
        return None
    return min(percent_in(snapshot.progress) for snapshot in pending)


def percent_in(text: str) -> int:
    """Return the percentage of a pending snapshot, 0 to 99: AWS may show 100 while it is still at work, or nothing."""
    digits = text.strip().rstrip("%")
    return min(int(digits), 99) if digits.isdigit() else 0
