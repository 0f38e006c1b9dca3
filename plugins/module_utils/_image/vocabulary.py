# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The closed sets of words that options and results are made of, so that a slip of the pen does not pass mypy."""

from __future__ import annotations

import typing as t

# What becomes of one image; the documentation of RV(images[].action) has the same words.
Action = t.Literal[
    "copied", "replaced", "composed", "prepared", "adopted", "unchanged", "updated", "retired", "removed", "failed"
]
# What becomes of the permissions on one image; so is the documentation of ec2_ami_share.
ShareAction = t.Literal["shared", "unshared", "updated", "unchanged"]
# How an image is composed, and how that may be asked for.
MethodName = t.Literal["snapshots", "instance"]
AskedMethod = t.Literal["auto", "snapshots", "instance"]
Protection = t.Literal["enabled", "enabled-with-cooldown", "disabled"]
# How the keys are tried before anything is changed.
KeyAccessMode = t.Literal["auto", "true", "false"]
# What carries tags that a task sets.
Tagged = t.Literal["image", "snapshot"]
