# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The options of ec2_allowed_images, as its documentation has them."""

from __future__ import annotations

import typing as t

from ._argspec import SESSION_TOKEN

SEVERITIES: t.Final = ("informational", "low", "medium", "high", "critical")
_NAMES: t.Final = {"type": "list", "elements": "str"}
_DAYS: t.Final = {"type": "int"}

_WATERMARK: t.Final[dict[str, t.Any]] = {
    "watermark_key": {"type": "str", "no_log": False},
    "source_image_region": {"type": "str"},
    "maximum_days_since_source_image_created": _DAYS,
    "maximum_days_since_watermark_created": _DAYS,
}
_SCAN: t.Final[dict[str, t.Any]] = {
    "maximum_severity_label": {"type": "str", "choices": list(SEVERITIES)},
    "max_days_since_last_finding_scan": _DAYS,
    **{f"max_days_since_{severity}_fix_available": _DAYS for severity in SEVERITIES},
}
_CRITERION: t.Final[dict[str, t.Any]] = {
    "image_providers": _NAMES,
    "image_names": _NAMES,
    "marketplace_product_codes": _NAMES,
    "creation_date_condition": {"type": "dict", "options": {"maximum_days_since_created": _DAYS}},
    "deprecation_time_condition": {"type": "dict", "options": {"maximum_days_since_deprecated": _DAYS}},
    "image_watermarks": {"type": "list", "elements": "dict", "options": _WATERMARK},
    "scan_result_condition": {"type": "dict", "options": _SCAN},
}

ALLOWED_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "regions": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": ["enabled", "audit-mode", "disabled"], "required": True},
    "image_criteria": {"type": "list", "elements": "dict", "options": _CRITERION},
}
