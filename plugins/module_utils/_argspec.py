# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""The options of the modules. Their documentation, in each module and in the fragment ``image``, must say the same."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import env_fallback

from ._image.attribute_table import ATTRIBUTE_ROWS
from ._image.grant.request import GRANTABLE
from ._image.places import PLACE_OPTIONS
from ._image.use import CHECKS, MOST_VERSIONS

# AWX's credential sets AWS_SECURITY_TOKEN, which amazon.aws does not read.
SESSION_TOKEN: t.Final = {
    "aliases": ["aws_session_token"],
    "fallback": (env_fallback, ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]),
    "no_log": True,
}

# What an image looks like apart from its content; the same for every module that makes images.
ATTRIBUTE_ARGUMENTS: t.Final[dict[str, t.Any]] = {row.name: dict(row.argument) for row in ATTRIBUTE_ROWS}

RUN_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "check_key_access": {"type": "str", "choices": ["auto", "true", "false"], "default": "auto"},
    "on_failure": {"type": "str", "choices": ["keep", "rollback"], "default": "keep"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 3600},
    "wait_delay": {"type": "int", "default": 15},
}

_PLACE: t.Final[dict[str, t.Any]] = {name: {"type": "str"} for name in PLACE_OPTIONS}
_DESTINATION: t.Final[dict[str, t.Any]] = {
    "region": {"type": "str", "required": True},
    **_PLACE,
    "kms_key_id": {"type": "str", "no_log": False},
    "name": {"type": "str"},
    **{
        row.name: {key: value for key, value in row.argument.items() if key != "aliases"}
        for row in ATTRIBUTE_ROWS
        if row.of_destination
    },
}

COPY_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    **ATTRIBUTE_ARGUMENTS,
    **RUN_ARGUMENTS,
    "source_image_id": {"type": "str"},
    "source_image_ids": {"type": "list", "elements": "str"},
    "source_region": {"type": "str"},
    **_PLACE,
    "destinations": {"type": "list", "elements": "dict", "options": _DESTINATION},
    "name": {"type": "str"},
    "encrypted": {"type": "bool", "default": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "copy_tags": {"type": "bool", "default": False},
    "snapshot_copy_completion_duration_minutes": {"type": "int"},
    "superseded": {"type": "str", "choices": ["keep", "retire", "deregister"], "default": "keep"},
    "retired": {"type": "str", "choices": ["report", "recopy"], "default": "report"},
    "intermediate": {"type": "bool", "default": False},
    "expires_at": {"type": "str"},
    "tag_equality": {"type": "bool", "default": False},
}

_KEY_RULES: t.Final[dict[str, t.Any]] = {
    "encrypted": {"type": "bool"},
    "customer_managed": {"type": "bool"},
    "key_usable": {"type": "bool"},
    "allowed_keys": {"type": "list", "elements": "str", "no_log": False},
    "allowed_key_tags": {"type": "dict", "no_log": False},
    "associated_keys": {"type": "str", "choices": ["forbid", "same_rules", "ignore"], "no_log": False},
}

AUDIT_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "kms_key_ids": {"type": "list", "elements": "str", "aliases": ["kms_key_id"], "no_log": False},
    "owners": {"type": "list", "elements": "str", "aliases": ["owner"]},
    "filters": {"type": "dict"},
    "regions": {"type": "list", "elements": "str"},
    "policy": {
        "type": "dict",
        "options": {
            **_KEY_RULES,
            "watermarks": {"type": "list", "elements": "str"},
            "instance_types": {"type": "list", "elements": "str"},
            "devices": {
                "type": "list",
                "elements": "dict",
                "options": {"device_name": {"type": "str", "required": True}, **_KEY_RULES},
            },
        },
    },
    "block_public_access": {"type": "bool", "default": False},
    "ignore_region_errors": {"type": "bool", "default": False},
    "launchable_by": {"type": "list", "elements": "str"},
}

