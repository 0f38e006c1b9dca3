# Copyright (c) 2026 sealed.ami contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what the owner of distributed images takes back."""

from __future__ import annotations

DOCUMENTATION = r"""
name: distribution_clean_up
version_added: 1.0.0
short_description: Say what the owner of distributed images takes back
description:
  - Takes the plan of P(sealed.ami.distribution#filter) and what the consumers say, and returns for the role
    P(sealed.ami.distribute#role) what is taken back. Of an image that any consumer lacks, everything
    stays and is named.
author:
  - sealed.ami contributors (@sealed-ami)
positional: results, images, intermediates
options:
  _input:
    description: The plan.
    type: dict
    required: true
  results:
    description: By host, a dictionary of C(verified), the ids of the images that are there, and C(error).
    type: dict
    required: true
extends_documentation_fragment:
  - sealed.ami.distribution
seealso:
  - plugin: sealed.ami.distribution
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what is kept, and because of whom
  ansible.builtin.debug:
    msg: "{{ (plan | sealed.ami.distribution_clean_up({'staging': {'error': 'denied'}}, looked_at.images, [])).kept }}"
"""

RETURN = r"""
_value:
  description:
    - A dictionary. C(complete) are the images that all have, C(kept) those that some lack, each with what these say.
    - C(unshare), C(user_ids), C(revoke) and C(intermediates) are what is taken back.
  type: dict
"""

import typing as t

from ansible_collections.sealed.ami.plugins.plugin_utils._distribution import plan_clean_up

Entries = t.Sequence[t.Mapping[str, t.Any]]


def distribution_clean_up(
    plan: t.Mapping[str, t.Any], results: t.Mapping[str, t.Any], images: Entries, intermediates: Entries
) -> dict[str, t.Any]:
    """Return what is taken back."""
    return plan_clean_up(plan, results, images, intermediates)


class FilterModule:
    """Ansible's way to name filters."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file."""
        return {"distribution_clean_up": distribution_clean_up}
