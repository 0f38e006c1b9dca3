# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell the controller how far the snapshots are that are looked at anyway, where it has named a file for that."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import time
import typing as t

from .._image.progress import percent_in

# Set by the action plugins; what they read is one JSON object a line.
VARIABLE: t.Final = "SEALED_AMI_PROGRESS_FILE"

_seen: set[str] = set()


def note_progress(region: str, entries: t.Collection[t.Mapping[str, t.Any]]) -> None:
    """Append what DescribeSnapshots says of snapshots under way; trouble with the file is nobody's concern."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    percents = _percents(entries)
    if percents:
        ages = {str(one.get("SnapshotId")): _age(one) for one in entries}
        known = {name: age for name, age in ages.items() if age is not None and name in percents}
        line = json.dumps({"region": region, "percents": percents, "ages": known})
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8", opener=_open_existing) as file:
            file.write(line + "\n")


def _percents(entries: t.Collection[t.Mapping[str, t.Any]]) -> dict[str, int]:
    """Return how far the snapshots are that are awaited: those seen pending, and those looked at beside such ones."""
    awaited = any(entry.get("State") == "pending" for entry in entries)
    percents: dict[str, int] = {}
    for entry in entries:
        name, state = str(entry.get("SnapshotId")), entry.get("State")
        if state == "pending":
            percents[name] = percent_in(str(entry.get("Progress") or ""))
        elif awaited or name in _seen:
            percents[name] = 100
    _seen.update(percents)
    return percents


def _age(entry: t.Mapping[str, t.Any]) -> float | None:
    """Return for how many seconds a snapshot has been in the making: a resumed run was not there at its start."""
    started = entry.get("StartTime")
    return time.time() - started.timestamp() if isinstance(started, datetime.datetime) else None


def _open_existing(path: str, flags: int) -> int:
    """Open the file without making it: the controller that named it has removed it when it was interrupted."""
    return os.open(path, flags & ~os.O_CREAT)
