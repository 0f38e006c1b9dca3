# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The options of ec2_ami_access_info."""

from __future__ import annotations

import typing as t

from ._argspec import SESSION_TOKEN
from ._image.access.request import ACTS

_ACT: t.Final[dict[str, t.Any]] = {
    "act": {"type": "str", "required": True, "choices": list(ACTS)},
    "region": {"type": "str"},
    "source_region": {"type": "str"},
    "image_ids": {"type": "list", "elements": "str"},
    "snapshot_ids": {"type": "list", "elements": "str"},
    "user_ids": {"type": "list", "elements": "str"},
    "kms_key_id": {"type": "str", "no_log": False},
    "kms_key_ids": {"type": "list", "elements": "str", "no_log": False},
    "grantee_principals": {"type": "list", "elements": "str"},
}
ACCESS_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "acts": {"type": "list", "elements": "dict", "required": True, "options": _ACT},
    "required": {"type": "bool", "default": True},
}