SHARE_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "filters": {"type": "dict"},
    "tags": {"type": "dict", "aliases": ["resource_tags"]},
    "regions": {"type": "list", "elements": "str"},
    "launch_permissions": ATTRIBUTE_ARGUMENTS["launch_permissions"],
    "purge_launch_permissions": {"type": "bool", "default": False},
    "purpose": {"type": "str", "choices": ["launch", "copy"]},
    "record": {"type": "bool", "default": False},
    "given": {"type": "list", "elements": "dict"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}

USAGE_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "image_ids": {"type": "list", "elements": "str", "aliases": ["image_id"]},
    "filters": {"type": "dict"},
    "regions": {"type": "list", "elements": "str"},
    "checks": {"type": "list", "elements": "str", "choices": list(CHECKS), "default": list(CHECKS)},
    "version_depth": {"type": "int", "default": MOST_VERSIONS},
    "report_max_age": {"type": "int", "default": 24},
    "launched_within_days": {"type": "int", "default": 2},
    "account_ids": {"type": "list", "elements": "str"},
    "ignore_region_errors": {"type": "bool", "default": False},
}

_DEVICE: t.Final[dict[str, t.Any]] = {
    "device_name": {"type": "str", "required": True},
    "kms_key_id": {"type": "str", "no_log": False},
    "snapshot_id": {"type": "str"},
    "volume_size": {"type": "int", "aliases": ["size"]},
    "volume_type": {"type": "str"},
    "iops": {"type": "int"},
    "throughput": {"type": "int"},
    "delete_on_termination": {"type": "bool"},
    "no_device": {"type": "bool", "default": False},
}
_INSTANCE: t.Final[dict[str, t.Any]] = {
    "instance_type": {"type": "str", "aliases": ["type"]},
    "subnet_id": {"type": "str", "aliases": ["vpc_subnet_id"]},
    "security_group_ids": {"type": "list", "elements": "str", "aliases": ["security_groups"]},
    "iam_instance_profile": {"type": "str", "aliases": ["instance_profile", "profile"]},
    "key_name": {"type": "str", "no_log": False},
    "user_data": {"type": "str", "no_log": True},
    "volume_initialization_rate": {"type": "int"},
    "hold": {"type": "bool", "default": False},
    "held_instance_id": {"type": "str"},
    "metadata_options": {
        "type": "dict",
        "options": {
            "http_tokens": {"type": "str", "choices": ["optional", "required"], "default": "required"},
            "http_endpoint": {"type": "str", "choices": ["enabled", "disabled"], "default": "enabled"},
        },
    },
}

COMPOSE_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    **ATTRIBUTE_ARGUMENTS,
    **RUN_ARGUMENTS,
    "name": {"type": "str", "required": True},
    "source_image_id": {"type": "str"},
    "source_region": {"type": "str"},
    "instance_id": {"type": "str"},
    "kms_key_id": {"type": "str", "no_log": False},
    "device_mapping": {"type": "list", "elements": "dict", "options": _DEVICE},
    "method": {"type": "str", "choices": ["auto", "snapshots", "instance"], "default": "auto"},
    "instance": {"type": "dict", "options": _INSTANCE},
    "no_reboot": {"type": "bool", "default": False},
    "temporary_tags": {"type": "dict"},
    "snapshot_location": {"type": "str", "choices": ["local", "regional"]},
    "snapshot_copy_completion_duration_minutes": {"type": "int"},
}

GRANT_ARGUMENTS: t.Final[dict[str, t.Any]] = {
    "session_token": SESSION_TOKEN,
    "key_id": {"type": "str", "required": True, "no_log": False},
    "grantee_principal": {"type": "str"},
    "temporary": {"type": "bool", "default": False},
    "purpose": {"type": "str", "choices": ["launch", "copy", "autoscaling"]},
    "operations": {"type": "list", "elements": "str", "choices": list(GRANTABLE)},
    "constraints": {
        "type": "dict",
        "options": {
            "encryption_context_equals": {"type": "dict"},
            "encryption_context_subset": {"type": "dict"},
        },
    },
    "retiring_principal": {"type": "str"},
    "grant_id": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}
