# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What may be touched: one rule for each kind of thing, with its reason. No AWS, no Ansible."""

from __future__ import annotations

from .keys import key_arn_in
from .model import KEY_TAG, Snapshot

# AWS shows this in place of a volume on every snapshot that was copied (aws_rules §25).
COPIED_VOLUME = "vol-ffffffff"


def tags_are_true(snapshot: Snapshot) -> bool:
    """Tell whether the snapshot is under the key that its tags name; tags can be copied to anything, a key cannot.

    One that is not completed may not show its key yet, or ever.
    """
    recorded = snapshot.tags.get(KEY_TAG, "")
    return key_arn_in(recorded) is None or snapshot.state != "completed" or snapshot.kms_key_arn == recorded
