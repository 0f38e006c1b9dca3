# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show how far snapshots are while ``ec2_ami_encrypted_copy`` waits; the module does the work, also without this."""

from __future__ import annotations

from ansible_collections.sealed.ami.plugins.plugin_utils._progress import ProgressAction


class ActionModule(ProgressAction):
    """What Ansible loads beside the module."""
