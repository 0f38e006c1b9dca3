# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# PRIVATE: for this collection only; may change in any release.
"""What the filters of a distribution are told of the owner's images."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  images:
    description: The owner's images, as M(sealed.ami.ec2_ami_encryption_info) returns them.
    type: list
    elements: dict
    required: true
  intermediates:
    description:
      - The intermediate copies that the owner has of them, as M(sealed.ami.ec2_ami_encrypted_copy) returns them, which
        has proven them.
    type: list
    elements: dict
    required: true
"""
