# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""Tell the controller how far the snapshots are that are looked at anyway, where it has named a file for that."""

from __future__ import annotations

import contextlib
import json
import os
import typing as t

from .._image.progress import percent_in

# Set by the action plugins; what they read is one JSON object a line.
VARIABLE: t.Final = "SEALED_AMI_PROGRESS_FILE"

_pending: set[str] = set()


def note_progress(region: str, entries: t.Iterable[t.Mapping[str, t.Any]]) -> None:
    """Append what DescribeSnapshots says of snapshots under way; trouble with the file is nobody's concern."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    percents: dict[str, int] = {}
    for entry in entries:
        name, state = str(entry.get("SnapshotId")), entry.get("State")
        if state == "pending":
            _pending.add(name)
            percents[name] = percent_in(str(entry.get("Progress") or ""))
        elif name in _pending:
            percents[name] = 100
    if percents:
        with contextlib.suppress(OSError), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"region": region, "percents": percents}) + "\n")
