# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The options of ec2_ami_retire, as its documentation has them."""

from __future__ import annotations

import typing as t

from ._argspec import SESSION_TOKEN

_PERMISSIONS: t.Final[dict[str, t.Any]] = {
    name: {"type": "list", "elements": "str"} for name in ("user_ids", "group_names", "org_arns", "org_unit_arns")
}

RETIRE_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "state": {"type": "str", "choices": ["retired", "restored"], "default": "retired"},
    "regions": {"type": "list", "elements": "str"},
    "filters": {"type": "dict"},
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "group_by": {"type": "str"},
    "keep": {
        "type": "dict",
        "options": {
            "newest": {"type": "int", "default": 3},
            "younger_than_days": {"type": "int", "default": 0},
            "tags": {"type": "dict"},
            "shared": {"type": "bool", "default": False},
            "public": {"type": "bool", "default": True},
        },
    },
    "launched_within_days": {"type": "int", "default": 60},
    "report_max_age": {"type": "int", "default": 24},
    "when_unknown": {"type": "str", "choices": ["keep", "fail"], "default": "keep"},
    "last_step": {"type": "str", "choices": ["deprecate", "disable", "deregister"], "default": "disable"},
    "disable_after_days": {"type": "int", "default": 14},
    "deregister_after_days": {"type": "int", "default": 60},
    "require_recycle_bin": {"type": "bool", "default": True},
    "locked_snapshots": {"type": "str", "choices": ["keep", "leave"], "default": "keep"},
    "disable_protection": {"type": "bool", "default": False},
    "replacement": {
        "type": "dict",
        "options": {
            "tag": {"type": "str", "default": "sealed.ami:replaced-by"},
            "image_id": {"type": "str", "default": "newest"},
        },
    },
    "limit": {"type": "int", "default": 20},
    "estimate_cost": {"type": "bool", "default": False},
    "undo": {
        "type": "list",
        "elements": "dict",
        "options": {
            "image_id": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "launch_permissions": {"type": "dict", "options": _PERMISSIONS},
            "deprecation_time": {"type": "str"},
            "deregistration_protection": {"type": "str"},
            "snapshot_ids": {"type": "list", "elements": "str"},
            "tags": {"type": "dict"},
        },
    },
    "trust_recorded_permissions": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 600},
}
