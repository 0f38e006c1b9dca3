# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The options of ec2_ami_publish, as its documentation has them."""

from __future__ import annotations

import typing as t

from ._argspec import SESSION_TOKEN

_PARAMETER: t.Final[dict[str, t.Any]] = {
    "name": {"type": "str", "required": True},
    "overwrite_value": {"type": "str", "choices": ["never", "changed", "always"], "default": "changed"},
    "labels": {"type": "list", "elements": "str"},
    "version": {"type": "str"},
    "tags": {"type": "dict"},
    "tier": {"type": "str", "choices": ["Standard", "Advanced", "Intelligent-Tiering"]},
    "description": {"type": "str"},
}

_TEMPLATE: t.Final[dict[str, t.Any]] = {
    "template_id": {"type": "str"},
    "template_name": {"type": "str"},
    "source_version": {"type": "str", "default": "default"},
    "default_version": {"type": "str", "default": "new"},
    "version_description": {"type": "str"},
}

PUBLISH_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "image_id": {"type": "str"},
    "image_parameter": {"type": "str"},
    "require": {"type": "str", "choices": ["none", "available", "encrypted", "verified"], "default": "verified"},
    "kms_key_id": {"type": "str", "no_log": False},
    "allowed_keys": {"type": "list", "elements": "str", "no_log": False},
    "ssm_parameters": {"type": "list", "elements": "dict", "options": _PARAMETER},
    "launch_templates": {"type": "list", "elements": "dict", "options": _TEMPLATE},
    "replaces": {"type": "str"},
    "watermarks": {"type": "list", "elements": "str"},
    "accept_template_warnings": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent", "validated"], "default": "present"},
    "paths": {"type": "list", "elements": "str"},
    "wait_timeout": {"type": "int", "default": 300},
    "wait_delay": {"type": "int", "default": 15},
}
