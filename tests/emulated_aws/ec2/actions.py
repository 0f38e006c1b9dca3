# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that registers actions."""

from __future__ import annotations

import importlib

MODULES = (
    "tagging",
    "images",
    "snapshots",
    "copy_image",
    "copy_snapshot",
    "image_attributes",
    "snapshot_attributes",
    "lifecycle",
    "account",
    "zones",
    "allowed_images",
    "volumes",
    "attaching",
    "instances",
    "create_image",
    "register_image",
    "tiering",
    "locks",
    "watermarks",
    "fast_starts",
    "associated_keys",
    "recycle_bin",
    "references",
    "launch_templates",
    "usage_reports",
)


def load() -> None:
    """Import the modules, which registers their actions."""
    for name in MODULES:
        importlib.import_module(f"emulated_aws.ec2.{name}")
